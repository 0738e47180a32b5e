-- Can a reference change the company of a row when its target goes or moves?
-- SET NULL without a column list clears the company as well; CASCADE on update would move rows between companies.
select
    'foreign_key_action' as id,
    'high' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    format('%s: %s', k.conname, pg_get_constraintdef(k.oid)) as detail,
    format('alter table %I.%I drop constraint %I; and add it with `on delete set null (<column>)`', t.nspname, t.relname, k.conname)
        as remedy
from (
    select
        c.oid, n.nspname, c.relname,
        case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end as tenant_column
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$|app$)'
        and c.relkind in ('r', 'p')
) t
join pg_catalog.pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = t.tenant_column
where (k.confdeltype in ('n', 'd') and a.attnum = any(coalesce(k.confdelsetcols, k.conkey)))
    or (k.confupdtype in ('c', 'n', 'd') and a.attnum = any(k.conkey))
order by object, detail;
