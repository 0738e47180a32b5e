-- Do foreign keys still hold?
-- `disable trigger all` switches them off, and nothing in the table's description says so.
select
    'trigger_disabled' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('the trigger of %s is switched off', coalesce(k.conname, t.tgname)) as detail,
    format('alter table %I.%I enable trigger all; and look for rows that came in meanwhile', n.nspname, c.relname)
        as remedy
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_constraint k on k.oid = t.tgconstraint
where t.tgisinternal
    and t.tgenabled <> 'O'
    and n.nspname !~ '^(pg_|information_schema$)'
order by object, detail;
