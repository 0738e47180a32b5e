//! Isolation where it lives: raw SQL as the roles of the database, as if everything above had been broken.
//! Whatever can be asked of the catalog is asked of the catalog, so that a table added tomorrow is covered.

use crate::harness::{Place, Psql, World};

/// The tables of the companies' records, and the column that tells the company.
const TABLES: &str = "
    select c.oid::regclass::text, case when c.relname = 'companies' then 'id' else 'company_id' end
    from pg_class c
    where c.relnamespace = 'crm'::regnamespace and c.relkind in ('r', 'p')
    order by 1";

/// Which columns the application may use, one row for each table, column and privilege.
const GRANTED: &str = "
    select a.attrelid::regclass::text, p.privilege, min(a.attname)
    from pg_attribute a
    join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
    cross join unnest(array['select', 'insert', 'update']) with ordinality p (privilege, position)
    where c.relnamespace = 'crm'::regnamespace
        and a.attnum > 0
        and not a.attisdropped
        and has_column_privilege('paddock_app', a.attrelid, a.attnum, p.privilege)
    group by a.attrelid, p.privilege, p.position
    order by 1, p.position";

/// Two companies with something in every table.
struct Scene {
    world: World,
    admin: Psql,
    alice: Place,
    bob: Place,
    /// A customer of Nike.
    hers: String,
    /// A customer of Coca-Cola.
    his: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let (alice, bob) = (world.alice_place(), world.bob_place());
        let app = Psql::new(&world.database.app_url()).await;
        let hers = arrange(&app, alice, "Grace Hopper", "grace@example.com").await;
        let his = arrange(&app, bob, "Alan Turing", "alan@example.com").await;
        let admin = Psql::new(&world.database.admin_url()).await;
        for Place { company_id, user_id } in [alice, bob] {
            let login = format!(
                "insert into crm.user_logins (company_id, member_id, issuer, subject)
                values ('{company_id}', '{user_id}', 'https://login.example', 'the same for both')"
            );
            admin.rows_as(Place { company_id, user_id }, &login).await;
        }
        Self { world, admin, alice, bob, hers, his }
    }

    async fn app(&self) -> Psql {
        Psql::new(&self.world.database.app_url()).await
    }

    async fn auth(&self) -> Psql {
        Psql::new(&self.world.database.auth_url()).await
    }

    async fn owner(&self) -> Psql {
        let owner = Psql::new(&self.world.database.admin_url()).await;
        owner.run("set role paddock_owner").await;
        owner
    }

    /// Each table with its company column.
    async fn tables(&self) -> Vec<(String, String)> {
        let split = |row: &String| {
            let (table, column) = row.split_once('|').unwrap();
            (table.to_owned(), column.to_owned())
        };
        self.admin.rows(TABLES).await.iter().map(split).collect()
    }

    /// One harmless statement for each table and each thing that the application may do with it.
    async fn statements(&self) -> Vec<String> {
        let statement = |row: &String| match row.split('|').collect::<Vec<_>>()[..] {
            [table, "select", column] => format!("select {column} from {table}"),
            [table, "insert", _] => format!("insert into {table} default values"),
            [table, _, column] => format!("update {table} set {column} = {column}"),
            _ => unreachable!(),
        };
        self.admin.rows(GRANTED).await.iter().map(statement).collect()
    }
}

/// A customer with a comment, a share and a value of a field, a team of one, a session, and an invitation.
async fn arrange(app: &Psql, place: Place, name: &str, email: &str) -> String {
    let customer = format!(
        "insert into crm.customers (name, email) values ('{name}', '{email}') returning id"
    );
    let id = app.rows_as(place, &customer).await.remove(0);
    let comment =
        format!("insert into crm.customer_comments (customer_id, body) values ('{id}', 'Hello.')");
    app.rows_as(place, &comment).await;
    let user_id = place.user_id;
    let share = format!(
        "insert into crm.record_shares (customer_id, recipient_user_id, permission)
        values ('{id}', '{user_id}', 'read')"
    );
    app.rows_as(place, &share).await;
    let team = app.rows_as(place, "insert into crm.teams (name) values ('Us') returning id").await;
    let member = format!(
        "insert into crm.team_members (team_id, member_id) values ('{}', '{user_id}')",
        team[0]
    );
    app.rows_as(place, &member).await;
    let session = "insert into crm.sessions (secret_hash, epoch) values (sha256(''), 0)";
    app.rows_as(place, session).await;
    let invitation = "insert into crm.invitations (email, role, secret_hash)
        values ('erin@pepsi.example', 'viewer', sha256(''))";
    app.rows_as(place, invitation).await;
    let key = "insert into crm.api_keys (name, secret_hash, role, scopes, expires_at)
        values ('Us', sha256(''), 'viewer', '{me:read}', now()) returning id";
    let key = app.rows_as(place, key).await.remove(0);
    let field = "insert into crm.custom_fields (key, name, type) values ('tier', 'Tier', 'choice') returning id";
    let field = app.rows_as(place, field).await.remove(0);
    let values = format!(
        "update crm.customers set has_custom_fields = true;
        insert into crm.custom_field_choices (custom_field_id, number, key, name)
        values ('{field}', 1, 'gold', 'Gold');
        insert into crm.custom_field_values (custom_field_id, type, customer_id, choice_number)
        values ('{field}', 'choice', '{id}', 1)"
    );
    app.rows_as(place, &values).await;
    let uses = format!("insert into crm.api_key_uses (api_key_id) values ('{key}')");
    app.rows_as(place, &uses).await;
    id
}

// ── Without a context ──────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn without_a_company_every_first_statement_is_an_error_and_never_an_empty_list() {
    let scene = Scene::new().await;
    let statements = scene.statements().await;
    assert!(statements.len() >= 8, "{statements:?}");
    for statement in statements {
        let refusal = scene.app().await.refusal(&statement).await;
        assert_eq!(
            refusal, "42704 unrecognized configuration parameter \"app.company_id\"",
            "{statement}"
        );
    }
}

/// A sequential scan of a table without rows would check nothing, and find nothing.
#[actix_web::test]
async fn without_a_company_an_empty_table_is_an_error_too() {
    let scene = Scene::new().await;
    scene.admin.run("truncate crm.customers cascade").await;
    for table in ["crm.customers", "crm.customer_comments"] {
        let refusal = scene.app().await.refusal(&format!("select id from {table}")).await;
        assert_eq!(refusal, "42704 unrecognized configuration parameter \"app.company_id\"");
    }
}

#[actix_web::test]
async fn a_company_does_not_outlive_its_transaction() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    for end in ["commit", "rollback"] {
        app.begin_as(scene.alice).await;
        app.run(end).await;
        for statement in scene.statements().await {
            let refusal = app.refusal(&statement).await;
            assert_eq!(refusal, "22P02 invalid input syntax for type uuid: \"\"", "{statement}");
        }
    }
}

#[actix_web::test]
async fn a_company_that_is_no_uuid_is_an_error() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    for nonsense in ["*", "null", "00000000-0000-0000-0000-00000000000", "' or true --"] {
        let quoted = nonsense.replace('\'', "''");
        app.run(&format!("begin; set local app.company_id = '{quoted}'")).await;
        let refusal = app.refusal("select id from crm.customers").await;
        assert_eq!(refusal, format!("22P02 invalid input syntax for type uuid: \"{nonsense}\""));
        app.run("rollback").await;
    }
}

// ── With a context ─────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn with_a_company_every_table_shows_its_rows_and_no_others() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    for (table, column) in scene.tables().await {
        for place in [scene.alice, scene.bob] {
            let seen = app.rows_as(place, &format!("select distinct {column} from {table}")).await;
            assert_eq!(
                seen,
                [place.company_id.to_string()],
                "{table}: a new table needs rows in this test"
            );
        }
    }
}

#[actix_web::test]
async fn nobody_changes_a_row_of_the_other_company() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    app.begin_as(scene.alice).await;
    let rename = format!("update crm.customers set name = 'Stolen' where id = '{}'", scene.his);
    assert_eq!(app.count(&rename).await, 0);
    let edit = format!(
        "update crm.customer_comments set body = 'Stolen' where customer_id = '{}'",
        scene.his
    );
    assert_eq!(app.count(&edit).await, 0);
    let all = "update crm.customers set deleted_at = now()";
    assert_eq!(app.count(all).await, 1);
    app.run("commit").await;
    let his = format!("select name, deleted_at from crm.customers where id = '{}'", scene.his);
    assert_eq!(scene.admin.value(&his).await, "Alan Turing|");
}

#[actix_web::test]
async fn a_prepared_statement_serves_each_company_its_own_rows() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let prepared = app.client().prepare("select name from crm.customers").await.unwrap();
    for round in 0..8 {
        for (place, name) in [(scene.alice, "Grace Hopper"), (scene.bob, "Alan Turing")] {
            app.begin_as(place).await;
            let rows = app.client().query(&prepared, &[]).await.unwrap();
            app.run("commit").await;
            let names: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
            assert_eq!(names, [name], "round {round}");
        }
    }
}

#[actix_web::test]
async fn presets_and_keys_are_refused_whoever_names_them() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let columns = scene
        .admin
        .rows(
            "select a.attrelid::regclass, a.attname
            from pg_attribute a
            join pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
            where c.relnamespace = 'crm'::regnamespace
                and (
                    a.attname in ('company_id', 'id', 'user_id', 'created_at', 'updated_at', 'version')
                    or a.attgenerated <> ''
                )
            order by 1, 2",
        )
        .await;
    assert!(columns.len() >= 20, "{columns:?}");
    for row in columns {
        let (table, column) = row.split_once('|').unwrap();
        let name = table.trim_start_matches("crm.");
        let denied = format!("42501 permission denied for table {name}");
        for statement in [
            format!("insert into {table} ({column}) values (default)"),
            format!(
                "insert into {table} ({column}) select {column} from {table} on conflict do nothing"
            ),
            format!("update {table} set {column} = default"),
        ] {
            // A generated column is refused before anybody asks for privileges.
            let refusal = app.refusal_as(scene.alice, &statement).await;
            let generated = refusal.starts_with("428C9");
            assert!(refusal == denied || generated, "{statement}: {refusal}");
        }
    }
}

#[actix_web::test]
async fn a_row_cannot_be_put_into_or_moved_to_the_other_company() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let bob = scene.bob.company_id;
    for statement in [
        format!("insert into crm.customers (company_id, name) values ('{bob}', 'Eve')"),
        format!("update crm.customers set company_id = '{bob}'"),
        format!("update crm.customers set user_id = '{}'", scene.bob.user_id),
        "update crm.customers set version = 7".to_owned(),
        format!(
            "insert into crm.customers (user_id, name) values ('{}', 'Eve')",
            scene.bob.user_id
        ),
    ] {
        let refusal = app.refusal_as(scene.alice, &statement).await;
        assert_eq!(refusal, "42501 permission denied for table customers", "{statement}");
    }
}

#[actix_web::test]
async fn even_with_every_privilege_a_row_stays_in_its_company() {
    let scene = Scene::new().await;
    scene.admin.run("grant all on all tables in schema crm to paddock_app").await;
    let app = scene.app().await;
    let bob = scene.bob.company_id;
    for statement in [
        format!(
            "insert into crm.customers (company_id, user_id, name) values ('{bob}', null, 'Eve')"
        ),
        format!("update crm.customers set company_id = '{bob}', user_id = null"),
        format!("update crm.customer_comments set company_id = '{bob}'"),
    ] {
        let refusal = app.refusal_as(scene.alice, &statement).await;
        assert!(
            refusal.starts_with("42501 new row violates row-level security policy"),
            "{refusal}"
        );
    }
    app.begin_as(scene.alice).await;
    assert_eq!(app.count("delete from crm.customers").await, 0, "there is no policy for deleting");
    app.run("rollback").await;
}

#[actix_web::test]
async fn nothing_is_deleted_or_truncated() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    for (table, _) in scene.tables().await {
        let name = table.trim_start_matches("crm.");
        for statement in [format!("delete from {table}"), format!("truncate {table}")] {
            let refusal = app.refusal_as(scene.alice, &statement).await;
            assert_eq!(refusal, format!("42501 permission denied for table {name}"), "{statement}");
        }
    }
}

// ── What does not ask a policy ─────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_comment_on_the_other_companys_customer_fails_like_one_on_nobody() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let mut refusals = Vec::new();
    for id in [scene.his.clone(), uuid::Uuid::now_v7().to_string()] {
        let comment =
            format!("insert into crm.customer_comments (customer_id, body) values ('{id}', 'Hi.')");
        refusals.push(app.refusal_as(scene.alice, &comment).await.replace(&id, "<id>"));
    }
    assert_eq!(refusals[0], refusals[1]);
    assert!(refusals[0].starts_with("23503 "), "{}", refusals[0]);
    assert!(refusals[0].contains("customer_comments_customer_id_fkey"), "{}", refusals[0]);
}

#[actix_web::test]
async fn an_upsert_with_the_other_companys_email_makes_a_row_of_ones_own() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    let upsert = "
        insert into crm.customers (name, email) values ('Eve', 'ALAN@example.com')
        on conflict (company_id, email_key) where deleted_at is null do update set name = excluded.name
        returning company_id, version";
    let row = app.rows_as(scene.alice, upsert).await;
    assert_eq!(row, [format!("{}|1", scene.alice.company_id)]);
    let his = format!("select name, version from crm.customers where id = '{}'", scene.his);
    assert_eq!(scene.admin.value(&his).await, "Alan Turing|1");
}

#[actix_web::test]
async fn an_uncommitted_email_of_the_other_company_blocks_nobody() {
    let scene = Scene::new().await;
    let (hers, his) = (scene.app().await, scene.app().await);
    let insert = "insert into crm.customers (name, email) values ('Eve', 'eve@example.com') returning version";
    hers.begin_as(scene.alice).await;
    hers.run(insert).await;
    his.run("set lock_timeout = '1ms'").await;
    assert_eq!(his.rows_as(scene.bob, insert).await, ["1"]);
    // The same test could not fail if locks were not asked for at all.
    let colleague = scene.app().await;
    colleague.run("set lock_timeout = '1ms'").await;
    let refusal = colleague.refusal_as(scene.alice, insert).await;
    assert!(refusal.starts_with("55P03"), "{refusal}");
}

#[actix_web::test]
async fn a_deleted_user_leaves_customers_and_comments_in_the_company() {
    let scene = Scene::new().await;
    scene.admin.run(&format!("delete from crm.users where id = '{}'", scene.alice.user_id)).await;
    for table in ["crm.customers", "crm.customer_comments"] {
        let rows = format!(
            "select company_id, user_id from {table} where company_id = '{}'",
            scene.alice.company_id
        );
        assert_eq!(
            scene.admin.rows(&rows).await,
            [format!("{}|", scene.alice.company_id)],
            "{table}"
        );
    }
    let hers = format!("select user_id from crm.customers where id = '{}'", scene.hers);
    assert_eq!(scene.admin.value(&hers).await, "");
    let his = format!("select user_id from crm.customers where id = '{}'", scene.his);
    assert_eq!(scene.admin.value(&his).await, scene.bob.user_id.to_string());
}

#[actix_web::test]
async fn copy_goes_neither_around_the_policies_nor_to_a_file() {
    let scene = Scene::new().await;
    let app = scene.app().await;
    for (statement, refusal) in [
        ("copy crm.customers (name) from stdin", "0A000"),
        ("copy crm.customers to '/tmp/stolen'", "42501"),
        ("copy crm.customers to program 'cat'", "42501"),
        ("copy crm.customers (name) from '/etc/passwd'", "42501"),
        ("copy crm.users to stdout", "42501"),
        ("copy identity.identities to stdout", "42501"),
    ] {
        let said = app.refusal_as(scene.alice, statement).await;
        assert!(said.starts_with(refusal), "{statement}: {said}");
    }
    app.begin_as(scene.alice).await;
    let out = app.client().copy_out("copy crm.customers (name) to stdout").await.unwrap();
    let chunks: Vec<_> = futures_util::StreamExt::collect(Box::pin(out)).await;
    let text: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.unwrap().to_vec()).collect();
    assert_eq!(String::from_utf8(text).unwrap(), "Grace Hopper\n");
}

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
        if ["crm.audit_log", "crm.companies", "crm.invitations", "crm.user_logins", "crm.users"]
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

// ── The catalog ────────────────────────────────────────────────────────────────────────────────────

/// A question to the catalog: no rows is healthy; and ways to break what it asks for, each of which it
/// must notice.
struct Question {
    name: &'static str,
    sql: &'static str,
    sabotage: &'static [&'static str],
}

/// What every question starts from: our tables, with the column that tells the company.
const OURS: &str = "
    with ours as (
        select
            c.oid, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.relowner,
            n.nspname,
            case when n.nspname = 'crm' and c.relname = 'companies' then 'id' else 'company_id' end as tenant
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname in ('crm', 'identity', 'app')
    ), tables as (
        select * from ours where relkind in ('r', 'p')
    ), functions as (
        select p.*, p.oid::regprocedure::text as name
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace
        where n.nspname in ('crm', 'identity', 'app')
    )";

const NEW_TABLE: &str = "create table crm.deals (company_id uuid not null, id uuid, name text)";

const QUESTIONS: &[Question] = &[
    Question {
        name: "every table has row security, and those of companies and logins force it",
        sql: "select oid::regclass from tables
            where not relrowsecurity or nspname <> 'app' and not relforcerowsecurity",
        sabotage: &[
            NEW_TABLE,
            "alter table crm.users disable row level security",
            "alter table crm.companies no force row level security",
            "alter table identity.identities no force row level security",
            "alter table app.schema_history disable row level security",
        ],
    },
    Question {
        name: "every table of a company has the floor: restrictive, for all, to everybody, both ways",
        sql: "select t.oid::regclass from tables t
            where t.nspname = 'crm' and not exists (
                select from pg_policy p
                where p.polrelid = t.oid
                    and not p.polpermissive
                    and p.polcmd = '*'
                    and p.polroles = '{0}'
                    and pg_get_expr(p.polqual, t.oid)
                        ~ format('^\\(%s = \\(? ?(SELECT )?app.company_id\\(\\)', t.tenant)
                    and pg_get_expr(p.polwithcheck, t.oid) = pg_get_expr(p.polqual, t.oid)
            )",
        sabotage: &[
            NEW_TABLE,
            "drop policy users_floor on crm.users",
            "alter policy customers_floor on crm.customers using (true)",
            "alter policy customers_floor on crm.customers with check (true)",
            "alter policy customers_floor on crm.customers to paddock_app",
            "alter policy customers_floor on crm.customers using (id = (select app.company_id()))",
        ],
    },
    Question {
        name: "no policy lets everybody in, and each names the company or the role itself",
        sql: "select polrelid::regclass, polname from pg_policy p
            join tables t on t.oid = p.polrelid
            cross join lateral (
                select case when p.polpermissive then 'company_id' else 'company_id|role' end
            ) h (helper)
            where t.nspname <> 'app' and (
                p.polpermissive and p.polroles = '{0}'
                or t.nspname = 'crm' and (
                    pg_get_expr(p.polqual, t.oid) !~ format('app.(%s)\\(\\)', helper)
                    or pg_get_expr(p.polwithcheck, t.oid) !~ format('app.(%s)\\(\\)', helper)
                )
            )",
        sabotage: &[
            "create policy oops on crm.users using (company_id = (select app.company_id()))",
            "alter policy customers_read on crm.customers using (true)",
            "alter policy customers_create on crm.customers with check (true)",
            "alter policy customers_may_create on crm.customers with check (true)",
        ],
    },
    Question {
        name: "identities are floored by the roles that may see them",
        sql: "select t.oid::regclass from tables t
            where t.nspname = 'identity' and not exists (
                select from pg_policy p
                where p.polrelid = t.oid
                    and not p.polpermissive
                    and p.polcmd = '*'
                    and p.polroles = '{0}'
                    and pg_get_expr(p.polqual, t.oid) ~ '^\\(CURRENT_USER = ANY'
                    and pg_get_expr(p.polwithcheck, t.oid) = pg_get_expr(p.polqual, t.oid)
            )",
        sabotage: &[
            "create table identity.tokens (id uuid)",
            "drop policy memberships_floor on identity.memberships",
        ],
    },
    Question {
        name: "every policy is explained",
        sql: "select polrelid::regclass, polname from pg_policy p
            join tables t on t.oid = p.polrelid
            where coalesce(obj_description(p.oid, 'pg_policy'), '') = ''",
        sabotage: &["comment on policy users_floor on crm.users is null"],
    },
    Question {
        name: "every key and index of a company's table begins with the company",
        sql: "select i.indexrelid::regclass from pg_index i
            join tables t on t.oid = i.indrelid
            left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
            where t.nspname = 'crm' and a.attname is distinct from t.tenant",
        sabotage: &[
            "create index on crm.customers (name_key)",
            "create unique index on crm.customers (email_key, company_id)",
            "create index on crm.customers (lower(name))",
            "alter table crm.customers add constraint x exclude using btree (email with =)",
            "create table crm.deals (id uuid primary key, company_id uuid)",
        ],
    },
    Question {
        name: "every table of a company has a primary key",
        sql: "select t.oid::regclass from tables t
            where not exists (select from pg_index i where i.indrelid = t.oid and i.indisprimary)",
        sabotage: &[NEW_TABLE],
    },
    Question {
        name: "every foreign key begins with the company on both sides, and never clears it",
        sql: "select c.conrelid::regclass, c.conname from pg_constraint c
            join tables t on t.oid = c.conrelid
            join tables r on r.oid = c.confrelid
            join pg_attribute a on a.attrelid = t.oid and a.attnum = c.conkey[1]
            join pg_attribute f on f.attrelid = r.oid and f.attnum = c.confkey[1]
            where c.contype = 'f' and (
                (t.nspname = 'crm' or r.nspname = 'crm') and (a.attname, f.attname) <> (t.tenant, r.tenant)
                or c.confupdtype <> 'a'
                or c.confdeltype in ('n', 'd') and (
                    c.confdelsetcols is null
                    or exists (
                        select from pg_attribute d
                        where d.attrelid = t.oid
                            and d.attnum = any (c.confdelsetcols)
                            and d.attname = t.tenant
                    )
                )
            )",
        sabotage: &[
            "create unique index x on crm.users (id);
                alter table crm.customers add foreign key (user_id) references crm.users (id)",
            "alter table crm.customers add foreign key (user_id, company_id)
                references crm.users (company_id, id)",
            "alter table crm.customers add foreign key (company_id, user_id)
                references crm.users (company_id, id) on delete set null",
            "alter table crm.customers add foreign key (company_id, user_id)
                references crm.users (company_id, id) on update cascade",
        ],
    },
    Question {
        name: "every table of a company belongs to a company",
        sql: "select t.oid::regclass from tables t
            where t.nspname = 'crm' and t.relname <> 'companies' and not exists (
                select from pg_constraint c
                where c.conrelid = t.oid and c.contype = 'f' and c.confrelid = 'crm.companies'::regclass
            )",
        sabotage: &[NEW_TABLE],
    },
    Question {
        name: "the company is a preset that is never null",
        sql: "select t.oid::regclass from tables t
            left join pg_attribute a on a.attrelid = t.oid and a.attname = t.tenant
            left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum
            where t.nspname = 'crm' and (
                not coalesce(a.attnotnull, false)
                or pg_get_expr(d.adbin, t.oid) is distinct from 'app.company_id()'
            )",
        sabotage: &[NEW_TABLE, "alter table crm.customers alter company_id drop default"],
    },
    Question {
        name: "nothing is granted to everybody",
        sql: "select t.oid::regclass::text from ours t, aclexplode(t.relacl) x where x.grantee = 0
            union all
            select a.attrelid::regclass || '.' || a.attname from ours t
            join pg_attribute a on a.attrelid = t.oid, aclexplode(a.attacl) x
            where x.grantee = 0
            union all
            select f.name from functions f, aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) x
            where x.grantee = 0
            union all
            select n.nspname::text from pg_namespace n, aclexplode(n.nspacl) x
            where x.grantee = 0 and n.nspname in ('crm', 'identity', 'app', 'public')
            union all
            select d.datname::text from pg_database d,
                aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) x
            where x.grantee = 0 and d.datname = current_database()
            union all
            select 'default privileges' from pg_default_acl",
        sabotage: &[
            "grant select on crm.companies to public",
            "grant select (name) on crm.customers to public",
            "grant execute on function app.fold(text) to public",
            "create function app.f() returns int language sql return 1",
            "grant usage on schema crm to public",
            "alter default privileges in schema crm grant select on tables to paddock_app",
            "grant usage on schema public to public",
        ],
    },
    Question {
        name: "the application may select, insert and update, column by column, and the login door change a second factor",
        sql: "select t.oid::regclass::text, x.privilege_type from ours t, aclexplode(t.relacl) x
            where x.grantee <> t.relowner
            union all
            select a.attrelid::regclass || '.' || a.attname, x.privilege_type from ours t
            join pg_attribute a on a.attrelid = t.oid, aclexplode(a.attacl) x
            where x.privilege_type not in ('SELECT', 'INSERT', 'UPDATE') or x.is_grantable
                or x.privilege_type <> 'SELECT' and (
                    a.attname in ('id', 'company_id', 'user_id', 'created_at', 'updated_at', 'version')
                    or t.nspname <> 'crm' and (
                        t.oid <> 'identity.second_factors'::regclass
                        or x.grantee <> 'paddock_auth'::regrole
                        or (a.attname, x.privilege_type) not in (
                            values ('identity_id', 'INSERT'), ('sealed_secret', 'INSERT'),
                                ('sealed_secret', 'UPDATE'), ('last_step', 'UPDATE'),
                                ('recovery_hashes', 'UPDATE'), ('confirmed_at', 'UPDATE')
                        )
                    )
                )",
        sabotage: &[
            "grant update (identity_id) on identity.second_factors to paddock_auth",
            "grant update (confirmed_at) on identity.second_factors to paddock_app",
            "grant update (password_hash) on identity.identities to paddock_auth",
            "grant select on crm.customers to paddock_app",
            "grant delete on crm.customers to paddock_app",
            "grant references (id) on crm.customers to paddock_app",
            "grant update (company_id) on crm.customers to paddock_app",
            "grant insert (version) on crm.customer_comments to paddock_app",
            "grant select (name) on crm.customers to paddock_app with grant option",
        ],
    },
    Question {
        name: "there are tables and indexes, and no sequences, views or copies",
        sql: "select oid::regclass from ours where relkind not in ('r', 'p', 'i', 'I', 't')",
        sabotage: &[
            "create sequence crm.numbers",
            "create view crm.v as select 1 as one",
            "create materialized view crm.m as select 1 as one",
        ],
    },
    Question {
        name: "no function runs with somebody else's rights but the owner's, for the login door alone or for triggers",
        sql: "select name from functions f
            where prosecdef and (
                f.pronamespace <> 'identity'::regnamespace
                    and name not in (
                        'app.record_change()', 'app.record_failed_login(text)', 'app.record_second_factor()'
                    )
                or f.proowner <> 'paddock_owner'::regrole
                or exists (
                    select from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) x
                    where x.grantee not in (f.proowner, 'paddock_auth'::regrole)
                        or f.proname in ('record_change', 'record_second_factor') and x.grantee <> f.proowner
                )
            )",
        sabotage: &[
            "alter function app.touch() security definer",
            "grant execute on function app.record_change() to paddock_auth",
            "grant execute on function app.record_second_factor() to paddock_auth",
            "grant execute on function app.record_failed_login(text) to paddock_app",
            "alter function identity.reset_password(bytea, text) owner to postgres",
            "grant execute on function identity.reset_password(bytea, text) to paddock_app",
            "grant execute on function identity.change_email(bytea) to public",
        ],
    },
    Question {
        name: "no function looks names up on the caller's search path",
        sql: "select name from functions
            where prosqlbody is null
                and not coalesce(proconfig::text like '%search_path=pg_catalog, pg_temp%', false)",
        sabotage: &["alter function app.touch() reset search_path"],
    },
    Question {
        name: "who is asking is decided once a statement: stable, and never in advance",
        sql: "select f.name from functions f
            where f.proname in ('company_id', 'user_id') and f.provolatile <> 's'
            union all
            select 'helper missing' where (
                select count(*) from functions where proname in ('company_id', 'user_id')
            ) <> 2",
        sabotage: &[
            "alter function app.company_id() immutable",
            "alter function app.user_id() volatile",
        ],
    },
    Question {
        name: "the application and the login door own nothing and belong to nobody",
        sql: "select oid::regclass::text from pg_class
            where relowner in ('paddock_app'::regrole, 'paddock_auth'::regrole)
            union all
            select member::regrole::text from pg_auth_members
            where member in ('paddock_app'::regrole, 'paddock_auth'::regrole)
            union all
            select rolname from pg_roles
            where rolname in ('paddock_owner', 'paddock_app', 'paddock_auth') and (
                rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
                or rolcanlogin = (rolname = 'paddock_owner')
            )",
        sabotage: &[
            "alter table app.schema_history owner to paddock_app",
            "grant paddock_owner to paddock_app",
            "alter role paddock_app bypassrls",
            "alter role paddock_owner login",
        ],
    },
    Question {
        name: "everything of ours is owned by the owner",
        sql: "select oid::regclass::text from ours where relowner <> 'paddock_owner'::regrole
            union all
            select name from functions where proowner <> 'paddock_owner'::regrole
            union all
            select nspname from pg_namespace
            where nspname in ('crm', 'identity', 'app') and nspowner <> 'paddock_owner'::regrole",
        sabotage: &["create table crm.deals (id uuid)", "alter schema crm owner to postgres"],
    },
    Question {
        name: "no view of the planner's, and no event or rule, looks into a table",
        sql: "select ev_class::regclass::text from pg_rewrite where ev_class in (select oid from ours)
            union all
            select stxname::text from pg_statistic_ext where stxrelid in (select oid from ours)
            union all
            select pubname::text from pg_publication",
        sabotage: &["create rule r as on delete to crm.customers do instead nothing"],
    },
];

#[actix_web::test]
async fn the_catalog_answers_every_question_and_each_question_notices_what_it_is_for() {
    let world = World::new().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    for Question { name, sql, sabotage } in QUESTIONS {
        let question = format!("{OURS} {sql}");
        assert_eq!(admin.rows(&question).await, [""; 0], "{name}");
        for broken in *sabotage {
            admin.run(&format!("begin; {broken}")).await;
            assert_ne!(admin.rows(&question).await, [""; 0], "{name}: {broken} went unnoticed");
            admin.run("rollback").await;
        }
    }
}
