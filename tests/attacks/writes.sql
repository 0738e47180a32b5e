-- Writing into another company, taking rows from it, or carrying rows over.
-- Broken by: drop policy customers_floor on crm.customers;
-- Broken by: create policy everybody on crm.customers to paddock_app using (true) with check (true);

-- ── Changing what is theirs ────────────────────────────────────────────────────────────────────────

-- By id.
update crm.customers set name = 'Mine' where id = :'alice_customer';
--> affected: 0

-- All that there is.
update crm.customers set title = 'Mine';
--> affected: 2

-- With what it returns.
update crm.customers set title = 'Mine' where company_id = :'alice_company' returning name, email;
--> rows: 0

-- With a join.
update crm.customers c set title = u.name from crm.users u where u.company_id = :'alice_company';
--> affected: 0

-- Out of their bin.
update crm.customers set deleted_at = null where id = :'alice_deleted' returning name;
--> rows: 0

-- Their comment.
update crm.customer_comments set body = 'Mine' where id = :'alice_comment';
--> affected: 0

-- Copying their text into one's own row: it is null, and a name is not.
update crm.customers
set name = (select name from crm.customers where id = :'alice_customer')
where id = :'bob_customer';
--> 23502

-- Copying their text into a column that may be null leaves null.
update crm.customers
set title = (select name from crm.customers where id = :'alice_customer')
where id = :'bob_customer'
returning title is null;
--> value: t

-- Deleting is not for the application, theirs or one's own.
delete from crm.customers where id = :'alice_customer';
--> 42501

-- Nor is emptying.
truncate crm.customers;
--> 42501

-- Nor emptying everything that hangs on it.
truncate crm.companies cascade;
--> 42501

-- ── Moving ─────────────────────────────────────────────────────────────────────────────────────────

-- One's own customer to them.
update crm.customers set company_id = :'alice_company' where id = :'bob_customer';
--> 42501

-- To the same company: naming the column is enough.
update crm.customers set company_id = company_id where id = :'bob_customer';
--> 42501

-- By the default.
update crm.customers set company_id = default where id = :'bob_customer';
--> 42501

-- A new one to them.
insert into crm.customers (company_id, name) values (:'alice_company', 'A gift');
--> 42501

-- A comment to their customer, by update.
update crm.customer_comments set customer_id = :'alice_customer' where id = :'bob_comment';
--> 42501

-- A row with their id, to take its place.
insert into crm.customers (id, name) values (:'alice_customer', 'Changeling');
--> 42501

-- A customer to their user.
update crm.customers set user_id = :'alice_user' where id = :'bob_customer';
--> 42501

-- Selecting theirs into one's own.
insert into crm.customers (name, email, phone, title)
select name, email, phone, title from crm.customers where company_id = :'alice_company';
--> affected: 0

-- The same with their comments.
insert into crm.customer_comments (customer_id, body)
select :'bob_customer', body from crm.customer_comments where company_id = :'alice_company';
--> affected: 0

-- In one statement: update theirs, insert what comes back.
with taken as (
    update crm.customers set title = 'Taken' where id = :'alice_customer' returning name, email
)
insert into crm.customers (name, email) select name, email from taken;
--> affected: 0

-- ── Upserts ────────────────────────────────────────────────────────────────────────────────────────

-- With their e-mail: a row of one's own is made, of version one.
insert into crm.customers (name, email) values ('Eve', :'alice_email')
on conflict (company_id, email_key) where deleted_at is null
do update set name = 'Overwritten'
returning name, company_id = :'bob_company', version;
--> value: Eve|t|1

-- With their e-mail and nothing to do in a conflict.
insert into crm.customers (name, email) values ('Eve', :'alice_email')
on conflict do nothing;
--> affected: 1

-- With one's own e-mail, reading theirs in the action.
insert into crm.customers (name, email) values ('Eve', :'bob_email')
on conflict (company_id, email_key) where deleted_at is null
do update set title = (select name from crm.customers where id = :'alice_customer')
returning title is null;
--> value: t

-- With one's own e-mail, moving the row in the action.
insert into crm.customers (name, email) values ('Eve', :'bob_email')
on conflict (company_id, email_key) where deleted_at is null
do update set company_id = :'alice_company';
--> 42501

-- A conflict on e-mail alone is no rule of this table.
insert into crm.customers (name, email) values ('Eve', :'alice_email')
on conflict (email_key) do nothing;
--> 42P10

-- ── MERGE ──────────────────────────────────────────────────────────────────────────────────────────

-- Theirs do not match.
merge into crm.customers c
using (values (:'alice_customer'::uuid)) as x (id) on c.id = x.id
when matched then update set name = 'Merged';
--> affected: 0

-- What does not match is made one's own, where it can be made at all.
merge into crm.customers c
using (values (:'alice_email')) as x (email) on c.email_key = x.email
when matched then update set name = 'Merged'
when not matched then insert (name, email) values ('Eve', x.email);
--> affected: 1

-- Not with their company.
merge into crm.customers c
using (values (:'alice_customer'::uuid)) as x (id) on c.id = x.id
when not matched then insert (company_id, name) values (:'alice_company', 'Eve');
--> 42501

-- Not with a deletion.
merge into crm.customers c
using (values (:'alice_customer'::uuid)) as x (id) on c.id = x.id
when matched then delete;
--> 42501

-- Their rows are no source.
merge into crm.customers c
using (select * from crm.customers where company_id = :'alice_company') as x on false
when not matched then insert (name) values (x.name);
--> affected: 0

-- ── Presets and other people's places ──────────────────────────────────────────────────────────────

-- Nobody writes an id.
update crm.customers set id = :'unknown' where id = :'bob_customer';
--> 42501

-- Nor a version, with which changes would go unnoticed.
update crm.customers set version = 1 where id = :'bob_customer';
--> 42501

-- Nor a date.
insert into crm.customers (name, created_at) values ('Old', '2001-01-01');
--> 42501

-- Nor an author.
insert into crm.customer_comments (customer_id, body, user_id)
values (:'bob_customer', 'By Alice.', :'alice_user');
--> 42501

-- Nor the stored keys.
insert into crm.customers (name, name_key) values ('Eve', 'adam');
--> 428C9

-- The name of the other company.
update crm.companies set name = 'Mine' where id = :'alice_company';
--> 42501

-- A company of one's own.
insert into crm.companies (name) values ('Mine');
--> 42501

-- A user in the other company.
insert into crm.users (company_id, name, email) values (:'alice_company', 'Bob', 'bob@example.com');
--> 42501

-- A user in one's own company.
insert into crm.users (name, email) values ('Eve', 'eve@example.com');
--> 42501

-- A user of Bob's company while nobody acts, as somebody who arrives.
set local app.user_id = '00000000-0000-0000-0000-000000000000';
insert into crm.users (name, email) values ('Eve', 'eve@example.com');
--> 42501

-- Bob gives himself a login elsewhere.
insert into crm.user_logins (member_id, issuer, subject) values (:'bob_user', 'https://login.example', 'eve');
--> 42501

-- One of Alice's, for himself.
insert into crm.user_logins (company_id, member_id, issuer, subject)
values (:'alice_company', :'alice_user', 'https://login.example', 'eve');
--> 42501

-- The same while nobody acts.
set local app.user_id = '00000000-0000-0000-0000-000000000000';
insert into crm.user_logins (member_id, issuer, subject) values (:'bob_user', 'https://login.example', 'eve');
--> 42501

-- A login, once there, becomes somebody else's.
update crm.user_logins set member_id = :'bob_user';
--> 42501

-- And is taken away.
delete from crm.user_logins;
--> 42501

-- The role of somebody else's user.
update crm.users set role = 'viewer' where id = :'alice_user';
--> affected: 0

-- A company without an owner.
update crm.users set role = 'viewer' where id = :'bob_user';
--> 23514

-- A suspension that ends.
update crm.companies set suspended_at = null;
--> 42501

-- The end of somebody's sessions.
update crm.users set token_epoch = 9 where id = :'alice_user';
--> 42501
