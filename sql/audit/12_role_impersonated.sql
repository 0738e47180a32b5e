-- Who can act as the server or the login door without their password?
-- A member of paddock_app binds any company it likes. Sign the role if that is meant.
select
    'role_impersonated' as id,
    'medium' as severity,
    m.rolname::text as object,
    format('is a member of %s', g.rolname) as detail,
    format('revoke %I from %I; or: comment on role %I is ''signed: <why>'';', g.rolname, m.rolname, m.rolname)
        as remedy
from pg_catalog.pg_auth_members a
join pg_catalog.pg_roles m on m.oid = a.member
join pg_catalog.pg_roles g on g.oid = a.roleid
where g.rolname in ('paddock_app', 'paddock_auth')
    and not m.rolsuper
    and has_database_privilege(m.oid, current_database(), 'connect')
    and coalesce(shobj_description(m.oid, 'pg_authid'), '') not like 'signed: %'
order by object, detail;
