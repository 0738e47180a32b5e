-- Is something granted that no policy permits?
-- It answers with nothing instead of an error, and a missing row looks like a row that never was.
select distinct
    'policy_missing' as id,
    'medium' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s is granted %s, and no policy permits it', pg_get_userbyid(x.grantee), lower(x.privilege_type)) as detail,
    format(
        'create policy … on %I.%I for %s to %I …; or: revoke %s on %I.%I from %I;',
        n.nspname, c.relname, lower(x.privilege_type), pg_get_userbyid(x.grantee),
        lower(x.privilege_type), n.nspname, c.relname, pg_get_userbyid(x.grantee)
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
join (
    values ('SELECT', 'r'::"char"), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')
) e (privilege, command) on e.privilege = x.privilege_type
where n.nspname !~ '^(pg_|information_schema$)'
    and c.relkind in ('r', 'p')
    and c.relrowsecurity
    and x.grantee <> c.relowner
    and not exists (
        select
        from pg_catalog.pg_policy p
        where p.polrelid = c.oid
            and p.polpermissive
            and p.polcmd in ('*', e.command)
            and (x.grantee = any(p.polroles) or '{0}' = p.polroles)
    )
order by object, detail;
