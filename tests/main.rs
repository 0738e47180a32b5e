//! Sentences about the product, one file per resource or promise.

mod harness;

mod seed_story;
