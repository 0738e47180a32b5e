-- Oracles: questions whose answer would differ if another company had this row. What does not exist and
-- what is another company's is answered alike.
-- Broken by: create unique index x on crm.customers (email_key) where deleted_at is null;
-- Broken by: alter table crm.customer_comments drop constraint customer_comments_customer_id_fkey;
-- Broken by: grant update on crm.customers to paddock_app;

-- ── Uniqueness ─────────────────────────────────────────────────────────────────────────────────────

-- An e-mail that the other company has.
insert into crm.customers (name, email) values ('Eve', :'alice_email');
--> affected: 1

-- One that nobody has.
insert into crm.customers (name, email) values ('Eve', 'nobody@example.com');
--> affected: 1

-- One that the other company has in its bin.
insert into crm.customers (name, email) values ('Eve', 'deleted.nightingale@example.com');
--> affected: 1

-- The same by update.
update crm.customers set email = :'alice_email' where id = :'bob_customer';
--> affected: 1

-- One's own is taken. The refusal shows no key.
insert into crm.customers (name, email) values ('Eve', :'bob_email');
--> 23505 duplicate key value violates unique constraint "customers_email_key" customers_email_key

-- ── References ─────────────────────────────────────────────────────────────────────────────────────

-- A comment on the other company's customer.
insert into crm.customer_comments (customer_id, body) values (:'alice_customer', 'Is there one?');
--> 23503 insert or update on table "customer_comments" violates foreign key constraint "customer_comments_customer_id_fkey" customer_comments_customer_id_fkey Key is not present in table "customers".

-- On one that nobody has.
insert into crm.customer_comments (customer_id, body) values (:'unknown', 'Is there one?');
--> 23503 insert or update on table "customer_comments" violates foreign key constraint "customer_comments_customer_id_fkey" customer_comments_customer_id_fkey Key is not present in table "customers".

-- On one in the other company's bin.
insert into crm.customer_comments (customer_id, body) values (:'alice_deleted', 'Is there one?');
--> 23503 insert or update on table "customer_comments" violates foreign key constraint "customer_comments_customer_id_fkey" customer_comments_customer_id_fkey Key is not present in table "customers".

-- Nothing waits for the end of the transaction.
set constraints all deferred;
insert into crm.customer_comments (customer_id, body) values (:'alice_customer', 'Later?');
--> 23503

-- ── Checks ─────────────────────────────────────────────────────────────────────────────────────────

-- A value that is refused is refused before anybody looks for the row.
update crm.customers set lifecycle_stage = 'none' where id = :'alice_customer';
--> affected: 0

-- The same for one that nobody has.
update crm.customers set lifecycle_stage = 'none' where id = :'unknown';
--> affected: 0

-- A refused row is shown only to whom it belongs.
insert into crm.customers (name, lifecycle_stage) values ('Eve', 'none');
--> 23514

-- A missing value names the column, and no other row.
insert into crm.customers default values;
--> 23502

-- ── Waiting ────────────────────────────────────────────────────────────────────────────────────────

-- Alice takes an e-mail and has not committed; Bob does not wait for her.
-- meanwhile, as alice:
insert into crm.customers (name, email) values ('Uncommitted nightingale', 'new@example.com');
-- as bob:
set local lock_timeout = '100ms';
insert into crm.customers (name, email) values ('Eve', 'new@example.com');
--> affected: 1

-- She holds her customer; he finds none.
-- meanwhile, as alice:
select id from crm.customers where id = :'alice_customer' for update;
-- as bob:
set local lock_timeout = '100ms';
update crm.customers set title = 'Mine' where id = :'alice_customer';
--> affected: 0

-- Nor does NOWAIT tell.
-- meanwhile, as alice:
select id from crm.customers for update;
-- as bob:
select id from crm.customers where id = :'alice_customer' for update nowait;
--> rows: 0

-- Nor what is skipped.
-- meanwhile, as alice:
select id from crm.customers for update;
-- as bob:
select count(*) from (select id from crm.customers for update skip locked) as x;
--> value: 2

-- A comment on the customer that she holds is refused at once.
-- meanwhile, as alice:
select id from crm.customers where id = :'alice_customer' for update;
-- as bob:
set local lock_timeout = '100ms';
insert into crm.customer_comments (customer_id, body) values (:'alice_customer', 'Held?');
--> 23503

-- Her uncommitted customer is not there for him, by reference either.
-- meanwhile, as alice:
insert into crm.customers (name) values ('Uncommitted nightingale');
-- as bob:
select count(*) from crm.customers;
--> value: 2

-- He holds all that he can; she goes on.
-- meanwhile, as bob:
select count(*) from (select id from crm.customers for update) as x;
--> value: 2
-- as alice:
set local lock_timeout = '100ms';
update crm.customers set title = 'Still hers' where id = :'alice_customer';
--> affected: 1

-- He reads all that he can, serializably; she is not made to fail.
-- meanwhile, as bob:
set transaction isolation level serializable;
select count(*) from crm.customers;
--> value: 2
-- as alice:
set local lock_timeout = '100ms';
insert into crm.customers (name) values ('Nightingale');
--> affected: 1

-- He cannot hold the table.
lock table crm.customers in access exclusive mode nowait;
--> 42501

-- Not even as weakly as a write does.
lock table crm.customers in row exclusive mode nowait;
--> 42501

-- ── Keys for other oracles ─────────────────────────────────────────────────────────────────────────

-- No counter tells how many there are.
select count(*) from pg_sequences;
--> value: 0

-- No counter was drawn from.
select lastval();
--> 55000

-- An id tells the time and nothing else: two of them differ in more than a step.
select app.uuid_v7(now()) <> app.uuid_v7(now());
--> value: t

-- Folding a text looks nothing up.
select app.fold('Ｎobody');
--> value: nobody
