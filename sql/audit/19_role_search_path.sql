-- Is the search_path of the roles that serve the signed one?
-- In another schema, listed before ours, somebody could leave a function or a table of the same name.
select
    'role_search_path' as id,
    'high' as severity,
    e.role_name as object,
    format('search_path is %s, not %s', coalesce(f.setting, 'the default'), e.setting) as detail,
    format('alter role %I set search_path = %s;', e.role_name, e.setting) as remedy
from (
    values ('paddock_app', 'crm, app, pg_catalog'), ('paddock_auth', 'identity, app, pg_catalog')
) e (role_name, setting)
join pg_catalog.pg_roles r on r.rolname = e.role_name
left join lateral (
    select substring(s.setting from '^search_path=(.*)$') as setting
    from pg_catalog.pg_db_role_setting x
    cross join lateral unnest(x.setconfig) s (setting)
    left join pg_catalog.pg_database d on d.oid = x.setdatabase
    where x.setrole = r.oid
        and (x.setdatabase = 0 or d.datname = current_database())
        and s.setting like 'search_path=%'
    order by x.setdatabase desc
    limit 1
) f on true
where f.setting is distinct from e.setting
order by object;
