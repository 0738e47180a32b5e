//! The isolation walk: every operation of the document, sent by people of one company about the records
//! of another, and about records that never were. The answers must be the same, byte by byte.
//!
//! A new operation, parameter or body is walked without a line here. What the document must say for that
//! (an example, `format: uuid`), a failure tells.

mod book;
mod canaries;
mod cases;
mod document;
mod example;
mod judge;
mod log;
mod rows;
mod scene;
mod spellings;
mod steps;

use self::scene::Scene;
use self::steps::Walk;

/// Operations that cannot be walked, each with its reason. The list only shrinks.
const EXCEPTIONS: &str = include_str!("walk/exceptions.txt");

#[actix_web::test]
async fn bob_learns_nothing_of_alices_records_from_any_operation() {
    let t = std::time::Instant::now();
    let scene = Scene::new().await;
    println!("scene {:?}", t.elapsed());
    let driven = steps::drive(&scene).await;
    println!("driven {:?}", t.elapsed());
    let walk = Walk::begin(&scene).await.unwrap();
    println!("begun {:?}", t.elapsed());
    let report = walk.every().await;
    println!("walked {:?}", t.elapsed());
    println!("{report}");
    println!("{driven:?}");
}
