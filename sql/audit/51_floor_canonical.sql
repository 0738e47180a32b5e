-- Does every floor say exactly what a floor has to say?
-- `using (true)`, `or …`, another column, another helper, an operator of somebody's own: each is a hole.
-- The text is compared, and so is what the policy depends on, so that no search_path can deceive the reader.
select
    'floor_canonical' as id,
    'critical' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    format(
        '%s says using %s with check %s',
        p.polname,
        coalesce(pg_get_expr(p.polqual, p.polrelid), 'nothing'),
        coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'nothing')
    ) as detail,
    format(
        'alter policy %I on %I.%I using (%I = (select app.company_id()))'
        || ' with check (%I = (select app.company_id()));',
        p.polname, t.nspname, t.relname, t.tenant_column, t.tenant_column
    ) as remedy
from (
    select
        c.oid, n.nspname, c.relname,
        case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end as tenant_column
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname !~ '^(pg_|information_schema$|app$|identity$)'
        and c.relkind in ('r', 'p')
) t
join pg_catalog.pg_policy p on p.polrelid = t.oid and p.polname = t.relname || '_floor'
cross join lateral (
    select format('(%s = ( SELECT company_id() AS company_id))', t.tenant_column)
) canonical (expression)
where coalesce(replace(pg_get_expr(p.polqual, p.polrelid), 'app.', ''), '') <> canonical.expression
    or coalesce(replace(pg_get_expr(p.polwithcheck, p.polrelid), 'app.', ''), '') <> canonical.expression
    or exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_policy'::regclass
            and d.objid = p.oid
            and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
            and d.refobjid is distinct from (
                select h.oid
                from pg_catalog.pg_proc h
                where h.pronamespace = to_regnamespace('app')
                    and h.proname = 'company_id'
                    and h.pronargs = 0
            )
    )
order by object;
