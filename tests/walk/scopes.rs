//! `sql/audit/scopes.txt`: which scope an API key needs for what, as the document says, and as every operation
//! answers.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::cases::Cases;
use super::document::{Document, Operation};
use super::parts::{self, Names};
use super::roles::{give_them_the_documented_password, is_excepted, records};
use super::scene::{BOSS, Known, Scene};
use crate::golden::compare;
use crate::harness::{Person, Reply};

const PREFACE: &str = "\
Which scope an API key needs for what, from `apiKey` in openapi.yaml. `make bless` writes this file; every line is
tried, with a key of an owner that has that scope alone, and with one that has all others: it is answered 403
`insufficient-permission`. No key may do what has no scope. Operations without a token are not here.
";

fn table(document: &Document) -> String {
    let mut text = format!("{PREFACE}\n");
    for operation in document.operations.iter().filter(|operation| operation.secured) {
        let scope = operation.scope.as_deref().unwrap_or("-");
        let _ = writeln!(text, "{:<26}{scope}", operation.name);
    }
    text
}

#[test]
fn the_table_of_scopes_is_the_checked_in_one() {
    compare("scopes.txt", &table(&Document::of_the_code()));
}

#[test]
fn every_operation_answers_every_scope_as_the_document_says() {
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
async fn a_check_that_asks_for_no_scope_is_found() {
    let scene = Scene::new().await;
    let wanted = |name: &str| ["getTeam", "createTeam"].contains(&name);
    assert_eq!(wrong_answers(&scene, wanted).await, [""; 0]);
    let lax = "select replace(pg_get_functiondef('app.enter(integer, uuid, uuid, uuid, bytea, text)'::regprocedure),
        'scope <> all (granted)', 'false')";
    scene.admin.run(&scene.admin.value(lax).await).await;
    let found: BTreeSet<String> = wrong_answers(&scene, wanted).await.into_iter().collect();
    let expected = [
        "createTeam with all but teams:write: 201, and may not",
        "getTeam with all but teams:read: 200, and may not",
    ];
    assert_eq!(found, expected.map(str::to_owned).into());
}

async fn wrong_answers(scene: &Scene, wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let all: BTreeSet<&str> =
        scene.document.operations.iter().filter_map(|o| o.scope.as_deref()).collect();
    let mut wrong = Vec::new();
    let secured = scene.document.operations.iter().filter(|operation| operation.secured);
    for operation in secured.filter(|operation| wanted(&operation.name)) {
        match operation.scope.as_deref() {
            Some(scope) => {
                let others = all.iter().copied().filter(|other| *other != scope).collect();
                let detail = format!("the API key lacks the scope {scope}");
                let reply = send(scene, operation, others).await;
                if !is_refused(&reply, &detail) {
                    let name = &operation.name;
                    wrong.push(format!(
                        "{name} with all but {scope}: {}, and may not",
                        reply.status
                    ));
                }
                let reply = send(scene, operation, vec![scope]).await;
                let may = match is_excepted(operation) {
                    true => reply.json["code"] != "insufficient-permission",
                    false => reply.status < 300,
                };
                if !may {
                    wrong.push(format!(
                        "{} with {scope}: {}, and may",
                        operation.name, reply.status
                    ));
                }
            }
            None => {
                let reply = send(scene, operation, all.iter().copied().collect()).await;
                if !is_refused(&reply, "no API key may do this: log in") {
                    wrong.push(format!(
                        "{} with any key: {}, and may not",
                        operation.name, reply.status
                    ));
                }
            }
        }
    }
    wrong
}

/// The first documented request, about new records, with a new key of the boss.
async fn send(scene: &Scene, operation: &Operation, scopes: Vec<&str>) -> Reply {
    let known: Known = (BOSS.to_owned(), with_key(scene.alice(), scopes).await);
    let book = records(scene, operation, &known).await;
    let cases = Cases::documented(&scene.document, operation, &book).unwrap();
    cases[0].send(&known.1).await
}

async fn with_key(person: &Person, scopes: Vec<&str>) -> Person {
    let body = json!({ "name": "Walk", "role": "owner", "scopes": scopes });
    let reply = person.post("/v1/api-keys", body).await;
    person.with_token(reply.json["key"].as_str().unwrap_or_else(|| panic!("{reply:?}")))
}

fn is_refused(reply: &Reply, detail: &str) -> bool {
    let said = ["code", "detail"].map(|member| reply.json[member].as_str().unwrap_or_default());
    reply.status == 403
        && said == ["insufficient-permission", detail]
        && reply.json["errors"] == Value::Null
}
