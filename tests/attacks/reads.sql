-- Reading another company's rows, by whatever name and in whatever shape.
-- Broken by: drop policy customers_floor on crm.customers;
-- Broken by: create policy everybody on crm.customers to paddock_app using (true) with check (true);

-- By id.
select name from crm.customers where id = :'alice_customer';
--> rows: 0

-- By company.
select name from crm.customers where company_id = :'alice_company';
--> rows: 0

-- By company and id, the whole key.
select name from crm.customers where (company_id, id) = (:'alice_company', :'alice_customer');
--> rows: 0

-- By e-mail.
select name from crm.customers where email_key = :'alice_email';
--> rows: 0

-- From the bin.
select name from crm.customers where id = :'alice_deleted' and deleted_at is not null;
--> rows: 0

-- With a condition that is always true.
select count(*) from crm.customers where id = :'alice_customer' or true;
--> value: 2

-- Everything but one's own.
select name from crm.customers where company_id is distinct from :'bob_company';
--> rows: 0

-- Whether it exists.
select exists (select from crm.customers where id = :'alice_customer');
--> value: f

-- The other companies.
select count(*), min(id::text) = :'bob_company' from crm.companies;
--> value: 1|t

-- The other company's people.
select count(*) filter (where company_id <> :'bob_company'), count(*) from crm.users;
--> value: 0|1

-- A user of the other company.
select name from crm.users where id = :'alice_user';
--> rows: 0

-- What they note about their customer.
select body from crm.customer_comments where customer_id = :'alice_customer';
--> rows: 0

-- A comment by its id.
select body from crm.customer_comments where id = :'alice_comment';
--> rows: 0

-- ── In other shapes ────────────────────────────────────────────────────────────────────────────────

-- The table command.
table crm.customers;
--> rows: 2

-- Without descendants.
select count(*) from only crm.customers;
--> value: 2

-- A sample of all pages.
select count(*) from crm.customers tablesample system (100);
--> value: 2

-- A sample of all rows.
select count(*) from crm.customers tablesample bernoulli (100) repeatable (1);
--> value: 2

-- Whole rows as JSON.
select jsonb_array_length(jsonb_agg(to_jsonb(c))) from crm.customers c;
--> value: 2

-- Whole rows as text.
select string_agg(c::text, '') like '%Turing%' from crm.customers c;
--> value: t

-- Whole rows as XML.
select count(*) from (select xmlforest(name, email)::text from crm.customers where company_id = :'alice_company') x;
--> value: 0, or 0A000

-- A join with itself.
select b.name from crm.customers a join crm.customers b on b.company_id <> a.company_id;
--> rows: 0

-- A full join that matches nothing.
select count(a.id), count(u.id) from crm.customers a full join crm.users u on a.id = u.id;
--> value: 2|1

-- A lateral sub-select.
select x.name
from crm.companies o, lateral (select name from crm.customers where company_id = :'alice_company') x;
--> rows: 0

-- A correlated sub-select, from a comment to the customer.
select (select c.name from crm.customers c where c.id = :'alice_customer') is null
from crm.customer_comments;
--> value: t

-- A recursion.
with recursive walk as (
    select id, company_id from crm.customers where id = :'alice_customer'
    union
    select c.id, c.company_id from crm.customers c join walk w on c.company_id = w.company_id
)
select id from walk;
--> rows: 0

-- A union.
select name from crm.customers where company_id = :'alice_company'
union all
select body from crm.customer_comments where company_id = :'alice_company';
--> rows: 0

-- A window over everything.
select distinct count(*) over () from crm.customers;
--> value: 2

-- Groups with totals.
select company_id = :'bob_company', count(*) from crm.customers group by cube (company_id) order by 1;
--> value: t|2 / |2

-- The first by e-mail, which an index knows.
select email_key from crm.customers where email_key is not null order by email_key limit 1;
--> value: ada@example.com

-- The greatest name, which an index knows.
select max(name_key) < 'b' from crm.customers;
--> value: t

-- A list of ids, as a batch has.
select name from crm.customers where id = any (array[:'alice_customer', :'alice_deleted']::uuid[]);
--> rows: 0

-- A key page that begins in the other company.
select name from crm.customers
where (name_key, id) >= ('deleted', :'alice_deleted')
order by name_key, id;
--> rows: 0

-- ── Locked for update, which reads too ─────────────────────────────────────────────────────────────

-- For update.
select name from crm.customers where id = :'alice_customer' for update;
--> rows: 0

-- For share.
select name from crm.customers where company_id = :'alice_company' for key share;
--> rows: 0

-- ── Where rows lie ─────────────────────────────────────────────────────────────────────────────────

-- By place.
select name from crm.customers where ctid = '(0,1)';
--> 42501

-- By inserting transaction.
select xmin, xmax, cmin from crm.customers;
--> 42501

-- By table.
select tableoid from crm.customers;
--> 42501

-- The newest version of the row in a place.
select currtid2('crm.customers', '(0,1)');
--> 42501

-- Where long texts are kept, which no policy guards: the application has no privilege there.
select count(*) from pg_class c
where c.relnamespace = 'crm'::regnamespace and c.reltoastrelid <> 0
    and has_table_privilege(c.reltoastrelid, 'select');
--> value: 0

-- An index is no table.
select * from crm.customers_email_key;
--> 42809

-- ── However it is planned ──────────────────────────────────────────────────────────────────────────

-- Without row security, which is an error.
set local row_security = off;
select name from crm.customers;
--> 42501

-- Without sequential scans.
set local enable_seqscan = off;
select count(*) from crm.customers where name_key >= '';
--> value: 2

-- Without indexes.
set local enable_indexscan = off;
set local enable_bitmapscan = off;
set local enable_indexonlyscan = off;
select count(*) from crm.customers where email_key >= '';
--> value: 2

-- In parallel.
set local parallel_setup_cost = 0;
set local parallel_tuple_cost = 0;
set local min_parallel_table_scan_size = 0;
select count(*) from crm.customers;
--> value: 2

-- Compiled.
set local jit_above_cost = 0;
select count(*) from crm.customers;
--> value: 2

-- Planned for one company.
set local plan_cache_mode = force_custom_plan;
select count(*) from crm.customers where company_id in (:'alice_company', :'bob_company');
--> value: 2

-- With joins in the order written.
set local join_collapse_limit = 1;
select count(*) from crm.customers c cross join crm.users u where u.company_id = :'alice_company';
--> value: 0
