-- Can the server lose what it has acknowledged?
-- With synchronous_commit off, a crash takes back the last transactions after their answer was sent.
select
    'server_durability' as id,
    'high' as severity,
    'synchronous_commit' as object,
    'is off in this session: an acknowledged write may be lost' as detail,
    'set synchronous_commit = on for the server, the database and the role' as remedy
where current_setting('synchronous_commit') = 'off'
union all
select
    'server_durability',
    'high',
    'synchronous_commit',
    format(
        'is off for %s in %s',
        coalesce(r.rolname::text, 'every role'), coalesce('the database ' || d.datname, 'every database')
    ),
    'set synchronous_commit = on for the server, the database and the role'
from pg_catalog.pg_db_role_setting x
left join pg_catalog.pg_roles r on r.oid = x.setrole
left join pg_catalog.pg_database d on d.oid = x.setdatabase
where 'synchronous_commit=off' = any(x.setconfig)
    and (x.setdatabase = 0 or d.datname = current_database())
    and (x.setrole = 0 or r.rolname in ('paddock_app', 'paddock_auth', 'paddock_owner'))
order by detail;
