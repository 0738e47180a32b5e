-- May anybody but the owner write what the database fills in?
-- Ids, dates, versions and the acting user are facts, not fields: whoever names them can forge history.
select
    'preset_writable' as id,
    'high' as severity,
    format('%I.%I.%I', n.nspname, c.relname, a.attname) as object,
    format('%s may %s it', case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, lower(x.privilege_type))
        as detail,
    format(
        'revoke %s, %s (%I) on %I.%I from %s;',
        lower(x.privilege_type), lower(x.privilege_type), a.attname, n.nspname, c.relname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and not a.attisdropped
left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
cross join lateral (
    select * from aclexplode(a.attacl)
    union all
    select * from aclexplode(c.relacl)
) x
where n.nspname !~ '^(pg_|information_schema$)'
    and (
        a.attname in ('id', 'created_at', 'updated_at', 'version')
        or pg_get_expr(d.adbin, d.adrelid) ~ '\m(user_id|uuid_v7)\('
    )
    and x.privilege_type in ('INSERT', 'UPDATE')
    and x.grantee <> c.relowner
order by object, detail;
