//! Sentences about the product, one file per resource or promise.

mod harness;

mod isolation;
mod program;
mod seed_story;
mod transactions;
