-- Which functions are there, and is each of them signed as it is?
-- A function is code within the walls: language, volatility and whose rights it runs with are part of the name.
-- Those that run with their owner's rights are signed in sql/audit/82_function_definer.sql as well.
select
    'function_signed' as id,
    'high' as severity,
    f.signature as object,
    case
        when s.signature is null then 'nobody signed it'
        else format(
            'is %s %s%s, signed as %s %s%s',
            f.language, f.volatility, case when f.definer then ' security definer' end,
            s.language, s.volatility, case when s.definer then ' security definer' end
        )
    end as detail,
    format('drop %s %s; or sign it in sql/audit/81_function_signed.sql', f.kind, f.signature) as remedy
from (
    select
        format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as signature,
        case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' else 'function' end as kind,
        l.lanname::text as language,
        case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
        p.prosecdef as definer
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
    where p.pronamespace <> 'pg_catalog'::regnamespace
        and n.nspname !~ '^(pg_|information_schema$)'
        and not exists (
            select
            from pg_catalog.pg_depend d
            where d.classid = 'pg_catalog.pg_proc'::regclass
                and d.objid = p.oid
                and d.deptype = 'e'
        )
) f
left join (
    values
        ('app.company_id()', 'sql', 'stable', false),
        ('app.user_id()', 'sql', 'stable', false),
        ('app.refuse_session()', 'plpgsql', 'volatile', false),
        ('app.uuid_v7(timestamp with time zone)', 'sql', 'volatile', false),
        ('app.fold(text)', 'sql', 'immutable', false),
        ('app.touch()', 'plpgsql', 'volatile', false),
        ('app.catalog()', 'sql', 'stable', false),
        ('app.record_catalog()', 'sql', 'volatile', false),
        ('app.explain_access(regclass, uuid)', 'plpgsql', 'volatile', false),
        ('app.may_read_audit_log()', 'plpgsql', 'stable', false),
        ('app.record_change()', 'plpgsql', 'volatile', true),
        ('app.record_failed_login(text)', 'plpgsql', 'volatile', true),
        ('identity.forget_old_tokens()', 'sql', 'volatile', false),
        ('identity.end_everything(uuid)', 'plpgsql', 'volatile', false),
        ('identity.begin_sign_up(text, text, text, text, bytea)', 'plpgsql', 'volatile', true),
        ('identity.complete_sign_up(bytea)', 'plpgsql', 'volatile', true),
        ('identity.begin_password_reset(text, bytea)', 'plpgsql', 'volatile', true),
        ('identity.words_of_reset(bytea)', 'plpgsql', 'volatile', true),
        ('identity.reset_password(bytea, text)', 'plpgsql', 'volatile', true),
        ('identity.change_password(uuid, text, text)', 'plpgsql', 'volatile', true),
        ('identity.renew_password_hash(uuid, text, text)', 'sql', 'volatile', true),
        ('identity.begin_email_change(uuid, text, bytea)', 'plpgsql', 'volatile', true),
        ('identity.change_email(bytea)', 'plpgsql', 'volatile', true),
        ('identity.arrive(uuid, text, text, text, boolean, text, text)', 'plpgsql', 'volatile', true)
) s (signature, language, volatility, definer) on s.signature = f.signature
where s.signature is null
    or s.language <> f.language
    or s.volatility <> f.volatility
    or s.definer <> f.definer
order by object;
