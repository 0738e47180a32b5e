//! The way of a mail: handed in with a request, written and sent when the request has its answer.

use std::sync::Arc;
use std::time::Duration;

use paddock_db::{ChangedEmail, Door, Error, SignUp};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::carriers::Carrier;
use super::letter::{Letter, Subject, email_changed};
use crate::auth::invitation::Invite;
use crate::auth::one_time::Token;
use crate::http::problem::{Answer, Code, Problem};

/// How many errands wait at most; whoever comes then is told that we are overloaded.
const WAITING: usize = 1024;
/// How many are under way at the same time.
const AT_ONCE: usize = 16;
/// How long to wait before each further try.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];

/// What is to be done after the answer. It holds what the client said; whether there is such a login is
/// found out by the errand.
pub(crate) enum Errand {
    SignUp(SignUp),
    PasswordReset { email: String },
    PasswordChanged { address: String },
    EmailChange { identity_id: Uuid, email: String },
    EmailChanged(ChangedEmail),
    Invitation { address: String, invite: Invite },
}

/// Where handlers hand in errands. Clones lead to the same office.
#[derive(Clone)]
pub struct Post(Option<mpsc::Sender<Errand>>);

/// Does what was handed in.
pub struct Office {
    queue: mpsc::Receiver<Errand>,
    desk: Arc<Desk>,
}

/// What an errand needs.
struct Desk {
    door: Door,
    carrier: Box<dyn Carrier>,
    public_url: String,
}

impl Post {
    /// A post whose mails the carrier takes, with links that begin with this URL. [`Office::run`] has to run
    /// somewhere.
    #[must_use]
    pub fn new(door: Door, carrier: Box<dyn Carrier>, public_url: &str) -> (Self, Office) {
        let (sender, queue) = mpsc::channel(WAITING);
        let desk = Arc::new(Desk { door, carrier, public_url: public_url.to_owned() });
        (Self(Some(sender)), Office { queue, desk })
    }

    /// A service that sends no mails: what is handed in is forgotten.
    #[must_use]
    pub const fn nowhere() -> Self {
        Self(None)
    }

    /// Hands in an errand. It is not done yet when this returns.
    ///
    /// # Errors
    /// 503 if too many are waiting already, whoever it is about.
    pub(crate) fn hand_in(&self, errand: Errand) -> Answer<()> {
        let Some(sender) = &self.0 else { return Ok(()) };
        sender.try_send(errand).map_err(|_| Problem::new(Code::Overloaded))
    }

    /// Hands in a notice about something that has happened: it stays so, whether the notice is sent or not.
    pub(crate) fn tell(&self, errand: Errand) {
        if self.hand_in(errand).is_err() {
            tracing::warn!("too many mails are waiting: a notice is not sent");
        }
    }
}

impl Office {
    /// Works until every [`Post`] is gone and everything that was handed in is done or given up. Runs where
    /// tasks of one thread run, as in an actix system.
    pub async fn run(mut self) {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        let mut under_way = JoinSet::new();
        while let Some(errand) = self.queue.recv().await {
            let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
            while under_way.try_join_next().is_some() {}
            let desk = Arc::clone(&self.desk);
            under_way.spawn_local(async move {
                desk.run(errand).await;
                drop(turn);
            });
        }
        while under_way.join_next().await.is_some() {}
    }
}

impl Desk {
    async fn run(&self, errand: Errand) {
        let mut pauses = PAUSES.iter();
        let letter = loop {
            match self.prepare(&errand).await {
                Ok(letter) => break letter,
                Err(error) => match pauses.next().filter(|_| may_pass(&error)) {
                    Some(pause) => tokio::time::sleep(*pause).await,
                    None => return tracing::error!(%error, "a mail could not be written"),
                },
            }
        };
        if let Some(letter) = letter {
            self.send(&letter).await;
        }
    }

    /// Writes the letter, if there is anybody to write to. Done again, it makes another token.
    async fn prepare(&self, errand: &Errand) -> Result<Option<Letter>, Error> {
        let token = Token::new().map_err(|_| Error::Internal("no randomness".to_owned()))?;
        let (hash, url) = (token.hash(), self.public_url.as_str());
        Ok(match errand {
            Errand::SignUp(new) => {
                let addressee = self.door.begin_sign_up(new, &hash).await?;
                addressee.map(|a| Subject::of_sign_up(&a, &token).letter(a.email, url))
            }
            Errand::PasswordReset { email } => {
                let address = self.door.begin_password_reset(email, &hash).await?;
                address.map(|address| Subject::PasswordReset(&token).letter(address, url))
            }
            Errand::EmailChange { identity_id, email } => {
                let addressee = self.door.begin_email_change(*identity_id, email, &hash).await?;
                addressee.map(|a| Subject::of_email_change(&a, &token).letter(a.email, url))
            }
            Errand::PasswordChanged { address } => {
                Some(Subject::PasswordChanged.letter(address.clone(), url))
            }
            Errand::Invitation { address, invite } => {
                Some(Subject::Invitation(invite).letter(address.clone(), url))
            }
            Errand::EmailChanged(changed) => Some(email_changed(changed.clone(), url)),
        })
    }

    /// Tries a few times. The log says what kind of mail it was, and neither address nor token.
    async fn send(&self, letter: &Letter) {
        let mut pauses = PAUSES.iter();
        while let Err(error) = self.carrier.carry(letter).await {
            let Some(pause) = pauses.next().filter(|_| !error.is_final) else {
                return tracing::error!(kind = letter.kind, %error, "a mail is given up");
            };
            tracing::warn!(kind = letter.kind, %error, "a mail is tried again");
            tokio::time::sleep(*pause).await;
        }
        tracing::debug!(kind = letter.kind, "a mail is sent");
    }
}

/// Whether the same may go well a little later. What may have been written twice does no harm: a token that
/// nobody gets expires.
fn may_pass(error: &Error) -> bool {
    use Error as E;
    matches!(
        error,
        E::Overloaded
            | E::Locked
            | E::Unavailable
            | E::OutcomeUnknown
            | E::Timeout
            | E::Contended
            | E::ReadOnly
    )
}
