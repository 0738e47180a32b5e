-- Are there superusers besides the first one?
-- No wall stands before a superuser. Each that can log in is a person or a program that you should know.
select
    'role_superusers' as id,
    'medium' as severity,
    r.rolname::text as object,
    'is a superuser and logs in' as detail,
    format('alter role %I nosuperuser; or: comment on role %I is ''signed: <why>'';', r.rolname, r.rolname)
        as remedy
from pg_catalog.pg_roles r
where r.rolsuper
    and r.rolcanlogin
    and r.oid <> 10
    and r.rolname not in ('paddock_app', 'paddock_auth', 'paddock_owner')
    and coalesce(shobj_description(r.oid, 'pg_authid'), '') not like 'signed: %'
order by object;
