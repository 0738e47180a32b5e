-- May somebody hand on what was granted to them?
-- Only the owner decides who gets in; a grant that travels is in nobody's migration.
select
    'grant_option' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format(
        '%s may hand on %s',
        case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, lower(x.privilege_type)
    ) as detail,
    format(
        'revoke grant option for %s on %I.%I from %I;',
        lower(x.privilege_type), n.nspname, c.relname, pg_get_userbyid(x.grantee)
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select * from aclexplode(c.relacl)
    union
    select y.*
    from pg_catalog.pg_attribute a
    cross join lateral aclexplode(a.attacl) y
    where a.attrelid = c.oid
) x
where n.nspname !~ '^(pg_|information_schema$)'
    and x.is_grantable
    and x.grantee <> c.relowner
order by object, detail;
