//! Raw SQL, and what the server says to it.
#![expect(clippy::disallowed_methods, reason = "tests look at the database from outside")]

use paddock_db::connect;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::Place;

/// One session, as in psql.
pub struct Psql(Client);

impl Psql {
    pub async fn new(url: &str) -> Self {
        Self(connect(url).await.unwrap())
    }

    /// Runs statements that must succeed.
    pub async fn run(&self, sql: &str) {
        self.0.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// The answer's rows, each with its columns joined by `|`, as psql -At prints them.
    pub async fn rows(&self, sql: &str) -> Vec<String> {
        self.try_rows(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The same, or what the server says.
    pub async fn try_rows(&self, sql: &str) -> Result<Vec<String>, String> {
        let answer = self.0.simple_query(sql).await.map_err(|error| format!("{error:?}"))?;
        let line = |message| match message {
            SimpleQueryMessage::Row(row) => {
                let columns: Vec<_> =
                    (0..row.len()).map(|i| row.get(i).unwrap_or_default()).collect();
                Some(columns.join("|"))
            }
            _ => None,
        };
        Ok(answer.into_iter().filter_map(line).collect())
    }

    /// The answer's only value.
    pub async fn value(&self, sql: &str) -> String {
        let mut rows = self.rows(sql).await;
        assert_eq!(rows.len(), 1, "{sql}: {rows:?}");
        rows.remove(0)
    }

    /// How many rows a statement touched.
    pub async fn count(&self, sql: &str) -> u64 {
        let answer =
            self.0.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let count = |message: &SimpleQueryMessage| match message {
            SimpleQueryMessage::CommandComplete(count) => Some(*count),
            _ => None,
        };
        answer.iter().find_map(count).unwrap()
    }

    /// What the server says to a statement that it refuses: `42501 permission denied for table users`,
    /// then constraint and detail if there are any.
    pub async fn refusal(&self, sql: &str) -> String {
        let error = match self.0.simple_query(sql).await {
            Ok(answer) => panic!("{sql}: was not refused but answered {answer:?}"),
            Err(error) => error,
        };
        let db = error.as_db_error().unwrap_or_else(|| panic!("{sql}: {error:?}"));
        let parts = [Some(db.code().code()), Some(db.message()), db.constraint(), db.detail()];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    /// Opens a transaction for that user of that company.
    pub async fn begin_as(&self, place: Place) {
        let Place { company_id, user_id } = place;
        self.run(&format!(
            "begin; set local app.company_id = '{company_id}'; set local app.user_id = '{user_id}'"
        ))
        .await;
    }

    /// What the server says to a statement in a transaction of that user, rolled back.
    pub async fn refusal_as(&self, place: Place, sql: &str) -> String {
        self.begin_as(place).await;
        let refusal = self.refusal(sql).await;
        self.run("rollback").await;
        refusal
    }

    /// The rows of a statement in a transaction of that user, committed.
    pub async fn rows_as(&self, place: Place, sql: &str) -> Vec<String> {
        self.begin_as(place).await;
        let rows = self.rows(sql).await;
        self.run("commit").await;
        rows
    }

    /// The client below, for what needs parameters.
    pub fn client(&self) -> &Client {
        &self.0
    }
}
