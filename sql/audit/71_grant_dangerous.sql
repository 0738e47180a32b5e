-- Who may do to a table what no policy is asked about?
-- TRUNCATE empties it for all companies, REFERENCES probes for keys, TRIGGER runs code as others, MAINTAIN locks it.
select
    'grant_dangerous' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s has %s', case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, lower(x.privilege_type))
        as detail,
    format(
        'revoke %s on %I.%I from %s;',
        lower(x.privilege_type), n.nspname, c.relname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (
    select * from aclexplode(c.relacl)
    union
    select y.*
    from pg_catalog.pg_attribute a
    cross join lateral aclexplode(a.attacl) y
    where a.attrelid = c.oid
) x
where n.nspname !~ '^(pg_|information_schema$)'
    and x.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
    and x.grantee <> c.relowner
order by object, detail;
