-- Have the three roles of Paddock an attribute that lifts them over the walls?
-- A superuser or BYPASSRLS role sees every company; the owner must not be somebody who logs in.
select
    'role_attributes' as id,
    'critical' as severity,
    r.rolname::text as object,
    concat_ws(
        ', ',
        case when r.rolsuper then 'is a superuser' end,
        case when r.rolbypassrls then 'bypasses row security' end,
        case when r.rolcreaterole then 'creates roles' end,
        case when r.rolcreatedb then 'creates databases' end,
        case when r.rolreplication then 'replicates the whole cluster' end,
        case when r.rolcanlogin and r.rolname = 'paddock_owner' then 'logs in' end
    ) as detail,
    format(
        'alter role %I nosuperuser nobypassrls nocreaterole nocreatedb noreplication%s;',
        r.rolname,
        case when r.rolname = 'paddock_owner' then ' nologin' end
    ) as remedy
from pg_catalog.pg_roles r
where r.rolname in ('paddock_app', 'paddock_auth', 'paddock_owner')
    and (
        r.rolsuper
        or r.rolbypassrls
        or r.rolcreaterole
        or r.rolcreatedb
        or r.rolreplication
        or (r.rolcanlogin and r.rolname = 'paddock_owner')
    )
order by object;
