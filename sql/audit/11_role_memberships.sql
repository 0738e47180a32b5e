-- Can the server or the login door become somebody else by SET ROLE?
-- Every role that they are a member of is a door in the wall, predefined roles such as pg_read_all_data too.
select
    'role_memberships' as id,
    'critical' as severity,
    m.rolname::text as object,
    format('is a member of %s', g.rolname) as detail,
    format('revoke %I from %I;', g.rolname, m.rolname) as remedy
from pg_catalog.pg_auth_members a
join pg_catalog.pg_roles m on m.oid = a.member
join pg_catalog.pg_roles g on g.oid = a.roleid
where m.rolname in ('paddock_app', 'paddock_auth')
order by object, detail;
