-- Is there a function that runs with somebody else's rights?
-- SECURITY DEFINER is a door: whoever may call it acts as its owner. One that is signed must belong to a role
-- without login and BYPASSRLS, and can be called by the role in the list and by nobody else. Signed:
-- app.record_change, which is for triggers alone, because nobody who changes a row may write its record himself;
-- app.record_failed_login, because the login door has nothing of any company.
select
    'function_definer' as id,
    'critical' as severity,
    f.signature as object,
    case
        when s.signature is null then format('runs as %s', f.owner)
        when not f.is_harmless then format('runs as %s, who logs in or passes row security', f.owner)
        else format('can be called by %s', f.strangers)
    end as detail,
    case
        when s.signature is null then format('alter function %s security invoker;', f.signature)
        when not f.is_harmless then format('alter function %s owner to paddock_owner;', f.signature)
        else format('revoke execute on function %s from %s;', f.signature, f.strangers)
    end as remedy
from (
    select
        format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
        pg_get_userbyid(p.proowner) as owner,
        exists (
            select
            from pg_catalog.pg_roles r
            where r.oid = p.proowner
                and not (r.rolcanlogin or r.rolsuper or r.rolbypassrls)
        ) as is_harmless,
        (
            select string_agg(
                distinct case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end, ', '
            )
            from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
            where x.grantee <> p.proowner
        ) as strangers
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.pronamespace <> 'pg_catalog'::regnamespace
        and n.nspname !~ '^(pg_|information_schema$)'
        and p.prosecdef
) f
left join (
    values
        ('app.record_change()', null),
        ('app.record_failed_login(text)', 'paddock_auth')
) s (signature, caller) on s.signature = f.signature
where s.signature is null
    or not f.is_harmless
    or f.strangers is distinct from s.caller
order by object;
