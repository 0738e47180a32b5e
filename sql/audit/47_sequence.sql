-- Are there sequences?
-- A counter over all companies tells each of them how busy the others are. Ids are UUIDs here.
select
    'sequence' as id,
    'medium' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'counts over all companies' as detail,
    format('drop sequence %I.%I; ids are app.uuid_v7(clock_timestamp())', n.nspname, c.relname) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'S'
    and n.nspname !~ '^(pg_|information_schema$)'
order by object;
