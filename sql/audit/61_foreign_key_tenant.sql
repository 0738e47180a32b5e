-- Does every reference stay within the company?
-- A foreign key asks no policy: without the company on both sides one company can point at, probe and
-- delete the rows of another. And a column named for a reference (`…_id`, or `…_number` of what is numbered within
-- another record) that refers to nothing takes any. A reference by number says nothing of the id beside it.
-- Signed: those of crm.audit_log, whose records outlive what they tell of.
select
    'foreign_key_tenant' as id,
    'critical' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    format('%s: %s', k.conname, pg_get_constraintdef(k.oid)) as detail,
    format('alter table %I.%I drop constraint %I; and add it with the company on both sides', t.nspname, t.relname, k.conname)
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
join pg_catalog.pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
join pg_catalog.pg_class r on r.oid = k.confrelid
where not exists (
    select
    from unnest(k.conkey, k.confkey) pair (here, there)
    join pg_catalog.pg_attribute h on h.attrelid = k.conrelid and h.attnum = pair.here
    join pg_catalog.pg_attribute e on e.attrelid = k.confrelid and e.attnum = pair.there
    where h.attname = t.tenant_column
        and e.attname = case
            when r.relnamespace = to_regnamespace('crm') and r.relname = 'companies' then 'id'
            else 'company_id'
        end
)
union all
select
    'foreign_key_tenant',
    'critical',
    format('%I.%I', n.nspname, c.relname),
    format('%s refers to nothing', a.attname),
    format(
        'alter table %I.%I add foreign key (company_id, %I) references …', n.nspname, c.relname, a.attname
    )
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and not a.attisdropped
where n.nspname !~ '^(pg_|information_schema$|app$|identity$)'
    and c.relkind in ('r', 'p')
    and (a.atttypid = 'uuid'::regtype and a.attname ~ '_id$' or a.attname ~ '_number$')
    and (n.nspname, c.relname) <> ('crm', 'audit_log')
    and not exists (
        select
        from pg_catalog.pg_constraint k
        where k.conrelid = c.oid
            and k.contype = 'f'
            and a.attnum = any (k.conkey)
            and (
                a.attname ~ '_number$'
                or not exists (
                    select
                    from pg_catalog.pg_attribute o
                    where o.attrelid = c.oid
                        and o.attnum = any (k.conkey)
                        and o.attname ~ '_number$'
                )
            )
    )
order by object, detail;
