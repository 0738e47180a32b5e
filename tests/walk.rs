//! The isolation walk: every operation of the document, sent by people of one company about the records
//! of another, and about records that never were. The answers must be the same, byte by byte.
//!
//! A new operation, parameter or body is walked without a line here. What the document must say for that
//! (an example, `format: uuid`), a failure tells.

mod book;
mod canaries;
mod cases;
mod compare;
mod document;
mod drive;
mod example;
mod judge;
pub mod log;
mod parts;
mod report;
mod roles;
mod rows;
mod sabotage;
mod scene;
mod scopes;
mod spellings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use actix_web::rt::System;

use self::compare::Comparison;
use self::document::{Document, Operation};
use self::parts::Names;
use self::report::Report;
use self::scene::Scene;
use crate::harness::Database;

/// Operations that cannot be walked, a line each: `name: reason`. The list only shrinks.
const EXCEPTIONS: &str = include_str!("walk/exceptions.txt");

/// The least number of cases of an operation that names records.
const LEAST: usize = 25;

#[test]
fn nobody_learns_anything_of_another_companys_records_from_any_operation() {
    let document = Document::of_the_code();
    let names = parts::chosen(&document);
    let (home, refused) = System::new().block_on(furnish());
    let home = Arc::new(home);
    let mut report = Report { not_driven: refused, ..Report::default() };
    for part in parts::in_parts(&names, |part| Box::pin(walk(Arc::clone(&home), part))) {
        report.add(part);
    }
    println!("{report}");
    assert_eq!(report.red(), [""; 0], "{report}");
    assert_eq!(gaps(&document, &names, &report, EXCEPTIONS), [""; 0]);
}

/// A database with everything that the boss can make, and what she cannot.
async fn furnish() -> (Database, BTreeMap<String, String>) {
    let scene = Scene::new().await;
    let refused = drive::drive(&scene, &scene.nike[..1], |_| true).await;
    let database = scene.world.close();
    database.shut().await;
    (database, refused)
}

/// Alice's colleagues, then those of the other company.
async fn walk(home: Arc<Database>, part: Names) -> Report {
    let scene = Scene::copy_of(&home).await;
    let wanted = |name: &str| part.iter().any(|known| known == name);
    let refused = drive::drive(&scene, &scene.nike[1..], wanted).await;
    let mut report = Comparison::begin(&scene).await.unwrap().of(wanted).await;
    report.not_driven.extend(refused);
    report
}

#[test]
fn an_operation_that_is_not_walked_needs_a_reason_and_no_reason_outlives_its_need() {
    let document = Document::of_the_code();
    let names: Names = document.operations.iter().map(|o| o.name.clone()).collect();
    let mut report = Report::default();
    for operation in &document.operations {
        report.cases.insert(operation.name.clone(), LEAST);
    }
    assert_eq!(gaps(&document, &names, &report, "# None."), [""; 0]);
    let needless = "getMe: nobody knows\ngetHer: nobody knows\ngetUser:\n";
    let found = gaps(&document, &names, &report, needless);
    let expected = [
        "exceptions.txt gives no reason for \"getUser:\"",
        "exceptions.txt names getHer, and there is no such operation",
        "getMe can be walked: take it out of exceptions.txt",
    ];
    assert_eq!(found, expected);
    report.not_driven.insert("getMe".to_owned(), "add an example".to_owned());
    report.cases.insert("getUser".to_owned(), LEAST - 1);
    report.cases.remove("ping");
    let expected = [
        "getMe: add an example (or give a reason in exceptions.txt)",
        "ping was not walked at all",
        "getUser has 24 cases, fewer than 25",
    ];
    assert_eq!(gaps(&document, &names, &report, ""), expected);
    assert_eq!(gaps(&document, &names, &report, "getMe: nobody knows"), expected[1..]);
}

/// What is missing between the document, the walk of those operations, and the exceptions.
fn gaps(document: &Document, names: &Names, report: &Report, exceptions: &str) -> Vec<String> {
    let mut gaps = Vec::new();
    let mut excepted = BTreeSet::new();
    for line in exceptions.lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(": ").filter(|(_, reason)| !reason.trim().is_empty()) {
            Some((name, _)) => _ = excepted.insert(name),
            None => gaps.push(format!("exceptions.txt gives no reason for {line:?}")),
        }
    }
    let gone = |name: &&str| document.operations.iter().all(|operation| operation.name != *name);
    for name in excepted.iter().copied().filter(gone) {
        gaps.push(format!("exceptions.txt names {name}, and there is no such operation"));
    }
    let is_known = |name: &String| names.contains(name) || report.not_driven.contains_key(name);
    let known = document.operations.iter().filter(|operation| is_known(&operation.name));
    gaps.extend(known.filter_map(|operation| {
        gap(operation, report, excepted.contains(operation.name.as_str()))
    }));
    gaps
}

fn gap(operation: &Operation, report: &Report, excepted: bool) -> Option<String> {
    let name = &operation.name;
    match (report.not_driven.get(name), excepted) {
        (Some(_), true) => None,
        (Some(why), false) => Some(format!("{name}: {why} (or give a reason in exceptions.txt)")),
        (None, true) => Some(format!("{name} can be walked: take it out of exceptions.txt")),
        (None, false) => match report.cases.get(name) {
            None | Some(0) => Some(format!("{name} was not walked at all")),
            Some(count) if operation.has_id() && *count < LEAST => {
                Some(format!("{name} has {count} cases, fewer than {LEAST}"))
            }
            Some(_) => None,
        },
    }
}
