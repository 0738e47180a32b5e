create temporary table kind as
select u.company_id, u.id as user_id, u.email = 'alice@nike.example' as is_big
from crm.users u;

insert into crm.companies (id, name)
select app.uuid_v7(now()), 'Company ' || n
from generate_series(1, 1000) n;

insert into crm.users (company_id, name, email)
select k.company_id, 'User ' || n, 'user' || n || '@example.com'
from kind k
cross join generate_series(1, 2000) n
where k.is_big;

insert into crm.users (company_id, name, email)
select c.id, 'User', 'user@example.com'
from crm.companies c;

insert into identity.identities (email, password_hash)
select u.email, '$argon2id$made-up'
from crm.users u
where u.email ~ '^user\d';

insert into identity.second_factors (identity_id, sealed_secret)
select i.id, 'made up'
from identity.identities i;

insert into identity.memberships (identity_id, company_id, user_id)
select i.id, u.company_id, u.id
from identity.identities i
join crm.users u on u.email_key = i.email_key
where u.email ~ '^user\d'
    and u.email <> 'user2000@example.com';

create temporary table owners as
select k.company_id, k.is_big, u.id, row_number() over (partition by k.company_id order by u.email_key) as number
from kind k
join crm.users u on u.company_id = k.company_id;

insert into crm.customers (
    has_custom_fields, company_id, user_id, name, email, phone, lifecycle_stage, created_at, updated_at, deleted_at
)
select
    true, k.company_id,
    case when n % 10 < 3 then k.user_id when n % 100 <> 7 then o.id end,
    substr(md5(n::text), 1, 12) || ' ' || n,
    'customer' || n || '@example.com',
    '+1 555 ' || n,
    case
        when n % 1000 = 19 then 'former'
        when n % 20 < 14 then 'lead'
        when n % 20 < 17 then 'prospect'
        else 'customer'
    end,
    timestamptz '2020-01-01 00:00Z' + n * interval '10 minutes',
    timestamptz '2025-01-01 00:00Z' + (n * 7919 % 100000) * interval '1 minute',
    case when n % 50 = 3 then timestamptz '2026-01-01 00:00Z' + n * interval '1 minute' end
from kind k
cross join lateral generate_series(1, case when k.is_big then 100000 else 700 end) n
join owners o on o.company_id = k.company_id
    and o.number = 1 + n * 31 % case when k.is_big then 2000 else 1 end;

insert into crm.customers (company_id, user_id, name, email)
select u.company_id, u.id, 'Customer ' || n, 'customer' || n || '@example.com'
from crm.users u
cross join generate_series(1, 20) n
where u.email_key = 'user@example.com'
    and u.company_id not in (select k.company_id from kind k);

-- Three fields, and in one company in ten of the others one more: a customer in a thousand has a rare tag, each has a
-- budget of its own, and codes are usual or begin with a letter and a digit.
insert into crm.custom_fields (company_id, key, name, type)
select k.company_id, f.key, f.key, f.type
from kind k
cross join (values ('code', 'text'), ('budget', 'number'), ('tags', 'multi_choice')) f (key, type)
union all
select c.id, 'code', 'Code', 'text'
from crm.companies c
where c.name ~ '^Company .*0$';

insert into crm.custom_field_choices (company_id, custom_field_id, number, key, name)
select f.company_id, f.id, n, (array['usual', 'rare', 'never'])[n], 'A choice'
from crm.custom_fields f
cross join generate_series(1, 3) n
where f.type = 'multi_choice';

set session_replication_role = replica;
insert into crm.custom_field_values (
    company_id, custom_field_id, type, customer_id, slot, text_value, number_value, choice_number
)
select
    f.company_id, f.id, f.type, c.id,
    case f.type when 'multi_choice' then t.tag else 0 end,
    case f.type when 'text' then case when c.n % 2 = 0 then 'usual' else 'a' || c.n % 5000 end end,
    case f.type when 'number' then c.n * 7919 % 100000 * bigint '1000000' end,
    case f.type when 'multi_choice' then t.tag end
from crm.custom_fields f
join (
    select c.company_id, c.id, substr(split_part(c.email_key, '@', 1), 9)::bigint as n
    from crm.customers c
) c on c.company_id = f.company_id
cross join lateral (select case when c.n % 1000 = 19 then 2 else 1 end as tag) t;
set session_replication_role = origin;

insert into crm.customer_comments (company_id, customer_id, user_id, body, created_at)
select c.company_id, c.id, c.user_id, 'Comment ' || n, c.created_at + n * interval '1 second'
from crm.customers c
cross join lateral generate_series(1, case when c.email_key = 'customer50009@example.com' then 2000 else 1 end) n
where c.email_key ~ '9@';

insert into crm.teams (company_id, name, created_at)
select k.company_id, 'Team ' || n, timestamptz '2020-01-01 00:00Z' + n * interval '1 day'
from kind k
cross join lateral generate_series(1, case when k.is_big then 500 else 5 end) n;

insert into crm.team_members (company_id, team_id, member_id)
select t.company_id, t.id, o.id
from crm.teams t
join owners o on o.company_id = t.company_id
where o.number % 200 = substr(t.name, 6)::integer % 200
    or t.name = 'Team 7';

insert into crm.record_shares (company_id, customer_id, user_id, recipient_user_id, permission, created_at)
select c.company_id, c.id, c.user_id, o.id, 'read', c.created_at + o.number * interval '1 second'
from crm.customers c
join owners o on o.company_id = c.company_id
where c.email_key = 'customer50009@example.com'
    or o.number = 1 + (substr(c.email_key, 9, 4) || '0')::integer % 2000 and c.email_key ~ '^customer\d{4}@';
-- Some log in on many devices.
insert into crm.sessions (company_id, user_id, secret_hash, epoch)
select u.company_id, u.id, sha256(uuid_send(gen_random_uuid())), 0
from crm.users u
cross join lateral generate_series(1, case when u.email_key = 'alice@nike.example' then 3000 else 3 end) n;

-- Many have been asked in, and were not let in.
insert into crm.invitations (company_id, user_id, email, role, secret_hash, revoked_at)
select k.company_id, k.user_id, 'guest' || n || '@example.com', 'viewer', sha256(uuid_send(gen_random_uuid())), now()
from kind k
cross join lateral generate_series(1, case when k.is_big then 3000 else 300 end) n;

-- All of them could log in elsewhere.
insert into crm.user_logins (company_id, member_id, issuer, subject)
select u.company_id, u.id, 'https://login.example', u.email_key
from crm.users u;

-- Two programs for everybody, of which one was used; Alice's has a hash that is easy to write down.
insert into crm.api_keys (company_id, user_id, name, secret_hash, role, scopes, expires_at, created_at)
select
    o.company_id, o.id, 'Program ' || n, decode(repeat('00', 32), 'hex'), 'viewer', '{me:read}', now() + interval '9 days',
    timestamptz '2026-10-01 00:00Z' + o.number * interval '10 minutes' + n * interval '1 minute'
from owners o
cross join generate_series(1, 2) n;

insert into crm.api_key_uses (company_id, api_key_id)
select k.company_id, k.id
from crm.api_keys k
where k.name = 'Program 1';

-- 100,000 records of three years, three in ten of Alice's doing and about her, two of them by a program of hers.
insert into crm.audit_log (company_id, user_id, api_key_id, operation, table_name, record_id, changes, created_at)
select
    k.company_id,
    case when n % 10 < 3 then k.user_id when n % 100 <> 7 then o.id end,
    p.id,
    case when n % 1000 = 19 then 'users.update' when n % 2 = 0 then 'session.started' else 'session.ended' end,
    'users',
    case when n % 10 < 3 then k.user_id else o.id end,
    '{}',
    timestamptz '2020-01-01 00:00Z' + n * interval '10 minutes'
from kind k
cross join lateral generate_series(1, 100000) n
join owners o on o.company_id = k.company_id
    and o.number = 1 + n * 31 % 2000
left join crm.api_keys p on p.company_id = k.company_id
    and p.user_id = k.user_id
    and p.name = 'Program 1'
    and n % 10 < 2
where k.is_big;

-- All rows are looked at, so that no plan depends on which ones a sample holds.
set default_statistics_target = 500;
analyze;
reset default_statistics_target;
