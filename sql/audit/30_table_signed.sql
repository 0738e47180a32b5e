-- Which tables stand outside the company's floor, and is each of them signed?
-- Only app and identity may hold such tables. A table in any other schema is a table of companies.
-- Signed: identity.identities, identity.memberships and identity.second_factors, because at a login no company
-- is known yet;
-- identity.one_time_tokens and identity.sign_ups, because what a mail confirms comes before a company or is of several;
-- identity.login_failures, because a login that fails belongs to an e-mail and to no company;
-- app.schema_history and app.catalog_record, because the schema's own past belongs to no company.
select
    'table_signed' as id,
    'critical' as severity,
    format('%I.%I', n.nspname, c.relname) as object,
    'stands outside the floor, and nobody signed it' as detail,
    'move it to crm and give it company_id, or sign it in sql/audit/30_table_signed.sql' as remedy
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('app', 'identity')
    and c.relkind in ('r', 'p', 'f', 'm')
    and (n.nspname, c.relname) not in (
        values
            ('identity'::name, 'identities'::name),
            ('identity', 'memberships'),
            ('identity', 'one_time_tokens'),
            ('identity', 'sign_ups'),
            ('identity', 'login_failures'),
            ('identity', 'second_factors'),
            ('app', 'schema_history'),
            ('app', 'catalog_record')
    )
order by object;
