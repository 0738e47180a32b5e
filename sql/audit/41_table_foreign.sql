-- Are there foreign tables or foreign servers?
-- Row security does not exist for them, and they carry rows out of the database.
select
    'table_foreign' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'is a foreign table' as detail,
    format('drop foreign table %I.%I;', n.nspname, c.relname) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'f'
union all
select
    'table_foreign',
    'high',
    s.srvname::text,
    'is a foreign server',
    format('drop server %I; or: comment on server %I is ''signed: <why>'';', s.srvname, s.srvname)
from pg_catalog.pg_foreign_server s
where coalesce(obj_description(s.oid, 'pg_foreign_server'), '') not like 'signed: %'
order by object;
