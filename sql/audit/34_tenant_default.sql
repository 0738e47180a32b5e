-- Does the database itself fill in the company?
-- The company is a preset: nobody names it, the DEFAULT takes it from the transaction.
select
    'tenant_default' as id,
    'high' as severity,
    format('%I.%I.%I', t.nspname, t.relname, t.tenant_column) as object,
    format('DEFAULT is %s', coalesce(pg_get_expr(d.adbin, d.adrelid), 'missing')) as detail,
    format(
        'alter table %I.%I alter column %I set default app.company_id();',
        t.nspname, t.relname, t.tenant_column
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
join pg_catalog.pg_attribute a
    on a.attrelid = t.oid and a.attname = t.tenant_column and not a.attisdropped
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where coalesce(regexp_replace(pg_get_expr(d.adbin, d.adrelid), '\mapp\.', ''), '') <> 'company_id()'
    or not exists (
        select
        from pg_catalog.pg_depend x
        where x.classid = 'pg_catalog.pg_attrdef'::regclass
            and x.objid = d.oid
            and x.refclassid = 'pg_catalog.pg_proc'::regclass
            and x.refobjid = (
                select h.oid
                from pg_catalog.pg_proc h
                where h.pronamespace = to_regnamespace('app')
                    and h.proname = 'company_id'
                    and h.pronargs = 0
            )
    )
order by object;
