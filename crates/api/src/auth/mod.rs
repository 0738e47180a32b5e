//! Who is asking: passwords, access tokens, sessions, and the caller that handlers get.

pub(crate) mod caller;
pub(crate) mod cookie;
pub(crate) mod keys;
pub(crate) mod passwords;
pub(crate) mod refresh;
pub(crate) mod tokens;
