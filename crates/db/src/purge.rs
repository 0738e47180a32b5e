//! What is over for good is taken out, by an administrator: as the schema's owner, one company at a time. The server has no
//! right to delete anything, and needs none.

use std::ops::AddAssign;

use tokio_postgres::Client;
use uuid::Uuid;

use crate::connect::open;
use crate::migrate::MigrateError;
use crate::provision::bind;
use crate::sql;
use crate::statement::Statement;

const LIST_COMPANIES: Statement = sql!("purge.sql", "list_companies_with_logins");
const PURGE_SESSIONS: Statement = sql!("purge.sql", "purge_sessions");
const PURGE_INVITATIONS: Statement = sql!("purge.sql", "purge_invitations");
const PURGE_TOKENS: Statement = sql!("purge.sql", "purge_one_time_tokens");

/// How many companies are listed at once.
const PAGE: i64 = 1000;

/// What is to be taken out.
#[derive(Debug, Clone)]
pub struct Purge {
    /// What has been over for so many days.
    pub days: u16,
    /// How many rows a transaction takes out at most.
    pub batch: u32,
    /// Only find out how many it would be: every transaction is rolled back.
    pub dry_run: bool,
    /// Of these companies; where none is named, of all in which somebody has a login.
    pub companies: Vec<Uuid>,
}

/// How many rows were taken out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Purged {
    /// Sessions that ended or expired.
    pub sessions: u64,
    /// Invitations that were accepted, revoked, or expired.
    pub invitations: u64,
    /// Tokens of mails that expired; none where companies are named, as they belong to none.
    pub one_time_tokens: u64,
}

impl AddAssign for Purged {
    fn add_assign(&mut self, more: Self) {
        self.sessions += more.sessions;
        self.invitations += more.invitations;
        self.one_time_tokens += more.one_time_tokens;
    }
}

impl Purge {
    /// Takes it out. `progress` hears of each company in which there was something.
    ///
    /// # Errors
    /// If the server cannot be reached or refuses. What was taken out until then stays so.
    pub async fn run(
        &self,
        url: &str,
        mut progress: impl FnMut(Uuid, Purged),
    ) -> Result<Purged, MigrateError> {
        let mut client = open(url).await?;
        let mut all = Purged::default();
        let mut companies = self.companies.clone();
        if companies.is_empty() {
            all.one_time_tokens = self.exhaust(&mut client, None, PURGE_TOKENS).await?;
            companies = page(&mut client, Uuid::nil()).await?;
        }
        while let Some(last) = companies.last().copied() {
            for company in companies {
                let purged = Purged {
                    sessions: self.exhaust(&mut client, Some(company), PURGE_SESSIONS).await?,
                    invitations: self
                        .exhaust(&mut client, Some(company), PURGE_INVITATIONS)
                        .await?,
                    one_time_tokens: 0,
                };
                if purged != Purged::default() {
                    progress(company, purged);
                }
                all += purged;
            }
            companies = match self.companies.is_empty() {
                true => page(&mut client, last).await?,
                false => Vec::new(),
            };
        }
        Ok(all)
    }

    /// One batch after the other, until one is not full.
    async fn exhaust(
        &self,
        client: &mut Client,
        company: Option<Uuid>,
        statement: Statement,
    ) -> Result<u64, MigrateError> {
        // Rolled back, a batch would come again: then all is one.
        let batch = if self.dry_run { i64::MAX } else { i64::from(self.batch.max(1)) };
        let mut rows = 0;
        loop {
            let tx = client.transaction().await?;
            bind(tx.client(), company.unwrap_or_default()).await?;
            let taken = tx.execute(statement.sql(), &[&i32::from(self.days), &batch]).await?;
            if self.dry_run {
                tx.rollback().await?;
                return Ok(taken);
            }
            tx.commit().await?;
            rows += taken;
            if taken < u64::from(self.batch.max(1)) {
                return Ok(rows);
            }
        }
    }
}

/// Companies behind that one.
async fn page(client: &mut Client, after: Uuid) -> Result<Vec<Uuid>, MigrateError> {
    let tx = client.transaction().await?;
    bind(tx.client(), Uuid::nil()).await?;
    let rows = tx.query(LIST_COMPANIES.sql(), &[&after, &PAGE]).await?;
    tx.rollback().await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
