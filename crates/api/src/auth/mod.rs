//! Who is asking: passwords, second factors, access tokens, sessions, and the caller that handlers get.

pub(crate) mod api_key;
pub(crate) mod caller;
pub(crate) mod challenge;
pub(crate) mod clock;
pub(crate) mod cookie;
pub(crate) mod invitation;
pub(crate) mod keys;
pub(crate) mod one_time;
pub(crate) mod password_rules;
pub(crate) mod passwords;
pub(crate) mod providers;
pub(crate) mod recovery;
pub(crate) mod refresh;
pub(crate) mod strict;
pub(crate) mod tokens;
pub(crate) mod totp;
pub(crate) mod vault;
