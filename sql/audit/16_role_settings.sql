-- Does a stored setting switch protections off?
-- `session_replication_role = replica` skips foreign keys and triggers, `row_security = off` and `role` change
-- what policies mean, preloaded libraries run code in every session. A signed backup role may have its own.
select
    'role_settings' as id,
    'critical' as severity,
    coalesce(r.rolname::text, 'every role') as object,
    format('%s in %s', s.setting, coalesce('the database ' || d.datname, 'every database')) as detail,
    format(
        'alter %s reset %s;',
        case
            when r.oid is null and d.oid is null then 'role all'
            when r.oid is null then format('database %I', d.datname)
            else format('role %I%s', r.rolname, ' in database ' || quote_ident(d.datname))
        end,
        split_part(s.setting, '=', 1)
    ) as remedy
from pg_catalog.pg_db_role_setting x
cross join lateral unnest(x.setconfig) s (setting)
left join pg_catalog.pg_roles r on r.oid = x.setrole
left join pg_catalog.pg_database d on d.oid = x.setdatabase
where (x.setdatabase = 0 or d.datname = current_database())
    and split_part(s.setting, '=', 1) in (
        'session_replication_role', 'row_security', 'role', 'session_authorization',
        'session_preload_libraries', 'local_preload_libraries', 'allow_system_table_mods'
    )
    and (
        r.rolname in ('paddock_app', 'paddock_auth', 'paddock_owner')
        or coalesce(shobj_description(r.oid, 'pg_authid'), '') not like 'signed: %'
    )
union all
select
    'role_settings',
    'critical',
    'this session',
    format('%s = %s', s.name, s.setting),
    format('find where %s is set: select sourcefile from pg_settings where name = ''%s'';', s.name, s.name)
from pg_catalog.pg_settings s
where (s.name = 'session_replication_role' and s.setting <> 'origin')
    or (s.name = 'allow_system_table_mods' and s.setting <> 'off')
order by object, detail;
