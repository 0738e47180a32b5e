//! Who is asking: passwords, access tokens, and the caller that handlers get.

pub(crate) mod caller;
pub(crate) mod passwords;
pub(crate) mod tokens;
