-- Who besides the owner may create objects in a schema?
-- Whoever can create in a schema of the search_path can stand in for our functions.
select
    'schema_create' as id,
    'critical' as severity,
    n.nspname::text as object,
    format('%s may create in it', case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end)
        as detail,
    format(
        'revoke create on schema %I from %s;',
        n.nspname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_namespace n
cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) x
where n.nspname !~ '^(pg_|information_schema$)'
    and x.privilege_type = 'CREATE'
    and x.grantee <> n.nspowner
order by object, detail;
