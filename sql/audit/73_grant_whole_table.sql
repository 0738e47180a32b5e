-- Is a table granted whole, with the columns of tomorrow?
-- Grants are by column: what a migration adds is out of reach until somebody says otherwise.
select
    'grant_whole_table' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format(
        '%s may %s every column',
        case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, lower(x.privilege_type)
    ) as detail,
    format(
        'revoke %s on %I.%I from %s; and grant it by column',
        lower(x.privilege_type), n.nspname, c.relname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(c.relacl) x
where n.nspname !~ '^(pg_|information_schema$)'
    and c.relkind in ('r', 'p')
    and x.privilege_type in ('SELECT', 'INSERT', 'UPDATE')
    and x.grantee <> c.relowner
order by object, detail;
