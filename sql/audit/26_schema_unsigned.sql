-- Is there a schema that nobody signed?
-- The tables of a strange schema are judged by the rules of companies' tables; its purpose is unknown.
select
    'schema_unsigned' as id,
    'medium' as severity,
    n.nspname::text as object,
    'is none of app, crm, identity and public' as detail,
    format('drop schema %I; or: comment on schema %I is ''signed: <why>'';', n.nspname, n.nspname) as remedy
from pg_catalog.pg_namespace n
where n.nspname !~ '^(pg_|information_schema$)'
    and n.nspname not in ('app', 'crm', 'identity', 'public')
    and coalesce(obj_description(n.oid, 'pg_namespace'), '') not like 'signed: %'
order by object;
