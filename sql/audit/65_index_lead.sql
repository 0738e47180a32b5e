-- Does every index begin with the company?
-- Otherwise the time that a search takes tells what others have, and one company's bloat is everybody's.
select
    'index_lead' as id,
    'medium' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    pg_get_indexdef(i.indexrelid) as detail,
    format('drop index concurrently %I.%I; and create it again with %I first', t.nspname, x.relname, t.tenant_column)
        as remedy
from (
    select
        c.oid, n.nspname, c.relname,
        case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end as tenant_column
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$|app$|identity$)'
        and c.relkind in ('r', 'p')
) t
join pg_catalog.pg_index i on i.indrelid = t.oid
join pg_catalog.pg_class x on x.oid = i.indexrelid
left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = t.tenant_column
where a.attnum is distinct from i.indkey[0]
order by object, detail;
