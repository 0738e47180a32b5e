-- Who may delete rows for good?
-- Nobody needs it: customers and comments go into the bin by an UPDATE, and come back out of it.
select
    'grant_delete' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s may delete', case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end) as detail,
    format(
        'revoke delete on %I.%I from %s;',
        n.nspname, c.relname, case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral aclexplode(c.relacl) x
where n.nspname !~ '^(pg_|information_schema$)'
    and x.privilege_type = 'DELETE'
    and x.grantee <> c.relowner
order by object, detail;
