-- Is a statement rewritten by a rule?
-- A rule acts as the owner of its table and changes what a statement says, before any policy.
select
    'rule' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('has the rule %s', r.rulename) as detail,
    format('drop rule %I on %I.%I;', r.rulename, n.nspname, c.relname) as remedy
from pg_catalog.pg_rewrite r
join pg_catalog.pg_class c on c.oid = r.ev_class
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and not (c.relkind in ('v', 'm') and r.rulename = '_RETURN')
order by object, detail;
