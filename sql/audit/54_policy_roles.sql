-- For whom is each permissive policy, and did somebody sign that?
-- A policy to PUBLIC, or to a role of tomorrow, lets in whoever is granted something by mistake.
select
    'policy_roles' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s is for %s', p.polname, case r.oid when 0 then 'PUBLIC' else pg_get_userbyid(r.oid) end) as detail,
    format('drop policy %I on %I.%I; or sign the role in sql/audit/54_policy_roles.sql', p.polname, n.nspname, c.relname)
        as remedy
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral unnest(p.polroles) r (oid)
where p.polpermissive
    and not exists (
        select
        from (
            values
                ('app', 'paddock_app'),
                ('app', 'paddock_auth'),
                ('crm', 'paddock_app'),
                ('crm', 'paddock_owner'),
                ('identity', 'paddock_auth'),
                ('identity', 'paddock_owner')
        ) signed (schema_name, role_name)
        where signed.schema_name = n.nspname
            and r.oid <> 0
            and signed.role_name = pg_get_userbyid(r.oid)
    )
order by object, detail;
