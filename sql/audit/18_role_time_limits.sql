-- Has every role that serves its time limits?
-- Without them one slow statement, one forgotten lock or one dead client holds up every company.
select
    'role_time_limits' as id,
    'medium' as severity,
    r.rolname::text as object,
    format('%s is %s', e.name, coalesce(f.setting, 'not set')) as detail,
    'run sql/bootstrap.sql again, and look for settings of the role in this database' as remedy
from pg_catalog.pg_roles r
cross join (
    values
        ('statement_timeout'), ('lock_timeout'), ('idle_in_transaction_session_timeout'),
        ('client_connection_check_interval')
) e (name)
left join lateral (
    select substring(s.setting from '=(.*)$') as setting
    from pg_catalog.pg_db_role_setting x
    cross join lateral unnest(x.setconfig) s (setting)
    left join pg_catalog.pg_database d on d.oid = x.setdatabase
    where x.setrole = r.oid
        and (x.setdatabase = 0 or d.datname = current_database())
        and split_part(s.setting, '=', 1) = e.name
    order by x.setdatabase desc
    limit 1
) f on true
where r.rolname in ('paddock_app', 'paddock_auth')
    and coalesce(f.setting, '0') !~ '^[1-9]'
order by object, detail;
