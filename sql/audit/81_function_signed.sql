-- Which functions are there, and is each of them signed as it is?
-- A function is code within the walls: language, volatility and whose rights it runs with are part of the name, and
-- so is the MD5 of what it says, where policies take its word for what a user is, sees and may.
-- Those that run with their owner's rights are signed in sql/audit/82_function_definer.sql as well.
select
    'function_signed' as id,
    'high' as severity,
    f.signature as object,
    case
        when s.signature is null then 'nobody signed it'
        when s.says <> f.says then format('says something else: %s, signed as %s', f.says, s.says)
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
        p.prosecdef as definer,
        md5(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc)) as says
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
        ('app.company_id()', 'sql', 'stable', false, null),
        ('app.user_id()', 'sql', 'stable', false, null),
        ('app.enter(integer, uuid, uuid, uuid, bytea, text)', 'plpgsql', 'volatile', false, 'cda0c62b46b77ca78baa60e86d07deee'),
        ('app.standing()', 'sql', 'stable', false, '3667dd9800c89b3b15134171c7db4108'),
        ('app.look_up_role()', 'plpgsql', 'stable', false, '1bc1639ae7b74373e676cd630466ab2e'),
        ('app.look_up_visibility(text)', 'plpgsql', 'stable', false, '24e5645de787cd01c7ada3e3d13ef80f'),
        ('app.log_everybody_out()', 'plpgsql', 'volatile', false, null),
        ('app.role()', 'sql', 'stable', false, '0a3b3ad7e80e2b7ef6fa38e08418193e'),
        ('app.visibility()', 'sql', 'stable', false, '84574685546bcb3bae41bbcb7c36ad61'),
        ('app.sees_all()', 'sql', 'stable', false, '1de98b800224cdd9e8efb8e9fc6dad60'),
        ('app.visible_owners()', 'plpgsql', 'stable', false, 'b44f8477cc03dc30a5d423f7979f85ac'),
        ('app.shared(text)', 'plpgsql', 'stable', false, '46ce18239b378ef5036c0151f253779d'),
        ('app.refuse(text)', 'plpgsql', 'volatile', false, '7c8293df31d75f02958b44de30dcc3f9'),
        ('app.keep_an_owner()', 'plpgsql', 'volatile', false, null),
        ('app.refuse_session()', 'plpgsql', 'volatile', false, 'e4496dce835a76bcb8bf962005eec8f7'),
        ('app.uuid_v7(timestamp with time zone)', 'sql', 'volatile', false, null),
        ('app.fold(text)', 'sql', 'immutable', false, null),
        ('app.touch()', 'plpgsql', 'volatile', false, null),
        ('app.catalog()', 'sql', 'stable', false, null),
        ('app.record_catalog()', 'sql', 'volatile', false, null),
        ('app.explain_access(regclass, uuid)', 'plpgsql', 'volatile', false, null),
        ('app.may_read_audit_log()', 'plpgsql', 'stable', false, '66493093cceea2d164c369a1182f8239'),
        ('app.readable_custom_fields()', 'plpgsql', 'stable', false, '6a971eb1f53ce2ba66b56f129968e3db'),
        ('app.writable_custom_fields(text)', 'plpgsql', 'stable', false, '02a7811246561d6ea96ee71294519795'),
        ('app.custom_fields_of(uuid)', 'plpgsql', 'stable', false, null),
        ('app.as_date(text)', 'sql', 'stable', false, null),
        ('app.custom_field_id(text, text, text)', 'plpgsql', 'stable', false, null),
        ('app.custom_field_type(text, text)', 'plpgsql', 'stable', false, null),
        ('app.custom_field_key(text, text, text)', 'plpgsql', 'stable', false, null),
        ('app.custom_field_takes(uuid, text, jsonb)', 'plpgsql', 'stable', false, null),
        ('app.write_custom_fields(text, uuid[], text[])', 'plpgsql', 'volatile', false, null),
        ('app.write_custom_fields_of(text, uuid, text)', 'plpgsql', 'volatile', false, null),
        ('app.record_change()', 'plpgsql', 'volatile', true, null),
        ('app.record_failed_login(text)', 'plpgsql', 'volatile', true, null),
        ('app.record_second_factor()', 'plpgsql', 'volatile', true, null),
        ('identity.forget_old_tokens()', 'sql', 'volatile', false, null),
        ('identity.end_everything(uuid)', 'plpgsql', 'volatile', false, null),
        ('identity.begin_sign_up(text, text, text, text, bytea)', 'plpgsql', 'volatile', true, null),
        ('identity.complete_sign_up(bytea)', 'plpgsql', 'volatile', true, null),
        ('identity.begin_password_reset(text, bytea)', 'plpgsql', 'volatile', true, null),
        ('identity.words_of_reset(bytea)', 'plpgsql', 'volatile', true, null),
        ('identity.reset_password(bytea, text)', 'plpgsql', 'volatile', true, null),
        ('identity.change_password(uuid, text, text)', 'plpgsql', 'volatile', true, null),
        ('identity.renew_password_hash(uuid, text, text)', 'sql', 'volatile', true, null),
        ('identity.begin_email_change(uuid, text, bytea)', 'plpgsql', 'volatile', true, null),
        ('identity.change_email(bytea)', 'plpgsql', 'volatile', true, null),
        ('identity.arrive(uuid, text, text, text, boolean, text, text)', 'plpgsql', 'volatile', true, null),
        ('identity.may_enter(uuid, uuid)', 'plpgsql', 'volatile', true, null),
        ('identity.find_invitation(uuid, bytea)', 'plpgsql', 'volatile', true, null),
        ('identity.accept_invitation(uuid, bytea, text, uuid, text)', 'plpgsql', 'volatile', true, null),
        ('identity.list_companies(uuid, uuid, timestamp with time zone, uuid, bigint)', 'plpgsql', 'volatile', true, null),
        ('identity.remove_user(uuid, uuid, uuid, uuid, bigint[])', 'plpgsql', 'volatile', true, null)
) s (signature, language, volatility, definer, says) on s.signature = f.signature
where s.signature is null
    or s.language <> f.language
    or s.volatility <> f.volatility
    or s.definer <> f.definer
    or s.says <> f.says
order by object;
