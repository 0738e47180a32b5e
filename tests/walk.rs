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
mod log;
mod report;
mod rows;
mod sabotage;
mod scene;
mod spellings;

use std::collections::BTreeMap;

use self::compare::Comparison;
use self::report::Report;
use self::scene::Scene;

/// Operations that cannot be walked, a line each: `name: reason`. The list only shrinks.
const EXCEPTIONS: &str = include_str!("walk/exceptions.txt");

/// The least number of cases of an operation that names records.
const LEAST: usize = 25;

#[actix_web::test]
async fn nobody_learns_anything_of_another_companys_records_from_any_operation() {
    let scene = Scene::new().await;
    let refused = drive::drive(&scene).await;
    let mut report = Comparison::begin(&scene).await.unwrap().of(|_| true).await;
    report.not_driven.extend(refused);
    println!("{report}");
    assert_eq!(report.red(), [""; 0], "{report}");
    every_operation_is_walked_or_excepted(&scene, &report);
}

fn every_operation_is_walked_or_excepted(scene: &Scene, report: &Report) {
    let exceptions = exceptions();
    for operation in &scene.document.operations {
        let name = operation.name.as_str();
        match (report.not_driven.get(name), exceptions.get(name)) {
            (Some(why), None) => panic!("{name}: {why}; or give a reason in walk/exceptions.txt"),
            (None, Some(_)) => panic!("{name} can be walked: take it out of walk/exceptions.txt"),
            (Some(_), Some(_)) => {}
            (None, None) => {
                let cases = report.cases[name];
                assert!(!operation.has_id() || cases >= LEAST, "{name}: {cases} cases");
            }
        }
    }
    let known = |name: &&str| scene.document.operations.iter().any(|o| o.name == *name);
    assert!(exceptions.keys().all(known), "walk/exceptions.txt names an operation that is gone");
}

fn exceptions() -> BTreeMap<&'static str, &'static str> {
    let split = |line: &'static str| {
        let parts = line.split_once(": ").filter(|(_, reason)| !reason.trim().is_empty());
        parts.unwrap_or_else(|| panic!("{line:?} in walk/exceptions.txt gives no reason"))
    };
    EXCEPTIONS.lines().map(split).collect()
}
