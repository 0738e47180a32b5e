-- Does the server plan each statement once, without looking at a company?
-- Custom plans cost planning time each time, and a company's size shows in the plan that others get.
select
    'role_plans' as id,
    'low' as severity,
    r.rolname::text as object,
    'plan_cache_mode is not force_generic_plan' as detail,
    format('alter role %I set plan_cache_mode = force_generic_plan;', r.rolname) as remedy
from pg_catalog.pg_roles r
where r.rolname = 'paddock_app'
    and not exists (
        select
        from pg_catalog.pg_db_role_setting x
        where x.setrole = r.oid
            and 'plan_cache_mode=force_generic_plan' = any(x.setconfig)
    )
order by object;
