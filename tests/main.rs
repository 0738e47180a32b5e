//! Sentences about the product, one file per resource or promise.

mod harness;

mod faults;
mod isolation;
mod migrations;
mod plans;
mod program;
mod seed_story;
mod transactions;
