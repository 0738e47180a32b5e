-- Is there a function that runs with somebody else's rights?
-- SECURITY DEFINER is a door: whoever may call it acts as its owner. None is signed today; one that is must
-- belong to a role without login and BYPASSRLS, with a search_path that ends in pg_temp.
select
    'function_definer' as id,
    'critical' as severity,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
    format('runs as %s', pg_get_userbyid(p.proowner)) as detail,
    format('alter function %I.%I(%s) security invoker;', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.pronamespace <> 'pg_catalog'::regnamespace
    and n.nspname !~ '^(pg_|information_schema$)'
    and p.prosecdef
order by object;
