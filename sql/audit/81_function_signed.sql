-- Which functions are there, and is each of them signed as it is?
-- A function is code within the walls: language, volatility and whose rights it runs with are part of the name.
select
    'function_signed' as id,
    'high' as severity,
    f.signature as object,
    case
        when s.signature is null then 'nobody signed it'
        else format(
            'is %s %s%s, signed as %s %s',
            f.language, f.volatility, case when f.definer then ' security definer' end,
            s.language, s.volatility
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
        ('app.company_id()', 'sql', 'stable'),
        ('app.user_id()', 'sql', 'stable'),
        ('app.role()', 'plpgsql', 'stable'),
        ('app.visibility()', 'plpgsql', 'stable'),
        ('app.team_mates()', 'plpgsql', 'stable'),
        ('app.shared_customers(text)', 'plpgsql', 'stable'),
        ('app.refuse(text)', 'plpgsql', 'volatile'),
        ('app.keep_an_owner()', 'plpgsql', 'volatile'),
        ('app.refuse_session()', 'plpgsql', 'volatile'),
        ('app.uuid_v7(timestamp with time zone)', 'sql', 'volatile'),
        ('app.fold(text)', 'sql', 'immutable'),
        ('app.touch()', 'plpgsql', 'volatile'),
        ('app.catalog()', 'sql', 'stable'),
        ('app.record_catalog()', 'sql', 'volatile'),
        ('app.explain_access(regclass, uuid)', 'plpgsql', 'volatile')
) s (signature, language, volatility) on s.signature = f.signature
where s.signature is null
    or s.language <> f.language
    or s.volatility <> f.volatility
    or f.definer
order by object;
