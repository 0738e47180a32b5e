-- The context: who is asking. Whoever can put an expression into a statement must not change it, and where
-- it is missing, empty or nonsense nothing is answered, not even "no rows".
-- Broken by: grant execute on function pg_catalog.set_config(text, text, boolean) to public;

-- ── Flipping it inside an expression ───────────────────────────────────────────────────────────────

-- In a condition.
select name from crm.customers where set_config('app.company_id', :'alice_company', true) is not null;
--> 42501 permission denied for function set_config

-- In a sort order.
select name from crm.customers order by set_config('app.company_id', :'alice_company', true);
--> 42501 permission denied for function set_config

-- In a limit.
select name from crm.customers limit length(set_config('app.company_id', :'alice_company', true));
--> 42501 permission denied for function set_config

-- In a common table expression that comes first.
with flip as materialized (select set_config('app.company_id', :'alice_company', true))
select c.name from flip, crm.customers c;
--> 42501 permission denied for function set_config

-- In a sub-select of the list of columns.
select (select set_config('app.company_id', :'alice_company', true)), name from crm.customers;
--> 42501 permission denied for function set_config

-- In the row that is inserted.
insert into crm.customers (name) values (set_config('app.company_id', :'alice_company', true));
--> 42501 permission denied for function set_config

-- In what an update returns.
update crm.customers set title = 'Flipped'
returning set_config('app.company_id', :'alice_company', true);
--> 42501 permission denied for function set_config

-- In the action of an upsert.
insert into crm.customers (name, email) values ('Eve', :'bob_email')
on conflict (company_id, email_key) where deleted_at is null
do update set title = set_config('app.company_id', :'alice_company', true);
--> 42501 permission denied for function set_config

-- In a function over a table, between two others.
select c.name
from crm.companies, lateral set_config('app.company_id', :'alice_company', true), crm.customers c;
--> 42501 permission denied for function set_config

-- In a branch that is taken for no row.
select case when name = '' then set_config('app.company_id', :'alice_company', true) end, name
from crm.customers;
--> 42501 permission denied for function set_config

-- In a prepared statement.
prepare flip as select set_config('app.company_id', $1, true);
execute flip(:'alice_company');
--> 42501 permission denied for function set_config

-- In the values of EXECUTE.
prepare find(text) as select name from crm.customers where name = $1;
execute find(set_config('app.company_id', :'alice_company', true));
--> 42501 permission denied for function set_config

-- By the view that writes settings.
update pg_settings set setting = :'alice_company' where name = 'app.company_id';
--> 42501 permission denied for function set_config

-- By a query that is run out of a text.
select query_to_xml('select name from crm.customers', true, true, '');
--> 42501 permission denied for function query_to_xml

-- By a query that text search runs out of a text.
select word from ts_stat('select to_tsvector(name) from crm.customers');
--> 42501 permission denied for function ts_stat

-- By a query that rewrites a search.
select ts_rewrite('a'::tsquery, 'select email::tsquery, name::tsquery from crm.customers');
--> 42501 permission denied for function ts_rewrite

-- By a program.
do $$
begin
    set local app.company_id = :'alice_company';
    perform name from crm.customers;
end
$$;
--> 42501 permission denied for language plpgsql

-- ── No context ─────────────────────────────────────────────────────────────────────────────────────

-- Reading.
-- as nobody:
select name from crm.customers;
--> 42704 unrecognized configuration parameter "app.company_id"

-- Counting.
-- as nobody:
select count(*) from crm.users;
--> 42704

-- Reading by an id: not found would be an answer.
-- as nobody:
select name from crm.customers where id = :'alice_customer';
--> 42704

-- Creating: the preset fails.
-- as nobody:
insert into crm.customers (name) values ('Nobody''s');
--> 42704

-- Changing.
-- as nobody:
update crm.customers set name = 'Nobody''s';
--> 42704

-- Upserting.
-- as nobody:
insert into crm.customers (name, email) values ('Nobody''s', :'alice_email')
on conflict (company_id, email_key) where deleted_at is null do update set name = 'Nobody''s';
--> 42704

-- Copying.
-- as nobody:
copy (select name from crm.customers) to stdout;
--> 42704

-- A company without a user creates nothing: the owner is a preset too.
-- as nobody:
set local app.company_id = :'bob_company';
insert into crm.customers (name) values ('Whose?');
--> 42704 unrecognized configuration parameter "app.user_id"

-- ── A context that is none ─────────────────────────────────────────────────────────────────────────

-- Empty.
-- as nobody:
set local app.company_id = '';
select name from crm.customers;
--> 22P02 invalid input syntax for type uuid: ""

-- A wildcard.
-- as nobody:
set local app.company_id = '%';
select name from crm.customers;
--> 22P02 invalid input syntax for type uuid: "%"

-- A condition.
-- as nobody:
set local app.company_id = 'x'' or true --';
select name from crm.customers;
--> 22P02

-- Two companies at once.
-- as nobody:
set local app.company_id = :'bob_company', :'alice_company';
--> 22023

-- Two companies in one text.
-- as nobody:
set local app.company_id = '{b0bbc05b-0000-7000-8000-000000000001,a11cec05-0000-7000-8000-000000000001}';
select name from crm.customers;
--> 22P02

-- Reset.
reset app.company_id;
select name from crm.customers;
--> 22P02 invalid input syntax for type uuid: ""

-- Reset with everything else.
reset all;
select name from crm.customers;
--> 22P02

-- Set to its default.
set local app.company_id to default;
select name from crm.customers;
--> 22P02

-- A company that does not exist has no rows.
-- as nobody:
set local app.company_id = :'unknown';
set local app.user_id = :'unknown';
select count(*) from crm.customers;
--> value: 0

-- And gets none.
-- as nobody:
set local app.company_id = :'unknown';
set local app.user_id = :'unknown';
insert into crm.customers (name) values ('Of nobody');
--> 28000 the acting user is not of this company

-- ── One company's context with another one's user ──────────────────────────────────────────────────

-- A customer of Bob's company that belongs to Alice.
set local app.user_id = :'alice_user';
insert into crm.customers (name) values ('Of Alice');
--> 28000 the acting user is not of this company

-- It is refused like a user who does not exist, to the letter.
set local app.user_id = :'unknown';
insert into crm.customers (name) values ('Of nobody');
--> 28000 the acting user is not of this company

-- A comment in Alice's name.
set local app.user_id = :'alice_user';
insert into crm.customer_comments (customer_id, body) values (:'bob_customer', 'I am Alice.');
--> 28000 the acting user is not of this company

-- With Alice's user, Bob's company sees nothing at all.
set local app.user_id = :'alice_user';
select count(*), bool_and(company_id = :'bob_company') from crm.customers;
--> 28000 the acting user is not of this company

-- ── What the user is, bound beside them ────────────────────────────────────────────────────────────

-- Bob enters, and then becomes Alice in his own company: what was bound for him counts for nobody else.
select app.enter(null, null, null, null, null, null);
set local app.user_id = :'alice_user';
select count(*) from crm.customers;
--> 28000 the acting user is not of this company

-- Bob enters, and then moves to Alice's company.
select app.enter(null, null, null, null, null, null);
set local app.company_id = :'alice_company';
select count(*) from crm.customers;
--> 28000 the acting user is not of this company

-- Alice's user cannot enter Bob's company.
set local app.user_id = :'alice_user';
select app.enter(null, null, null, null, null, null);
--> 28000 this session is over

-- An expression binds what is true already, in whatever order.
select app.role(), app.enter(null, null, null, null, null, null), app.visibility() from crm.customers limit 1;
--> value: owner|t|all

-- It binds it once: what was less than the user, as with an API key, does not become more.
select app.enter(null, null, null, null, null, null);
select app.enter(null, null, null, null, null, null);
--> 42501 somebody has entered this transaction already

-- An expression cannot bind anything else.
select set_config('app.standing', 'x', true);
--> 42501

-- What was bound is gone with its transaction.
select app.enter(null, null, null, null, null, null);
-- as nobody:
select current_setting('app.standing', true) = '';
--> value: t

-- ── How long it lasts ──────────────────────────────────────────────────────────────────────────────

-- Not longer than its transaction, which was Alice's.
-- as alice:
select count(*) from crm.customers;
--> value: 3
-- as nobody:
select name from crm.customers;
--> 22P02 invalid input syntax for type uuid: ""

-- A savepoint that is rolled back takes a broken context with it.
savepoint before;
set local app.company_id = '';
select count(*) from crm.customers;
--> 22P02
rollback to savepoint before;
select count(*) from crm.customers;
--> value: 2

-- A savepoint that is released keeps Bob's context.
savepoint before;
release savepoint before;
select count(*), bool_and(company_id = :'bob_company') from crm.customers;
--> value: 2|t

-- After an error nothing is answered until the transaction ends.
select 1 / 0;
--> 22012
select name from crm.customers;
--> 25P02

-- The next transaction of the same session has its own context, whatever was bound before.
-- as alice:
select count(*) from crm.customers;
--> value: 3
-- as bob:
select count(*), bool_and(company_id = :'bob_company') from crm.customers;
--> value: 2|t
