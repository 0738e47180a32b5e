-- API keys: reading what opens them, making more of them than they are, and using those that are none any more.
-- Broken by: drop policy api_keys_floor on crm.api_keys;
-- Broken by: create policy everybody on crm.api_keys to paddock_app using (true) with check (true);
-- Broken by: grant update on crm.api_keys to paddock_app;

-- Before all, as superuser:
insert into crm.users (company_id, id, name, email, role, disabled_at)
values
    (:'bob_company', 'b0bbca01-0000-7000-8000-000000000001', 'Carol', 'carol@coca-cola.example', 'member', null),
    (:'bob_company', 'b0bbda7e-0000-7000-8000-000000000001', 'Dave', 'dave@coca-cola.example', 'member', now());
insert into crm.api_keys (company_id, id, user_id, name, secret_hash, role, scopes, expires_at, revoked_at)
values
    (:'alice_company', 'a11cec05-0000-7000-8000-000000000014', :'alice_user',
        'Nightly nightingale', sha256('nightingale'), 'owner', '{me:read}', now() + interval '1 day', null),
    (:'bob_company', 'b0bbc05b-0000-7000-8000-000000000014', :'bob_user',
        'Import', sha256('good'), 'viewer', '{me:read}', now() + interval '1 day', null),
    (:'bob_company', 'b0bbc05b-0000-7000-8000-000000000015', :'bob_user',
        'Revoked', sha256('revoked'), 'owner', '{me:read}', now() + interval '1 day', now()),
    (:'bob_company', 'b0bbc05b-0000-7000-8000-000000000016', :'bob_user',
        'Expired', sha256('expired'), 'owner', '{me:read}', now(), null),
    (:'bob_company', 'b0bbca01-0000-7000-8000-000000000014', 'b0bbca01-0000-7000-8000-000000000001',
        'Carol''s', sha256('carol'), 'member', '{me:read}', now() + interval '1 day', null),
    (:'bob_company', 'b0bbda7e-0000-7000-8000-000000000014', 'b0bbda7e-0000-7000-8000-000000000001',
        'Dave''s', sha256('dave'), 'member', '{me:read}', now() + interval '1 day', null);
insert into crm.api_key_uses (company_id, api_key_id)
values
    (:'alice_company', 'a11cec05-0000-7000-8000-000000000014'),
    (:'bob_company', 'b0bbca01-0000-7000-8000-000000000014');

-- ── Reading ────────────────────────────────────────────────────────────────────────────────────────

-- Another company's keys.
select name, role, scopes from crm.api_keys where company_id = :'alice_company';
--> rows: 0

-- One of them, by its id.
select true from crm.api_keys where id = 'a11cec05-0000-7000-8000-000000000014';
--> rows: 0

-- One of them, by what opens it.
select true from crm.api_keys where secret_hash = sha256('nightingale');
--> rows: 0

-- When they were used.
select last_used_at from crm.api_key_uses where api_key_id = 'a11cec05-0000-7000-8000-000000000014';
--> rows: 0

-- The hashes of colleagues, as a member.
set local app.user_id = 'b0bbca01-0000-7000-8000-000000000001';
select secret_hash from crm.api_keys where user_id <> 'b0bbca01-0000-7000-8000-000000000001';
--> rows: 0

-- Their keys at all.
set local app.user_id = 'b0bbca01-0000-7000-8000-000000000001';
select name from crm.api_keys;
--> value: Carol's

-- As an owner one sees them. From the SHA-256 of 256 random bits nobody finds the key.
select count(*) from crm.api_keys where user_id <> :'bob_user' and octet_length(secret_hash) = 32;
--> value: 2

-- ── Making more of a key than it is ────────────────────────────────────────────────────────────────

-- More scopes.
update crm.api_keys set scopes = '{customers:write}' where id = 'b0bbc05b-0000-7000-8000-000000000014';
--> 42501 permission denied for table api_keys

-- A higher role.
update crm.api_keys set role = 'owner' where id = 'b0bbc05b-0000-7000-8000-000000000014';
--> 42501 permission denied for table api_keys

-- A longer life.
update crm.api_keys set expires_at = now() + interval '300 days' where id = 'b0bbc05b-0000-7000-8000-000000000014';
--> 42501 permission denied for table api_keys

-- By a later birth.
update crm.api_keys set created_at = now() + interval '300 days';
--> 42501 permission denied for table api_keys

-- Another user.
update crm.api_keys set user_id = 'b0bbca01-0000-7000-8000-000000000001';
--> 42501 permission denied for table api_keys

-- Another company.
update crm.api_keys set company_id = :'alice_company';
--> 42501 permission denied for table api_keys

-- Another secret.
update crm.api_keys set secret_hash = sha256('mine');
--> 42501 permission denied for table api_keys

-- Good again what was revoked.
update crm.api_keys set revoked_at = null where id = 'b0bbc05b-0000-7000-8000-000000000015';
--> affected: 0

-- By way of a conflict.
insert into crm.api_keys (name, secret_hash, scopes, expires_at)
values ('Mine', sha256('mine'), '{me:read}', now())
on conflict (company_id, id) do update set revoked_at = null;
--> affected: 1
select revoked_at is null from crm.api_keys where id = 'b0bbc05b-0000-7000-8000-000000000015';
--> value: f

-- A revoked key under another name.
update crm.api_keys set name = 'Good' where id = 'b0bbc05b-0000-7000-8000-000000000015';
--> affected: 0

-- Another company's key revoked.
update crm.api_keys set revoked_at = now() where id = 'a11cec05-0000-7000-8000-000000000014';
--> affected: 0

-- A colleague's, as a member.
set local app.user_id = 'b0bbca01-0000-7000-8000-000000000001';
update crm.api_keys set revoked_at = now() where user_id <> 'b0bbca01-0000-7000-8000-000000000001';
--> affected: 0

-- One key fewer.
delete from crm.api_keys;
--> 42501 permission denied for table api_keys

-- All of them.
truncate crm.api_keys cascade;
--> 42501

-- ── Making keys ────────────────────────────────────────────────────────────────────────────────────

-- For somebody else.
insert into crm.api_keys (user_id, name, secret_hash, scopes, expires_at)
values ('b0bbca01-0000-7000-8000-000000000001', 'Mine', sha256('mine'), '{me:read}', now());
--> 42501 permission denied for table api_keys

-- For Alice.
insert into crm.api_keys (company_id, user_id, name, secret_hash, scopes, expires_at)
values (:'alice_company', :'alice_user', 'Mine', sha256('mine'), '{me:read}', now());
--> 42501 permission denied for table api_keys

-- In her place, by a user that is not of the company.
set local app.user_id = :'alice_user';
insert into crm.api_keys (name, secret_hash, scopes, expires_at)
values ('Mine', sha256('mine'), '{me:read}', now());
--> 23503, or 28000

-- Above one's own role.
set local app.user_id = 'b0bbca01-0000-7000-8000-000000000001';
insert into crm.api_keys (name, secret_hash, role, scopes, expires_at)
values ('Mine', sha256('mine'), 'admin', '{me:read}', now());
--> 42501 refused by row-level security policy "api_keys_may_create" api_keys_may_create

-- For longer than a year.
insert into crm.api_keys (name, secret_hash, scopes, expires_at)
values ('Mine', sha256('mine'), '{me:read}', now() + interval '400 days');
--> 23514

-- For ever.
insert into crm.api_keys (name, secret_hash, scopes, expires_at)
values ('Mine', sha256('mine'), '{me:read}', 'infinity');
--> 23514

-- With an id that is somebody else's already.
insert into crm.api_keys (id, name, secret_hash, scopes, expires_at)
values ('a11cec05-0000-7000-8000-000000000014', 'Mine', sha256('mine'), '{me:read}', now());
--> 42501 permission denied for table api_keys

-- ── Using keys ─────────────────────────────────────────────────────────────────────────────────────

-- A good one, with which one is what it is and not what one is oneself.
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000014', sha256('good'), 'me:read');
--> value: t
select app.role(), current_setting('app.api_key_id');
--> value: viewer|b0bbc05b-0000-7000-8000-000000000014

-- For something else.
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000014', sha256('good'), 'customers:write');
--> 42501

-- For anything.
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000014', sha256('good'), null);
--> 42501

-- And then without it, as more than it is.
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000014', sha256('good'), 'me:read');
select app.enter(null, null, null, null, null, null);
--> 42501 somebody has entered this transaction already

-- With another secret.
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000014', sha256('bad'), 'me:read');
--> 28P01 this key is good for nothing

-- With none.
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000014', null, 'me:read');
--> 28P01 this key is good for nothing

-- A revoked one.
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000015', sha256('revoked'), 'me:read');
--> 28P01 this key is good for nothing

-- An expired one.
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000016', sha256('expired'), 'me:read');
--> 28P01 this key is good for nothing

-- A colleague's.
select app.enter(null, null, null, 'b0bbca01-0000-7000-8000-000000000014', sha256('carol'), 'me:read');
--> 28P01 this key is good for nothing

-- That of somebody who is disabled.
set local app.user_id = 'b0bbda7e-0000-7000-8000-000000000001';
select app.enter(null, null, null, 'b0bbda7e-0000-7000-8000-000000000014', sha256('dave'), 'me:read');
--> 28P01 this key is good for nothing

-- Alice's, in one's own place.
select app.enter(null, null, null, 'a11cec05-0000-7000-8000-000000000014', sha256('nightingale'), 'me:read');
--> 28P01 this key is good for nothing

-- Alice's, in her place but in one's own company.
set local app.user_id = :'alice_user';
select app.enter(null, null, null, 'a11cec05-0000-7000-8000-000000000014', sha256('nightingale'), 'me:read');
--> 28P01 this key is good for nothing

-- The next one on the same connection comes without it.
-- as bob:
select app.enter(null, null, null, 'b0bbc05b-0000-7000-8000-000000000014', sha256('good'), 'me:read');
-- as bob:
select app.role(), current_setting('app.api_key_id', true);
--> value: owner|

-- ── Saying that a key was used ─────────────────────────────────────────────────────────────────────

-- One's own.
insert into crm.api_key_uses (api_key_id) values ('b0bbc05b-0000-7000-8000-000000000014');
--> affected: 1

-- Alice's.
insert into crm.api_key_uses (api_key_id) values ('a11cec05-0000-7000-8000-000000000014');
--> 42501 refused by row-level security policy "api_key_uses_may_create" api_key_uses_may_create

-- One that never was.
insert into crm.api_key_uses (api_key_id) values (:'unknown');
--> 42501 refused by row-level security policy "api_key_uses_may_create" api_key_uses_may_create

-- A colleague's, as an owner.
insert into crm.api_key_uses (api_key_id) values ('b0bbda7e-0000-7000-8000-000000000014');
--> 42501 refused by row-level security policy "api_key_uses_may_create" api_key_uses_may_create

-- A colleague's again.
update crm.api_key_uses set last_used_at = now() where api_key_id = 'b0bbca01-0000-7000-8000-000000000014';
--> 42501 refused by row-level security policy "api_key_uses_may_change" api_key_uses_may_change

-- A colleague's, by way of a conflict.
insert into crm.api_key_uses (api_key_id) values ('b0bbca01-0000-7000-8000-000000000014')
on conflict (company_id, api_key_id) do update set last_used_at = '2020-01-01 00:00Z';
--> 42501

-- An owner's, as a member.
-- as bob:
insert into crm.api_key_uses (api_key_id) values ('b0bbc05b-0000-7000-8000-000000000014');
set local app.user_id = 'b0bbca01-0000-7000-8000-000000000001';
update crm.api_key_uses set last_used_at = now() where api_key_id = 'b0bbc05b-0000-7000-8000-000000000014';
--> 42501 refused by row-level security policy "api_key_uses_may_change" api_key_uses_may_change

-- Of another key.
update crm.api_key_uses set api_key_id = 'b0bbc05b-0000-7000-8000-000000000014';
--> 42501 permission denied for table api_key_uses

-- Since before it was.
insert into crm.api_key_uses (api_key_id, last_used_at) values ('b0bbc05b-0000-7000-8000-000000000014', '2020-01-01 00:00Z');
--> 42501 permission denied for table api_key_uses

-- Never.
delete from crm.api_key_uses;
--> 42501 permission denied for table api_key_uses
