-- Does everything belong to paddock_owner?
-- An owner may change protections and grants, and reads its tables wherever row security is not forced.
select
    'owner_signed' as id,
    'high' as severity,
    o.name as object,
    format('belongs to %s', pg_get_userbyid(o.owner)) as detail,
    format('alter %s owner to paddock_owner;', o.name) as remedy
from (
    select format('schema %I', n.nspname) as name, n.nspowner as owner
    from pg_catalog.pg_namespace n
    where n.nspname in ('app', 'crm', 'identity')
    union all
    select
        format(
            '%s %I.%I',
            case c.relkind
                when 'v' then 'view'
                when 'm' then 'materialized view'
                when 'S' then 'sequence'
                when 'f' then 'foreign table'
                else 'table'
            end,
            n.nspname,
            c.relname
        ),
        c.relowner
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('app', 'crm', 'identity')
        and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    union all
    select
        format('function %I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)),
        p.proowner
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('app', 'crm', 'identity')
) o
where pg_get_userbyid(o.owner) <> 'paddock_owner'
order by object;
