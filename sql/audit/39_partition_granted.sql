-- Can somebody reach a partition directly?
-- A partition has policies of its own; whoever asks it directly does not meet those of its parent.
select
    'partition_granted' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format(
        '%s may %s the partition itself',
        case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end,
        lower(x.privilege_type)
    ) as detail,
    format(
        'revoke all on %I.%I from %s;',
        n.nspname, c.relname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select * from aclexplode(c.relacl)
    union all
    select y.*
    from pg_catalog.pg_attribute a
    cross join lateral aclexplode(a.attacl) y
    where a.attrelid = c.oid
) x
where c.relispartition
    and c.relkind in ('r', 'p')
    and n.nspname !~ '^(pg_|information_schema$)'
    and x.grantee <> c.relowner
order by object, detail;
