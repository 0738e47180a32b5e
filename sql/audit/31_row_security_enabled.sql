-- Is row security enabled on every table and every partition?
-- Without it the policies are decoration, and a grant shows the rows of every company.
select
    'row_security_enabled' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'row security is not enabled' as detail,
    format('alter table %I.%I enable row level security;', n.nspname, c.relname) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and c.relkind in ('r', 'p')
    and not c.relrowsecurity
order by object;
