//! The story that Paddock began with, word for word.

use serde_json::json;

use crate::harness::World;

#[actix_web::test]
async fn alice_and_bob_each_see_only_their_own_customers() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    alice.customer("Grace Hopper", "grace@example.com").await;
    bob.customer("Alan Turing", "alan@example.com").await;
    assert_eq!(alice.get("/v1/customers").await.names(), ["Grace Hopper"]);
    assert_eq!(bob.get("/v1/customers").await.names(), ["Alan Turing"]);
}

#[actix_web::test]
async fn a_name_and_an_email_are_enough_and_the_database_fills_in_the_rest() {
    let world = World::new().await;
    let alice = world.alice().await;
    let body = json!({ "name": "Grace Hopper", "email": "grace@example.com" });
    let reply = alice.post("/v1/customers", body).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.json["company_id"], alice.company_id.to_string());
    assert_eq!(reply.json["user_id"], alice.user_id.to_string());
    assert_eq!(reply.json["version"], 1);
    assert_eq!(reply.header("location"), format!("/v1/customers/{}", reply.id()));
    assert_eq!(reply.header("etag"), "\"v1\"");
}

#[actix_web::test]
async fn nobody_chooses_the_company_the_owner_the_id_or_a_date() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    for field in
        ["company_id", "user_id", "id", "created_at", "updated_at", "deleted_at", "version"]
    {
        let mut body = json!({ "name": "Eve", "email": "eve@example.com" });
        body[field] = json!(bob.company_id.to_string());
        let reply = alice.post("/v1/customers", body).await;
        assert_eq!(reply.problem(), format!("422 unknown-field /{field}"));
    }
    assert_eq!(alice.get("/v1/customers").await.names(), [] as [&str; 0]);
    assert_eq!(bob.get("/v1/customers").await.names(), [] as [&str; 0]);
}

#[actix_web::test]
async fn the_same_email_is_refused_in_the_same_company_and_taken_in_the_other() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    alice.customer("Grace Hopper", "grace@example.com").await;
    let again = json!({ "name": "Somebody", "email": "GRACE@Example.com" });
    assert_eq!(
        alice.post("/v1/customers", again.clone()).await.problem(),
        "409 already-exists /email"
    );
    assert_eq!(bob.post("/v1/customers", again).await.status, 201);
}

#[actix_web::test]
async fn a_customer_of_the_other_company_is_answered_like_one_that_never_existed() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let hers = alice.customer("Grace Hopper", "grace@example.com").await;
    let never = uuid::Uuid::now_v7();
    let (hers, never) = (format!("/v1/customers/{hers}"), format!("/v1/customers/{never}"));
    assert_eq!(bob.get(&hers).await.seen(), bob.get(&never).await.seen());
    assert_eq!(bob.get(&hers).await.problem(), "404 not-found");
}

#[actix_web::test]
async fn deleting_alice_leaves_her_customers_without_an_owner() {
    let world = World::new().await;
    let alice = world.alice().await;
    let id = alice.customer("Grace Hopper", "grace@example.com").await;
    let admin = world.admin().await;
    admin.execute("delete from crm.users where id = $1", &[&alice.user_id]).await.unwrap();
    let row = admin
        .query_one(
            "select user_id is null, company_id from crm.customers where id = $1::text::uuid",
            &[&id],
        )
        .await
        .unwrap();
    assert_eq!((row.get(0), row.get(1)), (true, alice.company_id));
    assert_eq!(alice.get("/v1/customers").await.problem(), "401 session-revoked");
}
