-- Does something run when the schema changes?
-- An event trigger runs as whoever migrates, with all their rights.
select
    'trigger_event' as id,
    'medium' as severity,
    e.evtname::text as object,
    format('runs on %s', e.evtevent) as detail,
    format('drop event trigger %I; or: comment on event trigger %I is ''signed: <why>'';', e.evtname, e.evtname)
        as remedy
from pg_catalog.pg_event_trigger e
where coalesce(obj_description(e.oid, 'pg_event_trigger'), '') not like 'signed: %'
order by object;
