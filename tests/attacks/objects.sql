-- Objects of one's own that would stand between a name and the table, and changes to the walls themselves.
-- Broken by: grant create on schema public, crm, app to paddock_app;
-- Broken by: grant usage on schema public to paddock_app;

-- ── Names of one's own ─────────────────────────────────────────────────────────────────────────────

-- A temporary table.
create temporary table customers (id uuid);
--> 42501

-- One that is filled at once.
create temporary table stolen as select * from crm.customers;
--> 42501

-- The same, as a select.
select * into temporary stolen from crm.customers;
--> 42501

-- A temporary view.
create temporary view v as select * from crm.customers;
--> 42501

-- A temporary sequence.
create temporary sequence s;
--> 42501

-- A function in the temporary schema.
create function pg_temp.company_id() returns uuid language sql return :'alice_company'::uuid;
--> 42501

-- A table in the public schema.
create table public.stolen as select * from crm.customers;
--> 42501

-- A view that runs as its owner.
create view crm.v as select * from crm.customers;
--> 42501

-- A view that runs as whoever asks.
create view public.v with (security_invoker) as select * from crm.customers;
--> 42501

-- A materialized view.
create materialized view crm.m as select * from crm.customers;
--> 42501

-- A schema.
create schema mine;
--> 42501

-- A function that runs as its owner.
create function crm.peek() returns setof text security definer language sql as 'select name from crm.customers';
--> 42501

-- A function in the place of the one that decides.
create or replace function app.company_id() returns uuid language sql return :'alice_company'::uuid;
--> 42501

-- A type.
create type crm.t as (name text);
--> 42501

-- A domain with a check that asks.
create domain crm.d as text check (value <> '');
--> 42501

-- An aggregate.
create aggregate crm.collect (text) (sfunc = textcat, stype = text);
--> 42501

-- A collation that finds everything equal.
create collation crm.c (provider = icu, locale = 'und', deterministic = false);
--> 42501

-- A search configuration.
create text search dictionary crm.d (template = simple);
--> 42501

-- A language.
create language mine handler plpgsql_call_handler;
--> 42501

-- A foreign server.
create server elsewhere foreign data wrapper postgres_fdw;
--> 42704

-- A foreign data wrapper.
create foreign data wrapper elsewhere;
--> 42501

-- ── The search path ────────────────────────────────────────────────────────────────────────────────

-- The policies mean the functions that they were created with, whatever is searched first.
set local search_path = pg_temp, public, identity;
select count(*) from crm.customers;
--> value: 2

-- So do the presets and the stored keys.
set local search_path = pg_temp;
insert into crm.customers (name) values ('Eve') returning company_id = :'bob_company', name_key;
--> value: t|eve

-- So does the trigger.
set local search_path = pg_temp;
update crm.customers set title = 'x' where id = :'bob_customer' returning version;
--> value: 2

-- With nothing searched, nothing else is found.
set local search_path = '';
select count(*) from customers;
--> 42P01

-- ── The walls ──────────────────────────────────────────────────────────────────────────────────────

-- A policy.
create policy mine on crm.customers using (true);
--> 42501

-- A wider policy.
alter policy customers_floor on crm.customers using (true);
--> 42501

-- No policy.
drop policy customers_floor on crm.customers;
--> 42501

-- No row security.
alter table crm.customers disable row level security;
--> 42501

-- None for the owner.
alter table crm.customers no force row level security;
--> 42501

-- Another owner.
alter table crm.customers owner to paddock_app;
--> 42501

-- Another default.
alter table crm.customers alter company_id set default :'alice_company';
--> 42501

-- A column.
alter table crm.customers add column mine text;
--> 42501

-- A rule for the whole table that fails for the rows of others.
alter table crm.customers add constraint mine check (name not like 'Grace%');
--> 42501

-- A key for the whole table that fails for two of the same name.
alter table crm.customers add constraint mine unique (name);
--> 42501

-- An exclusion for the whole table.
alter table crm.customers add constraint mine exclude using btree (name with =);
--> 42501

-- A child, whose rows would be seen with its parent.
alter table crm.users inherit crm.customers;
--> 42501

-- A partition.
create table crm.p partition of crm.customers for values in (1);
--> 42501

-- An index, whose expression is called with every row.
create index on crm.customers ((1 / length(name)));
--> 42501

-- A unique index.
create unique index on crm.customers (email_key);
--> 42501

-- A reference to the table.
create table public.r (company_id uuid, id uuid, foreign key (company_id, id) references crm.customers);
--> 42501

-- A trigger.
create trigger mine before insert on crm.customers for each row execute function app.touch();
--> 42501

-- No triggers.
alter table crm.customers disable trigger all;
--> 42501

-- Triggers as for a replica: references and versions would not be kept.
set local session_replication_role = replica;
--> 42501

-- A rule.
create rule mine as on select to crm.customers do instead select null;
--> 42501

-- A rule that writes along.
create rule mine as on insert to crm.customers do also insert into crm.customer_comments default values;
--> 42501

-- An event trigger.
create event trigger mine on ddl_command_end execute function app.touch();
--> 42501

-- Statistics about columns together.
create statistics crm.mine on name, email from crm.customers;
--> 42501

-- A publication.
create publication mine for table crm.customers;
--> 42501

-- A subscription.
create subscription mine connection 'dbname=x' publication mine with (connect = false);
--> 42501

-- A sorted table.
cluster crm.customers using customers_pkey;
--> 42501

-- New indexes.
reindex table crm.customers;
--> 42501

-- Other storage.
alter table crm.customers set unlogged;
--> 42501

-- Another schema.
alter table crm.customers set schema public;
--> 42501

-- Another name.
alter table crm.customers rename to clients;
--> 42501

-- A comment.
comment on table crm.customers is 'Mine.';
--> 42501

-- A security label: there is no provider.
security label on table crm.customers is 'unclassified';
--> 22023

-- No table.
drop table crm.customers;
--> 42501

-- No schema.
drop schema crm cascade;
--> 42501

-- No function.
drop function app.company_id() cascade;
--> 42501
