-- Does every primary key begin with the company?
-- With a key of the id alone, one company can point at another's row, and learn that it is there. The tables
-- of app and identity belong to no company: they need a key, and that is all.
select
    'primary_key' as id,
    'critical' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    coalesce(pg_get_constraintdef(k.oid) || ' does not begin with the company', 'has no primary key') as detail,
    format(
        'alter table %I.%I add primary key (%s);',
        t.nspname, t.relname, concat_ws(', ', t.tenant_column, nullif('id', t.tenant_column))
    ) as remedy
from (
    select
        c.oid, n.nspname, c.relname,
        case
            when n.nspname in ('app', 'identity') then null
            when n.nspname = 'crm' and c.relname = 'companies' then 'id'
            else 'company_id'
        end as tenant_column
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$)'
        and c.relkind in ('r', 'p')
) t
left join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attname = t.tenant_column
left join pg_catalog.pg_constraint k on k.conrelid = t.oid and k.contype = 'p'
where k.oid is null
    or t.tenant_column is not null and k.conkey[1] is distinct from a.attnum
order by object;
