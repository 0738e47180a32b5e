-- May the server or the login door create schemas or temporary tables?
-- A temporary table comes before ours in every search_path, and no policy knows it.
select
    'database_powers' as id,
    'high' as severity,
    r.rolname::text as object,
    format('has %s on the database', p.privilege) as detail,
    format('revoke %s on database %I from %I, public;', p.privilege, current_database(), r.rolname) as remedy
from pg_catalog.pg_roles r
cross join (values ('create'), ('temporary')) p (privilege)
where r.rolname in ('paddock_app', 'paddock_auth')
    and has_database_privilege(r.oid, current_database(), p.privilege)
order by object, detail;
