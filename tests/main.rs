//! Sentences about the product, one file per resource or promise.

mod harness;

mod access;
mod attacks;
mod audit;
mod authorization;
mod bad_input;
mod bad_paths;
mod batch;
mod batch_changes;
mod bin;
mod conditions;
mod customer_comments;
mod customers;
mod faults;
mod filters;
mod golden;
mod headers;
mod isolation;
mod lists;
mod migrations;
mod odd_strings;
mod openapi;
mod parameters;
mod people;
mod pgrls;
mod problems;
mod program;
mod prove;
mod roles;
mod seed_story;
mod tokens;
mod transactions;
mod two_databases;
mod upsert;
mod walk;
