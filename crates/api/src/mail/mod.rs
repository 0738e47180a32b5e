//! Mail, and what is decided by mail: done after the answer, so that no answer tells or shows by its time
//! whether somebody has an e-mail.

mod carriers;
mod letter;
mod post;

pub use carriers::{Carrier, Folder, MailError, NotCarried, Smtp};
pub use letter::Letter;
pub(crate) use post::Errand;
pub use post::{Office, Post};
