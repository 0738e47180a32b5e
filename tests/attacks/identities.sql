-- Who may log in: the application has no business there, and sees of its own people what it must.
-- Broken by: grant usage on schema identity to paddock_app;
-- Broken by: grant select on identity.identities to paddock_app;
-- Broken by: alter table identity.identities disable row level security;

-- Password hashes.
select email, password_hash from identity.identities;
--> 42501 permission denied for schema identity

-- Whether there is a login.
select exists (select from identity.identities where email_key = 'alice@nike.example');
--> 42501

-- Which companies a person is in.
select company_id from identity.memberships;
--> 42501

-- By a join with one's own people.
select i.email from crm.users u join identity.memberships m on m.user_id = u.id
join identity.identities i on i.id = m.identity_id;
--> 42501

-- A login of one's own.
insert into identity.identities (email, password_hash) values ('eve@example.com', '$argon2id$');
--> 42501

-- A place in the other company.
insert into identity.memberships (identity_id, company_id, user_id)
values (:'unknown', :'alice_company', :'alice_user');
--> 42501

-- Another password.
update identity.identities set password_hash = '$argon2id$';
--> 42501

-- Whether somebody has a second factor.
select exists (select from identity.second_factors where confirmed_at is not null);
--> 42501

-- Its secret, and what is stored of the recovery codes.
select sealed_secret, recovery_hashes from identity.second_factors;
--> 42501

-- A login without one.
update identity.second_factors set confirmed_at = null;
--> 42501

-- Or one of one's own.
insert into identity.second_factors (identity_id, sealed_secret) values (:'unknown', '');
--> 42501

-- Nobody's login.
delete from identity.identities;
--> 42501

-- Tokens that were sent by mail.
select secret_hash, email from identity.one_time_tokens;
--> 42501

-- A token of one's own, for somebody else's password.
insert into identity.one_time_tokens (kind, secret_hash, email, expires_at)
values ('reset_password', sha256('mine'), 'alice@nike.example', now() + interval '1 hour');
--> 42501

-- Who has signed up and waits.
select name, company_name, password_hash from identity.sign_ups;
--> 42501

-- The step that makes such a token.
select identity.begin_password_reset('alice@nike.example', sha256('mine'));
--> 42501

-- The one that uses it.
select identity.reset_password(sha256('mine'), '$argon2id$mine');
--> 42501

-- A new password without any token.
select identity.change_password(:'unknown', '$argon2id$', '$argon2id$mine');
--> 42501

-- A company of one's own, to begin with.
select identity.complete_sign_up(sha256('mine'));
--> 42501

-- Somebody else's e-mail.
select identity.change_email(sha256('mine'));
--> 42501

-- The end of everybody's sessions.
select identity.end_everything(:'unknown');
--> 42501

-- The steps by the numbers of their functions: none may be called.
select count(*)
from pg_proc p
where p.prosecdef
    and has_function_privilege(p.oid, 'execute');
--> value: 0

-- The table's name, as an object.
select 'identity.identities'::regclass;
--> 42501

-- By the number of the table, which is no name: its size is all there is.
select has_table_privilege(c.oid, 'select') or has_any_column_privilege(c.oid, 'select, insert, update')
from pg_class c
where c.relname = 'identities';
--> value: f

-- With a search path that leads there.
set local search_path = identity;
select * from identities;
--> 42P01

-- The folded e-mails of users are for comparison only.
select email_key from crm.users;
--> 42501

-- And with them the whole row.
select u from crm.users u;
--> 42501

-- And everything at once.
select * from crm.users;
--> 42501

-- The epoch of a token is one's own company's.
select count(*), max(token_epoch) from crm.users;
--> value: 1|0

-- Ending a session takes the other company's user to nobody's.
select app.refuse_session();
--> 28000 this session is over

-- The trigger is no function to call.
select app.touch();
--> 42501

-- The schema's version is no secret.
select max(version) > 0 from app.schema_history;
--> value: t

-- No more of it.
select name, checksum from app.schema_history;
--> 42501

-- And nothing is written there.
insert into app.schema_history (version) values (99);
--> 42501

-- Nor taken away.
delete from app.schema_history;
--> 42501
