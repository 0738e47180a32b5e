-- Expressions that talk: an error, a cast, a function that is called with a row of another company would
-- tell what is in it. Row security must filter before anything else looks at a row.
-- Broken by: drop policy customers_floor on crm.customers;
-- Broken by: create policy everybody on crm.customers to paddock_app using (true) with check (true);

-- ── Errors as answers ──────────────────────────────────────────────────────────────────────────────

-- A division by zero for Alice's rows only.
select count(*) from crm.customers where 1 / (case when name like '%nightingale%' then 0 else 1 end) = 1;
--> value: 2

-- For a row of one's own it does fail: the case above is able to.
select count(*) from crm.customers where 1 / (case when name like '%Turing%' then 0 else 1 end) = 1;
--> 22012

-- A division in front of an index condition.
select name from crm.customers
where email_key = :'alice_email' and 1 / (length(name) - length(name)) = 1;
--> rows: 0

-- A division after the company, written as if it were needed.
select name from crm.customers
where company_id = :'alice_company' and id = :'alice_customer' and 1 / (version - version) = 1;
--> rows: 0

-- A cheap function is tried first, but not before row security.
select count(*) from crm.customers where (case when name like '%nightingale%' then name else '1' end)::int = 1;
--> value: 2

-- The cast does fail for a row of one's own.
select name from crm.customers where name::int = 1;
--> 22P02 invalid input syntax for type integer: "Alan Turing"

-- A cast to a date.
select count(*) from crm.customers
where (case when title like '%nightingale%' then title else '2001-01-01' end)::date is not null;
--> value: 2

-- A cast to JSON.
select count(*) from crm.customers
where (case when name like '%nightingale%' then name else '{}' end)::jsonb is not null;
--> value: 2

-- A cast to XML, where the server was built with it.
select count(*) from crm.customers
where (case when name like '%nightingale%' then '<' || name else '<a/>' end)::xml is not null;
--> value: 2, or 0A000

-- A cast to an object's name.
select count(*) from crm.customers
where (case when name like '%nightingale%' then quote_ident(name) else 'pg_class' end)::regclass is not null;
--> value: 2

-- A regular expression that is none.
select count(*) from crm.customers where 'a' !~ (case when name like '%nightingale%' then '(' else 'b' end);
--> value: 2

-- An escape that is none.
select count(*) from crm.customers
where 'a' not like 'b' escape (case when name like '%nightingale%' then 'two' else '!' end);
--> value: 2

-- A number that is too large.
select sum(case when name like '%nightingale%' then 2147483647 else 1 end + 1) from crm.customers;
--> value: 4

-- A root that is none.
select count(sqrt(case when name like '%nightingale%' then -1 else 1 end)) from crm.customers;
--> value: 2

-- A scalar that becomes many rows.
select (select name from crm.customers where name_key like '%nightingale%');
--> value: 

-- A sub-select that must have one row has none.
select name from crm.customers where id = (select id from crm.customers where company_id = :'alice_company');
--> rows: 0

-- A sort.
select name from crm.customers order by 1 / (case when name like '%nightingale%' then 0 else 1 end), name;
--> value: Ada Lovelace / Alan Turing

-- A group.
select count(*) from crm.customers group by 1 / (case when name like '%nightingale%' then 0 else 1 end);
--> value: 2

-- A filter of an aggregate.
select count(*) filter (where 1 / (case when name like '%nightingale%' then 0 else 1 end) = 1) from crm.customers;
--> value: 2

-- A window.
select sum(1 / (case when name like '%nightingale%' then 0 else 1 end)) over () from crm.customers limit 1;
--> value: 2

-- The condition of a join.
select count(*) from crm.customers c
join crm.companies o on 1 / (case when c.name like '%nightingale%' then 0 else 1 end) = 1;
--> value: 2

-- The condition of an outer join, which is applied late.
select count(*) from crm.companies o
left join crm.customers c on 1 / (case when c.name like '%nightingale%' then 0 else 1 end) = 1;
--> value: 2

-- A lateral function.
select count(*) from crm.customers c, lateral generate_series(1, 1 / (case when c.name like '%nightingale%' then 0 else 1 end));
--> value: 2

-- Of an update.
update crm.customers set title = 'x' where 1 / (case when name like '%nightingale%' then 0 else 1 end) = 1;
--> affected: 2

-- Of what an update sets.
update crm.customers set title = 1 / (case when name like '%nightingale%' then 0 else 1 end);
--> affected: 2

-- Of what an update of Alice's customer returns.
update crm.customers set title = 'x' where id = :'alice_customer' returning 1 / (version - version);
--> rows: 0

-- Of a check: too long for Alice's rows only.
update crm.customers set title = case when name like '%nightingale%' then repeat('x', 201) end;
--> affected: 2

-- In the comments.
select count(*) from crm.customer_comments
where 1 / (case when body like '%nightingale%' then 0 else 1 end) = 1;
--> value: 1

-- In the people.
select count(*) from crm.users where 1 / (case when name like '%nightingale%' then 0 else 1 end) = 1;
--> value: 1

-- In the companies.
select count(*) from crm.companies where 1 / (case when name like '%nightingale%' then 0 else 1 end) = 1;
--> value: 1

-- In a prepared statement with its one plan.
prepare divide(text) as
select count(*) from crm.customers where 1 / (case when name like $1 then 0 else 1 end) = 1;
execute divide('%nightingale%');
--> value: 2

-- With a function that changes with every call, which is never moved.
select count(*) from crm.customers
where random() < 2 and 1 / (case when name like '%nightingale%' then 0 else 1 end) = 1;
--> value: 2

-- In a view of one's own making: a sub-select with a limit.
select count(*) from (select name from crm.customers offset 0) as x
where 1 / (case when name like '%nightingale%' then 0 else 1 end) = 1;
--> value: 2

-- ── Functions that run texts ───────────────────────────────────────────────────────────────────────

-- A whole table as XML.
select table_to_xml('crm.customers', true, false, '');
--> 42501 permission denied for function table_to_xml

-- A whole schema.
select schema_to_xml('crm', true, false, '');
--> 42501 permission denied for function schema_to_xml

-- The whole database.
select database_to_xml(true, false, '');
--> 42501 permission denied for function database_to_xml

-- A query with its structure.
select query_to_xml_and_xmlschema('select name from crm.customers', true, false, '');
--> 42501 permission denied for function query_to_xml_and_xmlschema

-- A cursor.
declare c cursor for select name from crm.customers;
select cursor_to_xml('c', 10, true, false, '');
--> 42501 permission denied for function cursor_to_xml

-- Rows of one's own are shown as JSON, and no more of them.
select count(*), bool_and(to_jsonb(c) ->> 'company_id' = :'bob_company') from crm.customers c;
--> value: 2|t

-- A path through JSON.
select count(*) from crm.customers c where to_jsonb(c) @? '$.name ? (@ like_regex "nightingale")';
--> value: 0

-- A table made of XML.
select count(*) from crm.customers c,
    xmltable('/r' passing xmlelement(name r, c.name) columns n text path '.') as x
where x.n like '%nightingale%';
--> value: 0, or 0A000

-- ── What would make the planner believe an expression harmless ─────────────────────────────────────

-- A function that says it does not leak.
create function public.tell(text) returns boolean leakproof language sql return true;
--> 42501

-- A function of the product that is declared so.
alter function app.fold(text) leakproof;
--> 42501

-- A cheap function.
alter function app.fold(text) cost 0.0001;
--> 42501

-- An operator of one's own for texts.
create operator crm.=== (function = pg_catalog.texteq, leftarg = text, rightarg = text);
--> 42501

-- A cast of one's own.
create cast (text as xml) with inout as implicit;
--> 42501

-- What the planner may evaluate early is what PostgreSQL itself calls leakproof: none of ours is.
select count(*) from pg_proc p
where p.proleakproof and p.pronamespace in ('app'::regnamespace, 'crm'::regnamespace);
--> value: 0
