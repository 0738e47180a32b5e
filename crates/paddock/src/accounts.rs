//! Sign-up, mail and passwords: settings of the server.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use paddock_api::mail::{Carrier, Folder, Letter, NotCarried, Office, Post, Smtp};
use paddock_api::{Accounts, Breached};
use paddock_db::Door;
use url::Url;

use crate::terminal::{Failure, say};

/// How people come in, and what is written to them.
#[derive(Args, Debug, Clone)]
pub(crate) struct AccountArgs {
    /// Whether anybody may sign up for a company of their own. Where nothing is said: open in development,
    /// closed elsewhere.
    #[arg(long, env = "PADDOCK_SIGNUP", value_enum)]
    signup: Option<SignUp>,
    /// The server that takes mails: `smtps://user:password@host`, `smtp://host:587?tls=required` …
    #[arg(long, env = "PADDOCK_SMTP_URL", hide_env_values = true)]
    smtp_url: Option<String>,
    /// A folder that mails are written into instead, one file each.
    #[arg(long, env = "PADDOCK_MAIL_FOLDER", conflicts_with = "smtp_url")]
    mail_folder: Option<PathBuf>,
    /// Whom mails come from: `crm@example.com`, or `Our CRM <crm@example.com>`.
    #[arg(long, env = "PADDOCK_MAIL_FROM")]
    mail_from: Option<String>,
    /// What links in mails begin with: where people find the pages that take a token.
    #[arg(long, env = "PADDOCK_PUBLIC_URL")]
    public_url: Option<String>,
    /// A list of stolen passwords that nobody may choose: SHA-1 in hexadecimal, sorted, as Pwned Passwords
    /// gives it away. It is searched where it lies.
    #[arg(long, env = "PADDOCK_BREACHED_PASSWORDS")]
    breached_passwords: Option<PathBuf>,
}

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SignUp {
    /// Anybody.
    Open,
    /// Nobody: an administrator lets people in.
    Closed,
}

impl AccountArgs {
    /// Settings as they are meant, and the office that has to run. At home, which is where developers are,
    /// mails are printed, links lead to this server, and anybody may sign up.
    pub(crate) fn open(
        &self,
        door: Door,
        at_home: bool,
        url: &str,
    ) -> Result<(Accounts, Option<Office>), Failure> {
        let breached = self.breached_passwords.as_deref().map(Breached::open).transpose();
        let breached = breached.map_err(Failure::from_error)?;
        let carrier = self.carrier(at_home)?;
        let default = if at_home { SignUp::Open } else { SignUp::Closed };
        let sign_up_is_open = self.signup.unwrap_or(default) == SignUp::Open;
        let Some(carrier) = carrier else {
            if sign_up_is_open {
                return Err(Failure::new(
                    "nobody can sign up without mail: set PADDOCK_SMTP_URL, or PADDOCK_SIGNUP=closed",
                ));
            }
            tracing::warn!("no mail is sent, so nobody gets a new password: set PADDOCK_SMTP_URL");
            return Ok((Accounts { post: Post::nowhere(), sign_up_is_open, breached }, None));
        };
        let (post, office) = Post::new(door, carrier, &self.links(at_home, url)?);
        Ok((Accounts { post, sign_up_is_open, breached }, Some(office)))
    }

    fn carrier(&self, at_home: bool) -> Result<Option<Box<dyn Carrier>>, Failure> {
        let from = || {
            self.mail_from.as_deref().ok_or_else(|| {
                Failure::new("PADDOCK_MAIL_FROM is not set: whom do mails come from?")
            })
        };
        Ok(match (&self.smtp_url, &self.mail_folder) {
            (Some(url), _) => Some(Box::new(Smtp::new(url, from()?).map_err(Failure::from_error)?)),
            (None, Some(folder)) => {
                let folder = Folder::new(folder.clone(), from()?).map_err(Failure::from_error)?;
                Some(Box::new(folder))
            }
            (None, None) if at_home => Some(Box::new(Console)),
            (None, None) => None,
        })
    }

    /// Never from a request: whoever chose its Host header would choose where tokens go.
    fn links(&self, at_home: bool, url: &str) -> Result<String, Failure> {
        let Some(text) = &self.public_url else {
            let missing = "PADDOCK_PUBLIC_URL is not set: where do links in mails lead?";
            return if at_home { Ok(url.to_owned()) } else { Err(Failure::new(missing)) };
        };
        let url = Url::parse(text).ok().filter(|url| {
            matches!(url.scheme(), "https" | "http")
                && url.query().is_none()
                && url.fragment().is_none()
        });
        match url {
            Some(_) => Ok(text.clone()),
            None => Err(Failure::new(
                "PADDOCK_PUBLIC_URL is written as https://crm.example.com or https://example.com/crm",
            )),
        }
    }
}

/// Prints mails, for developers.
struct Console;

impl Carrier for Console {
    fn carry<'a>(
        &'a self,
        letter: &'a Letter,
    ) -> futures_util::future::BoxFuture<'a, Result<(), NotCarried>> {
        let Letter { to, subject, text, .. } = letter;
        say(&format!("\nA mail to {to}: {subject}\n\n{text}"));
        Box::pin(std::future::ready(Ok(())))
    }
}
