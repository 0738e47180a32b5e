-- Are there materialized views?
-- One holds the rows of all companies that its owner saw, and row security does not exist for it.
select
    'view_materialized' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'is a materialized view: row security does not apply to it' as detail,
    format('drop materialized view %I.%I;', n.nspname, c.relname) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm'
    and n.nspname !~ '^(pg_|information_schema$)'
order by object;
