-- Does a policy allow the server more commands than somebody thought of?
-- FOR ALL includes DELETE. What the server may do is said command by command.
select
    'policy_all_commands' as id,
    'medium' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    format('%s is for all commands, to %s', p.polname, pg_get_userbyid(r.oid)) as detail,
    format('drop policy %I on %I.%I; create one for each command', p.polname, n.nspname, c.relname) as remedy
from pg_catalog.pg_policy p
join pg_catalog.pg_class c on c.oid = p.polrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral unnest(p.polroles) r (oid)
where p.polpermissive
    and p.polcmd = '*'
    and pg_get_userbyid(r.oid) in ('paddock_app', 'paddock_auth')
order by object, detail;
