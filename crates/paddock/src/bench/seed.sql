-- name: layout
-- As superuser. The schema bench belongs to the benchmark; the application does not see it.
create schema bench;

create table bench.companies (
    number bigint primary key,
    first_customer bigint not null,
    customers bigint not null
);

create function bench.id(prefix text, number bigint) returns uuid
    language sql immutable
    return (prefix || to_hex(17592186044416 + number))::uuid;

create function bench.company_id(number bigint) returns uuid
    language sql immutable
    return bench.id('01900000-0000-7000-8001-', number);

create function bench.user_id(number bigint) returns uuid
    language sql immutable
    return bench.id('01900000-0000-7000-8002-', number);

create function bench.customer_id(number bigint) returns uuid
    language sql immutable
    return bench.id('01900000-0000-7000-8003-', number);

create function bench.comment_id(number bigint) returns uuid
    language sql immutable
    return bench.id('01900000-0000-7000-8004-', number);

-- name: companies
insert into crm.companies (id, name, created_at, updated_at)
select bench.company_id(b.number), 'Company ' || b.number, '2023-01-01 00:00+00', '2023-01-01 00:00+00'
from bench.companies b

-- name: users
insert into crm.users (company_id, id, name, email, role, created_at, updated_at)
select
    bench.company_id(b.number),
    bench.user_id(b.number * 2 + u),
    'User ' || u,
    'user' || u || '@company' || b.number || '.example',
    case u when 0 then 'owner' else 'member' end,
    '2023-01-01 00:00+00',
    '2023-01-01 00:00+00'
from bench.companies b
cross join generate_series(0, 1) as u

-- name: customers
-- In the order of time, as in life: the customers of a company are spread over the whole table. One part
-- in ten at a time.
insert into crm.customers (
    company_id, id, user_id, name, email, phone, title, lifecycle_stage, created_at, updated_at
)
select
    bench.company_id(b.number),
    bench.customer_id(n),
    bench.user_id(b.number * 2 + n % 2),
    i.given || ' ' || i.family,
    lower(i.given) || '.' || lower(i.family) || '.' || n || '@example.com',
    case n % 3 when 0 then '+49 30 ' || 1000000 + n end,
    case n % 4 when 0 then 'Head of Purchasing' when 1 then 'Engineer' end,
    (array['lead', 'prospect', 'customer', 'former'])[1 + n % 4],
    i.created_at,
    i.created_at
from bench.companies b
cross join lateral generate_series(
    b.first_customer + b.customers * {part} / 10,
    b.first_customer + b.customers * ({part} + 1) / 10 - 1
) as n
cross join lateral (
    select
        (array[
            'Ada', 'Amir', 'Björn', 'Carla', 'Chen', 'Dana', 'Elif', 'Emeka', 'Grace', 'Hana', 'Ivan',
            'José', 'Lena', 'Noor', 'Priya', 'Zoë'
        ])[1 + n * 7 % 16] as given,
        (array[
            'Adeyemi', 'Andersson', 'Brown', 'Costa', 'Dubois', 'Fischer', 'García', 'Haddad', 'Ito',
            'Kowalski', 'Müller', 'Novak', 'Okafor', 'Rossi', 'Singh', 'Yılmaz', 'Zhang'
        ])[1 + n * 5 % 17] as family,
        '2023-01-01 00:00+00'::timestamptz + interval '700 days'
            * ((n - b.first_customer + n * 40503 % 65536 / 65536.0) / b.customers)::double precision
            as created_at
) i
order by i.created_at

-- name: comments
-- Half of the customers have none, a quarter has one, a quarter three.
insert into crm.customer_comments (company_id, id, customer_id, user_id, body, created_at, updated_at)
select
    bench.company_id(b.number),
    bench.comment_id(n * 4 + k),
    bench.customer_id(n),
    bench.user_id(b.number * 2 + k % 2),
    'Called on day ' || k || ' about offer ' || n || ', wants an answer by the end of the week.',
    '2024-12-02 00:00+00'::timestamptz + k * interval '1 day',
    '2024-12-02 00:00+00'::timestamptz + k * interval '1 day'
from bench.companies b
cross join lateral generate_series(
    b.first_customer + b.customers * {part} / 10,
    b.first_customer + b.customers * ({part} + 1) / 10 - 1
) as n
cross join lateral generate_series(1, (array[0, 0, 1, 3])[1 + n % 4]) as k

-- name: clear_up
-- The server refuses a database with tables and functions that nothing protects.
drop table bench.companies;
drop function bench.id(text, bigint) cascade

-- name: clean
-- What runs have written since the seeding.
delete from crm.customers
where created_at >= {since}

-- name: warm
-- Reads into memory what a run will read, so that the first turn is like the last. Needs a module that
-- not every installation has.
create extension if not exists pg_prewarm with schema bench;

select bench.pg_prewarm(c.oid)
from pg_class c
where c.relnamespace = 'crm'::regnamespace
    and c.relkind in ('r', 'i')
    and c.relname !~ '^customer_comments'
order by c.relname in ('customers', 'customers_pkey', 'customers_created_at_idx')
