-- Are the two helpers that every policy calls exactly what they were?
-- STABLE, never IMMUTABLE (a cached plan would keep one company), without missing_ok (a forgotten context must
-- be an error), as the caller, and nothing around them.
select
    'context_helpers' as id,
    'critical' as severity,
    e.name || '()' as object,
    case
        when p.oid is null then 'is not there'
        else concat_ws(
            ', ',
            format(
                'is %s %s', l.lanname,
                case p.provolatile when 's' then 'stable' when 'i' then 'immutable' else 'volatile' end
            ),
            case when p.prosecdef then 'runs as its owner' end,
            case when p.proleakproof then 'is leakproof' end,
            'with ' || array_to_string(p.proconfig, ', '),
            'says ' || coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)
        )
    end as detail,
    format(
        'create or replace function %s() returns uuid language sql stable parallel safe'
        || ' return pg_catalog.current_setting(%L)::pg_catalog.uuid;',
        e.name, e.name
    ) as remedy
from (values ('app.company_id'), ('app.user_id')) e (name)
left join pg_catalog.pg_proc p
    on p.pronamespace = to_regnamespace('app') and 'app.' || p.proname = e.name and p.pronargs = 0
left join pg_catalog.pg_language l on l.oid = p.prolang
where p.oid is null
    or l.lanname <> 'sql'
    or p.provolatile <> 's'
    or p.prosecdef
    or p.proleakproof
    or p.proretset
    or p.prorettype <> 'uuid'::regtype
    or p.proconfig is not null
    or coalesce(pg_get_function_sqlbody(p.oid), '')
        <> format('RETURN (current_setting(%L::text))::uuid', e.name)
    or exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass
            and d.objid = p.oid
            and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
    )
order by object;
