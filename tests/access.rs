//! Who may see and change a record, and by which rule.

use serde_json::{Value, json};

use crate::harness::program::Home;
use crate::harness::{Psql, World};

fn rule(permission: &str, policy: &str, reason: &str) -> Value {
    json!({ "permission": permission, "policy": policy, "reason": reason })
}

/// The rows of a page, without ids.
fn rows(page: &Value) -> Vec<Value> {
    let mut rows = page["data"].as_array().unwrap().clone();
    rows.iter_mut().for_each(|row| drop(row.as_object_mut().unwrap().remove("user_id")));
    rows
}

/// What the policies say of themselves.
const SEES: &str = "Owners, admins and whoever else may see all do so; others see what they own, \
    what their team owns if the company says so, and what is shared with them.";
const CHANGES: &str = "Whoever sees a customer reaches it; customers_may_change says who changes it. \
    None can be moved to another company.";

#[actix_web::test]
async fn everybody_in_the_company_sees_and_changes_its_customers_and_is_told_why() {
    let world = World::new().await;
    let alice = world.alice().await;
    world.colleague("carol").await;
    let ada = alice.post("/v1/customers", json!({ "name": "Ada" })).await;
    let reply = alice.get(&format!("/v1/customers/{}/access", ada.id())).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let rules = [rule("read", "customers_read", SEES), rule("update", "customers_change", CHANGES)];
    let colleague = |name: &str, email: &str, role: &str| {
        json!({
            "name": name, "email": email, "role": role, "is_active": true,
            "can_read": true, "can_update": true, "rules": rules,
        })
    };
    let expected = [
        colleague("Alice", "alice@nike.example", "owner"),
        colleague("carol", "carol@nike.example", "member"),
    ];
    assert_eq!(rows(&reply.json), expected);
}

#[actix_web::test]
async fn roles_teams_and_shares_are_explained_like_any_rule() {
    let world = World::new().await;
    let alice = world.alice().await;
    let (carol, dave) = (world.colleague("carol").await, world.colleague("dave").await);
    world.colleague("victor").await;
    let admin = Psql::new(&world.database.admin_url()).await;
    admin.run("update crm.users set role = 'viewer' where name = 'victor'").await;
    let visibility = json!({ "member_visibility": "team", "viewer_visibility": "all" });
    assert_eq!(alice.patch("/v1/company", visibility).await.status, 200);
    let ada = format!("/v1/customers/{}", alice.customer("Ada", "ada@example.com").await);
    let share = json!({ "recipient_user_id": carol.user_id, "permission": "read" });
    assert_eq!(alice.post(&format!("{ada}/shares"), share).await.status, 201);
    let team = alice.post("/v1/teams", json!({ "name": "West coast" })).await.id();
    for person in [&alice, &dave] {
        let address = format!("/v1/teams/{team}/members/{}", person.user_id);
        assert_eq!(alice.put(&address, json!({})).await.status, 204);
    }
    let reply = alice.get(&format!("{ada}/access")).await;
    let expected = [
        r#""Alice" true true ["customers_read", "customers_change"]"#,
        r#""carol" true false ["customers_read"]"#,
        r#""dave" true true ["customers_read", "customers_change"]"#,
        r#""victor" true false ["customers_read"]"#,
    ];
    assert_eq!(in_short(&reply.json), expected);
}

/// Who may what, by which policies.
fn in_short(page: &Value) -> Vec<String> {
    let in_short = |row: &Value| {
        let rules = row["rules"].as_array().unwrap().iter();
        let policies: Vec<&str> = rules.map(|rule| rule["policy"].as_str().unwrap()).collect();
        format!("{} {} {} {policies:?}", row["name"], row["can_read"], row["can_update"])
    };
    rows(page).iter().map(in_short).collect()
}

#[actix_web::test]
async fn asking_changes_nothing() {
    let world = World::new().await;
    let alice = world.alice().await;
    let ada = alice.post("/v1/customers", json!({ "name": "Ada" })).await;
    let before = world.everything().await;
    for _ in 0..3 {
        let reply = alice.get(&format!("/v1/customers/{}/access", ada.id())).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    }
    assert_eq!(world.everything().await, before);
}

#[actix_web::test]
async fn the_customer_of_another_company_is_as_if_there_were_none() {
    let world = World::new().await;
    let (alice, bob) = (world.alice().await, world.bob().await);
    let ada = alice.post("/v1/customers", json!({ "name": "Ada" })).await;
    let hers = bob.get(&format!("/v1/customers/{}/access", ada.id())).await;
    let random = format!("/v1/customers/{}/access", uuid::Uuid::now_v7());
    assert_eq!(hers.problem(), "404 not-found");
    assert_eq!(hers.seen(), bob.get(&random).await.seen());
}

/// The policies are asked, not a copy of them: a rule that is added shows at once.
#[actix_web::test]
async fn the_answer_follows_the_policies() {
    let world = World::new().await;
    let alice = world.alice().await;
    world.colleague("carol").await;
    let ada = alice.post("/v1/customers", json!({ "name": "Ada" })).await;
    let admin = Psql::new(&world.database.admin_url()).await;
    let mine = "user_id = (select app.user_id())";
    admin.run(&format!("alter policy customers_change on crm.customers using ({mine})")).await;
    admin
        .run(&format!(
            "create policy customers_own on crm.customers for select to paddock_app using ({mine})"
        ))
        .await;
    let reply = alice.get(&format!("/v1/customers/{}/access", ada.id())).await;
    assert_eq!(
        in_short(&reply.json),
        [
            r#""Alice" true true ["customers_own", "customers_read", "customers_change"]"#,
            r#""carol" true false ["customers_read"]"#,
        ]
    );
}

#[actix_web::test]
async fn a_disabled_user_may_do_nothing() {
    let world = World::new().await;
    let alice = world.alice().await;
    world.colleague("carol").await;
    let ada = alice.post("/v1/customers", json!({ "name": "Ada" })).await;
    let admin = world.admin().await;
    let disable = "update crm.users set disabled_at = now() where name = 'carol'";
    admin.batch_execute(disable).await.unwrap();
    let reply = alice.get(&format!("/v1/customers/{}/access", ada.id())).await;
    let carol = &rows(&reply.json)[1];
    assert_eq!(
        *carol,
        json!({
            "name": "carol", "email": "carol@nike.example", "role": "member", "is_active": false,
            "can_read": false, "can_update": false, "rules": [],
        })
    );
}

#[actix_web::test]
async fn many_users_come_in_pages() {
    let world = World::new().await;
    let alice = world.alice().await;
    for name in ["carol", "dan", "erin"] {
        world.hire(name, &format!("{name}@nike.example"), "a password of their own").await;
    }
    let ada = alice.post("/v1/customers", json!({ "name": "Ada" })).await;
    let mut address = Some(format!("/v1/customers/{}/access?limit=2", ada.id()));
    let mut names = Vec::new();
    while let Some(page) = address {
        let reply = alice.get(&page).await;
        assert_eq!(reply.json["data"].as_array().unwrap().len(), 2);
        names.extend(reply.names().into_iter().map(str::to_owned));
        address = reply.next();
    }
    assert_eq!(names, ["Alice", "carol", "dan", "erin"]);
}

#[test]
fn a_dba_asks_on_the_command_line() {
    let home = Home::new();
    let server = home.dev();
    let ask = |user: &str, id: &str| home.run(&["explain", "--as", user, "customers", id]);
    let id = first_customer(&home);
    let hers = ask("alice@nike.example", &id);
    assert_eq!(
        String::from_utf8(hers.stdout).unwrap(),
        format!(
            "Alice <alice@nike.example>, owner: sees and changes it\n    \
             read    customers_read: {SEES}\n    \
             update  customers_change: {CHANGES}\n"
        )
    );
    let his = ask("bob@coca-cola.example", &id);
    assert!(!his.status.success());
    let said = String::from_utf8(his.stderr).unwrap();
    assert!(said.contains(&format!("bob@coca-cola.example sees no customer {id}")), "{said}");
    drop(server);
}

/// The id of some customer of Nike.
fn first_customer(home: &Home) -> String {
    let url = home.run(&["db", "url", "--role", "owner"]);
    let url = String::from_utf8(url.stdout).unwrap();
    let runtime = actix_web::rt::Runtime::new().unwrap();
    runtime.block_on(async {
        let owner = Psql::new(url.trim()).await;
        owner.run("set role postgres").await;
        owner
            .value(
                "select c.id from crm.customers c join crm.companies o on o.id = c.company_id \
                 where o.name = 'Nike' and c.user_id is not null limit 1",
            )
            .await
    })
}
