//! Who takes mails away: an SMTP server, a folder, or whatever the program brings along.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::BoxFuture;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::transport::smtp;
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use uuid::Uuid;

use super::letter::Letter;

/// How long an SMTP server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Takes one mail after the other, several at the same time.
pub trait Carrier: Send + Sync {
    /// Takes the letter, or says why not.
    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotCarried>>;
}

/// A mail was not taken. The reason holds neither address nor text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCarried {
    /// For the log.
    pub reason: String,
    /// Whether it is of no use to try again.
    pub is_final: bool,
}

impl NotCarried {
    fn finally(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), is_final: true }
    }
}

impl fmt::Display for NotCarried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// A setting of the mail that cannot be read. Says which; never what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailError {
    /// The URL of the SMTP server.
    Url,
    /// The address that mails come from.
    From,
    /// The folder for mails cannot be made or written to.
    Folder,
}

impl fmt::Display for MailError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Url => {
                "the SMTP server is written as smtps://user:password@host, smtp://host:587?tls=required or smtp://host:25"
            }
            Self::From => "the sender is written as crm@example.com or Paddock <crm@example.com>",
            Self::Folder => "the folder for mails cannot be written to",
        })
    }
}

impl std::error::Error for MailError {}

/// Hands mails to an SMTP server.
pub struct Smtp {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// A server by its URL, and whom mails come from. Nothing is sent yet.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn new(url: &str, from: &str) -> Result<Self, MailError> {
        let from: Mailbox = from.parse().map_err(|_| MailError::From)?;
        let server =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| MailError::Url)?;
        let name = ClientId::Domain(from.email.domain().to_owned());
        let server = server.hello_name(name).timeout(Some(PATIENCE)).build();
        Ok(Self { server, from })
    }
}

impl Carrier for Smtp {
    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotCarried>> {
        Box::pin(async move {
            let message = message(letter, &self.from)?;
            self.server.send(message).await.map(drop).map_err(|error| refusal(&error))
        })
    }
}

/// Writes mails into a folder, one file each, for whoever takes them on from there.
pub struct Folder {
    path: PathBuf,
    from: Mailbox,
}

impl Folder {
    /// Takes the folder, which is made where it is not there, and whom mails come from.
    ///
    /// # Errors
    /// If the sender cannot be read or the folder not be made.
    pub fn new(path: PathBuf, from: &str) -> Result<Self, MailError> {
        let from = from.parse().map_err(|_| MailError::From)?;
        std::fs::create_dir_all(&path).map_err(|_| MailError::Folder)?;
        Ok(Self { path, from })
    }
}

impl Carrier for Folder {
    /// Under another name first: whoever watches the folder sees whole mails only.
    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotCarried>> {
        Box::pin(async move {
            let text = message(letter, &self.from)?.formatted();
            let id = Uuid::now_v7();
            let (draft, path) =
                (self.path.join(format!(".{id}")), self.path.join(format!("{id}.eml")));
            let write =
                move || std::fs::write(&draft, text).and_then(|()| std::fs::rename(&draft, path));
            let failed = |reason: String| NotCarried { reason, is_final: false };
            let written = tokio::task::spawn_blocking(write).await;
            written.map_err(|error| failed(error.to_string()))?.map_err(|e| failed(e.to_string()))
        })
    }
}

fn message(letter: &Letter, from: &Mailbox) -> Result<Message, NotCarried> {
    let to =
        letter.to.parse().map_err(|_| NotCarried::finally("nobody can write to that address"))?;
    let id = format!("<{}@{}>", Uuid::now_v7(), from.email.domain());
    // RFC 3834: no machine need answer.
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(&letter.subject)
        .message_id(Some(id))
        .raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()))
        .header(ContentType::TEXT_PLAIN)
        .body(letter.text.clone())
        .map_err(|_| NotCarried::finally("the mail could not be put together"))
}

/// What a server says may repeat the address: its code is enough.
fn refusal(error: &smtp::Error) -> NotCarried {
    let reason = match error.status() {
        Some(code) => format!("the server answered {code}"),
        None if error.is_timeout() => "the server did not answer in time".to_owned(),
        None if error.is_tls() => "no TLS connection to the server".to_owned(),
        None => "the server cannot be reached".to_owned(),
    };
    NotCarried { reason, is_final: error.is_permanent() }
}
