-- Is a table or a column granted to everybody?
-- PUBLIC is every role of today and of tomorrow.
select
    'grant_public' as id,
    'critical' as severity,
    g.object,
    format('PUBLIC may %s', lower(g.privilege_type)) as detail,
    format('revoke %s on %s from public;', lower(g.privilege_type), g.name) as remedy
from (
    select
        format('%I.%I', n.nspname, c.relname) as object,
        format('%s%I.%I', case when c.relkind = 'S' then 'sequence ' end, n.nspname, c.relname) as name,
        x.privilege_type
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join lateral aclexplode(c.relacl) x
    where n.nspname !~ '^(pg_|information_schema$)'
        and x.grantee = 0
        and not exists (
            select
            from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_class'::regclass
                and d.objid = c.oid
                and d.deptype = 'e'
        )
    union all
    select
        format('%I.%I.%I', n.nspname, c.relname, a.attname),
        format('%I.%I', n.nspname, c.relname),
        format('%s (%I)', x.privilege_type, a.attname)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_attribute a on a.attrelid = c.oid
    cross join lateral aclexplode(a.attacl) x
    where n.nspname !~ '^(pg_|information_schema$)'
        and a.attacl is not null
        and x.grantee = 0
) g
order by g.object, detail;
