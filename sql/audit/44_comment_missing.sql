-- Does every table and every policy say what it is for?
-- A rule that nobody can explain is a rule that somebody will drop.
select
    'comment_missing' as id,
    'low' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'the table has no comment' as detail,
    format('comment on table %I.%I is ''…'';', n.nspname, c.relname) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and c.relkind in ('r', 'p')
    and obj_description(c.oid, 'pg_class') is null
union all
select
    'comment_missing',
    'low',
    format('%I.%I', n.nspname, c.relname),
    format('the policy %s has no comment', p.polname),
    format('comment on policy %I on %I.%I is ''…'';', p.polname, n.nspname, c.relname)
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where obj_description(p.oid, 'pg_policy') is null
order by object, detail;
