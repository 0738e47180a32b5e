//! One file or folder per resource, whole: types, handlers, documentation, examples.

pub(crate) mod accounts;
pub(crate) mod api_keys;
pub(crate) mod audit_log;
mod by_creation;
pub(crate) mod company;
pub(crate) mod custom_fields;
pub(crate) mod customer_comments;
pub(crate) mod customer_shares;
pub(crate) mod customers;
pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod invitations;
pub(crate) mod jwks;
pub(crate) mod login;
pub(crate) mod login_second_factor;
pub(crate) mod me;
pub(crate) mod my_companies;
pub(crate) mod proof;
pub(crate) mod second_factor;
pub(crate) mod sessions;
pub(crate) mod teams;
pub(crate) mod users;
