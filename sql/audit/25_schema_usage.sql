-- Do the roles enter only the schemas that are theirs?
-- The server has no business in identity, the login door none in crm, PUBLIC none anywhere.
select
    'schema_usage' as id,
    'critical' as severity,
    n.nspname::text as object,
    format('%s may enter it', case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end)
        as detail,
    format(
        'revoke usage on schema %I from %s;',
        n.nspname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_namespace n
cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
where n.nspname in ('app', 'crm', 'identity', 'public')
    and x.privilege_type = 'USAGE'
    and x.grantee <> n.nspowner
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
order by object, detail;
