-- Is every text that a company can store limited in length?
-- Otherwise one customer's name may be a gigabyte, and an index refuses it with an error of its own.
select
    'text_unbounded' as id,
    'low' as severity,
    format('%I.%I.%I', n.nspname, c.relname, a.attname) as object,
    'no CHECK looks at it' as detail,
    format(
        'alter table %I.%I add constraint %I check (char_length(%I) <= …);',
        n.nspname, c.relname, c.relname || '_' || a.attname || '_check', a.attname
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname !~ '^(pg_|information_schema$|app$)'
    and c.relkind in ('r', 'p')
    and a.atttypid in ('text'::regtype, 'varchar'::regtype, 'bytea'::regtype, 'json'::regtype, 'jsonb'::regtype)
    and a.atttypmod < 0
    and not exists (
        select
        from pg_catalog.pg_constraint k
        where k.conrelid = c.oid
            and k.contype = 'c'
            and a.attnum = any(k.conkey)
    )
order by object;
