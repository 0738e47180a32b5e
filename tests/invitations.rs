//! Invitations: how colleagues come in, and how nobody else does.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::accounts::NEW_PASSWORD;
use crate::harness::mailbox::{Mailbox, token_of};
use crate::harness::{PASSWORD, Person, Psql, Reply, World};
use crate::second_factor::{answer, guarded};

const PATH: &str = "/v1/invitations";
const ERIN: &str = "erin@pepsi.example";
const BOB: &str = "bob@coca-cola.example";
const NOT_GOOD: &str = "401 invalid-token";
const FORBIDDEN: &str = "403 insufficient-permission";

/// Alice, who invites, and the mails of the world.
struct Nike {
    world: World,
    mailbox: Mailbox,
    alice: Person,
    admin: Psql,
}

impl Nike {
    async fn new() -> Self {
        let (world, mailbox) = World::with_mail().await;
        let alice = world.alice().await;
        let admin = Psql::new(&world.database.admin_url()).await;
        Self { world, mailbox, alice, admin }
    }

    async fn hire(&self, name: &str, role: &str) -> Person {
        let person = self.world.colleague(name).await;
        let update =
            format!("update crm.users set role = '{role}' where id = '{}'", person.user_id);
        self.admin.run(&update).await;
        person
    }

    /// The invitation and the token of its mail.
    async fn invite(&mut self, by: &Person, email: &str, role: &str) -> (Reply, String) {
        let reply = invite(by, email, role).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        (reply, self.mailbox.token("invitation", email).await)
    }

    async fn accept(&self, token: &str, password: &str) -> Reply {
        let body = json!({ "token": token, "name": "Erin", "password": password });
        self.world.stranger().post("/v1/auth/accept-invitation", body).await
    }
}

async fn invite(by: &Person, email: &str, role: &str) -> Reply {
    by.post(PATH, json!({ "email": email, "role": role })).await
}

fn never() -> String {
    format!("pdk_in_{}", "A".repeat(64))
}

fn person_of(world: &World, session: &Reply) -> Person {
    assert_eq!(session.status, 200, "{session:?}");
    let mut person = world.stranger().with_token(session.json["access_token"].as_str().unwrap());
    let id = |value: &Value| value.as_str().unwrap().parse().unwrap();
    person.user_id = id(&session.json["user"]["id"]);
    person.company_id = id(&session.json["company"]["id"]);
    person
}

#[actix_web::test]
async fn whoever_is_invited_comes_in_with_a_login_of_their_own_and_as_what_they_were_asked_to_be() {
    let mut nike = Nike::new().await;
    let body = json!({ "email": ERIN, "role": "viewer", "name": "Erin" });
    let reply = nike.alice.post(PATH, body).await;
    let whole = json!({
        "id": reply.json["id"], "company_id": nike.alice.company_id, "user_id": nike.alice.user_id,
        "email": ERIN, "name": "Erin", "role": "viewer", "created_at": reply.json["created_at"],
        "updated_at": reply.json["updated_at"], "expires_at": reply.json["expires_at"], "version": 1,
    });
    assert_eq!((reply.status, &reply.json), (201, &whole));
    let at = format!("{PATH}/{}", reply.id());
    assert_eq!((reply.header("location"), reply.header("etag")), (at.as_str(), "\"v1\""));
    assert_eq!(nike.alice.get(&at).await.json, whole);
    assert_eq!(nike.alice.get(PATH).await.json["data"], json!([whole]));
    let letter = nike.mailbox.next().await;
    assert_eq!((letter.kind, letter.to.as_str()), ("invitation", ERIN));
    assert!(!letter.text.contains("Nike") && !letter.text.contains("Erin"), "{}", letter.text);
    let token = token_of(&letter.text);
    assert!(letter.text.contains("https://crm.example/accept-invitation#token=pdk_in_"));
    let weak = json!({ "token": token, "password": "nike nike nike nike" });
    let weak = nike.world.stranger().post("/v1/auth/accept-invitation", weak).await;
    assert_eq!(weak.problem(), "422 password-rejected /password");
    let body = json!({ "token": token, "password": NEW_PASSWORD });
    let session = nike.world.stranger().post("/v1/auth/accept-invitation", body).await;
    let erin = person_of(&nike.world, &session);
    let user = &session.json["user"];
    assert_eq!(
        (&user["name"], &user["email"], &user["role"]),
        (&json!("Erin"), &json!(ERIN), &json!("viewer"))
    );
    assert_eq!(erin.company_id, nike.alice.company_id);
    assert_eq!(nike.alice.get("/v1/users").await.names(), ["Alice", "Erin"]);
    // Used up.
    assert_eq!(nike.alice.get(PATH).await.json["data"], json!([]));
    assert_eq!(nike.alice.get(&at).await.problem(), "404 not-found");
    assert_eq!(nike.accept(&token, NEW_PASSWORD).await.problem(), NOT_GOOD);
    let credentials = json!({ "email": "Erin@pepsi.example", "password": NEW_PASSWORD });
    let login = nike.world.stranger().post("/v1/auth/login", credentials).await;
    assert_eq!((login.status, &login.json["user"]), (200, user));
    let log = nike.alice.get(&format!("/v1/audit-log?record_id={}", reply.id())).await;
    let said: Vec<(&str, &str)> = log.json["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["operation"].as_str().unwrap(), one["user_id"].as_str().unwrap()))
        .collect();
    let (alice, erin) = (nike.alice.user_id.to_string(), erin.user_id.to_string());
    assert_eq!(said, [("invitations.update", &*erin), ("invitations.insert", &*alice)]);
    assert!(!log.text.contains("\\\\x"), "{}", log.text);
}

#[actix_web::test]
async fn whoever_has_a_login_accepts_with_its_password_which_stays() {
    let mut nike = Nike::new().await;
    let alice = nike.alice.clone();
    let (_, token) = nike.invite(&alice, BOB, "member").await;
    let before = nike.world.everything().await;
    assert_eq!(nike.accept(&token, NEW_PASSWORD).await.problem(), "401 invalid-credentials");
    let nameless = json!({ "token": token, "password": PASSWORD });
    let nameless = nike.world.stranger().post("/v1/auth/accept-invitation", nameless).await;
    assert_eq!(nameless.problem(), "422 validation /name");
    let rows = |rows: Vec<String>| -> Vec<String> {
        // That a login failed is recorded, with a count of its own.
        let told = |row: &String| row.contains("login.failed") || row.contains("login_failures");
        rows.into_iter().filter(|row| !told(row)).collect()
    };
    assert_eq!(rows(nike.world.everything().await), rows(before));
    let bob = person_of(&nike.world, &nike.accept(&token, PASSWORD).await);
    assert_eq!(bob.company_id, alice.company_id);
    assert_eq!(bob.get("/v1/me").await.json["user"]["email"], BOB);
    let at_home = nike.world.bob().await;
    assert_ne!((bob.company_id, bob.user_id), (at_home.company_id, at_home.user_id));
    at_home.customer("Grace", "grace@example.com").await;
    assert_eq!(bob.get("/v1/customers").await.names(), [""; 0]);
}

#[actix_web::test]
async fn the_answer_and_the_mail_are_the_same_whether_the_email_has_a_login_elsewhere_or_not() {
    let mut nike = Nike::new().await;
    let alice = nike.alice.clone();
    let (known, _) = nike.invite(&alice, BOB, "member").await;
    let (unknown, _) = nike.invite(&alice, "rob@coca-cola.example", "member").await;
    let without = |reply: &Reply| {
        let mut json = reply.json.clone();
        for name in ["id", "email", "created_at", "updated_at", "expires_at"] {
            json[name] = Value::Null;
        }
        (reply.status, json)
    };
    assert_eq!(without(&known), without(&unknown));
}

#[actix_web::test]
async fn owners_invite_to_every_role_and_admins_members_and_viewers() {
    let mut nike = Nike::new().await;
    let (alice, adam) = (nike.alice.clone(), nike.hire("adam", "admin").await);
    let (carol, victor) = (nike.hire("carol", "member").await, nike.hire("victor", "viewer").await);
    for (by, tag, may) in [
        (&alice, "a", &["owner", "admin", "member", "viewer"][..]),
        (&adam, "b", &["member", "viewer"]),
        (&carol, "c", &[]),
        (&victor, "d", &[]),
    ] {
        for role in ["owner", "admin", "member", "viewer"] {
            let email = format!("{tag}.{role}@pepsi.example");
            let reply = invite(by, &email, role).await;
            let outcome = if reply.status == 201 { String::new() } else { reply.problem() };
            assert_eq!(outcome, if may.contains(&role) { "" } else { FORBIDDEN }, "{email}");
        }
        // Nobody is told about colleagues who may not invite.
        let colleague = invite(by, "Alice@nike.example", "viewer").await.problem();
        let told = if may.is_empty() { FORBIDDEN } else { "409 already-exists /email" };
        assert_eq!(colleague, told);
    }
    for _ in 0..6 {
        nike.mailbox.next().await;
    }
    let again = invite(&alice, "A.Owner@pepsi.example", "viewer").await;
    assert_eq!(again.problem(), "409 already-exists /email");
    let (owner, token) = nike.invite(&alice, ERIN, "owner").await;
    let at = format!("{PATH}/{}", owner.id());
    for person in [&adam, &carol, &victor] {
        assert_eq!(person.get(&at).await.status, 200);
        assert_eq!(person.delete(&at).await.problem(), FORBIDDEN);
        let resend = person.post(&format!("{at}/resend"), json!({})).await;
        assert_eq!(resend.problem(), FORBIDDEN);
    }
    let bob = nike.world.bob().await;
    assert_eq!(bob.get(&at).await.problem(), "404 not-found");
    assert_eq!(bob.delete(&at).await.problem(), "404 not-found");
    assert_eq!(nike.accept(&token, NEW_PASSWORD).await.json["user"]["role"], "owner");
}

#[actix_web::test]
async fn an_invitation_is_void_once_who_invited_may_not_invite_so_high() {
    let undo = "update crm.users set role = 'owner', disabled_at = null where id = '{}'";
    for (harm, heals) in [
        ("update crm.users set role = 'admin' where id = '{}'", true),
        ("update crm.users set role = 'member' where id = '{}'", true),
        ("update crm.users set disabled_at = now() where id = '{}'", true),
        ("update crm.companies set suspended_at = now()", false),
        ("delete from crm.users where id = '{}'", false),
    ] {
        let mut nike = Nike::new().await;
        let olga = nike.hire("olga", "owner").await;
        let (made, token) = nike.invite(&olga, ERIN, "admin").await;
        let id = olga.user_id.to_string();
        nike.admin.run(&harm.replace("{}", &id)).await;
        let refused = nike.accept(&token, NEW_PASSWORD).await;
        assert_eq!(refused.seen(), nike.accept(&never(), NEW_PASSWORD).await.seen(), "{harm}");
        assert_eq!(refused.problem(), NOT_GOOD);
        if !harm.contains("companies") {
            let resend = format!("{PATH}/{}/resend", made.id());
            assert_eq!(nike.alice.post(&resend, json!({})).await.problem(), "409 conflict");
        }
        if heals {
            nike.admin.run(&undo.replace("{}", &id)).await;
            assert_eq!(nike.accept(&token, NEW_PASSWORD).await.status, 200, "{harm}");
        }
    }
}

#[actix_web::test]
async fn an_admin_who_is_no_admin_any_more_lets_nobody_in() {
    let mut nike = Nike::new().await;
    let adam = nike.hire("adam", "admin").await;
    let (_, token) = nike.invite(&adam, ERIN, "viewer").await;
    let patch = json!({ "role": "member" });
    nike.alice.patch(&format!("/v1/users/{}", adam.user_id), patch).await;
    assert_eq!(nike.accept(&token, NEW_PASSWORD).await.problem(), NOT_GOOD);
}

#[actix_web::test]
async fn what_is_revoked_expired_or_sent_again_is_good_for_nothing() {
    let mut nike = Nike::new().await;
    let alice = nike.alice.clone();
    let (made, first) = nike.invite(&alice, ERIN, "member").await;
    let at = format!("{PATH}/{}", made.id());
    let expire = "update crm.invitations set expires_at = now()";
    nike.admin.run(expire).await;
    assert_eq!(nike.accept(&first, NEW_PASSWORD).await.problem(), NOT_GOOD);
    // It is still there, to be sent again.
    let again = alice.post(&format!("{at}/resend"), json!({})).await;
    assert_eq!((again.status, again.header("etag")), (200, "\"v3\""), "{again:?}");
    let second = nike.mailbox.token("invitation", ERIN).await;
    assert_eq!(nike.accept(&first, NEW_PASSWORD).await.problem(), NOT_GOOD);
    let stale = alice.request("DELETE".parse().unwrap(), &at).insert_header(("if-match", "\"v1\""));
    assert_eq!(alice.send(stale).await.problem(), "412 version-mismatch");
    assert_eq!(alice.delete(&at).await.status, 204);
    assert_eq!(alice.delete(&at).await.problem(), "404 not-found");
    assert_eq!(alice.post(&format!("{at}/resend"), json!({})).await.problem(), "404 not-found");
    assert_eq!(nike.accept(&second, NEW_PASSWORD).await.problem(), NOT_GOOD);
    let (_, third) = nike.invite(&alice, ERIN, "member").await;
    assert_eq!(nike.accept(&third, NEW_PASSWORD).await.status, 200);
}

#[actix_web::test]
async fn of_many_who_accept_at_once_one_comes_in() {
    let mut nike = Nike::new().await;
    let alice = nike.alice.clone();
    for (email, password) in [(ERIN, NEW_PASSWORD), (BOB, PASSWORD)] {
        let (_, token) = nike.invite(&alice, email, "member").await;
        let replies = join_all((0..8).map(|_| nike.accept(&token, password))).await;
        let mut statuses: Vec<u16> = replies.iter().map(|reply| reply.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401, 401, 401, 401, 401, 401, 401], "{email}");
    }
    assert_eq!(alice.get("/v1/users").await.names().len(), 3);
}

#[actix_web::test]
async fn whoever_has_a_second_factor_is_in_and_shows_it_as_at_every_login() {
    let mut nike = Nike::new().await;
    let alice = nike.alice.clone();
    let (authenticator, _) = guarded(&nike.world, &nike.world.bob().await).await;
    let (_, token) = nike.invite(&alice, BOB, "member").await;
    let reply = nike.accept(&token, PASSWORD).await;
    assert_eq!(reply.problem(), "401 second-factor-required");
    assert_eq!(reply.json.get("access_token"), None);
    let challenge = reply.json["challenge"].as_str().unwrap();
    let session = answer(&nike.world, challenge, &authenticator.code(0)).await;
    let bob = person_of(&nike.world, &session);
    assert_eq!(bob.company_id, alice.company_id);
}

#[actix_web::test]
async fn the_token_of_an_invitation_is_nothing_else_and_nothing_else_is_one() {
    let mut nike = Nike::new().await;
    let alice = nike.alice.clone();
    let (_, token) = nike.invite(&alice, ERIN, "member").await;
    let before = nike.world.everything().await;
    let stranger = nike.world.stranger();
    for door in ["verify-email", "confirm-email"] {
        let reply = stranger.post(&format!("/v1/auth/{door}"), json!({ "token": token })).await;
        assert_eq!(reply.problem(), NOT_GOOD, "{door}");
    }
    let reset = json!({ "token": token, "password": NEW_PASSWORD });
    assert_eq!(stranger.post("/v1/auth/reset-password", reset).await.problem(), NOT_GOOD);
    crate::tokens::refused(&alice, &token).await;
    let refused = nike.accept(&never(), NEW_PASSWORD).await;
    let session = alice.token.clone().unwrap();
    let one_time = format!("pdk_ot_{}", "A".repeat(43));
    // Hers, but of another company.
    let elsewhere = format!("pdk_in_{}{}", "A".repeat(21), &token[28..]);
    for odd in ["", "x", "pdk_in_", "\0", &session, &one_time, &elsewhere] {
        assert_eq!(nike.accept(odd, NEW_PASSWORD).await.seen(), refused.seen(), "{odd}");
    }
    assert_eq!(nike.world.everything().await, before);
    assert!(!before.concat().contains(token.trim_start_matches("pdk_in_")));
}
