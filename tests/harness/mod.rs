//! What tests stand on: a world of two companies, people who ask, and what they get for an answer.

mod cluster;
pub mod ed25519;
pub mod forge;
pub mod mailbox;
mod person;
pub mod program;
pub mod provider;
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

/// Whether there is time for everything. Elsewhere, what takes minutes checks a part of it.
pub fn in_ci() -> bool {
    std::env::var_os("CI").is_some()
}
