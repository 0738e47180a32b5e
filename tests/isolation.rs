//! Isolation where it lives: raw SQL as the roles of the database, as if everything above had been broken.
//! Whatever can be asked of the catalog is asked of the catalog, so that a table added tomorrow is covered.

mod around;
mod catalog;
mod roles;
mod scene;

use self::scene::Scene;

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
