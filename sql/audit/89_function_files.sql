-- Can the server read files of the machine, or call other databases?
-- They are superusers' functions; a grant on one of them is a way out of the database.
select
    'function_files' as id,
    'critical' as severity,
    format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) as object,
    format('%s may execute it', r.rolname) as detail,
    format(
        'revoke execute on function %I.%I(%s) from public, %I;',
        n.nspname, p.proname, oidvectortypes(p.proargtypes), r.rolname
    ) as remedy
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
cross join pg_catalog.pg_roles r
where p.proname ~ '^(pg_read_(binary_)?file$|pg_ls_.*dir$|pg_stat_file$|lo_import$|lo_export$|pg_file_|dblink)'
    and r.rolname in ('paddock_app', 'paddock_auth')
    and has_function_privilege(r.oid, p.oid, 'execute')
order by object, detail;
