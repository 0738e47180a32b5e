-- Does every permissive policy begin with the company?
-- The floor holds without it. But the rule should stand in both places, so that one mistake is not enough.
-- What follows `and` is free, as long as it asks the signed helpers; nothing may stand beside it with `or`.
select
    'policy_canonical' as id,
    'high' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    format(
        '%s says using %s with check %s',
        p.polname,
        coalesce(pg_get_expr(p.polqual, p.polrelid), 'nothing'),
        coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'nothing')
    ) as detail,
    format(
        'alter policy %I on %I.%I%s%s;',
        p.polname, t.nspname, t.relname,
        case when p.polcmd <> 'a' then format(' using (%I = (select app.company_id()))', t.tenant_column) end,
        case
            when p.polcmd in ('a', 'w', '*')
                then format(' with check (%I = (select app.company_id()))', t.tenant_column)
        end
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
join pg_catalog.pg_policy p on p.polrelid = t.oid and p.polpermissive
cross join lateral (
    select format('(%s = ( SELECT company_id() AS company_id))', t.tenant_column)
) canonical (expression)
cross join lateral (
    select
        coalesce(replace(pg_get_expr(p.polqual, p.polrelid), 'app.', ''), ''),
        coalesce(replace(pg_get_expr(p.polwithcheck, p.polrelid), 'app.', ''), '')
) said (using_expression, check_expression)
where (
        p.polcmd <> 'a'
        and said.using_expression <> canonical.expression
        and not starts_with(said.using_expression, '(' || canonical.expression || ' AND ')
    )
    or (
        p.polcmd in ('a', 'w', '*')
        and said.check_expression <> canonical.expression
        and not starts_with(said.check_expression, '(' || canonical.expression || ' AND ')
    )
    or not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_policy'::regclass
            and d.objid = p.oid
            and d.refclassid = 'pg_catalog.pg_proc'::regclass
            and d.refobjid = (
                select h.oid
                from pg_catalog.pg_proc h
                where h.pronamespace = to_regnamespace('app')
                    and h.proname = 'company_id'
                    and h.pronargs = 0
            )
    )
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
            and not (
                d.refclassid = 'pg_catalog.pg_proc'::regclass
                and d.refobjid in (
                    select h.oid
                    from pg_catalog.pg_proc h
                    where h.pronamespace = to_regnamespace('app')
                        and format('%s(%s)', h.proname, oidvectortypes(h.proargtypes)) in (
                            'user_id()', 'role()', 'sees_all()', 'visible_owners()', 'shared(text)'
                        )
                )
            )
    )
order by object, detail;
