-- Does every view look with the eyes of whoever asks?
-- Without security_invoker a view reads as its owner, and the policies for the reader are never asked.
select
    'view_invoker' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'reads as its owner, not as whoever asks' as detail,
    format('alter view %I.%I set (security_invoker = true);', n.nspname, c.relname) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and c.relkind = 'v'
    and not coalesce(c.reloptions::text ~ '\msecurity_invoker=(true|on|yes|1)\M', false)
    and not exists (
        select
        from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_class'::regclass
            and d.objid = c.oid
            and d.deptype = 'e'
    )
order by object;
