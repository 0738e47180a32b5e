-- Do rows arrive by logical replication?
-- What a subscription writes asks no policy and no DEFAULT: the company comes from somewhere else.
select
    'subscription' as id,
    'medium' as severity,
    s.subname::text as object,
    'writes into this database' as detail,
    format('drop subscription %I; or: comment on subscription %I is ''signed: <why>'';', s.subname, s.subname)
        as remedy
from pg_catalog.pg_subscription s
join pg_catalog.pg_database d on d.oid = s.subdbid
where d.datname = current_database()
    and coalesce(obj_description(s.oid, 'pg_subscription'), '') not like 'signed: %'
order by object;
