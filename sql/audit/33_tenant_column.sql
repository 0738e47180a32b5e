-- Has every table of companies its company, never null, and one that exists?
-- A row without a company belongs to nobody, and a policy that compares null neither shows nor refuses it.
-- Without the way to companies, rows outlive their company, and what is written late is not refused.
select
    'tenant_column' as id,
    'critical' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    case
        when a.attnum is null then format('has no column %s', t.tenant_column)
        when a.atttypid <> 'uuid'::regtype then format('%s is no uuid', t.tenant_column)
        when not a.attnotnull then format('%s may be null', t.tenant_column)
        else format('%s refers to no company', t.tenant_column)
    end as detail,
    case
        when a.attnum is null then format(
            'alter table %I.%I add column %I uuid not null default app.company_id();',
            t.nspname, t.relname, t.tenant_column
        )
        when a.atttypid <> 'uuid'::regtype then format(
            'alter table %I.%I alter column %I type uuid;', t.nspname, t.relname, t.tenant_column
        )
        when not a.attnotnull then format(
            'alter table %I.%I alter column %I set not null;', t.nspname, t.relname, t.tenant_column
        )
        else format(
            'alter table %I.%I add foreign key (%I) references crm.companies (id) on delete cascade;',
            t.nspname, t.relname, t.tenant_column
        )
    end as remedy
from (
    select
        c.oid, n.nspname, c.relname,
        case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end as tenant_column
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$|app$|identity$)'
        and c.relkind in ('r', 'p')
) t
left join pg_catalog.pg_attribute a
    on a.attrelid = t.oid and a.attname = t.tenant_column and not a.attisdropped
where a.attnum is null
    or a.atttypid <> 'uuid'::regtype
    or not a.attnotnull
    or t.tenant_column = 'company_id' and not exists (
        select
        from pg_catalog.pg_constraint k
        join pg_catalog.pg_class o on o.oid = k.confrelid and o.relname = 'companies'
        join pg_catalog.pg_namespace m on m.oid = o.relnamespace and m.nspname = 'crm'
        where k.conrelid = t.oid
            and k.contype = 'f'
            and k.conkey = array[a.attnum]
    )
order by object;
