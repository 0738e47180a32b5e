-- Invitations: looking at those of others, letting oneself in, and letting in whom one may not.
-- Broken by: drop policy invitations_floor on crm.invitations;
-- Broken by: create policy everybody on crm.invitations to paddock_app using (true) with check (true);
-- Broken by: grant select (secret_hash) on crm.invitations to paddock_app;

-- Whom they ask in.
select email, name, role from crm.invitations;
--> rows: 0

-- By its id.
select true from crm.invitations where id = 'a11cec05-0000-7000-8000-000000000015';
--> rows: 0

-- What the token is compared with.
select secret_hash from crm.invitations;
--> 42501

-- By a condition.
select true from crm.invitations where secret_hash = sha256('nightingale');
--> 42501

-- Another token for their invitation.
update crm.invitations set secret_hash = sha256('mine') where id = 'a11cec05-0000-7000-8000-000000000015';
--> affected: 0

-- An invitation into their company.
insert into crm.invitations (company_id, email, role, secret_hash)
values (:'alice_company', 'eve@example.com', 'owner', sha256('mine'));
--> 42501

-- In another's name.
insert into crm.invitations (user_id, email, role, secret_hash)
values (:'alice_user', 'eve@example.com', 'owner', sha256('mine'));
--> 42501

-- As accepted.
update crm.invitations set accepted_at = now();
--> 42501

-- For longer than a week.
insert into crm.invitations (email, role, secret_hash, expires_at)
values ('eve@example.com', 'viewer', sha256('mine'), 'infinity');
--> 42501

-- The steps are those of the login door.
select identity.accept_invitation(:'alice_company', sha256('nightingale'), 'Eve', null, '$argon2id$');
--> 42501

-- So is the way out.
select identity.remove_user(:'alice_company', :'alice_user', null, :'alice_user', null);
--> 42501

-- And the list of companies.
select * from identity.list_companies(:'alice_company', :'alice_user', null, null, 9);
--> 42501
