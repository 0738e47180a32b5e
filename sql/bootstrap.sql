-- The roles of Paddock, and what the database itself allows. A superuser runs this file once in every
-- database that holds a Paddock schema, before the first migration; running it again changes nothing.
-- Passwords are not set here: `alter role paddock_app password '…'` is yours to say (see sql/README.md).

-- ── Roles, cluster-wide ────────────────────────────────────────────────────────────────────────────
do $$
declare
    role_name text;
begin
    foreach role_name in array array['paddock_owner', 'paddock_app', 'paddock_auth'] loop
        if not exists (select from pg_catalog.pg_roles where rolname = role_name) then
            execute format('create role %I', role_name);
        end if;
    end loop;
end
$$;

alter role paddock_owner nologin nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role paddock_app login noinherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
alter role paddock_auth login noinherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls;

comment on role paddock_owner is
    'Owns the Paddock schema. Nobody logs in as it; migrations enter it by SET ROLE.';
comment on role paddock_app is
    'The application: sees the rows of the company in app.company_id, and the columns granted to it.';
comment on role paddock_auth is
    'The login door: sees identities and their memberships, and nothing of any company.';

-- ── Time limits: a guard against ourselves, whatever the application forgets ───────────────────────
alter role paddock_app set statement_timeout = '15s';
alter role paddock_app set lock_timeout = '2s';
alter role paddock_app set idle_in_transaction_session_timeout = '10s';
alter role paddock_app set client_connection_check_interval = '500ms';
alter role paddock_auth set statement_timeout = '5s';
alter role paddock_auth set lock_timeout = '2s';
alter role paddock_auth set idle_in_transaction_session_timeout = '10s';
alter role paddock_auth set client_connection_check_interval = '500ms';

-- Every statement is prepared once and planned once. The plan does not depend on which company came
-- first: the policies hide the company's id from the planner on purpose.
alter role paddock_app set plan_cache_mode = 'force_generic_plan';
-- And whatever the statistics say: the table of all companies is not read from end to end for one of them,
-- and what fits is not all gathered before the first row of a page.
alter role paddock_app set enable_seqscan = off;
alter role paddock_app set enable_bitmapscan = off;
-- Compiling a plan takes longer than any statement of the API runs.
alter role paddock_app set jit = off;
alter role paddock_auth set jit = off;
alter role paddock_app set search_path = crm, app, pg_catalog;
alter role paddock_auth set search_path = identity, app, pg_catalog;

-- ── The database ───────────────────────────────────────────────────────────────────────────────────
do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to paddock_app, paddock_auth', current_database());
    execute format('grant connect, create on database %I to paddock_owner', current_database());
end
$$;

revoke all on schema public from public;

create schema if not exists app authorization paddock_owner;
comment on schema app is 'Helpers that policies, defaults and triggers call, and the schema history.';

-- ── Functions that could leave the walls ───────────────────────────────────────────────────────────
-- set_config could change the company inside a statement, NOTIFY and large objects know no row security,
-- advisory locks and signals reach other sessions, sleeping holds a connection, *_to_xml, ts_stat and
-- ts_rewrite run any query. pg_stat_get_* count what all companies do, and pg_stat_activity is made of them:
-- it shows what other sessions are sending, and with that the ids of the companies they are bound to.
-- Where the installation does not let us take one of them away, it says so and goes on.
do $$
declare
    f regprocedure;
begin
    for f in
        select p.oid::regprocedure
        from pg_catalog.pg_proc p
        where p.pronamespace = 'pg_catalog'::regnamespace
            and (
                p.proname in (
                    'set_config', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend', 'loread',
                    'lowrite', 'pg_export_snapshot', 'pg_logical_emit_message', 'pg_lock_status',
                    'pg_prepared_xact', 'ts_stat'
                )
                or p.oid = 'pg_catalog.ts_rewrite(tsquery, text)'::regprocedure
                or p.proname like 'pg\_stat\_get\_%'
                or p.proname like 'lo\_%'
                or p.proname like 'pg\_sleep%'
                or p.proname like 'pg\_advisory\_%'
                or p.proname like 'pg\_try\_advisory\_%'
                or p.proname ~ '^(query|table|schema|database|cursor)_to_xml'
            )
    loop
        begin
            execute format('revoke execute on function %s from public', f);
            execute format('grant execute on function %s to paddock_owner', f);
            if f::text ~ '^pg_(stat_get_|lock_status|prepared_xact)' then
                execute format('grant execute on function %s to pg_monitor', f);
            end if;
        exception
            when insufficient_privilege then
                raise notice 'cannot revoke execute on % from public here', f;
        end;
    end loop;
end
$$;

-- A DO block is a program: it could bind one company after another, and try again after each error.
do $$
begin
    revoke usage on language plpgsql from public;
    grant usage on language plpgsql to paddock_owner;
exception
    when insufficient_privilege then
        raise notice 'cannot revoke usage on language plpgsql from public here';
end
$$;
