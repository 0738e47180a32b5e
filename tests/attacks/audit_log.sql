-- The audit log: it tells nothing of another company, and nobody writes it but its triggers.
-- Broken by: drop policy audit_log_floor on crm.audit_log;
-- Broken by: alter policy audit_log_read on crm.audit_log using (true);
-- Broken by: alter policy audit_log_may_read on crm.audit_log using (true);

-- What has happened at Alice's.
select changes from crm.audit_log where company_id = :'alice_company';
--> rows: 0

-- What she has done.
select operation from crm.audit_log where user_id = :'alice_user';
--> rows: 0

-- What became of her.
select changes from crm.audit_log where record_id = :'alice_user';
--> rows: 0

-- All of it: it is Bob's.
select bool_and(company_id = :'bob_company') from crm.audit_log;
--> value: t

-- In her place, by a user that is not of the company.
set local app.user_id = :'alice_user';
select count(*) from crm.audit_log;
--> 28000 the acting user is not of this company

-- Nobody, whoever that is.
set local app.user_id = :'unknown';
select count(*) from crm.audit_log;
--> 28000 the acting user is not of this company

-- By a query that wants no row.
set local app.user_id = :'unknown';
select from crm.audit_log where false;
--> rows: 0

-- Whether one may, by another answer.
select app.may_read_audit_log();
--> value: t

-- A forged record.
insert into crm.audit_log (operation, table_name, changes) values ('users.update', 'users', '{}');
--> 42501 permission denied for table audit_log

-- One in Alice's company.
insert into crm.audit_log (company_id, operation, table_name, changes)
values (:'alice_company', 'users.update', 'users', '{}');
--> 42501

-- Other words in a record.
update crm.audit_log set changes = '{}';
--> 42501

-- Somebody else to blame.
update crm.audit_log set user_id = :'unknown';
--> 42501

-- No traces.
delete from crm.audit_log;
--> 42501

-- None at all.
truncate crm.audit_log;
--> 42501

-- No records of tomorrow.
alter table crm.sessions disable trigger sessions_record_start;
--> 42501 must be owner of table sessions

-- Records of replicas only.
set local session_replication_role = replica;
--> 42501

-- The trigger's function, called.
select app.record_change();
--> 42501

-- The trigger's function, on a table of one's own.
create temporary table mine (company_id uuid, id uuid);
--> 42501

-- Failures to log in that never were.
select app.record_failed_login('alice@nike.example');
--> 42501 permission denied for function record_failed_login

-- How often somebody failed.
select * from identity.login_failures;
--> 42501 permission denied for schema identity

-- A session that began writes a record of its own company, and the context is what it was.
insert into crm.sessions (secret_hash, epoch) values (sha256('x'), 0);
select current_setting('app.company_id') = :'bob_company';
--> value: t

-- A record without the secret.
insert into crm.sessions (secret_hash, epoch) values (sha256('x'), 0);
select changes -> 'secret_hash' from crm.audit_log where operation = 'session.started' order by id desc limit 1;
--> value: {"redacted": true}

-- A session that is brought back to life is no secret.
insert into crm.sessions (secret_hash, epoch) values (sha256('x'), 0);
update crm.sessions set ended_at = now();
update crm.sessions set ended_at = null;
select count(*) from crm.audit_log where operation = 'sessions.update';
--> value: 1
