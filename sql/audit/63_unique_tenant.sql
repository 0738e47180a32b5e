-- Is everything that is unique unique within one company only?
-- A rule over all companies answers "does another company have this?", and waits for its transactions.
select
    'unique_tenant' as id,
    'critical' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    pg_get_indexdef(i.indexrelid) as detail,
    format('drop %s and create it again with %I first', x.relname, t.tenant_column) as remedy
from (
    select
        c.oid, n.nspname, c.relname,
        case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end as tenant_column
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$|app$|identity$)'
        and c.relkind in ('r', 'p')
) t
join pg_catalog.pg_index i on i.indrelid = t.oid and i.indisunique
join pg_catalog.pg_class x on x.oid = i.indexrelid
left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = t.tenant_column
where a.attnum is distinct from i.indkey[0]
order by object, detail;
