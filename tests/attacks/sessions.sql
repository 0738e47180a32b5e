-- Sessions: what one transaction leaves for the next one of the same connection, and what one session can
-- learn of another.
-- Broken by: drop policy customers_floor on crm.customers;
-- Broken by: create policy everybody on crm.customers to paddock_app using (true) with check (true);
-- Broken by: alter function app.company_id() immutable;

-- ── Prepared plans ─────────────────────────────────────────────────────────────────────────────────

-- Prepared by Alice, executed by Bob.
-- as alice:
prepare every as select count(*), count(*) filter (where company_id = :'alice_company') from crm.customers;
execute every;
--> value: 3|3
-- as bob:
execute every;
--> value: 2|0

-- Executed by Alice so often that the plan is kept.
-- as alice:
set plan_cache_mode = auto;
prepare every(text) as select count(*), bool_and(company_id = :'bob_company') from crm.customers where name_key > $1;
execute every('');
execute every('');
execute every('');
execute every('');
execute every('');
execute every('');
-- as bob:
execute every('');
--> value: 2|t

-- Prepared by Alice with her own plan every time.
-- as alice:
set plan_cache_mode = force_custom_plan;
prepare one(uuid) as select name from crm.customers where id = $1;
execute one(:'alice_customer');
--> rows: 1
-- as bob:
execute one(:'alice_customer');
--> rows: 0

-- A write prepared by Alice puts Bob's row into Bob's company.
-- as alice:
prepare make(text) as insert into crm.customers (name) values ($1) returning company_id = :'bob_company';
-- as bob:
execute make('Eve');
--> value: t

-- Prepared by Alice, executed by nobody.
-- as alice:
prepare every as select name from crm.customers;
-- as nobody:
execute every;
--> 22P02

-- ── Cursors ────────────────────────────────────────────────────────────────────────────────────────

-- A cursor of Alice's ends with her transaction.
-- as alice:
declare hers cursor for select name from crm.customers;
-- as bob:
fetch all from hers;
--> 34000

-- A cursor of Bob's that he keeps has Bob's rows, in the next company too.
-- as bob:
declare his cursor with hold for select company_id = :'bob_company' from crm.customers;
-- as alice:
fetch all from his;
--> value: t / t

-- A cursor that has begun goes on with the company it began with.
declare his no scroll cursor for select company_id = :'bob_company' from crm.customers;
fetch 1 from his;
--> value: t
savepoint before;
set local app.company_id = :'unknown';
fetch all from his;
--> value: t

-- An update of the row under a cursor is an update of one's own.
declare his cursor for select id from crm.customers for update;
fetch all from his;
--> rows: 2
update crm.customers set title = 'x' where current of his;
--> 24000

-- Backwards there is nothing more.
declare his scroll cursor for select id from crm.customers;
move forward all from his;
--> affected: 2
move backward all from his;
--> affected: 2

-- A cursor over somebody else's.
declare his cursor for select name from crm.customers where company_id = :'alice_company';
fetch all from his;
--> rows: 0

-- ── Isolation of transactions ──────────────────────────────────────────────────────────────────────

-- Repeatable reads read one's own.
set transaction isolation level repeatable read;
select count(*) from crm.customers;
--> value: 2

-- Serializable ones too.
set transaction isolation level serializable, read only, deferrable;
select count(*) from crm.customers;
--> value: 2

-- Uncommitted is committed.
-- meanwhile, as alice:
insert into crm.customers (name, email) values ('Uncommitted nightingale', 'u@example.com');
-- as bob:
set transaction isolation level read uncommitted;
select count(*) from crm.customers;
--> value: 2

-- What Alice sees cannot be looked at with her eyes.
select pg_export_snapshot();
--> 42501

-- Nor imported without being exported.
set transaction snapshot '00000003-00000001-1';
--> 0A000

-- Two phases, of which the first would outlive the session.
prepare transaction 'mine';
--> 55000

-- What others have left between the phases.
select gid from pg_prepared_xacts;
--> 42501

-- Everything of the session cannot be thrown away in a transaction.
discard all;
--> 25001

-- ── Other sessions ─────────────────────────────────────────────────────────────────────────────────

-- What they are sending: it would name their companies.
-- meanwhile, as alice:
select count(*) from crm.customers;
-- as bob:
select query from pg_stat_activity;
--> 42501

-- By the function below the view.
select query from pg_stat_get_activity(null);
--> 42501

-- One of them.
select pg_stat_get_backend_activity(1);
--> 42501

-- Since when.
select pg_stat_get_backend_xact_start(1);
--> 42501

-- What they hold.
select relation, page, tuple from pg_locks;
--> 42501

-- What they count, as they count it.
select n_tup_ins from pg_stat_user_tables;
--> 42501

-- What their transaction has counted.
select pg_stat_get_xact_tuples_inserted('crm.customers'::regclass);
--> 42501

-- How far they are.
select * from pg_stat_progress_copy;
--> 42501

-- Ending one.
select pg_terminate_backend(1);
--> 42501

-- Interrupting one.
select pg_cancel_backend(1);
--> 42501

-- A lock that both know.
select pg_advisory_lock(1);
--> 42501

-- One for the transaction.
select pg_advisory_xact_lock(1);
--> 42501

-- Whether somebody else has it.
select pg_try_advisory_lock(1);
--> 42501

-- One that may be shared.
select pg_try_advisory_xact_lock_shared(1, 2);
--> 42501

-- A message out of an expression.
select pg_notify('nightingale', name) from crm.customers;
--> 42501

-- Waiting, to be seen waiting.
select pg_sleep(0);
--> 42501

-- Waiting in a condition.
select count(*) from crm.customers where pg_sleep(0) is not null;
--> 42501

-- Waiting until.
select pg_sleep_until(now());
--> 42501

-- Temporary objects of others are in schemas of others.
select count(*) from pg_class where relnamespace in (select oid from pg_namespace where nspname like 'pg\_temp\_%');
--> value: 0
