-- Is row security forced on the owner too, on every table and every partition?
-- Without FORCE the owner, and every function that runs as the owner, sees all companies.
-- Signed: app.schema_history and app.catalog_record, which the migrator writes as their owner.
select
    'row_security_forced' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'row security is not forced' as detail,
    format('alter table %I.%I force row level security;', n.nspname, c.relname) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and c.relkind in ('r', 'p')
    and not c.relforcerowsecurity
    and (n.nspname, c.relname) not in (
        values ('app'::name, 'schema_history'::name), ('app', 'catalog_record')
    )
order by object;
