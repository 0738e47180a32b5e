-- Is a change granted that no rule about roles limits?
-- Whoever sees a row could then change it, viewers too. A rule is a restrictive policy for the command that asks
-- app.role(). Signed: crm.sessions, where everybody has their own and nobody else's (sessions_own);
-- and crm.api_key_uses, where the server notes for everybody, viewers too, that a key came.
select
    'grant_roleless' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s is granted %s, and no restrictive policy asks app.role() about it', g.grantee, g.privilege) as detail,
    format(
        'create policy %I on %I.%I as restrictive for %s to %s with check ((select app.role()) in (…) or app.refuse(…));',
        c.relname || '_may_' || case g.privilege when 'insert' then 'create' when 'update' then 'change' else 'delete' end,
        n.nspname, c.relname, g.privilege, g.grantee
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join (
    select distinct x.oid, lower(x.privilege_type) as privilege, pg_get_userbyid(x.grantee) as grantee, x.grantee as role_id
    from (
        select r.oid, (aclexplode(r.relacl)).*
        from pg_catalog.pg_class r
        union all
        select a.attrelid, (aclexplode(a.attacl)).*
        from pg_catalog.pg_attribute a
    ) x
) g on g.oid = c.oid
where n.nspname !~ '^(pg_|information_schema$|app$|identity$)'
    and c.relkind in ('r', 'p')
    and g.grantee = 'paddock_app'
    and g.privilege in ('insert', 'update', 'delete')
    and format('%I.%I', n.nspname, c.relname) not in ('crm.sessions', 'crm.api_key_uses')
    and not exists (
        select
        from pg_catalog.pg_policy p
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass
            and d.objid = p.oid
            and d.refclassid = 'pg_catalog.pg_proc'::regclass
        join pg_catalog.pg_proc h on h.oid = d.refobjid
        where p.polrelid = c.oid
            and not p.polpermissive
            and p.polcmd = case g.privilege when 'insert' then 'a' when 'update' then 'w' else 'd' end
            and (g.role_id = any (p.polroles) or '{0}' = p.polroles)
            and h.pronamespace = to_regnamespace('app')
            and h.proname = 'role'
            and h.pronargs = 0
    )
order by object, detail;
