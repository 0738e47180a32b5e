//! The mails that a world sends.

use std::time::Duration;

use actix_web::rt::task::JoinHandle;
use futures_util::future::{BoxFuture, ready};
use paddock_api::Accounts;
use paddock_api::mail::{Carrier, Letter, NotCarried, Post};
use paddock_db::{Door, Limits};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Database;
use super::World;
use super::world::patient;

/// What links begin with.
pub const PUBLIC_URL: &str = "https://crm.example";

/// Where the mails of one world arrive.
pub struct Mailbox {
    letters: UnboundedReceiver<Letter>,
    office: JoinHandle<()>,
}

struct Slot(UnboundedSender<Letter>);

impl Carrier for Slot {
    fn carry<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Result<(), NotCarried>> {
        let _ = self.0.send(letter.clone());
        Box::pin(ready(Ok(())))
    }
}

impl Mailbox {
    /// A mailbox, and the accounts of a world that writes there.
    pub fn of(database: &Database) -> (Self, Accounts) {
        let (slot, letters) = unbounded_channel();
        let (accounts, office) = accounts_by(database, Box::new(Slot(slot)));
        (Self { letters, office }, accounts)
    }

    /// The next mail; those of one request after the other arrive in their order.
    pub async fn next(&mut self) -> Letter {
        let next = tokio::time::timeout(Duration::from_secs(30), self.letters.recv()).await;
        next.expect("a mail in time").expect("a mail")
    }

    /// The token of the next mail, which is of this kind and for this address.
    pub async fn token(&mut self, kind: &str, to: &str) -> String {
        let letter = self.next().await;
        assert_eq!((letter.kind, letter.to.as_str()), (kind, to));
        token_of(&letter.text)
    }

    /// The next mail is of this kind and for this address, and holds no token.
    pub async fn notice(&mut self, kind: &str, to: &str) {
        let letter = self.next().await;
        assert_eq!((letter.kind, letter.to.as_str()), (kind, to));
        assert!(!letter.text.contains("pdk_"), "{}", letter.text);
    }

    /// Stops the world, and answers all mails that nobody has taken. Nobody else may hold the world then.
    pub async fn rest(mut self, world: World) -> Vec<(&'static str, String)> {
        let _database = world.close();
        let ended = tokio::time::timeout(Duration::from_secs(60), self.office).await;
        ended.expect("somebody still holds the world").expect("the office");
        let mut rest = Vec::new();
        while let Some(letter) = self.letters.recv().await {
            rest.push((letter.kind, letter.to));
        }
        rest
    }
}

/// Accounts whose mails go another way, and the office that sends them.
pub fn accounts_by(database: &Database, carrier: Box<dyn Carrier>) -> (Accounts, JoinHandle<()>) {
    let limits = Limits { connections: 2, ..patient() };
    let door = Door::new(&database.auth_url(), limits).unwrap();
    let (post, office) = Post::new(door, carrier, PUBLIC_URL);
    let accounts = Accounts { post, sign_up_is_open: true, breached: None };
    (accounts, actix_web::rt::spawn(office.run()))
}

/// The token of a mail's link.
pub fn token_of(text: &str) -> String {
    let link = text.lines().find(|line| line.starts_with(PUBLIC_URL));
    let link = link.unwrap_or_else(|| panic!("no link: {text}"));
    link.split_once("#token=").unwrap().1.to_owned()
}
