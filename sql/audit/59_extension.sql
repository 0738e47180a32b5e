-- Is an extension installed that nobody signed?
-- Its functions run as C, its views and operators are exempt from several questions here.
-- Signed: plpgsql, which our triggers are written in; pg_stat_statements, which shows statements without values.
select
    'extension' as id,
    'medium' as severity,
    e.extname::text as object,
    format('version %s is installed', e.extversion) as detail,
    format('drop extension %I; or: comment on extension %I is ''signed: <why>'';', e.extname, e.extname)
        as remedy
from pg_catalog.pg_extension e
where e.extname not in ('plpgsql', 'pg_stat_statements')
    and coalesce(obj_description(e.oid, 'pg_extension'), '') not like 'signed: %'
order by object;
