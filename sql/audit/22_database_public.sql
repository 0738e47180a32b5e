-- May anybody at all connect to this database, or create in it?
-- PUBLIC is every role of the cluster, those of other applications too.
select
    'database_public' as id,
    'high' as severity,
    d.datname::text as object,
    format('PUBLIC has %s', lower(x.privilege_type)) as detail,
    format('revoke all on database %I from public;', d.datname) as remedy
from pg_catalog.pg_database d
cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
where d.datname = current_database()
    and x.grantee = 0
order by object, detail;
