-- May everybody call a function of ours?
-- EXECUTE is granted to PUBLIC by default: each function has to take it back.
select
    'function_public' as id,
    'medium' as severity,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
    'PUBLIC may execute it' as detail,
    format(
        'revoke execute on %s %I.%I(%s) from public;',
        case p.prokind when 'p' then 'procedure' else 'function' end,
        n.nspname, p.proname, oidvectortypes(p.proargtypes)
    ) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
where p.pronamespace <> 'pg_catalog'::regnamespace
    and n.nspname !~ '^(pg_|information_schema$)'
    and x.grantee = 0
    and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass
            and d.objid = p.oid
            and d.deptype = 'e'
    )
order by object;
