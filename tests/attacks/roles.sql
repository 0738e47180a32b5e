-- Roles: becoming somebody else, giving away, being given.
-- Broken by: alter table crm.customers owner to paddock_app;
-- Broken by: grant delete on crm.users to paddock_app;

-- ── Becoming somebody else ─────────────────────────────────────────────────────────────────────────

-- The owner.
set role paddock_owner;
--> 42501

-- The login door.
set role paddock_auth;
--> 42501

-- A role that reads everything.
set role pg_read_all_data;
--> 42501

-- By the setting.
set local role to paddock_owner;
--> 42501

-- By the session.
set session authorization paddock_auth;
--> 42501

-- Back to oneself is nobody else.
reset role;
select current_user, session_user;
--> value: paddock_app|paddock_app

-- As a member.
grant paddock_owner to paddock_app;
--> 42501

-- As a member of what reads files.
grant pg_read_server_files to paddock_app;
--> 42501

-- With the login door as a member of oneself.
grant paddock_app to paddock_auth;
--> 42501

-- In no role at all.
select count(*) from pg_auth_members where member = 'paddock_app'::regrole;
--> value: 0

-- Nor by any way round.
select count(*) from pg_roles where rolname <> 'paddock_app' and pg_has_role('paddock_app', oid, 'member');
--> value: 0

-- Somebody who is exempt.
alter role paddock_app bypassrls;
--> 42501

-- A superuser.
alter role paddock_app superuser;
--> 42501

-- Somebody who makes roles.
alter role paddock_app createrole;
--> 42501

-- Somebody new.
create role mine superuser login;
--> 42501

-- The login door's password.
alter role paddock_auth password 'mine';
--> 42501

-- The owner's door.
alter role paddock_owner login;
--> 42501

-- Another name, under which nobody looks.
alter role paddock_auth rename to mine;
--> 42501

-- Everything the owner has.
reassign owned by paddock_owner to paddock_app;
--> 42501

-- Nothing of what the owner has.
drop owned by paddock_owner;
--> 42501

-- ── A context for the next session ─────────────────────────────────────────────────────────────────

-- Of one's own role.
alter role paddock_app set app.company_id = :'alice_company';
--> 42501

-- Of the login door.
alter role paddock_auth set search_path = public;
--> 42501

-- Of the database.
alter database postgres set app.company_id = :'alice_company';
--> 42501

-- Of the server.
savepoint before;
alter system set app.company_id = :'alice_company';
--> 25001

-- ── Giving and being given ─────────────────────────────────────────────────────────────────────────

-- A table to everybody.
grant select on crm.customers to public;
--> 42501

-- A column to the login door succeeds in saying that nothing was given.
grant select (name) on crm.customers to paddock_auth;
select has_column_privilege('paddock_auth', 'crm.customers', 'name', 'select');
--> value: f

-- A schema.
grant usage on schema identity to paddock_app;
--> 42501

-- What the owner will make.
alter default privileges for role paddock_owner grant all on tables to paddock_app;
--> 42501

-- Nothing beyond reading and writing columns of any table.
select count(*) from pg_class c
where c.relnamespace in ('crm'::regnamespace, 'app'::regnamespace)
    and has_table_privilege(c.oid, 'delete, truncate, references, trigger, select, insert, update')
    and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S');
--> value: 0

-- No column to refer to.
select count(*) from pg_attribute a
join pg_class c on c.oid = a.attrelid and c.relnamespace = 'crm'::regnamespace and c.relkind = 'r'
where a.attnum > 0 and has_column_privilege(a.attrelid, a.attnum, 'references');
--> value: 0

-- No place to create anything.
select has_database_privilege(current_database(), 'create'), has_database_privilege(current_database(), 'temp'),
    count(*) filter (where has_schema_privilege(oid, 'create'))
from pg_namespace;
--> value: f|f|0

-- Nothing owned.
select count(*) from pg_class where relowner = 'paddock_app'::regrole;
--> value: 0

-- No table or function runs as somebody who is exempt.
select count(*) from pg_proc where prosecdef and has_function_privilege(oid, 'execute');
--> value: 0
