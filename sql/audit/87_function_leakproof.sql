-- Did somebody call a function LEAKPROOF?
-- The planner then runs it on the rows of all companies, before the policy; what it says in an error is out.
-- Of PostgreSQL's own, those are looked at that are known to say too much.
select
    'function_leakproof' as id,
    'critical' as severity,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
    'is marked leakproof' as detail,
    format('alter function %I.%I(%s) not leakproof;', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.proleakproof
    and (
        n.nspname !~ '^(pg_|information_schema$)'
        or p.proname in (
            'textlike', 'texticlike', 'textregexeq', 'texticregexeq', 'enum_eq', 'numeric_gt', 'numeric_lt',
            'numeric_eq', 'ts_match_vq', 'jsonb_contains', 'jsonb_exists', 'array_eq', 'arraycontains',
            'arrayoverlap', 'range_contains', 'lower', 'upper', 'int4div', 'int8div', 'texttoint', 'set_config'
        )
    )
order by object;
