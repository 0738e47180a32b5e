-- May anybody but the owner write the column of the company?
-- A DEFAULT alone is no preset: a client that may name the column overrides it.
select
    'tenant_column_writable' as id,
    'critical' as severity,
    format('%I.%I.%I', n.nspname, c.relname, a.attname) as object,
    format('%s may %s it', case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, lower(x.privilege_type))
        as detail,
    format(
        'revoke %s, %s (%I) on %I.%I from %s;',
        lower(x.privilege_type), lower(x.privilege_type), a.attname, n.nspname, c.relname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and not a.attisdropped
cross join lateral (
    select * from aclexplode(a.attacl)
    union all
    select * from aclexplode(c.relacl)
) x
where n.nspname !~ '^(pg_|information_schema$)'
    and a.attname = case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end
    and x.privilege_type in ('INSERT', 'UPDATE')
    and x.grantee <> c.relowner
order by object, detail;
