-- Does something of ours have the name of something of PostgreSQL's?
-- In the search_path of the server our schemas come before pg_catalog: `now()` would be ours.
select
    'name_shadowing' as id,
    'high' as severity,
    format('%I.%I', s.nspname, s.name) as object,
    format('is a %s, and so is pg_catalog.%I', s.kind, s.name) as detail,
    'rename it' as remedy
from (
    select n.nspname, p.proname as name, 'function' as kind
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where exists (
        select
        from pg_catalog.pg_proc b
        where b.proname = p.proname
            and b.pronamespace = 'pg_catalog'::regnamespace
    )
    union
    select n.nspname, t.typname, 'type or relation'
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where exists (
        select
        from pg_catalog.pg_type b
        where b.typname = t.typname
            and b.typnamespace = 'pg_catalog'::regnamespace
    )
) s
where s.nspname in ('app', 'crm', 'identity', 'public')
order by object;
