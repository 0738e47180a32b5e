//! What tests stand on: a world of two companies, people who ask, and what they get for an answer.

mod cluster;
pub mod ed25519;
pub mod forge;
mod person;
pub mod program;
mod psql;
mod reply;
mod wire;
mod world;

pub use cluster::{Database, PASSWORD, Place};
pub use person::Person;
pub use psql::Psql;
pub use reply::Reply;
pub use wire::Wire;
pub use world::{SECRET, World};
