//! The first half: people send the documented requests about records of their own company. Who is refused
//! here would be refused by everybody, and the comparison would say nothing.

use std::collections::BTreeMap;

use actix_web::http::Method;

use super::book::Book;
use super::cases::{Case, Cases};
use super::document::{Lack, Operation};
use super::scene::{BOSS, Known, Scene};
use crate::harness::Reply;

/// Sends the operations with such names as these people of Alice's company; answers what went wrong, by operation.
pub async fn drive(
    scene: &Scene,
    people: &[Known],
    wanted: impl Fn(&str) -> bool,
) -> BTreeMap<String, String> {
    let mut wrong = BTreeMap::new();
    for operation in scene.document.operations.iter().filter(|operation| wanted(&operation.name)) {
        if let Err(Lack(why)) = drive_one(scene, operation, people).await {
            wrong.insert(operation.name.clone(), why);
        }
    }
    wrong
}

/// With new records for every case, unless it left the last ones as they were.
async fn drive_one(scene: &Scene, operation: &Operation, people: &[Known]) -> Result<(), Lack> {
    let mut book = scene.records_of(scene.alice(), 1).await?;
    let count = Cases::documented(&scene.document, operation, &book)?.len();
    for known in people {
        for number in 0..count {
            let case = Cases::documented(&scene.document, operation, &book)?.swap_remove(number);
            let tried = try_it(scene, operation, known, &case).await;
            scene.bring_back(operation).await;
            let reply = tried?;
            if operation.method != Method::GET && reply.status < 400 {
                book = scene.records_of(scene.alice(), 1).await?;
            }
        }
    }
    Ok(())
}

/// About living records, and where that is refused, about deleted ones. Whoever is not the boss may be told
/// that it is not their business.
async fn try_it(
    scene: &Scene,
    operation: &Operation,
    (name, person): &Known,
    case: &Case,
) -> Result<Reply, Lack> {
    let mut reply = case.send(person).await;
    if reply.status == 404 || reply.status == 409 {
        let book = deleted(scene.records_of(scene.alice(), 3).await?);
        let cases = Cases::documented(&scene.document, operation, &book)?;
        for same in cases.iter().filter(|same| same.name == case.name) {
            reply = same.send(person).await;
        }
    }
    // What is one's own is nobody else's business, not even a colleague's.
    let personal = ["/v1/me/", "/v1/api-keys/"];
    let own = reply.status == 404 && personal.iter().any(|path| operation.path.starts_with(path));
    if reply.status < 300 || ((reply.status == 403 || own) && name != BOSS) {
        return Ok(reply);
    }
    Err(Lack(format!("{name}, {}: {} {}", case.name, reply.status, reply.text)))
}

/// The book with deleted records in the place of living ones, where there are any.
fn deleted(mut book: Book) -> Book {
    book.ids.extend(book.deleted.clone());
    book
}
