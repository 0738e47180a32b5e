-- Does a trigger run with somebody else's rights?
-- Whoever writes a row would act as the owner of the function, without knowing. Signed: app.record_change and
-- app.record_second_factor, which write the audit log and nothing else.
select
    'trigger_definer' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s runs as %s', t.tgname, pg_get_userbyid(p.proowner)) as detail,
    format('alter function %s security invoker;', p.oid::regprocedure) as remedy
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_proc p on p.oid = t.tgfoid
where p.prosecdef
    and n.nspname !~ '^(pg_|information_schema$)'
    and not (p.pronamespace = to_regnamespace('app') and p.proname in ('record_change', 'record_second_factor') and p.pronargs = 0)
order by object, detail;
