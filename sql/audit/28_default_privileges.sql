-- Would a table or function of tomorrow be granted to somebody by itself?
-- What is added without a thought must be unreachable, not open.
select
    'default_privileges' as id,
    'high' as severity,
    coalesce('schema ' || n.nspname, 'every schema') as object,
    format(
        'what %s creates (%s) is granted to %s: %s',
        pg_get_userbyid(a.defaclrole),
        case a.defaclobjtype
            when 'r' then 'tables'
            when 'S' then 'sequences'
            when 'f' then 'functions'
            when 'T' then 'types'
            else 'schemas'
        end,
        case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end,
        lower(x.privilege_type)
    ) as detail,
    format(
        'alter default privileges for role %I%s revoke %s on %s from %s;',
        pg_get_userbyid(a.defaclrole),
        ' in schema ' || quote_ident(n.nspname),
        lower(x.privilege_type),
        case a.defaclobjtype
            when 'r' then 'tables'
            when 'S' then 'sequences'
            when 'f' then 'functions'
            when 'T' then 'types'
            else 'schemas'
        end,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_default_acl a
cross join lateral aclexplode(a.defaclacl) x
left join pg_catalog.pg_namespace n on n.oid = a.defaclnamespace
where x.grantee <> a.defaclrole
order by object, detail;
