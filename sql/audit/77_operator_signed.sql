-- Did somebody define an operator or a cast of their own?
-- `=` means what the types say. A new operator or cast can change what a policy or a filter compares.
select
    'operator_signed' as id,
    'high' as severity,
    format('%I.%s', n.nspname, o.oprname) as object,
    format('is an operator of %s', pg_get_userbyid(o.oprowner)) as detail,
    format('drop operator %s;', o.oid::regoperator) as remedy
from pg_catalog.pg_operator o
join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_operator'::regclass
            and d.objid = o.oid
            and d.deptype = 'e'
    )
union all
select
    'operator_signed',
    'high',
    format('(%s as %s)', k.castsource::regtype, k.casttarget::regtype),
    'is a cast that did not come with PostgreSQL',
    format('drop cast (%s as %s);', k.castsource::regtype, k.casttarget::regtype)
from pg_catalog.pg_cast k
where k.oid >= 16384
    and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_cast'::regclass
            and d.objid = k.oid
            and d.deptype = 'e'
    )
order by object;
