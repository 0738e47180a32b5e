-- Would a table be empty after a crash?
-- Unlogged tables lose what the server acknowledged, and are not replicated.
select
    'table_unlogged' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'is unlogged' as detail,
    format('alter table %I.%I set logged;', n.nspname, c.relname) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and c.relkind in ('r', 'p')
    and c.relpersistence = 'u'
order by object;
