-- Does the server plan each statement once, without looking at a company, and along an index of the company?
-- Custom plans cost planning time each time, and a company's size shows in the plan that others get. Compiling
-- a plan (jit) takes longer than any statement of the API runs.
select
    'role_plans' as id,
    'low' as severity,
    r.rolname::text as object,
    format('%s is not set', s.setting) as detail,
    format('alter role %I set %s;', r.rolname, s.setting) as remedy
from pg_catalog.pg_roles r
cross join (
    values ('plan_cache_mode=force_generic_plan'), ('enable_seqscan=off'), ('enable_bitmapscan=off'), ('jit=off')
) s (setting)
where r.rolname = 'paddock_app'
    and not exists (
        select
        from pg_catalog.pg_db_role_setting x
        where x.setrole = r.oid
            and s.setting = any(x.setconfig)
    )
order by object, detail;
