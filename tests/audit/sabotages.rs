//! How each protection can be broken: which question finds it, what it names, and the SQL that does it.
//! `{db}` is the test's database.

/// Question, object, SQL.
pub const SABOTAGES: &[(&str, &str, &str)] = &[
    // ── Roles ──────────────────────────────────────────────────────────────────────────────────────
    ("role_attributes", "paddock_app", "alter role paddock_app superuser"),
    ("role_attributes", "paddock_app", "alter role paddock_app bypassrls"),
    ("role_attributes", "paddock_auth", "alter role paddock_auth createrole"),
    ("role_attributes", "paddock_app", "alter role paddock_app createdb"),
    ("role_attributes", "paddock_app", "alter role paddock_app replication"),
    ("role_attributes", "paddock_owner", "alter role paddock_owner login"),
    ("role_memberships", "paddock_app", "grant pg_read_all_data to paddock_app"),
    ("role_memberships", "paddock_auth", "grant paddock_owner to paddock_auth"),
    (
        "role_impersonated",
        "audit_stranger",
        "create role audit_stranger in role paddock_app; grant connect on database {db} to audit_stranger",
    ),
    (
        "role_bypassing",
        "audit_stranger",
        "create role audit_stranger bypassrls; grant connect on database {db} to audit_stranger",
    ),
    (
        "role_owner_members",
        "audit_stranger",
        "create role audit_stranger in role paddock_owner; grant connect on database {db} to audit_stranger",
    ),
    (
        "role_owner_members",
        "audit_stranger",
        "create role audit_group in role paddock_owner; create role audit_stranger in role audit_group;
        grant connect on database {db} to audit_stranger",
    ),
    ("role_superusers", "audit_stranger", "create role audit_stranger superuser login"),
    (
        "role_settings",
        "paddock_app",
        "alter role paddock_app in database {db} set session_replication_role = replica",
    ),
    ("role_settings", "every role", "alter database {db} set row_security = off"),
    ("role_settings", "every role", "alter role all set session_preload_libraries = 'spy'"),
    ("role_settings", "this session", "set local session_replication_role = replica"),
    (
        "role_context",
        "paddock_app",
        "alter role paddock_app in database {db} set app.company_id = '00000000-0000-0000-0000-000000000000'",
    ),
    (
        "role_context",
        "every role",
        "alter database {db} set app.user_id = '00000000-0000-0000-0000-000000000000'",
    ),
    ("role_context", "this session", "set local app.company_id = '00000000-0000-0000-0000-000000000000'"),
    ("role_context", "every role", "alter role all set app.user_id = 'x'"),
    ("role_time_limits", "paddock_auth", "alter role paddock_auth reset lock_timeout"),
    ("role_time_limits", "paddock_app", "alter role paddock_app set statement_timeout = 0"),
    (
        "role_time_limits",
        "paddock_app",
        "alter role paddock_app in database {db} set idle_in_transaction_session_timeout = 0",
    ),
    (
        "role_search_path",
        "paddock_app",
        "alter role paddock_app in database {db} set search_path = public, crm, app, pg_catalog",
    ),
    ("role_search_path", "paddock_auth", "alter role paddock_auth reset search_path"),
    ("role_plans", "paddock_app", "alter role paddock_app reset plan_cache_mode"),
    ("role_plans", "paddock_app", "alter role paddock_app reset jit"),
    // ── Database, schemas, owners ──────────────────────────────────────────────────────────────────
    ("database_public", "{db}", "grant connect on database {db} to public"),
    ("database_public", "{db}", "grant temporary on database {db} to public"),
    ("database_powers", "paddock_app", "grant temporary on database {db} to paddock_app"),
    ("database_powers", "paddock_auth", "grant create on database {db} to paddock_auth"),
    ("schema_create", "crm", "grant create on schema crm to paddock_app"),
    ("schema_create", "public", "grant create on schema public to public"),
    ("schema_usage", "identity", "grant usage on schema identity to paddock_app"),
    ("schema_usage", "crm", "grant usage on schema crm to public"),
    ("schema_unsigned", "attic", "create schema attic"),
    ("owner_signed", "table crm.customers", "alter table crm.customers owner to current_user"),
    ("owner_signed", "function app.touch()", "alter function app.touch() owner to current_user"),
    ("owner_signed", "schema crm", "alter schema crm owner to current_user"),
    (
        "default_privileges",
        "schema crm",
        "alter default privileges for role paddock_owner in schema crm grant select on tables to paddock_app",
    ),
    (
        "default_privileges",
        "every schema",
        "alter default privileges for role paddock_owner grant select on tables to public",
    ),
    // ── Tables ─────────────────────────────────────────────────────────────────────────────────────
    ("table_signed", "identity.devices", "create table identity.devices (id uuid)"),
    ("table_signed", "app.cache", "create table app.cache (id uuid)"),
    ("row_security_enabled", "crm.customers", "alter table crm.customers disable row level security"),
    ("row_security_enabled", "identity.identities", "alter table identity.identities disable row level security"),
    ("row_security_enabled", "app.catalog_record", "alter table app.catalog_record disable row level security"),
    ("row_security_enabled", "crm.deals", DEALS),
    ("row_security_enabled", "public.deals", "create table public.deals (id uuid)"),
    ("row_security_enabled", "crm.events_0", EVENTS),
    ("row_security_forced", "crm.customers", "alter table crm.customers no force row level security"),
    ("row_security_forced", "identity.memberships", "alter table identity.memberships no force row level security"),
    ("row_security_forced", "crm.events_0", EVENTS),
    ("tenant_column", "crm.deals", "create table crm.deals (id uuid primary key)"),
    ("tenant_column", "crm.deals", "create table crm.deals (company_id uuid)"),
    ("tenant_column", "crm.deals", "create table crm.deals (company_id text not null)"),
    ("tenant_column", "public.companies", "create table public.companies (id uuid not null)"),
    (
        "tenant_column",
        "crm.customers",
        "alter table crm.customers drop constraint customers_company_id_fkey",
    ),
    (
        "tenant_default",
        "crm.customers.company_id",
        "alter table crm.customers alter column company_id drop default",
    ),
    (
        "tenant_default",
        "crm.companies.id",
        "alter table crm.companies alter column id set default gen_random_uuid()",
    ),
    (
        "tenant_default",
        "crm.customers.company_id",
        "create function public.company_id() returns uuid language sql return gen_random_uuid();
        alter table crm.customers alter column company_id set default public.company_id();
        set local search_path = public, pg_catalog",
    ),
    (
        "tenant_column_writable",
        "crm.customers.company_id",
        "grant insert (company_id) on crm.customers to paddock_app",
    ),
    ("tenant_column_writable", "crm.users.company_id", "grant update on crm.users to public"),
    ("tenant_column_writable", "crm.companies.id", "grant update (id) on crm.companies to paddock_app"),
    ("preset_writable", "crm.customers.version", "grant update (version) on crm.customers to paddock_app"),
    ("preset_writable", "crm.customers.user_id", "grant insert (user_id) on crm.customers to paddock_app"),
    ("preset_writable", "crm.customer_comments.id", "grant insert on crm.customer_comments to paddock_app"),
    (
        "preset_default",
        "crm.customers.created_at",
        "alter table crm.customers alter column created_at drop default",
    ),
    (
        "preset_default",
        "crm.customers.user_id",
        "alter table crm.customers alter column user_id set default gen_random_uuid()",
    ),
    (
        "secret_readable",
        "identity.identities.password_hash",
        "grant select (password_hash) on identity.identities to paddock_app",
    ),
    (
        "secret_readable",
        "identity.second_factors.sealed_secret",
        "grant select (sealed_secret) on identity.second_factors to paddock_app",
    ),
    (
        "secret_readable",
        "crm.users.api_key",
        "alter table crm.users add column api_key text; grant select on crm.users to paddock_app",
    ),
    ("partition_granted", "crm.events_0", EVENTS_GRANTED),
    (
        "table_inherited",
        "crm.old_customers",
        "create table crm.old_customers () inherits (crm.customers)",
    ),
    ("table_foreign", "audit_server", FOREIGN),
    ("table_foreign", "crm.elsewhere", FOREIGN),
    ("table_unlogged", "crm.customer_comments", "alter table crm.customer_comments set unlogged"),
    ("text_unbounded", "crm.customers.note", "alter table crm.customers add column note text"),
    ("text_unbounded", "crm.users.email", "alter table crm.users drop constraint users_email_check"),
    ("comment_missing", "crm.customers", "comment on table crm.customers is null"),
    ("comment_missing", "crm.users", "comment on policy users_read on crm.users is null"),
    // ── Other relations ────────────────────────────────────────────────────────────────────────────
    ("view_invoker", "crm.names", "create view crm.names as select name from crm.customers"),
    (
        "view_invoker",
        "public.names",
        "create view public.names with (security_invoker = false) as select name from crm.customers",
    ),
    (
        "view_materialized",
        "crm.counts",
        "create materialized view crm.counts as select id from crm.companies with no data",
    ),
    ("sequence", "crm.numbers", "create sequence crm.numbers"),
    ("sequence", "crm.deals_number_seq", "create table crm.deals (number bigint generated always as identity)"),
    ("large_object", "424242", "select lo_create(424242)"),
    ("rule", "crm.customers", "create rule keep as on delete to crm.customers do instead nothing"),
    ("publication", "audit_publication", "create publication audit_publication for table crm.customers"),
    ("publication", "audit_publication", "create publication audit_publication for all tables"),
    (
        "subscription",
        "audit_subscription",
        "create subscription audit_subscription connection 'dbname=elsewhere' publication any_name
        with (connect = false, enabled = false, create_slot = false, slot_name = none)",
    ),
    (
        "extension",
        "plsomething",
        "update pg_catalog.pg_extension set extname = 'plsomething' where extname = 'plpgsql'",
    ),
    // ── Policies ───────────────────────────────────────────────────────────────────────────────────
    ("floor_present", "crm.customers", "drop policy customers_floor on crm.customers"),
    ("floor_present", "crm.customers", "alter policy customers_floor on crm.customers to paddock_app"),
    (
        "floor_present",
        "crm.customers",
        "drop policy customers_floor on crm.customers;
        create policy customers_floor on crm.customers for all to public
            using (company_id = (select app.company_id()))
            with check (company_id = (select app.company_id()))",
    ),
    (
        "floor_present",
        "crm.customers",
        "drop policy customers_floor on crm.customers;
        create policy customers_floor on crm.customers as restrictive for select to public
            using (company_id = (select app.company_id()))",
    ),
    ("floor_present", "crm.events_0", EVENTS),
    ("floor_present", "public.deals", "create table public.deals (company_id uuid)"),
    ("floor_canonical", "crm.customers", "alter policy customers_floor on crm.customers using (true)"),
    ("floor_canonical", "crm.customers", "alter policy customers_floor on crm.customers with check (true)"),
    (
        "floor_canonical",
        "crm.users",
        "alter policy users_floor on crm.users using (company_id = (select app.company_id()) or true)",
    ),
    (
        "floor_canonical",
        "crm.users",
        "alter policy users_floor on crm.users using (id = (select app.company_id()))",
    ),
    (
        "floor_canonical",
        "crm.companies",
        "alter policy companies_floor on crm.companies using (id = (select app.user_id()))",
    ),
    (
        "floor_canonical",
        "crm.customers",
        "alter policy customers_floor on crm.customers
            using (company_id = (select nullif(current_setting('app.company_id', true), '')::uuid))",
    ),
    ("floor_canonical", "crm.customers", IMPOSTOR_FUNCTION),
    ("floor_canonical", "crm.customers", IMPOSTOR_OPERATOR),
    ("floor_identity", "identity.identities", "drop policy identities_floor on identity.identities"),
    (
        "floor_identity",
        "identity.memberships",
        "alter policy memberships_floor on identity.memberships using (true)",
    ),
    (
        "floor_identity",
        "identity.identities",
        "alter policy identities_floor on identity.identities to paddock_auth",
    ),
    ("policy_canonical", "crm.customers", "alter policy customers_read on crm.customers using (true)"),
    (
        "policy_canonical",
        "crm.customers",
        "alter policy customers_create on crm.customers with check (true)",
    ),
    (
        "policy_canonical",
        "crm.users",
        "alter policy users_read on crm.users using (company_id = (select app.company_id()) or true)",
    ),
    (
        "policy_canonical",
        "crm.users",
        "alter policy users_read on crm.users
            using (company_id = (select app.company_id()) and role = 'owner' or role = 'admin')",
    ),
    (
        "policy_roles",
        "crm.customers",
        "create policy anybody on crm.customers for select using (company_id = (select app.company_id()))",
    ),
    (
        "policy_roles",
        "identity.identities",
        "create policy curious on identity.identities for select to paddock_app using (true)",
    ),
    (
        "policy_all_commands",
        "crm.customers",
        "create policy everything on crm.customers to paddock_app using (company_id = (select app.company_id()))",
    ),
    ("policy_missing", "crm.customers", "drop policy customers_create on crm.customers"),
    ("grant_roleless", "crm.customers", "drop policy customers_may_create on crm.customers"),
    (
        "grant_roleless",
        "crm.teams",
        "alter policy teams_may_change on crm.teams with check (true)",
    ),
    ("policy_missing", "crm.companies", "grant insert (name) on crm.companies to paddock_app"),
    // ── Keys, constraints, indexes ─────────────────────────────────────────────────────────────────
    ("primary_key", "crm.deals", "create table crm.deals (company_id uuid not null, id uuid primary key)"),
    ("primary_key", "crm.deals", "create table crm.deals (company_id uuid not null, id uuid)"),
    (
        "primary_key",
        "identity.identities",
        "alter table identity.identities drop constraint identities_pkey cascade",
    ),
    (
        "foreign_key_tenant",
        "crm.customer_comments",
        "create unique index on crm.users (id);
        alter table crm.customer_comments add foreign key (user_id) references crm.users (id)",
    ),
    (
        "foreign_key_tenant",
        "crm.customers",
        "alter table crm.customers add foreign key (user_id, company_id) references crm.users (company_id, id) not valid",
    ),
    (
        "foreign_key_tenant",
        "crm.record_shares",
        "alter table crm.record_shares drop constraint record_shares_recipient_team_id_fkey",
    ),
    (
        "foreign_key_action",
        "crm.customers",
        "alter table crm.customers add foreign key (company_id, user_id)
            references crm.users (company_id, id) on delete set null",
    ),
    (
        "foreign_key_action",
        "crm.customers",
        "alter table crm.customers add foreign key (company_id, user_id)
            references crm.users (company_id, id) on update cascade",
    ),
    ("unique_tenant", "crm.customers", "create unique index on crm.customers (email_key)"),
    ("unique_tenant", "crm.customers", "create unique index on crm.customers (email_key, company_id)"),
    ("unique_tenant", "crm.users", "create unique index on crm.users (lower(email))"),
    ("unique_tenant", "crm.companies", "create unique index on crm.companies (name)"),
    (
        "exclusion_tenant",
        "crm.customers",
        "alter table crm.customers add exclude using btree (email_key with =)",
    ),
    ("index_lead", "crm.customers", "create index on crm.customers (name_key)"),
    ("index_lead", "crm.customers", "create index on crm.customers (lower(name))"),
    (
        "index_valid",
        "crm.customers_name_idx",
        "update pg_catalog.pg_index set indisvalid = false
        where indexrelid = 'crm.customers_name_idx'::regclass",
    ),
    (
        "constraint_valid",
        "crm.customers",
        "alter table crm.customers add constraint odd check (name <> 'odd') not valid",
    ),
    ("foreign_key_indexed", "crm.customer_comments", "drop index crm.customer_comments_user_id_idx"),
    (
        "filter_leakproof",
        "crm.customers.user_id",
        "alter function pg_catalog.uuid_eq(uuid, uuid) not leakproof",
    ),
    (
        "filter_leakproof",
        "crm.customers.updated_at",
        "alter table crm.customers rename column updated_at to changed_at",
    ),
    (
        "filter_leakproof",
        "crm.customers.lifecycle_stage",
        "create type crm.stage as enum ('lead');
        drop index crm.customers_lifecycle_stage_idx;
        alter table crm.customers drop constraint customers_lifecycle_stage_check;
        alter table crm.customers alter column lifecycle_stage drop default;
        alter table crm.customers alter column lifecycle_stage type crm.stage using 'lead'",
    ),
    // ── Grants ─────────────────────────────────────────────────────────────────────────────────────
    ("grant_public", "crm.customers", "grant select on crm.customers to public"),
    ("grant_public", "crm.customers.name", "grant select (name) on crm.customers to public"),
    ("grant_dangerous", "crm.customers", "grant truncate on crm.customers to paddock_app"),
    ("grant_dangerous", "crm.customers", "grant trigger on crm.customers to paddock_app"),
    ("grant_dangerous", "crm.users", "grant references (id) on crm.users to paddock_app"),
    ("grant_delete", "crm.customers", "grant delete on crm.customers to paddock_app"),
    ("grant_whole_table", "crm.customers", "grant select on crm.customers to paddock_app"),
    ("grant_whole_table", "crm.customers", "grant update on crm.customers to paddock_app"),
    ("grant_strangers", "identity.identities", "grant select (id) on identity.identities to paddock_app"),
    ("grant_strangers", "crm.customers", "grant select (id) on crm.customers to paddock_auth"),
    (
        "grant_strangers",
        "crm.customers",
        "create role audit_stranger; grant select on crm.customers to audit_stranger",
    ),
    (
        "grant_option",
        "crm.customers",
        "grant select (id) on crm.customers to paddock_app with grant option",
    ),
    (
        "grant_parameters",
        "session_replication_role",
        "grant set on parameter session_replication_role to paddock_app",
    ),
    ("audit_log", "crm.audit_log", "grant insert (operation) on crm.audit_log to paddock_app"),
    ("audit_log", "crm.audit_log", "grant update (changes) on crm.audit_log to public"),
    ("audit_log", "crm.audit_log", "grant delete on crm.audit_log to paddock_auth"),
    (
        "audit_log",
        "crm.audit_log",
        "create policy edit on crm.audit_log for update to paddock_owner
            using (company_id = (select app.company_id()))",
    ),
    ("audit_log", "crm.audit_log", "alter policy audit_log_append on crm.audit_log to paddock_app"),
    ("audit_log", "crm.audit_log", "drop policy audit_log_may_read on crm.audit_log"),
    ("audit_log", "crm.audit_log", "alter policy audit_log_may_read on crm.audit_log using (true)"),
    ("audit_log", "crm.audit_log", "alter policy audit_log_may_read on crm.audit_log to paddock_auth"),
    (
        "audit_log",
        "crm.audit_log",
        "create function crm.may_read_audit_log() returns boolean language sql return true;
        alter policy audit_log_may_read on crm.audit_log
            using (company_id = (select app.company_id()) and (select crm.may_read_audit_log()));
        set local search_path = crm, pg_catalog",
    ),
    ("audit_log", "crm.users", "alter table crm.users disable trigger users_record"),
    ("audit_log", "crm.sessions", "drop trigger sessions_record_reuse on crm.sessions"),
    ("audit_log", "crm.user_logins", "drop trigger user_logins_record on crm.user_logins"),
    ("audit_log", "crm.invitations", "drop trigger invitations_record on crm.invitations"),
    (
        "audit_log",
        "identity.second_factors",
        "drop trigger second_factors_record on identity.second_factors",
    ),
    (
        "audit_log",
        "crm.companies",
        "create or replace trigger companies_record after insert or update on crm.companies
            for each row when (new.version > 7) execute function app.record_change()",
    ),
    // ── Functions, operators, names ────────────────────────────────────────────────────────────────
    (
        "operator_signed",
        "crm.===",
        "create operator crm.=== (leftarg = uuid, rightarg = uuid, function = uuid_eq)",
    ),
    ("operator_signed", "(text as uuid)", "create cast (text as uuid) with inout"),
    (
        "name_shadowing",
        "crm.now",
        "create function crm.now() returns timestamptz language sql return '2000-01-01'::timestamptz",
    ),
    ("name_shadowing", "crm.pg_class", "create table crm.pg_class (id uuid)"),
    ("context_helpers", "app.company_id()", "alter function app.company_id() immutable"),
    ("context_helpers", "app.company_id()", "alter function app.company_id() security definer"),
    ("context_helpers", "app.user_id()", "alter function app.user_id() leakproof"),
    (
        "context_helpers",
        "app.company_id()",
        "alter function app.company_id() set app.company_id = '00000000-0000-0000-0000-000000000000'",
    ),
    (
        "context_helpers",
        "app.company_id()",
        "create or replace function app.company_id() returns uuid language sql stable
            return current_setting('app.company_id', true)::uuid",
    ),
    (
        "context_helpers",
        "app.user_id()",
        "create or replace function app.user_id() returns uuid language sql stable
            as 'select current_setting(''app.user_id'')::uuid'",
    ),
    (
        "function_signed",
        "app.role()",
        "create or replace function app.role() returns text language sql stable return 'owner'",
    ),
    (
        "function_signed",
        "crm.anything()",
        "create function crm.anything() returns integer language sql return 1",
    ),
    ("function_signed", "app.fold(text)", "alter function app.fold(text) volatile"),
    ("function_signed", "app.touch()", "alter function app.touch() security definer"),
    ("function_definer", "app.refuse_session()", "alter function app.refuse_session() security definer"),
    (
        "function_signed",
        "identity.change_email(bytea)",
        "alter function identity.change_email(bytea) security invoker",
    ),
    (
        "function_definer",
        "identity.reset_password(bytea, text)",
        "alter function identity.reset_password(bytea, text) owner to paddock_auth",
    ),
    (
        "function_definer",
        "identity.reset_password(bytea, text)",
        "alter function identity.reset_password(bytea, text) set search_path = crm, pg_temp",
    ),
    (
        "function_definer",
        "identity.reset_password(bytea, text)",
        "grant execute on function identity.reset_password(bytea, text) to paddock_app",
    ),
    (
        "function_definer",
        "identity.reset_password(bytea, text)",
        "grant execute on function identity.reset_password(bytea, text) to public",
    ),
    (
        "function_definer",
        "app.record_change()",
        "grant execute on function app.record_change() to paddock_app",
    ),
    (
        "function_definer",
        "app.record_failed_login(text)",
        "grant execute on function app.record_failed_login(text) to paddock_app",
    ),
    (
        "function_definer",
        "app.record_failed_login(text)",
        "alter function app.record_failed_login(text) owner to paddock_auth",
    ),
    ("function_search_path", "app.touch()", "alter function app.touch() reset search_path"),
    ("function_search_path", "app.touch()", "alter function app.touch() set search_path = crm, pg_temp"),
    ("function_immutable", "app.user_id()", "alter function app.user_id() immutable"),
    (
        "function_immutable",
        "public.mine(uuid)",
        "create function public.mine(of uuid) returns boolean language sql immutable
            as 'select of = current_setting(''app.company_id'')::uuid'",
    ),
    ("function_public", "app.fold(text)", "grant execute on function app.fold(text) to public"),
    (
        "function_public",
        "crm.anything()",
        "create function crm.anything() returns integer language sql return 1",
    ),
    (
        "function_untrusted",
        "crm.number(cstring)",
        "create function crm.number(cstring) returns integer language internal strict as 'int4in'",
    ),
    ("function_leakproof", "app.fold(text)", "alter function app.fold(text) leakproof"),
    (
        "function_leakproof",
        "pg_catalog.textlike(text, text)",
        "alter function pg_catalog.textlike(text, text) leakproof",
    ),
    (
        "function_powerful",
        "pg_catalog.pg_notify(text, text)",
        "grant execute on function pg_catalog.pg_notify(text, text) to paddock_app",
    ),
    (
        "function_powerful",
        "pg_catalog.ts_stat(text)",
        "grant execute on function pg_catalog.ts_stat(text) to paddock_auth",
    ),
    (
        "function_powerful",
        "pg_catalog.set_config(text, text, boolean)",
        "grant execute on function pg_catalog.set_config(text, text, boolean) to public",
    ),
    (
        "function_files",
        "pg_catalog.pg_read_file(text)",
        "grant execute on function pg_catalog.pg_read_file(text) to paddock_app",
    ),
    // ── Triggers ───────────────────────────────────────────────────────────────────────────────────
    (
        "trigger_signed",
        "crm.customers",
        "create function crm.spy() returns trigger language plpgsql as 'begin return new; end';
        create trigger spy before insert on crm.customers for each row execute function crm.spy()",
    ),
    (
        "trigger_signed",
        "crm.customers",
        "create trigger late after update on crm.customers for each row execute function app.touch()",
    ),
    ("trigger_touch", "crm.customers", "alter table crm.customers disable trigger customers_touch"),
    ("trigger_touch", "crm.users", "drop trigger users_touch on crm.users"),
    ("trigger_touch", "crm.users", "alter table crm.users enable replica trigger users_touch"),
    (
        "trigger_touch",
        "crm.users",
        "drop trigger users_touch on crm.users;
        create trigger users_touch before update of name on crm.users
            for each row execute function app.touch()",
    ),
    ("trigger_definer", "crm.customers", "alter function app.touch() security definer"),
    (
        "trigger_signed",
        "crm.customers",
        "create trigger record before insert on crm.customers for each row execute function app.record_change()",
    ),
    ("trigger_disabled", "crm.customer_comments", "alter table crm.customer_comments disable trigger all"),
    (
        "trigger_event",
        "audit_watch",
        "create function crm.watch() returns event_trigger language plpgsql as 'begin end';
        create event trigger audit_watch on ddl_command_end execute function crm.watch()",
    ),
    // ── Server and drift ───────────────────────────────────────────────────────────────────────────
    ("server_durability", "synchronous_commit", "set local synchronous_commit = off"),
    (
        "server_durability",
        "synchronous_commit",
        "alter role paddock_app in database {db} set synchronous_commit = off",
    ),
    ("catalog_drift", "index extra on crm.customers", "create index extra on crm.customers (company_id, phone)"),
    ("catalog_drift", "column crm.customers.note", "alter table crm.customers add column note text"),
    (
        "catalog_drift",
        "policy users_read on crm.users",
        "alter policy users_read on crm.users using (true)",
    ),
    (
        "catalog_drift",
        "grant on column crm.users.email to paddock_app",
        "revoke select (email) on crm.users from paddock_app",
    ),
    (
        "catalog_drift",
        "constraint users_role_check on crm.users",
        "alter table crm.users drop constraint users_role_check",
    ),
    (
        "catalog_drift",
        "function app.fold(text)",
        "create or replace function app.fold(value text) returns text language sql immutable return value",
    ),
    (
        "catalog_drift",
        "relation crm.users",
        "alter table crm.users no force row level security",
    ),
];

/// What SQL cannot break is broken in the question: question, object, the words, what they become.
pub const WORDS: &[(&str, &str, &str, &str)] = &[
    ("server_version", "PostgreSQL %", "150000", "990000"),
    (
        "server_patches",
        "PostgreSQL %",
        "(15, 19), (16, 15), (17, 11), (18, 6)",
        "(15, 999), (16, 999), (17, 999), (18, 999)",
    ),
    ("server_encoding", "{db}", "'UTF8'", "'LATIN1'"),
    ("server_encoding", "{db}", "lower('É') <> 'é'", "lower('É') <> 'É'"),
];

const DEALS: &str = "create table crm.deals (
    company_id uuid not null default app.company_id(),
    id uuid not null default app.uuid_v7(clock_timestamp()),
    primary key (company_id, id)
)";

/// A table that is protected as it should be, and its partition that is not.
const EVENTS: &str = "
    create table crm.events (company_id uuid not null default app.company_id(), id uuid not null,
        primary key (company_id, id)) partition by hash (company_id);
    alter table crm.events enable row level security, force row level security;
    create table crm.events_0 partition of crm.events for values with (modulus 1, remainder 0)";

const EVENTS_GRANTED: &str = "
    create table crm.events (company_id uuid not null, id uuid not null) partition by hash (company_id);
    create table crm.events_0 partition of crm.events for values with (modulus 1, remainder 0);
    grant select (id) on crm.events_0 to paddock_app";

const FOREIGN: &str = "
    create foreign data wrapper audit_wrapper;
    create server audit_server foreign data wrapper audit_wrapper;
    create foreign table crm.elsewhere (id uuid) server audit_server";

/// The floor reads as ever, for a session whose search_path finds the impostor first.
const IMPOSTOR_FUNCTION: &str = "
    create function public.company_id() returns uuid language sql return gen_random_uuid();
    alter policy customers_floor on crm.customers
        using (company_id = (select public.company_id()))
        with check (company_id = (select public.company_id()));
    set local search_path = public, pg_catalog";

const IMPOSTOR_OPERATOR: &str = "
    create function public.always(uuid, uuid) returns boolean language sql return true;
    create operator public.= (leftarg = uuid, rightarg = uuid, function = public.always);
    alter policy customers_floor on crm.customers
        using (company_id operator(public.=) (select app.company_id()));
    set local search_path = public, pg_catalog";
