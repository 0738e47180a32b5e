//! Another e-mail to log in with: it has to be read before it counts, and the one from before is told.

use futures_util::future::join_all;
use serde_json::json;

use crate::accounts::{log_in, show, sign_up};
use crate::accounts_passwords::alice_of_two_companies;
use crate::harness::{PASSWORD, Person, Reply, World};

const ALICE: &str = "alice@nike.example";
const NEW: &str = "alice@sports.example";

#[actix_web::test]
async fn a_new_email_counts_when_it_is_confirmed_in_every_company_and_the_old_one_is_told() {
    let (world, mut mailbox) = World::with_mail().await;
    let (alice, elsewhere) = alice_of_two_companies(&world).await;
    let reply = ask(&alice, NEW).await;
    assert_eq!((reply.status, reply.text.as_str()), (202, ""));
    let letter = mailbox.next().await;
    assert_eq!((letter.kind, letter.to.as_str()), ("change_email", NEW));
    assert!(letter.text.contains("\nhttps://crm.example/confirm-email#token=pdk_ot_"));
    assert_eq!(log_in(&world, NEW, PASSWORD).await.problem(), "401 invalid-credentials");
    assert_eq!(alice.get("/v1/me").await.json["user"]["email"], ALICE);
    let token = crate::harness::mailbox::token_of(&letter.text);
    let reply = show(&world, "confirm-email", &token).await;
    assert_eq!((reply.status, reply.text.as_str()), (204, ""));
    mailbox.notice("email_changed", ALICE).await;
    for person in [&alice, &elsewhere] {
        assert_eq!(person.get("/v1/me").await.json["user"]["email"], NEW);
    }
    assert_eq!(log_in(&world, NEW, PASSWORD).await.status, 200);
    assert_eq!(log_in(&world, ALICE, PASSWORD).await.problem(), "401 invalid-credentials");
    assert_eq!(show(&world, "confirm-email", &token).await.problem(), "401 invalid-token");
    // The one from before is anybody's again.
    sign_up(&world, ALICE).await;
    mailbox.token("verify_email", ALICE).await;
}

#[actix_web::test]
async fn an_email_that_has_a_login_is_told_by_its_mail_and_by_nothing_else() {
    let (world, mut mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    let free = ask(&alice, NEW).await;
    mailbox.token("change_email", NEW).await;
    let before = world.everything().await;
    for spelling in ["bob@coca-cola.example", "BOB@coca-cola.example", "ｂob@coca-cola.example"] {
        assert_eq!(ask(&alice, spelling).await.seen(), free.seen(), "{spelling}");
        mailbox.notice("change_email_known", "bob@coca-cola.example").await;
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn one_may_spell_ones_email_another_way() {
    let (world, mut mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    assert_eq!(ask(&alice, "Alice@Nike.example").await.status, 202);
    let token = mailbox.token("change_email", "Alice@Nike.example").await;
    assert_eq!(show(&world, "confirm-email", &token).await.status, 204);
    assert_eq!(alice.get("/v1/me").await.json["user"]["email"], "Alice@Nike.example");
}

#[actix_web::test]
async fn an_email_that_was_taken_meanwhile_changes_nothing() {
    let (world, mut mailbox) = World::with_mail().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    ask(&alice, NEW).await;
    let hers = mailbox.token("change_email", NEW).await;
    ask(&bob, NEW).await;
    let his = mailbox.token("change_email", NEW).await;
    sign_up(&world, NEW).await;
    let theirs = mailbox.token("verify_email", NEW).await;
    assert_eq!(show(&world, "confirm-email", &his).await.status, 204);
    assert_eq!(show(&world, "confirm-email", &hers).await.problem(), "401 invalid-token");
    assert_eq!(show(&world, "verify-email", &theirs).await.problem(), "401 invalid-token");
    assert_eq!(alice.get("/v1/me").await.json["user"]["email"], ALICE);
    assert_eq!(bob.get("/v1/me").await.json["user"]["email"], NEW);
}

#[actix_web::test]
async fn a_colleague_with_that_email_is_in_the_way_and_everything_stays() {
    let (world, mut mailbox) = World::with_mail().await;
    let (alice, elsewhere) = alice_of_two_companies(&world).await;
    ask(&alice, NEW).await;
    let token = mailbox.token("change_email", NEW).await;
    // A user of the other company without a login, as somebody may be who has yet to come.
    let user = "insert into crm.users (company_id, name, email) values ($1, 'Another', $2)";
    let company_id = world.bob_place().company_id;
    world.admin().await.execute(user, &[&company_id, &NEW]).await.unwrap();
    assert_eq!(show(&world, "confirm-email", &token).await.problem(), "401 invalid-token");
    for person in [&alice, &elsewhere] {
        assert_eq!(person.get("/v1/me").await.json["user"]["email"], ALICE);
    }
    assert_eq!(log_in(&world, ALICE, PASSWORD).await.status, 200);
}

#[actix_web::test]
async fn of_many_who_confirm_at_once_one_does() {
    let (world, mut mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    ask(&alice, NEW).await;
    let token = mailbox.token("change_email", NEW).await;
    let replies = join_all((0..8).map(|_| show(&world, "confirm-email", &token))).await;
    let won = replies.iter().filter(|reply| reply.status == 204).count();
    let lost = replies.iter().filter(|reply| reply.status == 401).count();
    assert_eq!((won, lost), (1, 7), "{replies:?}");
    mailbox.notice("email_changed", ALICE).await;
}

#[actix_web::test]
async fn a_token_is_void_when_another_change_was_confirmed_first() {
    let (world, mut mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    ask(&alice, NEW).await;
    let first = mailbox.token("change_email", NEW).await;
    ask(&alice, "alice@shoes.example").await;
    let second = mailbox.token("change_email", "alice@shoes.example").await;
    assert_eq!(show(&world, "confirm-email", &second).await.status, 204);
    assert_eq!(show(&world, "confirm-email", &first).await.problem(), "401 invalid-token");
}

#[actix_web::test]
async fn somebody_who_is_out_asks_for_nothing() {
    let (world, mailbox) = World::with_mail().await;
    let alice = world.alice().await;
    // She is the only owner, whom nobody else could disable.
    let admin = world.admin().await;
    let anybody = "alter table crm.users disable trigger users_keep_an_owner";
    admin.batch_execute(anybody).await.unwrap();
    let disable = "update crm.users set disabled_at = now() where email = 'alice@nike.example'";
    admin.batch_execute(disable).await.unwrap();
    assert_eq!(ask(&alice, NEW).await.problem(), "401 session-revoked");
    let body = json!({ "current_password": PASSWORD, "new_password": "hunting unicorns at dawn" });
    let reply = alice.post("/v1/me/password", body).await;
    assert_eq!(reply.problem(), "401 session-revoked");
    drop(alice);
    assert_eq!(mailbox.rest(world).await, []);
}

async fn ask(person: &Person, email: &str) -> Reply {
    let body = json!({ "current_password": PASSWORD, "email": email });
    person.post("/v1/me/email", body).await
}
