-- Is there a function that runs with somebody else's rights?
-- SECURITY DEFINER is a door: whoever may call it acts as its owner. Signed are the steps by which the login door,
-- which has nothing in crm, signs people up, lets them arrive who log in elsewhere, changes passwords and e-mails,
-- records failed logins, and takes people into companies, from one to another and out; and app.record_change and
-- app.record_second_factor, which are for triggers alone, because nobody who changes a row may write its record
-- himself.
-- Each belongs to paddock_owner, who neither logs in nor bypasses row security, has a search_path that ends in
-- pg_temp, and can be called by the role in the list and by nobody else.
select
    'function_definer' as id,
    'critical' as severity,
    f.signature as object,
    case
        when s.signature is null then format('runs as %s, and nobody signed it', f.owner)
        when f.owner <> 'paddock_owner' then format('runs as %s', f.owner)
        when not f.is_pinned then 'looks names up on the caller''s search_path'
        else format('may be called by %s', f.callers)
    end as detail,
    case
        when s.signature is null then format('alter function %s security invoker;', f.signature)
        when f.owner <> 'paddock_owner' then format('alter function %s owner to paddock_owner;', f.signature)
        when not f.is_pinned then format('alter function %s set search_path = pg_catalog, pg_temp;', f.signature)
        else format('revoke execute on function %s from %s;', f.signature, f.callers)
    end as remedy
from (
    select
        format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
        pg_get_userbyid(p.proowner)::text as owner,
        coalesce('search_path=pg_catalog, pg_temp' = any(p.proconfig), false) as is_pinned,
        (
            select string_agg(
                case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end, ', '
                order by x.grantee
            )
            from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
            where x.grantee <> p.proowner
        ) as callers
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where p.pronamespace <> 'pg_catalog'::regnamespace
        and n.nspname !~ '^(pg_|information_schema$)'
        and p.prosecdef
) f
left join (
    values
        ('app.record_change()', null),
        ('app.record_failed_login(text)', 'paddock_auth'),
        ('app.record_second_factor()', null),
        ('identity.begin_sign_up(text, text, text, text, bytea)', 'paddock_auth'),
        ('identity.complete_sign_up(bytea)', 'paddock_auth'),
        ('identity.begin_password_reset(text, bytea)', 'paddock_auth'),
        ('identity.words_of_reset(bytea)', 'paddock_auth'),
        ('identity.reset_password(bytea, text)', 'paddock_auth'),
        ('identity.change_password(uuid, text, text)', 'paddock_auth'),
        ('identity.renew_password_hash(uuid, text, text)', 'paddock_auth'),
        ('identity.begin_email_change(uuid, text, bytea)', 'paddock_auth'),
        ('identity.change_email(bytea)', 'paddock_auth'),
        ('identity.arrive(uuid, text, text, text, boolean, text, text)', 'paddock_auth'),
        ('identity.may_enter(uuid, uuid)', 'paddock_auth'),
        ('identity.find_invitation(uuid, bytea)', 'paddock_auth'),
        ('identity.accept_invitation(uuid, bytea, text, uuid, text)', 'paddock_auth'),
        ('identity.list_companies(uuid, uuid, timestamp with time zone, uuid, bigint)', 'paddock_auth'),
        ('identity.remove_user(uuid, uuid, uuid, uuid, bigint[])', 'paddock_auth')
) s (signature, caller) on s.signature = f.signature
where s.signature is null
    or f.owner <> 'paddock_owner'
    or not f.is_pinned
    or f.callers is distinct from s.caller
order by object;
