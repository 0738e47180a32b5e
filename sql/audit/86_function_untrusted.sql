-- Is there code that PostgreSQL cannot hold?
-- A function in C, or in an untrusted language, does what the server's process can do.
select
    'function_untrusted' as id,
    'critical' as severity,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
    format('is written in %s', l.lanname) as detail,
    format('drop function %I.%I(%s);', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_language l on l.oid = p.prolang
where p.pronamespace <> 'pg_catalog'::regnamespace
    and n.nspname !~ '^(pg_|information_schema$)'
    and not l.lanpltrusted
    and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass
            and d.objid = p.oid
            and d.deptype = 'e'
    )
    and l.lanname <> 'sql'
order by object;
