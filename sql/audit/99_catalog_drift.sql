-- Is the schema still what the last migration left behind?
-- What was changed by hand is in no migration: the next installation will not have it, and nobody reviewed it.
select
    'catalog_drift' as id,
    'medium' as severity,
    coalesce(was.object, now.object) as object,
    case
        when was.object is null then 'was added: ' || now.definition
        when now.object is null then 'is gone; it was ' || was.definition
        else format('is %s; it was %s', now.definition, was.definition)
    end as detail,
    'undo it; or, if it was meant: set role paddock_owner; select app.record_catalog();' as remedy
from app.catalog() now
full join app.catalog_record was on was.object = now.object
where now.definition is distinct from was.definition
order by object;
