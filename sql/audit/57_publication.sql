-- Do rows leave by logical replication?
-- A publication sends the rows of every company; the policies stay behind.
select
    'publication' as id,
    'high' as severity,
    p.pubname::text as object,
    format('publishes %s', case when p.puballtables then 'all tables' else 'tables' end) as detail,
    format('drop publication %I; or: comment on publication %I is ''signed: <why>'';', p.pubname, p.pubname)
        as remedy
from pg_catalog.pg_publication p
where coalesce(obj_description(p.oid, 'pg_publication'), '') not like 'signed: %'
order by object;
