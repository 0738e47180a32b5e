-- Are there large objects?
-- They belong to no company and to no table: no policy is asked when somebody reads them.
select
    'large_object' as id,
    'high' as severity,
    m.oid::text as object,
    format('is a large object of %s', pg_get_userbyid(m.lomowner)) as detail,
    format('select lo_unlink(%s);', m.oid) as remedy
from pg_catalog.pg_largeobject_metadata m
order by object
limit 20;
