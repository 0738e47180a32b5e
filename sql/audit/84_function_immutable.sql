-- Does a function that reads the context claim always to say the same?
-- The planner computes IMMUTABLE once: a cached plan would give one company's rows to the next.
select
    'function_immutable' as id,
    'critical' as severity,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
    'is immutable and reads the context' as detail,
    format('alter function %I.%I(%s) stable;', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where p.pronamespace <> 'pg_catalog'::regnamespace
    and n.nspname !~ '^(pg_|information_schema$)'
    and p.provolatile = 'i'
    and p.prokind = 'f'
    and coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
        ~* '(current_setting|company_id|user_id|current_user|session_user)'
order by object;
