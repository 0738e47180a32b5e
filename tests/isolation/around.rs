//! What does not ask a policy: foreign keys, unique keys, cascades and COPY.

use super::scene::Scene;

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
