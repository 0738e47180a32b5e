-- Do the tables of logins keep everybody out but the login door and the administrator?
-- They stand outside the company's floor, so this is the only thing between a stray grant and every e-mail.
select
    'floor_identity' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    case
        when p.oid is null then format('has no policy %s_floor', c.relname)
        else format(
            '%s is %s, says using %s with check %s',
            p.polname,
            case when p.polpermissive then 'permissive' else 'restrictive' end,
            coalesce(pg_get_expr(p.polqual, p.polrelid), 'nothing'),
            coalesce(pg_get_expr(p.polwithcheck, p.polrelid), 'nothing')
        )
    end as detail,
    format(
        'drop policy if exists %I on %I.%I; create policy %I on %I.%I as restrictive for all to public'
        || ' using (current_user in (''paddock_auth'', ''paddock_owner''))'
        || ' with check (current_user in (''paddock_auth'', ''paddock_owner''));',
        c.relname || '_floor', n.nspname, c.relname, c.relname || '_floor', n.nspname, c.relname
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_policy p on p.polrelid = c.oid and p.polname = c.relname || '_floor'
cross join (
    values ('(CURRENT_USER = ANY (ARRAY[''paddock_auth''::name, ''paddock_owner''::name]))')
) canonical (expression)
where n.nspname = 'identity'
    and c.relkind in ('r', 'p')
    and (
        p.oid is null
        or p.polpermissive
        or p.polcmd <> '*'
        or p.polroles <> '{0}'
        or coalesce(pg_get_expr(p.polqual, p.polrelid), '') <> canonical.expression
        or coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') <> canonical.expression
        or exists (
            select
            from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_policy'::regclass
                and d.objid = p.oid
                and d.refclassid in ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass)
        )
    )
order by object;
