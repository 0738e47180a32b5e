//! `sql/audit/roles.txt`: which role may do what, as the document says, and as every operation answers.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::book::Book;
use super::cases::{Case, Cases};
use super::document::{Document, Operation};
use super::parts::{self, Names};
use super::scene::{Known, Scene};
use crate::golden::compare;
use crate::harness::{PASSWORD, Reply};

const PREFACE: &str = "\
Which role may do what, from `x-roles` of openapi.yaml. `make bless` writes this file; every line is tried, by every
role, about records that exist and customers of one's own: whoever may not is answered 403 `insufficient-permission`.
Which records somebody sees is another matter: what is not visible is 404 for everybody. Operations without a token
are not here. Those that take a secret which no document can show are refused to everybody here, but not for a role.
";

fn table(document: &Document) -> String {
    let roles = document.roles();
    let mut text = format!("{PREFACE}\n{:<26}{}\n", "", roles.join("  "));
    for operation in document.operations.iter().filter(|operation| operation.secured) {
        let _ = write!(text, "{:<26}", operation.name);
        for role in &roles {
            let may = if operation.roles.contains(role) { "yes" } else { "-" };
            let _ = write!(text, "{may:<width$}", width = role.len() + 2);
        }
        text = text.trim_end().to_owned() + "\n";
    }
    text
}

#[test]
fn the_table_of_roles_is_the_checked_in_one() {
    compare("roles.txt", &table(&Document::of_the_code()));
}

#[test]
fn every_operation_answers_every_role_as_the_document_says() {
    let names = parts::chosen(&Document::of_the_code());
    let wrong = parts::in_parts(&names, |part| Box::pin(wrong_answers_of(part))).concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn wrong_answers_of(part: Names) -> Vec<String> {
    let scene = Scene::new().await;
    give_them_the_documented_password(&scene).await;
    wrong_answers(&scene, |name| part.iter().any(|known| known == name)).await
}

#[actix_web::test]
async fn a_role_that_may_more_or_less_than_the_document_says_is_found() {
    let scene = Scene::new().await;
    let wanted = |name: &str| ["createCustomer", "createTeam"].contains(&name);
    assert_eq!(wrong_answers(&scene, wanted).await, [""; 0]);
    scene
        .admin
        .run(
            "drop policy customers_may_create on crm.customers;
            alter policy teams_may_create on crm.teams
                with check ((select app.role()) = 'owner' or app.refuse('teams_may_create'))",
        )
        .await;
    let expected = [
        "createTeam as admin, as documented, body 0: 403, and may",
        "createCustomer as viewer, as documented, body 0: 201, and may not",
    ];
    let found: BTreeSet<String> = wrong_answers(&scene, wanted).await.into_iter().collect();
    assert_eq!(found, expected.map(str::to_owned).into());
}

async fn wrong_answers(scene: &Scene, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let secured = scene.document.operations.iter().filter(|operation| operation.secured);
    for operation in secured.filter(|operation| wanted(&operation.name)) {
        for known in &scene.nike[1..] {
            wrong.extend(try_as(scene, operation, known).await);
        }
    }
    wrong
}

/// Every documented request of a role, each about new records.
async fn try_as(scene: &Scene, operation: &Operation, known: &Known) -> Vec<String> {
    let (role, person) = known;
    let (mut wrong, mut number) = (Vec::new(), 0);
    loop {
        let book = records(scene, operation, known).await;
        let cases = Cases::documented(&scene.document, operation, &book).unwrap();
        let Some(case) = cases.get(number) else { break };
        let reply = case.send(person).await;
        scene.bring_back(operation).await;
        let may = operation.roles.contains(role);
        let expected = match (may, is_excepted(operation)) {
            (true, false) => reply.status < 300,
            (true, true) => !is_refused(&reply),
            (false, _) => is_refused(&reply),
        };
        if !expected {
            let may = if may { "may" } else { "may not" };
            let Case { name, .. } = case;
            wrong
                .push(format!("{} as {role}, {name}: {}, and {may}", operation.name, reply.status));
        }
        number += 1;
    }
    wrong
}

/// Whether no documented request of it can succeed.
pub fn is_excepted(operation: &Operation) -> bool {
    let name = format!("{}: ", operation.name);
    super::EXCEPTIONS.lines().any(|line| line.starts_with(&name))
}

/// Some operations ask for it again.
pub async fn give_them_the_documented_password(scene: &Scene) {
    let update = "update identity.identities set password_hash = '{}'";
    let hash = paddock_api::hash_password(PASSWORD).unwrap();
    scene.admin.run(&update.replace("{}", &hash)).await;
}

/// A batch that is not all or none answers for each item.
fn is_refused(reply: &Reply) -> bool {
    let items = reply.json["results"].as_array();
    let is_for_the_role = reply.json["code"] == "insufficient-permission";
    is_for_the_role || items.is_some_and(|all| all.iter().all(|item| item["status"] == 403))
}

/// Records that the boss made, with the person as the owner of the customer, the session and the key. What is to be
/// restored is in the bin.
pub async fn records(scene: &Scene, operation: &Operation, (_, person): &Known) -> Book {
    let mut book = scene.records_of(scene.alice(), 1).await.unwrap();
    let customer = book.ids["customer_id"].clone();
    let own =
        format!("update crm.customers set user_id = '{}' where id = '{customer}'", person.user_id);
    scene.admin.run(&own).await;
    book.ids.insert("session_id".to_owned(), scene.begin_session(person).await);
    book.ids.insert("api_key_id".to_owned(), scene.make_key(person).await);
    if let Some(record) = operation.path.strip_suffix("/restore") {
        let record = record.replace("{customer_id}", &customer);
        assert_eq!(scene.alice().delete(&record).await.status, 204);
    }
    book
}
