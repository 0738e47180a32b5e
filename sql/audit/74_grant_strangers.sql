-- Has a role grants in a schema that is not its own?
-- crm is for paddock_app, identity for paddock_auth; a reporting role that reads either is a new door.
select
    'grant_strangers' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s may %s', pg_get_userbyid(x.grantee), string_agg(distinct lower(x.privilege_type), ', ')) as detail,
    format('revoke all on %I.%I from %I;', n.nspname, c.relname, pg_get_userbyid(x.grantee)) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select * from aclexplode(c.relacl)
    union all
    select y.*
    from pg_catalog.pg_attribute a
    cross join lateral aclexplode(a.attacl) y
    where a.attrelid = c.oid
) x
where n.nspname !~ '^(pg_|information_schema$)'
    and x.grantee not in (0, c.relowner)
    and not exists (
        select
        from (
            values
                ('app', 'paddock_app'),
                ('app', 'paddock_auth'),
                ('crm', 'paddock_app'),
                ('identity', 'paddock_auth')
        ) signed (schema_name, role_name)
        where signed.schema_name = n.nspname
            and signed.role_name = pg_get_userbyid(x.grantee)
    )
group by n.nspname, c.relname, x.grantee
order by object, detail;
