-- Is every reference backed by an index?
-- Without one, deleting one row reads the whole table, of all companies, under a lock.
select
    'foreign_key_indexed' as id,
    'low' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('no index for %s', k.conname) as detail,
    format(
        'create index concurrently on %I.%I (%s);',
        n.nspname, c.relname,
        (
            select string_agg(quote_ident(a.attname), ', ' order by u.position)
            from unnest(k.conkey) with ordinality u (attnum, position)
            join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum
        )
    ) as remedy
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where k.contype = 'f'
    and n.nspname !~ '^(pg_|information_schema$)'
    and not exists (
        select
        from pg_catalog.pg_index i
        where i.indrelid = k.conrelid
            and i.indpred is null
            and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
    )
order by object, detail;
