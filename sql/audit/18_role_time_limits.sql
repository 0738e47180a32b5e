-- Has every role that serves its time limits?
-- Without them one slow statement, one forgotten lock or one dead client holds up every company.
select
    'role_time_limits' as id,
    'medium' as severity,
    r.rolname::text as object,
    format('%s is not limited', e.name) as detail,
    'run sql/bootstrap.sql again' as remedy
from pg_catalog.pg_roles r
cross join (
    values
        ('statement_timeout'), ('lock_timeout'), ('idle_in_transaction_session_timeout'),
        ('client_connection_check_interval')
) e (name)
where r.rolname in ('paddock_app', 'paddock_auth')
    and not exists (
        select
        from pg_catalog.pg_db_role_setting x
        cross join lateral unnest(x.setconfig) s (setting)
        left join pg_catalog.pg_database d on d.oid = x.setdatabase
        where x.setrole = r.oid
            and (x.setdatabase = 0 or d.datname = current_database())
            and s.setting ~ ('^' || e.name || '=[1-9]')
    )
order by object, detail;
