//! One login in several companies: which it enters, how it goes from one to another, and how it leaves one.

use actix_web::http::Method;
use futures_util::future::join;
use paddock_db::provision::{NewUser, user};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::{PASSWORD, Person, Psql, Reply, World, forge};
use crate::second_factor::{answer, by_code, challenge, guarded, remove};

const PATH: &str = "/v1/me/companies";
const ALICE: &str = "alice@nike.example";

/// Alice owns Nike, and is a member of Coca-Cola too.
struct Both {
    world: World,
    alice: Person,
    admin: Psql,
    /// Of Alice at Coca-Cola.
    other: Uuid,
}

impl Both {
    async fn new() -> Self {
        let world = World::new().await;
        let other = place(&world, "member").await;
        let alice = world.alice().await;
        let admin = Psql::new(&world.database.admin_url()).await;
        Self { world, alice, admin, other }
    }

    fn coca_cola(&self) -> Uuid {
        self.world.bob_place().company_id
    }

    async fn switch(&self, company: impl std::fmt::Display) -> Reply {
        self.alice.post(&format!("{PATH}/{company}/switch"), json!({})).await
    }

    async fn log_in(&self, company: Value) -> Reply {
        let body = json!({ "email": ALICE, "password": PASSWORD, "company_id": company });
        self.world.stranger().post("/v1/auth/login", body).await
    }

    async fn disable(&self, user: Uuid) {
        // Also the only owner.
        let update = "set session_replication_role = replica;
            update crm.users set disabled_at = now() where id = '{user}';
            reset session_replication_role";
        let update = update.replace("{user}", &user.to_string());
        self.admin.run(&update).await;
    }
}

/// Alice's place at Coca-Cola.
async fn place(world: &World, role: &str) -> Uuid {
    let new = NewUser { name: "Alice", email: ALICE, role, password_hash: "$argon2id$unused" };
    user(&world.database.admin_url(), world.bob_place().company_id, &new).await.unwrap()
}

fn by(world: &World, session: &Reply) -> Person {
    assert_eq!(session.status, 200, "{session:?}");
    world.stranger().with_token(session.json["access_token"].as_str().unwrap())
}

#[actix_web::test]
async fn a_login_sees_its_companies_and_goes_from_one_to_the_other() {
    let both = Both::new().await;
    let list = both.alice.get(PATH).await;
    let rows = list.json["data"].as_array().unwrap();
    let row = |index: usize, name: &str, place: (Uuid, Uuid), role: &str, current: bool| {
        json!({
            "company_id": place.0, "name": name, "user_id": place.1, "role": role,
            "current": current, "joined_at": rows[index]["joined_at"],
        })
    };
    let nike = (both.alice.company_id, both.alice.user_id);
    let whole = json!([
        row(0, "Nike", nike, "owner", true),
        row(1, "Coca-Cola", (both.coca_cola(), both.other), "member", false),
    ]);
    assert_eq!(list.json["data"], whole);
    let first = both.alice.get(&format!("{PATH}?limit=1")).await;
    assert_eq!(both.alice.get(first.next().unwrap().as_str()).await.names(), ["Coca-Cola"]);
    let session = both.switch(both.coca_cola()).await;
    let there = by(&both.world, &session);
    assert_eq!(session.json["user"]["id"], json!(both.other));
    assert_eq!(there.get("/v1/me").await.json["company"]["name"], "Coca-Cola");
    assert_eq!(there.get(PATH).await.json["data"][1]["current"], true);
    there.customer("Grace", "grace@example.com").await;
    // Where she came from, she still is.
    assert_eq!(both.alice.get("/v1/customers").await.names(), [""; 0]);
    let refresh = json!({ "refresh_token": session.json["refresh_token"] });
    assert_eq!(both.world.stranger().post("/v1/auth/refresh", refresh).await.status, 200);
    let switch = format!("{PATH}/{}/switch", both.coca_cola());
    let cookie = both.alice.post(&switch, json!({ "session": "cookie" })).await;
    assert!(cookie.header("set-cookie").starts_with("__Host-paddock_refresh=pdk_rt_"));
    assert_eq!(both.world.bob().await.get(PATH).await.names(), ["Coca-Cola"]);
}

#[actix_web::test]
async fn a_company_that_one_may_not_enter_is_like_one_that_never_was() {
    let both = Both::new().await;
    let bob = both.world.bob().await;
    let nobody = both.switch(Uuid::now_v7()).await;
    assert_eq!(nobody.problem(), "404 not-found");
    let nike = format!("{PATH}/{}/switch", both.alice.company_id);
    assert_eq!(bob.post(&nike, json!({})).await.seen(), nobody.seen());
    assert_eq!(both.switch("nonsense").await.seen(), nobody.seen());
    let suspend =
        format!("update crm.companies set suspended_at = now() where id = '{}'", both.coca_cola());
    let resume = suspend.replace("now()", "null");
    both.admin.run(&suspend).await;
    assert_eq!(both.switch(both.coca_cola()).await.seen(), nobody.seen());
    assert_eq!(both.alice.get(PATH).await.names(), ["Nike"]);
    both.admin.run(&resume).await;
    both.disable(both.other).await;
    assert_eq!(both.switch(both.coca_cola()).await.seen(), nobody.seen());
    assert_eq!(both.alice.get(PATH).await.names(), ["Nike"]);
    // Whoever is out here goes nowhere from here.
    both.disable(both.alice.user_id).await;
    assert_eq!(both.switch(both.coca_cola()).await.problem(), "401 session-revoked");
    assert_eq!(both.alice.get(PATH).await.problem(), "401 session-revoked");
}

#[actix_web::test]
async fn a_login_enters_the_company_that_it_names_or_the_first_where_it_may() {
    let both = Both::new().await;
    let company = |reply: Reply| reply.json["company"]["name"].as_str().unwrap().to_owned();
    assert_eq!(company(both.log_in(Value::Null).await), "Nike");
    assert_eq!(company(both.log_in(json!(both.coca_cola())).await), "Coca-Cola");
    assert_eq!(company(both.log_in(json!(both.alice.company_id)).await), "Nike");
    let strange = both.log_in(json!(Uuid::now_v7())).await;
    assert_eq!(strange.problem(), "401 invalid-credentials");
    assert_eq!(both.log_in(json!("x")).await.problem(), "422 validation /company_id");
    both.disable(both.alice.user_id).await;
    assert_eq!(company(both.log_in(Value::Null).await), "Coca-Cola");
    let disabled = both.log_in(json!(both.alice.company_id)).await;
    assert_eq!(disabled.seen(), strange.seen());
    both.disable(both.other).await;
    assert_eq!(both.log_in(Value::Null).await.seen(), strange.seen());
}

#[actix_web::test]
async fn going_to_and_fro_prolongs_nothing() {
    let both = Both::new().await;
    let age = "update crm.sessions set logged_in_at = now() - interval '700 hours',
        expires_at = now() + interval '1 hour'";
    both.admin.run(age).await;
    let session = both.switch(both.coca_cola()).await;
    let seconds = session.json["refresh_expires_in"].as_i64().unwrap();
    assert!((71_000..=72_000).contains(&seconds), "{seconds}");
    let there = by(&both.world, &session);
    let refresh = json!({ "refresh_token": session.json["refresh_token"] });
    let refreshed = both.world.stranger().post("/v1/auth/refresh", refresh).await;
    assert!(refreshed.json["refresh_expires_in"].as_i64().unwrap() <= 72_000);
    let back = there.post(&format!("{PATH}/{}/switch", both.alice.company_id), json!({})).await;
    assert!(back.json["refresh_expires_in"].as_i64().unwrap() <= 72_000);
}

#[actix_web::test]
async fn a_token_of_no_session_goes_nowhere() {
    let both = Both::new().await;
    let token = forge::sign(&forge::header(), &forge::claims(&both.alice));
    let bare = both.alice.with_token(&token);
    assert_eq!(bare.get("/v1/me").await.status, 200);
    let switch = format!("{PATH}/{}/switch", both.coca_cola());
    let reply = bare.post(&switch, json!({})).await;
    assert_eq!(reply.problem(), "403 insufficient-permission");
}

#[actix_web::test]
async fn a_session_with_a_second_factor_takes_it_along() {
    let both = Both::new().await;
    let (authenticator, _) = guarded(&both.world, &both.alice).await;
    let challenge = challenge(&both.world, ALICE).await;
    let alice = answer(&both.world, &challenge, &authenticator.code(0)).await;
    let alice = by(&both.world, &alice);
    let switch = format!("{PATH}/{}/switch", both.coca_cola());
    assert_eq!(alice.post(&switch, json!({})).await.status, 200);
    // A login there asks for it.
    let login = both.log_in(json!(both.coca_cola())).await;
    assert_eq!(login.problem(), "401 second-factor-required");
}

#[actix_web::test]
async fn every_company_of_a_login_is_told_of_its_second_factor() {
    let both = Both::new().await;
    let (authenticator, codes) = guarded(&both.world, &both.alice).await;
    let challenge = challenge(&both.world, ALICE).await;
    crate::second_factor::recover(&both.world, &challenge, &codes[0]).await;
    let replaced =
        crate::second_factor::replace(&both.alice, by_code(&authenticator.code(0))).await;
    assert_eq!(replaced.status, 200, "{replaced:?}");
    crate::second_factor::forget(&both.world).await;
    let removed = remove(&both.alice, by_code(&authenticator.code(0))).await;
    assert_eq!(removed.status, 204, "{removed:?}");
    for (company, person) in
        [(both.alice.company_id, both.alice.user_id), (both.coca_cola(), both.other)]
    {
        let rows = format!(
            "select operation || ' ' || (user_id = record_id and record_id = '{person}') from crm.audit_log
            where company_id = '{company}' and operation like 'second_factor.%' order by id"
        );
        let told =
            ["begun", "confirmed", "recovery_code_used", "recovery_codes_replaced", "removed"];
        let told = told.map(|what| format!("second_factor.{what} true"));
        assert_eq!(both.admin.rows(&rows).await, told);
    }
}

#[actix_web::test]
async fn whoever_is_removed_is_out_of_this_company_and_stays_in_the_other() {
    let both = Both::new().await;
    let bob = both.world.bob().await;
    let there = by(&both.world, &both.switch(both.coca_cola()).await);
    let grace = there.customer("Grace", "grace@example.com").await;
    let at = format!("/v1/users/{}", both.other);
    let tag = bob.get(&at).await.header("etag").to_owned();
    let stale = bob.request(Method::DELETE, &at).insert_header(("if-match", "\"v9\""));
    assert_eq!(bob.send(stale).await.problem(), "412 version-mismatch");
    let fresh = bob.request(Method::DELETE, &at).insert_header(("if-match", tag));
    assert_eq!(bob.send(fresh).await.status, 204);
    assert_eq!(there.get("/v1/me").await.problem(), "401 session-revoked");
    assert_eq!(both.alice.get("/v1/me").await.status, 200);
    assert_eq!(both.alice.get(PATH).await.names(), ["Nike"]);
    let customer = bob.get(&format!("/v1/customers/{grace}")).await;
    assert_eq!(
        (&customer.json["user_id"], &customer.json["name"]),
        (&Value::Null, &json!("Grace"))
    );
    assert_eq!(bob.delete(&at).await.problem(), "404 not-found");
    assert_eq!(bob.get("/v1/users").await.names(), ["Bob"]);
    let log =
        bob.get(&format!("/v1/audit-log?record_id={}&operation=users.delete", both.other)).await;
    assert_eq!(log.json["data"][0]["user_id"], json!(bob.user_id));
    // And may come back.
    place(&both.world, "viewer").await;
    assert_eq!(both.alice.get(PATH).await.names(), ["Nike", "Coca-Cola"]);
}

#[actix_web::test]
async fn owners_remove_everybody_but_the_last_of_them_and_admins_members_and_viewers() {
    let both = Both::new().await;
    let mut people = Vec::new();
    for (name, role) in
        [("adam", "admin"), ("olga", "owner"), ("ann", "admin"), ("carol", "member")]
    {
        let person = both.world.colleague(name).await;
        let role = format!("update crm.users set role = '{role}' where id = '{}'", person.user_id);
        both.admin.run(&role).await;
        people.push(person);
    }
    let [adam, olga, ann, carol] = &people[..] else { unreachable!() };
    let out = async |who: &Person, by: &Person| {
        let reply = by.delete(&format!("/v1/users/{}", who.user_id)).await;
        if reply.status == 204 { "204".to_owned() } else { reply.problem() }
    };
    const FORBIDDEN: &str = "403 insufficient-permission";
    for (who, by) in [(olga, adam), (ann, adam), (adam, adam), (adam, carol), (carol, carol)] {
        assert_eq!(out(who, by).await, FORBIDDEN);
    }
    assert_eq!(out(carol, adam).await, "204");
    assert_eq!(out(ann, olga).await, "204");
    assert_eq!(out(olga, &both.world.bob().await).await, "404 not-found");
    // Two owners remove each other: one of them is left.
    let (one, other) = join(out(olga, &both.alice), out(&both.alice, olga)).await;
    assert_ne!(one == "204", other == "204", "{one} {other}");
    let last = if one == "204" { &both.alice } else { olga };
    assert_eq!(out(last, last).await, "409 conflict");
    assert_eq!(last.get("/v1/me").await.status, 200);
}

#[actix_web::test]
async fn everybody_may_leave_a_company_from_there_or_from_elsewhere_and_stays_in_the_other() {
    for (role, from_elsewhere) in [("admin", false), ("member", true), ("viewer", false)] {
        let both = Both::new().await;
        let bob = both.world.bob().await;
        let there = by(&both.world, &both.switch(both.coca_cola()).await);
        let grace = there.customer("Grace", "grace@example.com").await;
        let program = crate::api_keys::program(&there, "viewer", &["me:read"]).await;
        let update = format!("update crm.users set role = '{role}' where id = '{}'", both.other);
        both.admin.run(&update).await;
        let path = format!("{PATH}/{}", both.coca_cola());
        let who = if from_elsewhere { &both.alice } else { &there };
        let left = who.delete(&path).await;
        assert_eq!((left.status, left.text.as_str()), (204, ""), "{role}");
        assert_eq!(there.get("/v1/me").await.problem(), "401 session-revoked");
        assert_eq!(there.delete(&path).await.problem(), "401 session-revoked");
        assert_eq!(program.get("/v1/me").await.problem(), "401 invalid-token");
        assert_eq!(both.alice.get(PATH).await.names(), ["Nike"]);
        assert_eq!(both.alice.delete(&path).await.problem(), "404 not-found");
        let log = format!("/v1/audit-log?record_id={}&operation=users.delete", both.other);
        assert_eq!(bob.get(&log).await.json["data"][0]["user_id"], json!(both.other));
        let customer = bob.get(&format!("/v1/customers/{grace}")).await;
        assert_eq!(customer.json["user_id"], Value::Null);
    }
}

#[actix_web::test]
async fn the_last_owner_stays_and_nobody_leaves_what_they_may_not_enter() {
    let both = Both::new().await;
    let nike = format!("{PATH}/{}", both.alice.company_id);
    let coca_cola = format!("{PATH}/{}", both.coca_cola());
    assert_eq!(both.alice.delete(&nike).await.problem(), "409 conflict");
    assert_eq!(both.alice.get("/v1/me").await.status, 200);
    let olga = both.world.colleague("olga").await;
    let never = olga.delete(&format!("{PATH}/{}", Uuid::now_v7())).await;
    assert_eq!(never.problem(), "404 not-found");
    assert_eq!(olga.delete(&coca_cola).await.seen(), never.seen());
    both.disable(both.other).await;
    assert_eq!(both.alice.delete(&coca_cola).await.seen(), never.seen());
    let enable = format!("update crm.users set disabled_at = null where id = '{}'", both.other);
    both.admin.run(&enable).await;
    let url = both.world.database.admin_url();
    assert!(paddock_db::provision::suspend(&url, both.coca_cola(), true).await.unwrap());
    assert_eq!(both.alice.delete(&coca_cola).await.seen(), never.seen());
    let role = format!("update crm.users set role = 'owner' where id = '{}'", olga.user_id);
    both.admin.run(&role).await;
    let program = crate::api_keys::program(&olga, "owner", &["me:read", "users:write"]).await;
    assert_eq!(program.delete(&nike).await.problem(), "403 insufficient-permission");
    // Two owners leave at once: one of them stays.
    let (one, other) = join(both.alice.delete(&nike), olga.delete(&nike)).await;
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
}
