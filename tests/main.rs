//! Sentences about the product, one file per resource or promise.

mod harness;

mod program;
mod seed_story;
