-- Does every constraint hold for the old rows too?
-- One that is NOT VALID has never looked at them.
select
    'constraint_valid' as id,
    'medium' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s is not validated', k.conname) as detail,
    format('alter table %I.%I validate constraint %I;', n.nspname, c.relname, k.conname) as remedy
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and not k.convalidated
order by object, detail;
