-- Can the server call functions that reach past the walls?
-- set_config changes the company inside a statement; NOTIFY and large objects know no policy; advisory locks and
-- signals reach other sessions; sleeping holds a connection; *_to_xml and ts_stat run any query.
select
    'function_powerful' as id,
    'medium' as severity,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
    format('%s may execute it', r.rolname) as detail,
    format(
        'revoke execute on function %I.%I(%s) from public, %I;',
        n.nspname, p.proname, oidvectortypes(p.proargtypes), r.rolname
    ) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
cross join pg_catalog.pg_roles r
where n.nspname = 'pg_catalog'
    and (
        p.proname in (
            'set_config', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend', 'loread', 'lowrite',
            'pg_export_snapshot', 'pg_logical_emit_message', 'ts_stat'
        )
        or p.proname ~ '^(lo_|pg_sleep|pg_advisory_|pg_try_advisory_|(query|table|schema|database|cursor)_to_xml)'
    )
    and r.rolname in ('paddock_app', 'paddock_auth')
    and has_function_privilege(r.oid, p.oid, 'execute')
order by object, detail;
