-- Catalogs, statistics and plans: what the database knows about everybody's rows.
-- Broken by: alter table crm.customers disable row level security;
-- Broken by: grant select on pg_catalog.pg_statistic to public;

-- Before all, as superuser:
create statistics crm.customers_stats (mcv) on name, email from crm.customers;
analyze crm.companies;
analyze crm.users;
analyze crm.customers;
analyze crm.customer_comments;

-- ── Statistics hold values ─────────────────────────────────────────────────────────────────────────

-- The most common values of columns that one may read.
select count(*) from pg_stats where schemaname = 'crm';
--> value: 0

-- For the names of customers.
select most_common_vals, histogram_bounds from pg_stats where tablename = 'customers';
--> rows: 0

-- Values of columns together.
select most_common_vals from pg_stats_ext;
--> rows: 0

-- Values of expressions.
select count(*) from pg_stats_ext_exprs;
--> value: 0

-- The table behind.
select stavalues1 from pg_statistic;
--> 42501

-- The other table behind.
select stxdmcv from pg_statistic_ext_data;
--> 42501

-- What is looked into a most common value.
select pg_mcv_list_items(stxdmcv) from pg_statistic_ext_data;
--> 42501

-- What was called, and how often.
select * from pg_stat_user_functions;
--> 42501

-- How often an index was used.
select idx_scan from pg_stat_user_indexes;
--> 42501

-- How many blocks were read.
select heap_blks_read from pg_statio_user_tables;
--> 42501

-- How many transactions there were.
select xact_commit from pg_stat_database;
--> 42501

-- Which queries of others ran in parallel, replicate, or vacuum.
select * from pg_stat_replication;
--> 42501

-- Who is connected, and how.
select * from pg_stat_ssl;
--> 42501

-- What was sent, counted by text, where an administrator has installed that.
select query from pg_stat_statements;
--> 42P01

-- ── Secrets of the catalogs ────────────────────────────────────────────────────────────────────────

-- Passwords.
select rolpassword from pg_authid;
--> 42501

-- Passwords, by the old view.
select passwd from pg_shadow;
--> 42501

-- Passwords of other servers.
select umoptions from pg_user_mapping;
--> 42501

-- Connections of subscriptions.
select subconninfo from pg_subscription;
--> 42501

-- Where a column's rows began with another value.
select count(*) from pg_attribute where attmissingval is not null and attrelid::regclass::text like 'crm.%';
--> value: 0

-- A setting that was given to a role or a database names no company.
select count(*) from pg_db_role_setting where setconfig::text like '%app.%company%';
--> value: 0

-- No catalog may be written.
update pg_class set relrowsecurity = false where relname = 'customers';
--> 42501

-- Not even the policies'.
delete from pg_policy;
--> 42501

-- Nor the roles'.
update pg_authid set rolbypassrls = true where rolname = 'paddock_app';
--> 42501

-- The columns that the standard's catalog shows are those that are granted.
select count(*) from information_schema.columns where table_schema = 'identity';
--> value: 0

-- So are the tables.
select count(*) from information_schema.tables where table_schema not in ('crm', 'app', 'pg_catalog', 'information_schema');
--> value: 0

-- ── Plans ──────────────────────────────────────────────────────────────────────────────────────────

-- A plan without estimates says only what was asked.
explain (costs off) select name from crm.customers where company_id = :'alice_company' and email_key = :'alice_email';
--> rows: some

-- The plan of a prepared statement is of no company.
prepare one(text) as select name from crm.customers where email_key = $1;
explain (costs off) execute one('x');
--> rows: some

-- Running it counts no row of hers where there is an index.
set local enable_seqscan = off;
set local enable_bitmapscan = off;
explain (analyze, costs off, timing off, summary off, buffers off)
select name from crm.customers where company_id = :'alice_company' and id = :'alice_customer';
--> rows: some

-- The conditions of a plan are those of the policies: the filter on the company is there.
explain (analyze, verbose, costs off, timing off, summary off) table crm.customers;
--> rows: some
