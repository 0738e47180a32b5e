-- Does every exclusion constraint exclude within one company only?
-- It is a unique constraint with other operators, and tells as much.
select
    'exclusion_tenant' as id,
    'critical' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    format('%s: %s', k.conname, pg_get_constraintdef(k.oid)) as detail,
    format(
        'alter table %I.%I drop constraint %I; and add it with `%I with =` first',
        t.nspname, t.relname, k.conname, t.tenant_column
    ) as remedy
from (
    select
        c.oid, n.nspname, c.relname,
        case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end as tenant_column
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$|app$|identity$)'
        and c.relkind in ('r', 'p')
) t
join pg_catalog.pg_constraint k on k.conrelid = t.oid and k.contype = 'x'
join pg_catalog.pg_index i on i.indexrelid = k.conindid
left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = t.tenant_column
where a.attnum is distinct from i.indkey[0]
    or k.conexclop[1] is distinct from 'pg_catalog.=(uuid,uuid)'::regoperator::oid
order by object, detail;
