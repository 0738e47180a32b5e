-- Is every index finished?
-- CREATE INDEX CONCURRENTLY that failed leaves one that costs writes and answers nothing, unique or not.
select
    'index_valid' as id,
    'medium' as severity,
    format('%I.%I', n.nspname, x.relname) as object,
    'is invalid' as detail,
    format('reindex index concurrently %I.%I;', n.nspname, x.relname) as remedy
from pg_catalog.pg_index i
join pg_catalog.pg_class x on x.oid = i.indexrelid
join pg_catalog.pg_namespace n on n.oid = x.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and not (i.indisvalid and i.indisready)
order by object;
