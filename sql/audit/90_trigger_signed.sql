-- Which triggers are there, and is each of them signed?
-- A trigger sees every row that is written and may change it. Signed, for each row and without conditions: before
-- update, app.touch everywhere and app.keep_an_owner, which may refuse a row, on users; after update,
-- app.log_everybody_out, which outdates the tokens of a suspended company, on companies. And app.record_change, which
-- changes no row that it sees, after whatever, for each row, also on a condition; app.record_second_factor, the same for
-- identity.second_factors.
select
    'trigger_signed' as id,
    'high' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    pg_get_triggerdef(t.oid) as detail,
    format('drop trigger %I on %I.%I; or sign it in sql/audit/90_trigger_signed.sql', t.tgname, n.nspname, c.relname)
        as remedy
from pg_catalog.pg_trigger t
join pg_catalog.pg_class c on c.oid = t.tgrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname !~ '^(pg_|information_schema$)'
    and not t.tgisinternal
    and not exists (
        select
        from pg_catalog.pg_proc h
        where h.oid = t.tgfoid
            and h.pronamespace = to_regnamespace('app')
            and h.pronargs = 0
            and (
                t.tgqual is null and t.tgattr::text = '' and (
                    t.tgtype = 19 and h.proname = 'touch'
                    or t.tgtype = 19 and h.proname = 'keep_an_owner' and n.nspname = 'crm' and c.relname = 'users'
                    or t.tgtype = 17 and h.proname = 'log_everybody_out' and n.nspname = 'crm' and c.relname = 'companies'
                )
                -- For each row (1), not before (2), not of TRUNCATE (32) and not instead (64).
                or h.proname = 'record_change' and t.tgtype & 99 = 1
                or h.proname = 'record_second_factor' and t.tgtype & 99 = 1
                    and n.nspname = 'identity' and c.relname = 'second_factors'
            )
    )
order by object, detail;
