//! The audit log: what is recorded, for whom to read, and for nobody to change.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use paddock_db::provision::{NewUser, user};
use paddock_db::{Door, Limits};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::api_keys;
use crate::harness::{PASSWORD, Person, Psql, Reply, World};

const LOG: &str = "/v1/audit-log";
const ALICE: &str = "alice@nike.example";

#[actix_web::test]
async fn a_login_is_recorded_with_who_came_and_without_their_secret() {
    let world = World::new().await;
    let alice = world.alice().await;
    let started = of(&alice, "session.started").await;
    let session = &started[0]["record_id"];
    let whole = json!({
        "id": started[0]["id"], "company_id": alice.company_id, "user_id": alice.user_id,
        "api_key_id": null, "operation": "session.started", "table_name": "sessions", "record_id": session,
        "changes": {
            "user_id": { "new": alice.user_id }, "epoch": { "new": 0 }, "secret_hash": { "redacted": true },
            "expires_at": started[0]["changes"]["expires_at"],
            "refreshed_at": started[0]["changes"]["refreshed_at"],
            "logged_in_at": started[0]["changes"]["refreshed_at"],
        },
        "created_at": started[0]["created_at"],
    });
    assert_eq!((started.len(), &started[0]), (1, &whole));
    let mine = alice.get("/v1/me/sessions").await;
    assert_eq!(mine.json["data"][0]["id"], *session);
    assert_eq!(one(&alice, &whole["id"]).await.json, whole);
}

#[actix_web::test]
async fn a_session_is_recorded_when_it_begins_and_ends_and_not_when_it_goes_on() {
    let world = World::new().await;
    let alice = world.alice().await;
    let login = log_in(&world, PASSWORD).await;
    let mut token = login.json["refresh_token"].clone();
    for _ in 0..3 {
        token = post(&world, "refresh", &token).await.json["refresh_token"].clone();
    }
    let before = all(&alice).await;
    assert_eq!(post(&world, "logout", &token).await.status, 204);
    assert_eq!(post(&world, "logout", &token).await.status, 204);
    let after = all(&alice).await;
    assert_eq!(after[1..], before, "two logouts are one end");
    assert_eq!(said(&after[0]), ("session.ended", alice.user_id.to_string().as_str()));
    assert_eq!(after[0]["changes"]["end_reason"], json!({ "old": null, "new": "ended" }));
    assert_eq!(after[0]["changes"]["ended_at"]["old"], Value::Null);
    assert_eq!(count(&before, "session.started"), 2);
}

#[actix_web::test]
async fn a_refresh_token_that_comes_twice_is_recorded_as_such() {
    let world = World::new().await;
    let alice = world.alice().await;
    let first = log_in(&world, PASSWORD).await.json["refresh_token"].clone();
    let second = post(&world, "refresh", &first).await.json["refresh_token"].clone();
    post(&world, "refresh", &second).await;
    assert_eq!(post(&world, "refresh", &first).await.problem(), "401 session-revoked");
    assert_eq!(post(&world, "refresh", &first).await.problem(), "401 session-revoked");
    let reused = of(&alice, "session.reused").await;
    assert_eq!(reused.len(), 1);
    assert_eq!(reused[0]["changes"]["end_reason"]["new"], "reused");
    assert_eq!(of(&alice, "session.ended").await, [Value::Null; 0]);
}

#[actix_web::test]
async fn what_becomes_of_a_user_and_of_the_company_is_recorded_once_each_with_old_and_new() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let changes = "update crm.users
        set role = 'admin', name = 'Caroline', email = 'caroline@nike.example', token_epoch = token_epoch + 1
        where id = '{carol}';
        update crm.users set disabled_at = '2026-01-02 03:04:05Z' where id = '{carol}';
        update crm.users set role = role, name = name where id = '{carol}';
        update crm.companies set name = 'Nike, Inc.';
        delete from crm.users where id = '{carol}'";
    let before = all(&alice).await;
    acting(&world, &alice, &changes.replace("{carol}", &carol.user_id.to_string()), "commit").await;
    let after = all(&alice).await;
    let new: Vec<_> = after[..after.len() - before.len()].iter().rev().collect();
    let seen: Vec<_> = new.iter().map(|record| record["operation"].as_str().unwrap()).collect();
    assert_eq!(seen, ["users.update", "users.update", "companies.update", "users.delete"]);
    assert!(new.iter().all(|record| record["user_id"] == json!(alice.user_id)), "{new:?}");
    let first = json!({
        "role": { "old": "member", "new": "admin" },
        "name": { "old": "carol", "new": "Caroline" },
        "email": { "old": "carol@nike.example", "new": "caroline@nike.example" },
        "token_epoch": { "old": 0, "new": 1 },
    });
    assert_eq!(new[0]["changes"], first);
    let disabled = json!({ "disabled_at": { "old": null, "new": "2026-01-02T03:04:05+00:00" } });
    assert_eq!(new[1]["changes"], disabled);
    assert_eq!(new[2]["changes"], json!({ "name": { "old": "Nike", "new": "Nike, Inc." } }));
    assert_eq!(new[2]["record_id"], json!(alice.company_id));
    assert_eq!(new[3]["changes"]["name"], json!({ "old": "Caroline" }));
    let hers = list(&alice, &format!("record_id={}", carol.user_id)).await;
    assert_eq!(hers.len(), 4, "when she came, twice what she became, and when she went: {hers:?}");
}

#[actix_web::test]
async fn what_becomes_of_teams_and_who_is_in_them_is_recorded() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let made = alice.post("/v1/teams", json!({ "name": "West" })).await;
    let team = format!("/v1/teams/{}", made.id());
    let member = format!("{team}/members/{}", carol.user_id);
    for _ in 0..2 {
        alice.put(&member, json!({})).await;
    }
    alice.patch(&team, json!({ "name": "East" })).await;
    assert_eq!(alice.delete(&member).await.status, 204);
    alice.put(&member, json!({})).await;
    assert_eq!(alice.delete(&team).await.status, 204);
    let told = list(&alice, &format!("record_id={}", made.id())).await;
    let told: Vec<_> = told.iter().rev().map(|r| (said(r).0, &r["changes"])).collect();
    let removed_at = &told[3].1["removed_at"]["new"];
    let is_carol = json!({ "old": carol.user_id, "new": carol.user_id });
    let expected = [
        ("teams.insert", json!({ "name": { "new": "West" } })),
        (
            "team_members.insert",
            json!({ "team_id": { "new": made.id() }, "member_id": { "new": carol.user_id } }),
        ),
        ("teams.update", json!({ "name": { "old": "West", "new": "East" } })),
        (
            "team_members.update",
            json!({ "removed_at": { "old": null, "new": removed_at }, "member_id": is_carol }),
        ),
        (
            "team_members.update",
            json!({ "removed_at": { "old": removed_at, "new": null }, "member_id": is_carol }),
        ),
        ("teams.update", json!({ "deleted_at": told[5].1["deleted_at"] })),
    ];
    assert_eq!(told, expected.each_ref().map(|(operation, changes)| (*operation, changes)));
    assert!(removed_at.is_string() && told[5].1["deleted_at"]["new"].is_string());
}

#[actix_web::test]
async fn what_is_shared_with_whom_and_taken_back_is_recorded() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let customer = alice.customer("Ada", "ada@example.com").await;
    let shares = format!("/v1/customers/{customer}/shares");
    let body = json!({ "recipient_user_id": carol.user_id, "permission": "write" });
    let made = alice.post(&shares, body).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(alice.delete(&format!("{shares}/{}", made.id())).await.status, 204);
    let told = list(&alice, &format!("record_id={}", made.id())).await;
    let alices = alice.user_id.to_string();
    assert_eq!(said(&told[1]), ("record_shares.insert", &*alices));
    let shared = json!({
        "user_id": { "new": alice.user_id }, "customer_id": { "new": customer },
        "recipient_user_id": { "new": carol.user_id }, "permission": { "new": "write" },
    });
    assert_eq!((told.len(), &told[1]["changes"]), (2, &shared));
    assert_eq!(said(&told[0]), ("record_shares.update", &*alices));
    assert_eq!(told[0]["changes"]["deleted_at"]["old"], Value::Null);
    assert!(told[0]["changes"]["deleted_at"]["new"].is_string());
}

#[actix_web::test]
async fn what_is_done_with_an_api_key_is_recorded_with_the_key() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let made = api_keys::make(&alice, "admin", &["users:write", "teams:write"]).await;
    let program = api_keys::with(&alice, &made);
    let user = format!("/v1/users/{}", carol.user_id);
    assert_eq!(program.patch(&user, json!({ "role": "viewer" })).await.status, 200);
    let team = program.post("/v1/teams", json!({ "name": "West" })).await;
    assert_eq!(program.delete(&user).await.status, 204);
    // Nothing of it is left for the next one on the same connection.
    let rename = json!({ "name": "East" });
    assert_eq!(alice.patch(&format!("/v1/teams/{}", team.id()), rename).await.status, 200);
    let by_key = list(&alice, &format!("api_key_id={}", made.id())).await;
    let alices = alice.user_id.to_string();
    let said: Vec<_> = by_key.iter().map(said).collect();
    let expected = ["users.delete", "teams.insert", "users.update"];
    assert_eq!(said, expected.map(|operation| (operation, &*alices)));
    let log = all(&alice).await;
    assert_eq!(said_by(&log[0]), ("teams.update", Value::Null));
    assert_eq!(said_by(&log[1]), ("users.delete", json!(made.id())));
    assert_eq!(one(&alice, &by_key[0]["id"]).await.json, by_key[0]);
    let bob = world.bob().await;
    assert_eq!(list(&bob, &format!("api_key_id={}", made.id())).await, [Value::Null; 0]);
}

#[actix_web::test]
async fn a_user_who_is_gone_stays_in_the_records_of_what_they_did() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let path = format!("user_id={}", carol.user_id);
    let before = list(&alice, &path).await;
    assert_eq!(before.len(), 1);
    let delete = format!("delete from crm.users where id = '{}'", carol.user_id);
    acting(&world, &alice, &delete, "commit").await;
    assert_eq!(list(&alice, &path).await, before);
}

#[actix_web::test]
async fn what_is_rolled_back_leaves_no_record() {
    let world = World::new().await;
    let alice = world.alice().await;
    let before = all(&alice).await;
    acting(&world, &alice, "update crm.companies set name = 'Other'", "rollback").await;
    let broken = world.admin().await;
    let failing = "update crm.users set name = 'Other'; select 1 / 0";
    broken.batch_execute(failing).await.unwrap_err();
    assert_eq!(all(&alice).await, before);
}

#[actix_web::test]
async fn who_works_without_a_company_is_recorded_in_that_of_the_row_and_binds_none() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let admin = world.admin().await;
    let rename = "begin; update crm.users set name = name || ' II' where email ~ '^(alice|bob)@'";
    admin.batch_execute(rename).await.unwrap();
    admin.query_one("select app.company_id()", &[]).await.unwrap_err();
    admin.batch_execute("rollback").await.unwrap();
    admin.batch_execute(&format!("{rename}; commit")).await.unwrap();
    for person in [&alice, &bob] {
        let renamed = of(person, "users.update").await;
        assert_eq!(renamed.len(), 1);
        assert_eq!(renamed[0]["user_id"], Value::Null, "an administrator is nobody's user");
        assert_eq!(renamed[0]["record_id"], json!(person.user_id));
    }
}

#[actix_web::test]
async fn the_log_holds_no_secret() {
    let world = World::new().await;
    let login = log_in(&world, PASSWORD).await;
    let token = login.json["refresh_token"].clone();
    let next = post(&world, "refresh", &token).await.json["refresh_token"].clone();
    post(&world, "logout", &next).await;
    let alice = world.alice().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    let rehash =
        "update crm.sessions set secret_hash = sha256('x'), ended_at = now() - interval '1 day'";
    admin.run(rehash).await;
    assert_eq!(of(&alice, "sessions.update").await, [Value::Null; 0], "she is out");
    let log = admin.rows("select a::text from crm.audit_log a").await.join("\n").to_lowercase();
    let mut secrets = admin.rows("select password_hash from identity.identities").await;
    secrets.extend(admin.rows("select encode(secret_hash, 'hex') from crm.sessions").await);
    secrets.extend([
        PASSWORD.to_owned(),
        "argon2".to_owned(),
        "pdk_".to_owned(),
        "\\\\x".to_owned(),
    ]);
    secrets.extend([&token, &next].map(|token| token.as_str().unwrap()[60..].to_owned()));
    for secret in secrets {
        assert!(!log.contains(&secret.to_lowercase()), "{secret}");
    }
    assert!(log.contains("session.started") && log.contains("redacted"));
}

// ── Who may ────────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn owners_and_admins_read_the_log_and_everybody_else_is_told_that_they_may_not() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let id = all(&alice).await[0]["id"].as_str().unwrap().to_owned();
    let paths = [LOG.to_owned(), format!("{LOG}/{id}"), format!("{LOG}/{}", Uuid::now_v7())];
    for (role, expected) in [
        ("viewer", ["403 insufficient-permission"; 3]),
        ("member", ["403 insufficient-permission"; 3]),
        ("admin", ["200", "200", "404 not-found"]),
        ("owner", ["200", "200", "404 not-found"]),
    ] {
        let update = "update crm.users set role = $1 where id = $2";
        world.admin().await.execute(update, &[&role, &carol.user_id]).await.unwrap();
        for (path, expected) in paths.iter().zip(expected) {
            let reply = carol.get(path).await;
            let seen = if reply.status == 200 { "200".to_owned() } else { reply.problem() };
            assert_eq!(seen, expected, "{role} {path}");
        }
    }
}

#[actix_web::test]
async fn the_database_itself_refuses_a_member_who_reads_the_log() {
    let world = World::new().await;
    let carol = world.colleague("carol").await;
    let psql = world.psql().await;
    let act = format!(
        "begin; set local app.company_id = '{}'; set local app.user_id = '{}'",
        carol.company_id, carol.user_id
    );
    for query in
        ["select count(*) from crm.audit_log", "select from crm.audit_log where changes = '{}'"]
    {
        psql.batch_execute(&act).await.unwrap();
        let refused = psql.query(query, &[]).await.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some("audit_log_may_read"));
        psql.batch_execute("rollback").await.unwrap();
    }
}

#[actix_web::test]
async fn nobody_writes_changes_or_takes_out_a_record() {
    let world = World::new().await;
    let alice = world.alice().await;
    let before = all(&alice).await;
    let (app, auth) =
        (Psql::new(&world.database.app_url()).await, Psql::new(&world.database.auth_url()).await);
    let attempts = [
        "insert into crm.audit_log (operation, table_name, changes) values ('users.update', 'users', '{}')",
        "insert into crm.audit_log default values",
        "update crm.audit_log set changes = '{}'",
        "update crm.audit_log set user_id = null",
        "delete from crm.audit_log",
        "truncate crm.audit_log",
        "select app.record_failed_login('alice@nike.example')",
        "create trigger t after insert on crm.customers for each row execute function app.record_change()",
        "alter table crm.users disable trigger users_record",
        "drop trigger users_record on crm.users",
    ];
    for attempt in attempts {
        app.begin_as(world.alice_place()).await;
        assert_eq!(&app.refusal(attempt).await[..5], "42501", "{attempt}");
        app.run("rollback").await;
    }
    for attempt in
        ["select 1 from crm.audit_log", "select 1 from identity.login_failures", attempts[4]]
    {
        assert_eq!(&auth.refusal(attempt).await[..5], "42501", "{attempt}");
    }
    assert_eq!(all(&alice).await, before);
}

#[actix_web::test]
async fn the_owner_takes_out_what_is_too_old_of_one_company_and_changes_nothing() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let (before, his) = (all(&alice).await, all(&bob).await);
    let owner = Psql::new(&world.database.admin_url()).await;
    owner.run("set role paddock_owner").await;
    let as_owner = async |statement: &str| {
        owner.run(&format!("begin; set local app.company_id = '{}'", alice.company_id)).await;
        let rows = owner.rows(&format!("{statement} returning id")).await.len();
        owner.run("commit").await;
        rows
    };
    assert_eq!(as_owner("update crm.audit_log set operation = 'nothing'").await, 0);
    assert_eq!(all(&alice).await, before);
    let old = "delete from crm.audit_log where created_at < now() - interval '1 year'";
    assert_eq!(as_owner(old).await, 0);
    assert_eq!(as_owner("delete from crm.audit_log").await, before.len());
    assert_eq!((all(&alice).await.len(), all(&bob).await), (0, his));
}

#[actix_web::test]
async fn another_companys_log_is_as_if_it_did_not_exist() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let hers = all(&alice).await;
    let his = all(&bob).await;
    assert!(his.iter().all(|record| record["company_id"] == json!(bob.company_id)), "{his:?}");
    let never = json!(Uuid::now_v7());
    assert_eq!(one(&bob, &hers[0]["id"]).await.seen(), one(&bob, &never).await.seen());
    assert_eq!(one(&bob, &never).await.problem(), "404 not-found");
    for filter in ["user_id", "record_id"] {
        assert_eq!(list(&bob, &format!("{filter}={}", alice.user_id)).await, [Value::Null; 0]);
    }
}

#[actix_web::test]
async fn the_log_goes_with_its_company() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let his = all(&bob).await;
    let admin = world.admin().await;
    let delete = "delete from crm.companies where id = $1";
    admin.execute(delete, &[&alice.company_id]).await.unwrap();
    let left = "select count(*) from crm.audit_log where company_id = $1";
    assert_eq!(admin.query_one(left, &[&alice.company_id]).await.unwrap().get::<_, i64>(0), 0);
    assert_eq!(all(&bob).await, his);
}

// ── Lists ──────────────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn the_log_is_filtered_by_who_what_about_what_and_when() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let everything = all(&alice).await;
    let times: Vec<&str> = everything.iter().map(|r| r["created_at"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "{times:?}");
    let middle = times[1];
    let fitting = |fits: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        everything.iter().filter(|record| fits(record)).cloned().collect()
    };
    let (hers, about) = (json!(carol.user_id), json!(alice.user_id));
    for (query, expected) in [
        (format!("user_id={}", carol.user_id), fitting(&|r| r["user_id"] == hers)),
        (format!("record_id={}", alice.user_id), fitting(&|r| r["record_id"] == about)),
        ("operation=users.insert".to_owned(), fitting(&|r| r["operation"] == "users.insert")),
        ("operation=nothing".to_owned(), vec![]),
        (
            format!("created_at_gte={middle}"),
            fitting(&|r| r["created_at"].as_str() >= Some(middle)),
        ),
        (format!("created_at_lt={middle}"), fitting(&|r| r["created_at"].as_str() < Some(middle))),
    ] {
        assert_eq!(list(&alice, &query).await, expected, "{query}");
    }
    for query in ["sort=created_at", "operation=", "user_id=x", "created_at_gt=x", "company_id=x"] {
        let name = query.split('=').next().unwrap();
        let reply = alice.get(&format!("{LOG}?{query}")).await;
        assert_eq!(reply.problem(), format!("400 invalid-parameter ?{name}"));
    }
}

#[actix_web::test]
async fn the_log_is_paged_and_each_record_comes_once() {
    let world = World::new().await;
    let alice = world.alice().await;
    let rename = "update crm.users set name = name || 'x'; ".repeat(7);
    acting(&world, &alice, &rename, "commit").await;
    let everything = all(&alice).await;
    let (mut pages, mut next) = (Vec::new(), Some(format!("{LOG}?limit=2")));
    while let Some(path) = next {
        let page = alice.get(&path).await;
        pages.extend(page.json["data"].as_array().unwrap().clone());
        next = page.next();
    }
    assert_eq!(pages, everything);
    let cursor = alice.get(&format!("{LOG}?limit=1")).await.json["page"]["next_cursor"].clone();
    let cursor = cursor.as_str().unwrap();
    for path in [format!("{LOG}?operation=users.update&"), "/v1/customers?".to_owned()] {
        let reply = alice.get(&format!("{path}cursor={cursor}")).await;
        assert_eq!(reply.problem(), "400 invalid-cursor");
    }
}

// ── Failed logins ──────────────────────────────────────────────────────────────────────────────────

#[actix_web::test]
async fn a_login_that_fails_is_recorded_in_every_company_of_the_email() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let new = NewUser { name: "Alice", email: ALICE, role: "member", password_hash: "" };
    let there = user(&world.database.admin_url(), bob.company_id, &new).await.unwrap();
    assert_eq!(log_in(&world, "wrong").await.problem(), "401 invalid-credentials");
    for (person, record) in [(&alice, alice.user_id), (&bob, there)] {
        let failed = failed(person, 1).await;
        let expected = json!({
            "id": failed[0]["id"], "company_id": person.company_id, "user_id": null,
            "api_key_id": null, "operation": "login.failed", "table_name": "users", "record_id": record,
            "changes": { "attempts": { "new": 1 } }, "created_at": failed[0]["created_at"],
        });
        assert_eq!(failed, [expected]);
    }
}

#[actix_web::test]
async fn a_disabled_user_who_knows_the_password_is_recorded_too() {
    let world = World::new().await;
    let (alice, carol) = (world.alice().await, world.colleague("carol").await);
    let disable = "update crm.users set disabled_at = now() where id = $1";
    world.admin().await.execute(disable, &[&carol.user_id]).await.unwrap();
    let credentials = json!({ "email": "carol@nike.example", "password": PASSWORD });
    let reply = world.stranger().post("/v1/auth/login", credentials).await;
    assert_eq!(reply.problem(), "401 invalid-credentials");
    assert_eq!(failed(&alice, 1).await[0]["record_id"], json!(carol.user_id));
}

#[actix_web::test]
async fn whoever_guesses_passwords_does_not_fill_the_disk() {
    let world = World::new().await;
    let alice = world.alice().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    let limits = Limits { connections: 8, ..Limits::default() };
    let door = Door::new(&world.database.auth_url(), limits).unwrap();
    let fail = async |times: usize| {
        for _ in 0..times / 10 {
            let failures = (0..10).map(|_| door.record_failure("Alice@Nike.example"));
            assert!(join_all(failures).await.iter().all(Result::is_ok));
        }
    };
    let size = "select count(*) from crm.audit_log";
    let before: usize = admin.value(size).await.parse().unwrap();
    fail(100).await;
    let told = async || -> Vec<Value> {
        let records = of(&alice, "login.failed").await;
        records.iter().map(|record| record["changes"]["attempts"]["new"].clone()).collect()
    };
    assert_eq!(told().await, [1]);
    admin
        .run("update identity.login_failures set recorded_at = recorded_at - interval '61 seconds'")
        .await;
    fail(50).await;
    assert_eq!(told().await, [100, 1], "one a minute, with those that came meanwhile");
    for email in ["nobody@nike.example", "", "'", "é@例え.example"] {
        door.record_failure(email).await.unwrap();
    }
    assert_eq!(admin.value(size).await, (before + 2).to_string());
    assert_eq!(admin.value("select count(*) from identity.login_failures").await, "1");
}

// ── Helpers ────────────────────────────────────────────────────────────────────────────────────────

async fn list(person: &Person, query: &str) -> Vec<Value> {
    let reply = person.get(&format!("{LOG}?limit=200&{query}")).await;
    reply.json["data"].as_array().cloned().unwrap_or_default()
}

async fn all(person: &Person) -> Vec<Value> {
    let reply = person.get(&format!("{LOG}?limit=200")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json["data"].as_array().unwrap().clone()
}

async fn of(person: &Person, operation: &str) -> Vec<Value> {
    list(person, &format!("operation={operation}")).await
}

async fn one(person: &Person, id: &Value) -> Reply {
    person.get(&format!("{LOG}/{}", id.as_str().unwrap())).await
}

/// The failed logins, when there are so many: they are recorded behind the answer.
async fn failed(person: &Person, count: usize) -> Vec<Value> {
    let start = Instant::now();
    loop {
        let failed = of(person, "login.failed").await;
        if failed.len() >= count {
            return failed;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "nothing is recorded");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// What was done, and by which key.
fn said_by(record: &Value) -> (&str, Value) {
    (record["operation"].as_str().unwrap(), record["api_key_id"].clone())
}

/// What was done, and by whom.
fn said(record: &Value) -> (&str, &str) {
    (record["operation"].as_str().unwrap(), record["user_id"].as_str().unwrap_or("nobody"))
}

fn count(records: &[Value], operation: &str) -> usize {
    records.iter().filter(|record| record["operation"] == operation).count()
}

/// As the owner of the schema, in the place of somebody: no operation changes users yet.
async fn acting(world: &World, person: &Person, statements: &str, end: &str) {
    let Person { company_id, user_id, .. } = person;
    let sql = format!(
        "begin; set local role paddock_owner; set local app.company_id = '{company_id}';
        set local app.user_id = '{user_id}'; {statements}; {end}"
    );
    world.admin().await.batch_execute(&sql).await.unwrap();
}

async fn log_in(world: &World, password: &str) -> Reply {
    let credentials = json!({ "email": ALICE, "password": password });
    world.stranger().post("/v1/auth/login", credentials).await
}

async fn post(world: &World, path: &str, token: &Value) -> Reply {
    world.stranger().post(&format!("/v1/auth/{path}"), json!({ "refresh_token": token })).await
}
