-- Is the audit log append-only, written by its triggers alone, and kept for owners and admins?
-- A record that can be forged, changed or taken out proves nothing, and a table without its trigger leaves none.
-- Its owner takes out what is too old, and nobody changes a record.
select
    'audit_log' as id,
    'high' as severity,
    f.object,
    f.detail,
    f.remedy
from (
    select
        format('%I.%I', n.nspname, c.relname) as object,
        format(
            '%s may %s', case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee) end,
            lower(x.privilege_type)
        ) as detail,
        format(
            'revoke %s on crm.audit_log from %s;', lower(x.privilege_type),
            case x.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
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
    where n.nspname = 'crm'
        and c.relname = 'audit_log'
        and x.grantee <> c.relowner
        and x.privilege_type <> 'SELECT'
    union all
    select
        'crm.audit_log',
        format('%s permits more than to read, to append and to take out what is too old', p.polname),
        format('drop policy %I on crm.audit_log;', p.polname)
    from pg_catalog.pg_policy p
    join pg_catalog.pg_class c on c.oid = p.polrelid
    where c.relnamespace = to_regnamespace('crm')
        and c.relname = 'audit_log'
        and p.polpermissive
        and (
            p.polcmd in ('w', '*')
            or p.polcmd in ('a', 'd') and array(
                select pg_get_userbyid(r.oid)::text
                from unnest(p.polroles) r (oid)
            ) <> array['paddock_owner']
        )
    union all
    select
        'crm.audit_log',
        'audit_log_may_read does not keep the log for owners and admins',
        'create policy audit_log_may_read on crm.audit_log as restrictive for select to paddock_app'
        || ' using (company_id = (select app.company_id()) and (select app.may_read_audit_log()));'
    where not exists (
        select
        from pg_catalog.pg_policy p
        join pg_catalog.pg_class c on c.oid = p.polrelid
        join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_policy'::regclass and d.objid = p.oid
        join pg_catalog.pg_proc h on d.refclassid = 'pg_catalog.pg_proc'::regclass and h.oid = d.refobjid
        where c.relnamespace = to_regnamespace('crm')
            and c.relname = 'audit_log'
            and p.polname = 'audit_log_may_read'
            and not p.polpermissive
            and p.polcmd = 'r'
            and array(
                select pg_get_userbyid(r.oid)::text
                from unnest(p.polroles) r (oid)
            ) = array['paddock_app']
            and replace(pg_get_expr(p.polqual, p.polrelid), 'app.', '')
                = '((company_id = ( SELECT company_id() AS company_id))'
                || ' AND ( SELECT may_read_audit_log() AS may_read_audit_log))'
            and h.pronamespace = to_regnamespace('app')
            and h.proname = 'may_read_audit_log'
            and h.pronargs = 0
    )
    union all
    select
        e.schema_name || '.' || e.table_name,
        format('%s is not there, does not run, or not for each row', e.trigger_name),
        format('create the trigger %I again, as in sql/migrations/%s', e.trigger_name, e.migration)
    from (
        values
            ('crm', 'companies', 'companies_record', 'record_change', 21, true, 'V0011__audit_log.sql'),
            ('crm', 'users', 'users_record', 'record_change', 29, true, 'V0011__audit_log.sql'),
            ('crm', 'teams', 'teams_record', 'record_change', 21, true, 'V0011__audit_log.sql'),
            ('crm', 'team_members', 'team_members_record', 'record_change', 21, true, 'V0011__audit_log.sql'),
            ('crm', 'custom_fields', 'custom_fields_record', 'record_change', 21, true, 'V0017__custom_fields.sql'),
            ('crm', 'record_shares', 'record_shares_record', 'record_change', 21, true, 'V0011__audit_log.sql'),
            ('crm', 'user_logins', 'user_logins_record', 'record_change', 29, true, 'V0013__user_logins.sql'),
            ('crm', 'sessions', 'sessions_record_start', 'record_change', 5, true, 'V0011__audit_log.sql'),
            ('crm', 'sessions', 'sessions_record_end', 'record_change', 17, false, 'V0011__audit_log.sql'),
            ('crm', 'sessions', 'sessions_record_reuse', 'record_change', 17, false, 'V0011__audit_log.sql'),
            ('crm', 'sessions', 'sessions_record_change', 'record_change', 17, false, 'V0011__audit_log.sql'),
            ('crm', 'api_keys', 'api_keys_record', 'record_change', 21, true, 'V0014__api_keys.sql'),
            ('crm', 'invitations', 'invitations_record', 'record_change', 21, true, 'V0015__invitations.sql'),
            (
                'identity', 'second_factors', 'second_factors_record', 'record_second_factor', 29, true,
                'V0015__invitations.sql'
            )
    ) e (schema_name, table_name, trigger_name, function_name, type, is_unconditional, migration)
    where not exists (
        select
        from pg_catalog.pg_trigger t
        join pg_catalog.pg_class c on c.oid = t.tgrelid
        where c.relnamespace = to_regnamespace(e.schema_name)
            and c.relname = e.table_name
            and t.tgname = e.trigger_name
            and t.tgfoid = (
                select h.oid
                from pg_catalog.pg_proc h
                where h.pronamespace = to_regnamespace('app')
                    and h.proname = e.function_name
                    and h.pronargs = 0
            )
            and t.tgtype = e.type
            and t.tgenabled in ('O', 'A')
            and (not e.is_unconditional or t.tgqual is null and t.tgattr::text = '')
    )
) f
order by f.object, f.detail;
