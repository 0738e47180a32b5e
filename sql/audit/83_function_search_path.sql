-- Does every function find the same names, whoever calls it?
-- A body that is text is resolved when it runs: by the caller's search_path, unless one is pinned to it.
select
    'function_search_path' as id,
    'high' as severity,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
    coalesce('has ' || array_to_string(p.proconfig, ', '), 'has no search_path of its own') as detail,
    format(
        'alter function %I.%I(%s) set search_path = pg_catalog, pg_temp;',
        n.nspname, p.proname, oidvectortypes(p.proargtypes)
    ) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.pronamespace <> 'pg_catalog'::regnamespace
    and n.nspname !~ '^(pg_|information_schema$)'
    and p.prosqlbody is null
    and p.prokind in ('f', 'p')
    and not coalesce('search_path=pg_catalog, pg_temp' = any(p.proconfig), false)
    and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass
            and d.objid = p.oid
            and d.deptype = 'e'
    )
order by object;
