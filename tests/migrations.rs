//! The schema's way from nothing to here, and what the application demands of a database before it serves.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use paddock_db::audit::{Audit, Finding};
use paddock_db::migrate::{self, Step};
use paddock_db::{Db, Limits};
use tokio::sync::Mutex;

use crate::harness::{Database, Psql, World};

/// Everything that a migration or the bootstrap could change, in words.
const FINGERPRINT: &str = "
    select 'relation ' || c.oid::regclass || c.relkind::text || c.relrowsecurity || c.relforcerowsecurity
        || coalesce(c.relacl::text, '') || c.relowner::regrole
    from pg_class c where c.relnamespace::regnamespace::text in ('app', 'crm', 'identity')
    union all
    select 'column ' || a.attrelid::regclass || a.attname || a.atttypid::regtype || a.attnotnull
        || coalesce(a.attacl::text, '')
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace::regnamespace::text in ('app', 'crm', 'identity')
    union all
    select 'policy ' || p.polrelid::regclass || p.polname || p.polcmd::text || p.polroles::text
        || coalesce(pg_get_expr(p.polqual, p.polrelid), '')
    from pg_policy p
    union all
    select 'function ' || p.oid::regprocedure || coalesce(p.proacl::text, '') || p.provolatile::text
    from pg_proc p where p.proacl is not null or p.pronamespace = 'app'::regnamespace
    union all
    select 'schema ' || n.nspname || coalesce(n.nspacl::text, '') from pg_namespace n
    where n.nspname !~ '^pg_(temp|toast_temp)'
    union all
    select 'role ' || r.rolname || r.rolsuper || r.rolcanlogin || r.rolbypassrls || r.rolinherit
        || coalesce(s.setconfig::text, '')
    from pg_roles r left join pg_db_role_setting s on s.setrole = r.oid and s.setdatabase = 0
    where r.rolname like 'paddock%'
    union all
    select 'database ' || d.datacl::text from pg_database d where d.datname = current_database()
    union all
    select 'history ' || h.version || h.name || h.applied_on || h.checksum from app.schema_history h
    order by 1";

/// The roles belong to the whole cluster, which these tests share: one at a time.
pub static ROLES: Mutex<()> = Mutex::const_new(());

async fn bootstrap(url: &str) {
    let _turn = ROLES.lock().await;
    migrate::bootstrap(url).await.unwrap();
}

/// How many there are: their numbers may have gaps.
fn migrations() -> usize {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../sql/migrations");
    std::fs::read_dir(folder).unwrap().count()
}

async fn fingerprint(database: &Database) -> Vec<String> {
    Psql::new(&database.admin_url()).await.rows(FINGERPRINT).await
}

// ── Migrations ─────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn migrating_twice_and_bootstrapping_twice_changes_nothing() {
    let database = Database::empty().await;
    let url = database.admin_url();
    bootstrap(&url).await;
    let mut steps = Vec::new();
    let done = migrate::migrate(&url, |step| steps.push(step)).await.unwrap();
    assert_eq!(done, migrations());
    let reached = Psql::new(&url).await.value("select max(version) from app.schema_history").await;
    assert_eq!(reached, migrate::latest_version().to_string());
    assert_eq!(steps.len(), 2 * done, "each begun and done: {steps:?}");
    let first = fingerprint(&database).await;
    assert!(first.len() > 100, "{first:?}");
    let done = migrate::migrate(&url, |step| panic!("nothing was to be done: {step:?}")).await;
    assert_eq!(done.unwrap(), 0);
    bootstrap(&url).await;
    assert_eq!(fingerprint(&database).await, first);
}

#[actix_web::test]
async fn the_bootstrap_closes_the_database_to_everybody_else() {
    let database = Database::empty().await;
    let admin = Psql::new(&database.admin_url()).await;
    let privileges = "
        select r.rolname, p.privilege
        from unnest(array['paddock_owner', 'paddock_app', 'paddock_auth', 'stranger']) r (rolname)
        cross join unnest(array['connect', 'create', 'temporary']) p (privilege)
        where has_database_privilege(r.rolname, current_database(), p.privilege)
        order by 1, 2";
    admin.run("begin; create role stranger").await;
    assert!(admin.rows(privileges).await.contains(&"stranger|connect".to_owned()));
    admin.run("rollback").await;
    bootstrap(&database.admin_url()).await;
    admin.run("begin; create role stranger").await;
    assert_eq!(
        admin.rows(privileges).await,
        [
            "paddock_app|connect",
            "paddock_auth|connect",
            "paddock_owner|connect",
            "paddock_owner|create"
        ]
    );
}

#[actix_web::test]
async fn a_new_database_is_like_the_one_that_the_tests_use() {
    let (world, database) = (World::new().await, Database::empty().await);
    bootstrap(&database.admin_url()).await;
    migrate::migrate(&database.admin_url(), |_| {}).await.unwrap();
    let but_the_dates = |lines: Vec<String>| {
        lines.into_iter().filter(|line| !line.starts_with("history")).collect::<Vec<_>>()
    };
    assert_eq!(
        but_the_dates(fingerprint(&world.database).await),
        but_the_dates(fingerprint(&database).await)
    );
}

#[actix_web::test]
async fn of_two_migrators_one_works_and_the_other_waits_and_finds_nothing_to_do() {
    let database = Database::empty().await;
    let url = database.admin_url();
    bootstrap(&url).await;
    let migrator = || async {
        let mut waited = false;
        let done = migrate::migrate(&url, |step| waited |= matches!(step, Step::Waiting)).await;
        (done.unwrap(), waited)
    };
    // Another session that migrates, so that both are sure to meet it and each other.
    let third = Psql::new(&url).await;
    third.run("select pg_advisory_lock(x'00706164646f636b'::bigint)").await; // "paddock" in ASCII
    let admin = Psql::new(&url).await;
    let both_wait = async {
        let waiting = "
            select count(*) from pg_stat_activity
            where datname = current_database() and wait_event = 'advisory'";
        let start = Instant::now();
        while admin.value(waiting).await != "2" {
            assert!(start.elapsed() < Duration::from_secs(20), "the migrators do not wait");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        drop(third);
    };
    let (one, other, ()) = futures_util::join!(migrator(), migrator(), both_wait);
    let all = migrations();
    let mut outcomes = [one, other];
    outcomes.sort();
    assert_eq!(outcomes, [(0, true), (all, true)]);
}

#[actix_web::test]
async fn two_who_bootstrap_at_once_do_not_stumble_over_each_other() {
    let database = Database::empty().await;
    let url = database.admin_url();
    let _turn = ROLES.lock().await;
    for _ in 0..5 {
        let both = futures_util::join!(migrate::bootstrap(&url), migrate::bootstrap(&url));
        assert!(matches!(both, (Ok(()), Ok(()))), "{both:?}");
    }
}

#[actix_web::test]
async fn a_table_in_use_is_reported_and_waited_for() {
    let database = Database::empty().await;
    let url = database.admin_url();
    bootstrap(&url).await;
    migrate::migrate(&url, |_| {}).await.unwrap();
    let admin = Psql::new(&url).await;
    admin
        .run(
            "drop function app.explain_access(regclass, uuid), app.record_catalog(), app.catalog();
            drop table crm.invitations;
            drop table crm.custom_field_values, crm.custom_field_choices, crm.custom_fields;
            drop function app.readable_custom_fields(), app.writable_custom_fields(text), app.as_date(text),
                app.custom_fields_of(uuid), app.custom_field_id(text, text, text), app.custom_field_type(text, text),
                app.custom_field_key(text, text, text), app.custom_field_takes(uuid, text, jsonb),
                app.write_custom_fields(text, uuid[], text[]), app.write_custom_fields_of(text, uuid, text);
            alter table crm.customers drop column has_custom_fields;
            drop function identity.may_enter(uuid, uuid), identity.find_invitation(uuid, bytea),
                identity.accept_invitation(uuid, bytea, text, uuid, text),
                identity.list_companies(uuid, uuid, timestamptz, uuid, bigint),
                identity.remove_user(uuid, uuid, uuid, uuid, bigint[]);
            drop table app.catalog_record, identity.second_factors;
            drop function app.record_second_factor();
            drop function identity.forget_old_tokens(), identity.end_everything(uuid),
                identity.begin_sign_up(text, text, text, text, bytea), identity.complete_sign_up(bytea),
                identity.begin_password_reset(text, bytea), identity.words_of_reset(bytea),
                identity.reset_password(bytea, text), identity.change_password(uuid, text, text),
                identity.renew_password_hash(uuid, text, text),
                identity.begin_email_change(uuid, text, bytea), identity.change_email(bytea);
            drop table identity.sign_ups, identity.one_time_tokens;
            drop function app.record_change(), app.record_failed_login(text) cascade;
            drop table crm.audit_log, identity.login_failures; drop function app.may_read_audit_log();
            drop function app.enter(integer, uuid, uuid, uuid, bytea, text);
            drop function identity.arrive(uuid, text, text, text, boolean, text, text);
            drop table crm.api_key_uses, crm.api_keys;
            drop table crm.record_shares, crm.team_members, crm.teams;
            drop table crm.user_logins, crm.sessions, crm.customer_comments;
            delete from app.schema_history where version >= 5",
        )
        .await;
    let writer = Psql::new(&url).await;
    writer.run("begin; lock table crm.customers in row exclusive mode").await;
    let writer = RefCell::new(Some(writer));
    let blocked = Cell::new(0);
    let done = migrate::migrate(&url, |step| {
        if let Step::Blocked(name, attempt) = step {
            assert_eq!((name.as_str(), attempt), ("V5__customer_comments", blocked.get() + 1));
            blocked.set(attempt);
            // Whoever used the table is done: the connection closes, which rolls back.
            drop(writer.take());
        }
    })
    .await;
    assert_eq!(done.unwrap(), migrations() - 4);
    assert_eq!(blocked.get(), 1);
    let reached = admin.value("select max(version) from app.schema_history").await;
    assert_eq!(reached, migrate::latest_version().to_string());
}

#[actix_web::test]
async fn a_history_that_is_not_ours_is_refused() {
    let database = Database::empty().await;
    let url = database.admin_url();
    bootstrap(&url).await;
    migrate::migrate(&url, |_| {}).await.unwrap();
    let admin = Psql::new(&url).await;
    let cases = [
        (
            "insert into app.schema_history (version, name, applied_on, checksum)
                values (9999, 'from_the_future', '2026-01-01T00:00:00Z', '1')",
            "from_the_future",
        ),
        ("update app.schema_history set checksum = '1' where version = 2", "companies_and_users"),
        ("update app.schema_history set name = 'another' where version = 3", "another"),
        ("delete from app.schema_history where version = 3", "identities"),
    ];
    for (change, named) in cases {
        admin.run("create table kept as select * from app.schema_history").await;
        admin.run(change).await;
        let changed = fingerprint(&database).await;
        let refusal =
            migrate::migrate(&url, |step| panic!("{step:?}")).await.unwrap_err().to_string();
        assert!(refusal.contains(named), "{change}: {refusal}");
        assert_eq!(fingerprint(&database).await, changed, "{change}");
        admin
            .run(
                "delete from app.schema_history;
                insert into app.schema_history select * from kept;
                drop table kept",
            )
            .await;
    }
}

#[actix_web::test]
async fn a_role_that_may_not_migrate_is_told_so_and_changes_nothing() {
    let world = World::new().await;
    let before = fingerprint(&world.database).await;
    let refusal =
        migrate::migrate(&world.database.app_url(), |_| {}).await.unwrap_err().to_string();
    assert!(refusal.contains("permission denied"), "{refusal}");
    let refusal = migrate::bootstrap(&world.database.app_url()).await.unwrap_err().to_string();
    let denied = ["permission denied", "must be superuser"];
    assert!(denied.iter().any(|text| refusal.contains(text)), "{refusal}");
    assert_eq!(fingerprint(&world.database).await, before);
}

// ── Before the application serves ──────────────────────────────────────────────────────────────────

/// A world whose server is durable, unlike that of the other tests.
pub async fn durable() -> (World, Psql) {
    let world = World::new().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    admin
        .run(&format!("alter database {} set synchronous_commit = on", world.database.name()))
        .await;
    // A session keeps the settings that it began with.
    let admin = Psql::new(&world.database.admin_url()).await;
    (world, admin)
}

async fn findings(url: &str) -> Vec<Finding> {
    let db = Db::new(url, Limits { connections: 1, ..Limits::default() }).unwrap();
    Audit::before_serving(&db).await.unwrap()
}

/// What forbids serving, whoever waives what.
async fn forbidden(url: &str) -> Vec<String> {
    let findings = findings(url).await.into_iter();
    findings.filter(|finding| !finding.can_be_waived()).map(|finding| finding.to_string()).collect()
}

#[actix_web::test]
async fn a_healthy_database_is_served_but_for_a_server_that_lacks_patches() {
    let (world, admin) = durable().await;
    let found = findings(&world.database.app_url()).await;
    let version: u32 = admin.value("show server_version_num").await.parse().unwrap();
    let patched = [150_019, 160_015, 170_011, 180_006];
    let is_old = patched.iter().any(|p| version / 10_000 == p / 10_000 && version < *p);
    assert_eq!(found.len(), usize::from(is_old), "{found:?}");
    for finding in found {
        let server = format!("PostgreSQL {}.{}", version / 10_000, version % 10_000);
        assert!(finding.can_be_waived() && finding.object == server, "{finding}");
        assert!(finding.detail.starts_with("lacks known fixes"), "{finding}");
        assert!(finding.remedy.contains("--allow-unpatched-postgres"), "{finding}");
    }
}

#[actix_web::test]
async fn a_role_that_could_step_around_row_security_is_refused() {
    let (world, admin) = durable().await;
    let name = |what: &str| format!("{}_{what}", world.database.name());
    let (bypass, member, owner) = (name("bypass"), name("member"), name("owner"));
    admin
        .run(&format!(
            "create role {bypass} login bypassrls password 'only-for-tests';
            create role {member} login password 'only-for-tests' in role paddock_owner;
            create role {owner} login password 'only-for-tests';
            grant connect on database {database} to {bypass}, {member}, {owner};
            grant usage on schema app to {bypass}, {owner};
            grant select on app.schema_history to {bypass}, {owner};
            grant create on schema crm to {owner};
            alter table crm.customer_comments owner to {owner}",
            database = world.database.name()
        ))
        .await;
    let restricted = |role: &str| world.database.url_as(role, "only-for-tests");
    for (url, role) in [
        (world.database.admin_url(), "postgres"),
        (restricted(&bypass), bypass.as_str()),
        (restricted(&member), member.as_str()),
        (restricted(&owner), owner.as_str()),
    ] {
        let found = forbidden(&url).await;
        let refusal =
            found.iter().find(|text| text.contains(&format!("the role {role} could step around")));
        assert!(
            refusal.is_some_and(|text| text.contains("Connect as paddock_app")),
            "{role}: {found:?}"
        );
    }
    let drop = format!(
        "alter table crm.customer_comments owner to paddock_owner;
        drop owned by {bypass}, {member}, {owner}; drop role {bypass}, {member}, {owner}"
    );
    admin.run(&drop).await;
}

#[actix_web::test]
async fn a_server_that_may_lose_what_it_acknowledged_is_refused() {
    let (world, admin) = durable().await;
    let database = world.database.name();
    admin
        .run(&format!("alter role paddock_app in database {database} set synchronous_commit = off"))
        .await;
    assert_eq!(
        forbidden(&world.database.app_url()).await,
        [
            "is off for paddock_app in the database {database}",
            "is off in this session: an acknowledged write may be lost"
        ]
        .map(|detail| format!(
            "high server_durability: synchronous_commit {}\n    \
             remedy: set synchronous_commit = on for the server, the database and the role",
            detail.replace("{database}", database)
        ))
    );
}

#[actix_web::test]
async fn a_schema_of_another_version_is_refused() {
    let (world, admin) = durable().await;
    let url = world.database.app_url();
    let known = migrate::latest_version();
    let refusal = |problem: &str| {
        format!(
            "critical schema_version: {problem}\n    \
             remedy: Run `paddock migrate`, or the program that fits the schema."
        )
    };
    for version in [known + 1, known - 1] {
        admin
            .run(&format!("delete from app.schema_history where version >= {}", version.min(known)))
            .await;
        admin.run(&format!("insert into app.schema_history (version) values ({version})")).await;
        let problem =
            format!("the schema has version {version}, this program knows version {known}");
        assert_eq!(forbidden(&url).await, [refusal(&problem)]);
    }
    for broken in ["delete from app.schema_history", "drop table app.schema_history"] {
        admin.run(broken).await;
        let problem = "the database has no Paddock schema";
        assert_eq!(forbidden(&url).await, [refusal(problem)], "{broken}");
    }
}

#[actix_web::test]
async fn a_database_that_folds_no_letters_but_english_ones_is_refused() {
    let postgres = Database::empty().await;
    let name = format!("{}_c", postgres.name());
    let admin = Psql::new(&postgres.admin_url()).await;
    admin
        .run(&format!("create database {name} template template0 lc_ctype 'C' lc_collate 'C'"))
        .await;
    let url = postgres.admin_url().replace(postgres.name(), &name);
    let db = Db::new(&url, Limits { connections: 1, ..Limits::default() }).unwrap();
    let found = Audit::of(&db).await.unwrap().findings;
    admin.run(&format!("drop database {name} with (force)")).await;
    let folding = found.iter().find(|finding| finding.id == "server_encoding");
    assert!(folding.is_some_and(|finding| finding.remedy.contains("C.UTF-8")), "{found:?}");
}
