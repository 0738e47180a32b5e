//! API keys as this process met them: which of them were good, and which uses are to be written down.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;
use uuid::Uuid;

use crate::pool::Db;
use crate::sql;
use crate::statement::Statement;
use crate::tenant::{Actor, Key};

const RECORD_USES: Statement = sql!("api_keys.sql", "record_api_key_uses");

/// How often the use of a key is written down at most; the statement keeps to it as well.
const APART: Duration = Duration::from_secs(60);
/// How many keys are remembered at most: about a megabyte.
const MOST_REMEMBERED: usize = 8192;

/// Clones share what they know.
#[derive(Clone, Default)]
pub(crate) struct Keys(Arc<Shared>);

#[derive(Default)]
struct Shared {
    book: Mutex<Book>,
    /// Whether something is due, so that nobody has to open the book to find nothing.
    is_due: AtomicBool,
}

#[derive(Default)]
struct Book {
    good: HashMap<Uuid, Good>,
    /// Keys by company and user: one flight each.
    due: BTreeMap<(Uuid, Uuid), Vec<Uuid>>,
}

/// A key that was good.
struct Good {
    secret_hash: [u8; 32],
    noted_at: Instant,
}

impl Keys {
    pub(crate) fn knows(&self, key: &Key) -> bool {
        let book = self.book();
        book.good.get(&key.id).is_some_and(|good| good.secret_hash == key.secret_hash)
    }

    pub(crate) fn has_uses(&self) -> bool {
        self.0.is_due.load(Ordering::Relaxed)
    }

    /// The check let the key in, or found fault with it.
    pub(crate) fn note(&self, actor: &Actor, key: &Key, error: Option<&tokio_postgres::Error>) {
        match error {
            None => self.note_use(actor, key),
            Some(error) if error.code() == Some(&SqlState::INVALID_PASSWORD) => {
                self.forget(key);
            }
            Some(_) => {}
        }
    }

    fn note_use(&self, actor: &Actor, key: &Key) {
        let mut book = self.book();
        let now = Instant::now();
        if book.good.get(&key.id).is_some_and(|good| now < good.noted_at + APART) {
            return;
        }
        if book.good.len() >= MOST_REMEMBERED {
            book.good.clear();
        }
        book.good.insert(key.id, Good { secret_hash: key.secret_hash, noted_at: now });
        book.due.entry((actor.company_id, actor.user_id)).or_default().push(key.id);
        self.0.is_due.store(true, Ordering::Relaxed);
    }

    /// A wrong secret takes nothing from the right one.
    fn forget(&self, key: &Key) {
        if self.knows(key) {
            self.book().good.remove(&key.id);
        }
    }

    /// Writes down what is due.
    pub(crate) async fn record(&self, db: &Db) {
        self.0.is_due.store(false, Ordering::Relaxed);
        let due = std::mem::take(&mut self.book().due);
        for ((company_id, user_id), keys) in due {
            let tenant = db.act_as(Actor::trusted(company_id, user_id));
            if let Err(error) = tenant.write::<bool>(RECORD_USES, &[&keys]).await {
                tracing::warn!(%error, "the use of API keys could not be written down");
            }
        }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
