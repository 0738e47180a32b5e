-- Who can become the owner of the schema?
-- A member of paddock_owner can drop any protection. Those who migrate need it; sign them.
select
    'role_owner_members' as id,
    'medium' as severity,
    r.rolname::text as object,
    'can become paddock_owner' as detail,
    format('revoke paddock_owner from %I; or: comment on role %I is ''signed: <why>'';', r.rolname, r.rolname)
        as remedy
from pg_catalog.pg_roles r
join pg_catalog.pg_roles o on o.rolname = 'paddock_owner'
where r.oid <> o.oid
    and not r.rolsuper
    and pg_has_role(r.oid, o.oid, 'member')
    and has_database_privilege(r.oid, current_database(), 'connect')
    and coalesce(shobj_description(r.oid, 'pg_authid'), '') not like 'signed: %'
order by object;
