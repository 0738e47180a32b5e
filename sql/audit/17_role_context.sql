-- Is a company or a user bound outside of a transaction?
-- A stored `app.company_id` turns every forgotten context into that company instead of an error.
select
    'role_context' as id,
    'critical' as severity,
    coalesce(r.rolname::text, 'every role') as object,
    format('%s is stored for %s', s.setting, coalesce('the database ' || d.datname, 'every database')) as detail,
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
    and s.setting like 'app.%'
union all
select
    'role_context',
    'critical',
    'this session',
    format('%s is bound before any transaction says so', c.name),
    format('take %s out of postgresql.conf and of the connection string', c.name)
from (values ('app.company_id'), ('app.user_id')) c (name)
where current_setting(c.name, true) <> ''
order by object, detail;
