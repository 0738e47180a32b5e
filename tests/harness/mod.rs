//! What tests stand on: a world of two companies, people who ask, and what they get for an answer.

mod cluster;
pub mod ed25519;
pub mod forge;
pub mod mailbox;
mod person;
pub mod program;
mod psql;
pub mod python;
mod reply;
mod wire;
mod world;

pub use cluster::{Database, PASSWORD, Place};
pub use person::Person;
pub use psql::Psql;
pub use reply::Reply;
pub use wire::Wire;
pub use world::{SECRET, World};
