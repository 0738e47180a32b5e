-- Is every change of a row counted and dated?
-- The version is the ETag: without its trigger two people overwrite each other and nobody notices.
select
    'trigger_touch' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    coalesce(
        (
            select format('%s is disabled or conditional', t.tgname)
            from pg_catalog.pg_trigger t
            where t.tgrelid = c.oid
                and t.tgfoid = (
                    select h.oid
                    from pg_catalog.pg_proc h
                    where h.pronamespace = to_regnamespace('app')
                        and h.proname = 'touch'
                        and h.pronargs = 0
                )
            limit 1
        ),
        'has a version and no trigger that counts it'
    ) as detail,
    format(
        'create or replace trigger %I before update on %I.%I for each row execute function app.touch();'
        || ' alter table %I.%I enable trigger %I;',
        c.relname || '_touch', n.nspname, c.relname, n.nspname, c.relname, c.relname || '_touch'
    ) as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attname = 'version' and not a.attisdropped
where n.nspname !~ '^(pg_|information_schema$|app$)'
    and c.relkind in ('r', 'p')
    and not exists (
        select
        from pg_catalog.pg_trigger t
        where t.tgrelid = c.oid
            and t.tgfoid = (
                select h.oid
                from pg_catalog.pg_proc h
                where h.pronamespace = to_regnamespace('app')
                    and h.proname = 'touch'
                    and h.pronargs = 0
            )
            and t.tgtype = 19
            and t.tgenabled in ('O', 'A')
            and t.tgqual is null
            and t.tgattr::text = ''
    )
order by object;
