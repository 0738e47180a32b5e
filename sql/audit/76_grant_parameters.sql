-- May somebody set a parameter that is for superusers only?
-- `session_replication_role` alone switches foreign keys and triggers off.
select
    'grant_parameters' as id,
    'high' as severity,
    p.parname as object,
    format(
        '%s may %s it',
        case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end, lower(x.privilege_type)
    ) as detail,
    format(
        'revoke %s on parameter %s from %s;',
        lower(x.privilege_type), p.parname,
        case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
    ) as remedy
from pg_catalog.pg_parameter_acl p
cross join lateral aclexplode(p.paracl) x
left join pg_catalog.pg_roles r on r.oid = x.grantee
where not coalesce(r.rolsuper, false)
    and (x.grantee = 0 or r.rolname in ('paddock_app', 'paddock_auth', 'paddock_owner'))
order by object, detail;
