//! The only door to PostgreSQL: whoever comes in acts as one user of one company, and can do nothing else.
//!
//! A request takes one connection for one flight: `BEGIN`, the context, the check of the user, the
//! statement and `COMMIT` leave together and come back together. Callers name statements that live in
//! `sql/queries`; they never see a client, a pool or SQL text.

mod accounts;
mod arrival;
pub mod audit;
mod connect;
mod door;
mod error;
mod keys;
mod lease;
pub mod local;
mod memberships;
pub mod migrate;
mod pool;
pub mod provision;
pub mod purge;
mod rehearsal;
mod row;
mod rows;
mod second_factor;
mod statement;
mod tenant;
mod walls;
mod wire;

pub use accounts::{Addressee, ChangedEmail, SignUp};
pub use arrival::Arrival;
pub use connect::{ConnectError, connect};
pub use door::{Door, Login};
pub use error::{Error, Result, Violation};
pub use memberships::{Invited, Place};
pub use pool::{Db, Limits, Stopwatch};
pub use rehearsal::Rehearsal;
pub use row::{FromRow, Row};
pub use rows::{Rows, Value};
pub use second_factor::Account;
pub use statement::{Listing, SqlValue, Statement};
pub use tenant::{Access, Actor, Key, Params, Tenant, Tx};
pub use tokio_postgres::types::ToSql;
