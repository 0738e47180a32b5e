-- What we know to be possible for whoever sends statements of their own as the application's role, and
-- accept, each with its reason. The server sends its own statements only, one at a time and with their values
-- apart; these are for whoever has its password, or finds a way to put in whole statements.
-- Broken by: revoke select on pg_catalog.pg_class from public;

-- ── The context is not signed ──────────────────────────────────────────────────────────────────────

-- Whoever sends SET chooses the company. PostgreSQL cannot revoke SET of a setting with a dot in its name; what
-- can be revoked is set_config and DO, so that an expression cannot do it. The password of the application's
-- role is therefore a key to all companies: it belongs to the server and to nobody else.
-- as nobody:
set local app.company_id = :'alice_company';
set local app.user_id = :'alice_user';
select count(*) from crm.customers;
--> value: 3

-- Neither is the role, which the server binds beside the user: whoever can set the one can set the other, and
-- could as well become an owner of the company.
-- as nobody:
set local app.company_id = 'deadbeef-0000-7000-8000-000000000001';
set local app.user_id = 'deadbeef-0000-7000-8000-000000000002';
set local app.standing = 'deadbeef-0000-7000-8000-000000000001/deadbeef-0000-7000-8000-000000000002/owner/all';
select app.role(), app.visibility();
--> value: owner|all

-- Nor is the API key that the audit log names, nor the user: what is written there is what the server has bound.
set local app.api_key_id = 'deadbeef-0000-7000-8000-000000000003';
insert into crm.teams (name) values ('Mine');
select api_key_id from crm.audit_log where operation = 'teams.insert';
--> value: deadbeef-0000-7000-8000-000000000003

-- It can be set for the session, where the next transaction would find it if it did not bind its own. The
-- server binds one in each.
set app.company_id = :'alice_company';
show app.company_id;
--> rows: 1

-- A cursor that is kept holds the rows of its company for the rest of the session. The server declares none.
-- as alice:
declare hers cursor with hold for select name from crm.customers;
-- as bob:
move all from hers;
--> affected: 3

-- Whoever has the password can connect to the other databases of the server that are open to everybody, and
-- sees in their pg_stat_activity what the role's sessions here are sending. Nothing else belongs on this server, or
-- CONNECT is revoked there too.
select has_database_privilege('postgres', 'connect');
--> value: t

-- ── How much there is in all companies together ────────────────────────────────────────────────────

-- How many rows a table had when it was last counted. Drivers and psql read pg_class; it cannot be closed.
select count(*) from pg_class where oid = 'crm.customers'::regclass and reltuples is not null;
--> value: 1

-- How many pages it has.
select pg_relation_size('crm.customers') > 0;
--> value: t

-- How large the database is.
select pg_database_size(current_database()) > 0;
--> value: t

-- How many transactions there have been.
select txid_current() > 0;
--> value: t

-- Which ones are running.
select pg_current_snapshot() is not null;
--> value: t

-- How much has been written.
select pg_current_wal_lsn() > '0/0';
--> value: t

-- When the server was started.
select pg_postmaster_start_time() < now();
--> value: t

-- EXPLAIN estimates with the statistics of all companies, where the operator is leakproof: for a text that is
-- common somewhere it tells nearly how common, and with ranges it can be asked for the values in between. It is a
-- statement of its own: an expression cannot run it. The server's statements are planned without their values.
explain select from crm.customers where name_key = 'common';
--> rows: some

-- EXPLAIN ANALYZE counts the rows that a filter has removed, other companies' among them, where no index is used.
set local enable_indexscan = off;
set local enable_bitmapscan = off;
explain (analyze, costs off, timing off, summary off) select from crm.customers where name = '';
--> rows: some

-- ── What is no secret ──────────────────────────────────────────────────────────────────────────────

-- The rules.
select count(*) > 0 from pg_policies where schemaname = 'crm';
--> value: t

-- The helpers.
select pg_get_functiondef('app.company_id'::regproc) like '%app.company_id%';
--> value: t

-- The roles.
select count(*) from pg_roles where rolname in ('paddock_owner', 'paddock_app', 'paddock_auth');
--> value: 3

-- The databases of the server: name none after a company.
select count(*) > 0 from pg_database;
--> value: t

-- The tables of the login door, by their names in the catalog.
select count(*) from pg_class where relname in ('identities', 'memberships') and relkind = 'r';
--> value: 2

-- The version of the server and most of its settings.
select current_setting('server_version_num')::integer >= 150000;
--> value: t

-- ── Harm to the service, not to the walls ──────────────────────────────────────────────────────────

-- The role may lift its own time limits: they guard against us.
set local statement_timeout = 0;
set local lock_timeout = 0;
show statement_timeout;
--> value: 0

-- It may take as much memory for a sort as it likes.
set local work_mem = '1GB';
show work_mem;
--> value: 1GB

-- It may change its own password, and with that lock the server out. Certificates or an external authority in
-- pg_hba.conf know no password to change.
alter role paddock_app password 'changed';
--> done

-- It may give itself other settings for its next sessions. The policies and presets do not depend on any, but
-- the service would: row_security = off makes every statement fail.
alter role paddock_app set row_security = off;
--> done

-- It may write to a channel. Nobody listens, and what it says is what it knows already.
notify nightingale, 'from Bob';
--> done

-- It may listen to one: nobody speaks.
listen nightingale;
--> done

-- It may hold its own rows as long as it likes.
select count(*) from (select id from crm.customers for update) as x;
--> value: 2

-- It may ask for statistics to be collected anew. PostgreSQL answers with a warning and does nothing.
analyze crm.customers;
--> done
