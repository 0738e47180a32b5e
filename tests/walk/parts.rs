//! A walk through many operations goes in parts, each in a database of its own: no part looks again and again
//! through what others have written, and several walk at the same time.

use std::panic::resume_unwind;
use std::sync::Mutex;
use std::thread::{available_parallelism, scope};

use actix_web::rt::System;
use futures_util::future::LocalBoxFuture;

use super::document::Document;
use crate::harness::{forge, in_ci};

/// How many operations one part has.
const PART: usize = 8;
/// Where there is less time than in CI, one of so many operations is walked.
const SHARE: usize = 4;

/// Names of operations.
pub type Names = Vec<String>;

/// All operations in CI, elsewhere a share that is another one each minute.
pub fn chosen(document: &Document) -> Names {
    let names = document.operations.iter().map(|operation| operation.name.clone());
    if in_ci() {
        return names.collect();
    }
    let minutes = usize::try_from(forge::now() / 60).unwrap();
    names.skip(minutes % SHARE).step_by(SHARE).collect()
}

/// Walks all of them, part by part, on all cores; answers what came of each part, in any order.
pub fn in_parts<T: Send>(
    names: &Names,
    walk: impl Fn(Names) -> LocalBoxFuture<'static, T> + Sync,
) -> Vec<T> {
    let parts = Mutex::new(names.chunks(PART));
    let take = || parts.lock().unwrap().next().map(<[String]>::to_vec);
    let walk_on = || {
        let system = System::new();
        let mut walked = Vec::new();
        while let Some(part) = take() {
            walked.push(system.block_on(walk(part)));
        }
        walked
    };
    let walkers = available_parallelism().map_or(1, usize::from);
    scope(|scope| {
        let walkers: Vec<_> = (0..walkers).map(|_| scope.spawn(walk_on)).collect();
        let walked = walkers.into_iter().map(|walker| walker.join());
        walked.flat_map(|walked| walked.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
