-- Has every table of companies its floor?
-- Permissive policies are OR-ed: one that is too wide opens the table, unless a restrictive one for every
-- command and every role holds below it.
select
    'floor_present' as id,
    'critical' as severity,
    format('%I.%I', t.nspname, t.relname) as object,
    case
        when p.oid is null then format('has no policy %s_floor', t.relname)
        when p.polpermissive then format('%s is permissive', p.polname)
        when p.polcmd <> '*' then format('%s is not for all commands', p.polname)
        else format('%s is not to public', p.polname)
    end as detail,
    format(
        'drop policy if exists %I on %I.%I; create policy %I on %I.%I as restrictive for all to public'
        || ' using (%I = (select app.company_id())) with check (%I = (select app.company_id()));',
        t.relname || '_floor', t.nspname, t.relname, t.relname || '_floor', t.nspname, t.relname,
        t.tenant_column, t.tenant_column
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
left join pg_catalog.pg_policy p on p.polrelid = t.oid and p.polname = t.relname || '_floor'
where p.oid is null
    or p.polpermissive
    or p.polcmd <> '*'
    or p.polroles <> '{0}'
order by object;
