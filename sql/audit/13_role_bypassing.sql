-- Which other role that may connect here bypasses row security?
-- A backup needs it; nobody else does. It sees every company.
select
    'role_bypassing' as id,
    'high' as severity,
    r.rolname::text as object,
    'bypasses row security and may connect to this database' as detail,
    format('alter role %I nobypassrls; or: comment on role %I is ''signed: <why>'';', r.rolname, r.rolname)
        as remedy
from pg_catalog.pg_roles r
where r.rolbypassrls
    and not r.rolsuper
    and r.rolname not in ('paddock_app', 'paddock_auth', 'paddock_owner')
    and has_database_privilege(r.oid, current_database(), 'connect')
    and coalesce(shobj_description(r.oid, 'pg_authid'), '') not like 'signed: %'
order by object;
