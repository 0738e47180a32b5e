-- Does a table inherit from another, other than as a partition?
-- Asking the parent shows the rows of the child by the parent's policies alone.
select
    'table_inherited' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('inherits from %s', p.relname) as detail,
    format('alter table %I.%I no inherit %s;', n.nspname, c.relname, p.oid::regclass) as remedy
from pg_catalog.pg_inherits i
join pg_catalog.pg_class c on c.oid = i.inhrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_class p on p.oid = i.inhparent
where c.relkind in ('r', 'p', 'f')
    and not c.relispartition
    and n.nspname !~ '^(pg_|information_schema$)'
order by object;
