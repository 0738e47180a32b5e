//! What the roles may not do: the application's, the login door's, and the owner's without a company.

use super::scene::Scene;

// ── What the application's role may not do ─────────────────────────────────────────────────────────

#[actix_web::test]
async fn the_application_cannot_create_anything_or_become_anybody() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    for statement in [
        "create temporary table t (id int)",
        "create table public.t (id int)",
        "create table crm.t (id int)",
        "create table app.t (id int)",
        "create table identity.t (id int)",
        "create view crm.v as select 1",
        "create function app.f() returns int language sql return 1",
        "create schema mine",
        "create role mine",
        "create extension pg_trgm",
        "create policy mine on crm.customers using (true)",
        "create index on crm.customers (company_id)",
        "alter table crm.customers disable row level security",
        "alter table crm.customers no force row level security",
        "alter function app.company_id() immutable",
        "drop policy customers_floor on crm.customers",
        "drop table crm.customers",
        "comment on table crm.customers is 'mine'",
        "set role paddock_owner",
        "set role paddock_auth",
        "set role postgres",
        "set session authorization paddock_auth",
        "alter role paddock_app bypassrls",
        "alter role paddock_app superuser",
        "grant paddock_owner to paddock_app",
        "alter default privileges for role paddock_owner grant all on tables to paddock_app",
        "set session_replication_role = replica",
        "select email from identity.identities",
        "select identity_id from identity.memberships",
        "select name from app.schema_history",
        "insert into app.schema_history (version) values (9)",
        "select rolpassword from pg_authid",
        "select pg_read_file('/etc/passwd')",
    ] {
        let refusal = app.refusal_as(scene.alice, statement).await;
        assert!(refusal.starts_with("42501 "), "{statement}: {refusal}");
    }
    assert!(app.refusal("alter system set row_security = off").await.starts_with("42501 "));
    let creatable =
        "select nspname from pg_namespace where has_schema_privilege('paddock_app', oid, 'create')";
    assert_eq!(scene.admin.rows(creatable).await, [""; 0]);
}

#[actix_web::test]
async fn turning_row_security_off_is_an_error_and_shows_nothing() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    app.run("set row_security = off").await;
    let refusal = app.refusal_as(scene.alice, "select id from crm.customers").await;
    assert_eq!(
        refusal,
        "42501 query would be affected by row-level security policy for table \"customers\""
    );
}

#[actix_web::test]
async fn functions_that_leave_the_walls_are_taken_away() {
    let scene = Scene::new().await;
    for (role, session) in
        [("paddock_app", scene.app().await), ("paddock_auth", scene.auth().await)]
    {
        for call in [
            "set_config('app.company_id', '', true)",
            "pg_notify('channel', 'text')",
            "pg_sleep(0)",
            "pg_sleep_for('1s')",
            "lo_create(0)",
            "lo_creat(0)",
            "lo_open(1, 1)",
            "lo_import('/etc/passwd')",
            "lo_from_bytea(0, '')",
            "pg_advisory_lock(1)",
            "pg_advisory_xact_lock(1)",
            "pg_try_advisory_lock(1)",
            "pg_cancel_backend(pg_backend_pid())",
            "pg_terminate_backend(pg_backend_pid())",
            "query_to_xml('select 1', false, false, '')",
            "table_to_xml('pg_class', false, false, '')",
            "database_to_xml(false, false, '')",
            "pg_export_snapshot()",
            "pg_logical_emit_message(false, '', '')",
        ] {
            let refusal = session.refusal(&format!("select {call}")).await;
            assert!(
                refusal.starts_with("42501 permission denied for function"),
                "{role}, {call}: {refusal}"
            );
        }
        let allowed = format!(
            "select p.oid::regprocedure
            from pg_proc p
            where p.pronamespace = 'pg_catalog'::regnamespace
                and has_function_privilege('{role}', p.oid, 'execute')
                and (
                    p.proname ~ '^(lo_|lowrite|loread|pg_sleep|pg_(try_)?advisory_|set_config|pg_notify)'
                    or p.proname ~ '^(query|table|schema|database|cursor)_to_xml'
                    or p.proname ~ '^pg_(cancel|terminate)_backend|^pg_export_snapshot|^pg_logical_emit'
                )"
        );
        assert_eq!(scene.admin.rows(&allowed).await, [""; 0], "{role}");
    }
}

// ── The other roles ────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn the_login_door_sees_identities_and_nothing_of_any_company() {
    let scene = Scene::new().await;
    let auth = scene.auth().await;
    let emails = auth.rows("select email_key from identity.identities order by 1").await;
    assert_eq!(emails, ["alice@nike.example", "bob@coca-cola.example"]);
    for (table, column) in scene.tables().await {
        let refusal = auth.refusal_as(scene.alice, &format!("select {column} from {table}")).await;
        assert_eq!(refusal, "42501 permission denied for schema crm", "{table}");
    }
    for statement in [
        "update identity.identities set password_hash = ''",
        "insert into identity.memberships select * from identity.memberships",
        "delete from identity.identities",
        "truncate identity.memberships",
        "delete from identity.second_factors",
        "update identity.second_factors set identity_id = null",
        "select email from identity.identities",
        "select kind from identity.one_time_tokens",
        "insert into identity.one_time_tokens (kind) values ('reset_password')",
        "update identity.one_time_tokens set used_at = null",
        "select name from identity.sign_ups",
        "select identity.end_everything(gen_random_uuid())",
        "select identity.forget_old_tokens()",
        "set role paddock_app",
        "set role paddock_owner",
        "create temporary table t (id int)",
    ] {
        let refusal = auth.refusal(statement).await;
        assert!(refusal.starts_with("42501 "), "{statement}: {refusal}");
    }
}

#[actix_web::test]
async fn the_owner_without_a_company_sees_nothing() {
    let scene = Scene::new().await;
    let owner = scene.owner().await;
    for (table, column) in scene.tables().await {
        let statement = format!("select {column} from {table}");
        // A table that the owner may set up or clear asks for the company; the others have no policy for the owner.
        if [
            "crm.audit_log",
            "crm.companies",
            "crm.invitations",
            "crm.sessions",
            "crm.user_logins",
            "crm.users",
        ]
        .contains(&table.as_str())
        {
            assert!(owner.refusal(&statement).await.starts_with("42704 "), "{table}");
        } else {
            assert_eq!(owner.rows(&statement).await, [""; 0], "{table}");
        }
    }
}

#[actix_web::test]
async fn the_owner_sets_up_one_company_and_cannot_touch_its_customers() {
    let scene = Scene::new().await;
    let owner = scene.owner().await;
    let companies = owner.rows_as(scene.alice, "select id from crm.companies").await;
    assert_eq!(companies, [scene.alice.company_id.to_string()]);
    owner.begin_as(scene.alice).await;
    for table in ["crm.customers", "crm.customer_comments"] {
        assert_eq!(owner.rows(&format!("select id from {table}")).await, [""; 0]);
        assert_eq!(owner.count(&format!("update {table} set version = 7")).await, 0);
        assert_eq!(owner.count(&format!("delete from {table}")).await, 0);
    }
    let refusal =
        owner.refusal("insert into crm.customers (name, user_id) values ('Eve', null)").await;
    assert!(refusal.starts_with("42501 new row violates row-level security policy"), "{refusal}");
    owner.run("rollback").await;
    let company = format!(
        "insert into crm.companies (id, name) values ('{}', 'Pepsi')",
        uuid::Uuid::now_v7()
    );
    let refusal = owner.refusal_as(scene.alice, &company).await;
    assert!(refusal.starts_with("42501 new row violates row-level security policy"), "{refusal}");
}

#[actix_web::test]
async fn a_grant_by_mistake_does_not_open_the_identities() {
    let scene = Scene::new().await;
    scene.admin.run("grant usage on schema identity to paddock_app").await;
    scene.admin.run("grant all on all tables in schema identity to paddock_app").await;
    scene.admin.run("create policy oops on identity.identities to public using (true)").await;
    assert_eq!(scene.app().await.rows("select email from identity.identities").await, [""; 0]);
}
