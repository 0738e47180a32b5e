//! The four operations of a batch, each one statement for the whole set.

use std::collections::{BTreeSet, HashMap};

use paddock_db::{FromRow, Result, Row, Statement, Tx, sql};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::{CustomerRef, Outcome};
use crate::http::body::Object;
use crate::http::params::Id;
use crate::http::problem::{Answer, Code, FieldError, Problem};
use crate::resources::customers::upsert::{CustomerWithEmail, or_taken};
use crate::resources::customers::{CustomerPatch, NewCustomer};

const CREATE_CUSTOMERS: Statement = sql!("customers.sql", "create_customers");
const UPDATE_CUSTOMERS: Statement = sql!("customers.sql", "update_customers");
const UPSERT_CUSTOMERS: Statement = sql!("customers.sql", "upsert_customers");
const WRITE_CUSTOM_FIELDS: Statement = sql!("customers.sql", "write_custom_fields");
const DELETE_CUSTOMERS: Statement = sql!("customers.sql", "delete_customers");

/// One operation on a set of customers.
pub(super) trait Operation {
    type Item: DeserializeOwned;

    /// What is wrong with an item alone.
    fn check(item: &Self::Item) -> Answer<()>;

    /// What no two items of a batch may share; `None` if they may share everything.
    fn key(item: &Self::Item) -> Option<String>;

    /// The problem of the second item with the same key.
    fn repeated() -> Problem;

    /// Performs the operation, and says what became of each item, in their order.
    async fn run(tx: &Tx<'_>, items: &[&Self::Item]) -> Answer<Vec<Outcome>>;
}

pub(super) struct Create;
pub(super) struct Update;
pub(super) struct Upsert;
pub(super) struct Delete;

/// Changes of one customer: its id, perhaps its version, and a patch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    id: Id,
    version: Option<i64>,
    set: Object<CustomerPatch>,
}

/// A customer that was written.
struct Written {
    id: Uuid,
    email: Option<String>,
    version: i64,
}

impl FromRow for Written {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { id: row.next()?, email: row.next()?, version: row.next()? })
    }
}

/// A customer that was found; without a version if it was not the expected one.
struct Found {
    id: Uuid,
    version: Option<i64>,
}

impl FromRow for Found {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self { id: row.next()?, version: row.next()? })
    }
}

impl Operation for Create {
    type Item = NewCustomer;

    fn check(item: &NewCustomer) -> Answer<()> {
        item.check()
    }

    /// The second of two with the same e-mail finds it taken, like any other.
    fn key(_: &NewCustomer) -> Option<String> {
        None
    }

    fn repeated() -> Problem {
        taken()
    }

    /// Rows come back in the order of the items, without those whose e-mail was taken. If an item was left
    /// out, so was every later one with its e-mail: the next row with that e-mail is therefore its own.
    async fn run(tx: &Tx<'_>, items: &[&NewCustomer]) -> Answer<Vec<Outcome>> {
        let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        let emails: Vec<Option<&str>> = items.iter().map(|item| item.email.as_deref()).collect();
        let phones: Vec<Option<&str>> = items.iter().map(|item| item.phone.as_deref()).collect();
        let titles: Vec<Option<&str>> = items.iter().map(|item| item.title.as_deref()).collect();
        let stages: Vec<&str> = items.iter().map(|item| item.lifecycle_stage.as_str()).collect();
        let values: Vec<_> = items.iter().map(|item| item.custom_fields.to_json()).collect();
        let marks: Vec<bool> = values.iter().map(Option::is_some).collect();
        let written: Vec<Written> = tx
            .query(CREATE_CUSTOMERS, &[&names, &emails, &phones, &titles, &stages, &marks])
            .await?;
        let mut written = written.into_iter().peekable();
        let outcome = |item: &&NewCustomer| {
            let row = written.next_if(|row| row.email == item.email);
            row.map(|row| (201, row.id)).ok_or_else(taken)
        };
        let outcomes = items.iter().map(outcome).collect();
        with_values(tx, outcomes, &values).await
    }
}

impl Operation for Upsert {
    type Item = CustomerWithEmail;

    fn check(item: &CustomerWithEmail) -> Answer<()> {
        item.check()
    }

    /// What two spellings of an e-mail have in common is known to the database alone.
    fn key(_: &CustomerWithEmail) -> Option<String> {
        None
    }

    fn repeated() -> Problem {
        repeated("/email")
    }

    /// Items that give the same fields are written together. Their rows come back in their order, without
    /// those whose e-mail an earlier item of the batch has named.
    async fn run(tx: &Tx<'_>, items: &[&CustomerWithEmail]) -> Answer<Vec<Outcome>> {
        let emails: Vec<&str> = items.iter().map(|item| item.email.as_str()).collect();
        let names: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
        let phones: Vec<Option<&String>> = items.iter().map(|item| item.phone.value()).collect();
        let titles: Vec<Option<&String>> = items.iter().map(|item| item.title.value()).collect();
        let stages: Vec<&str> = items.iter().map(|item| item.stage().as_str()).collect();
        let values: Vec<_> = items.iter().map(|item| item.custom_fields.to_json()).collect();
        let have: Vec<bool> = values.iter().map(Option::is_some).collect();
        let mut outcomes: Vec<Outcome> = items.iter().map(|_| Err(Self::repeated())).collect();
        let given: BTreeSet<[bool; 3]> = items.iter().map(|item| item.given()).collect();
        for given in given {
            let marks: Vec<bool> = items.iter().map(|item| item.given() == given).collect();
            let [phone, title, stage] = given;
            let written: Vec<Written> = tx
                .query(
                    UPSERT_CUSTOMERS,
                    &[
                        &emails, &names, &phones, &titles, &stages, &marks, &phone, &title, &stage,
                        &have,
                    ],
                )
                .await
                .map_err(or_taken)?;
            let mut written = written.into_iter().peekable();
            let marked = emails.iter().zip(&mut outcomes).zip(marks).filter(|(_, marked)| *marked);
            for ((email, outcome), _) in marked {
                if let Some(row) = written.next_if(|row| row.email.as_deref() == Some(*email)) {
                    *outcome = Ok((if row.version == 1 { 201 } else { 200 }, row.id));
                }
            }
        }
        with_values(tx, outcomes, &values).await
    }
}

impl Operation for Update {
    type Item = Change;

    fn check(item: &Change) -> Answer<()> {
        item.set.0.check().map_err(|problem| problem.under("/set"))
    }

    fn key(item: &Change) -> Option<String> {
        Some(item.id.to_string())
    }

    fn repeated() -> Problem {
        repeated("/id")
    }

    async fn run(tx: &Tx<'_>, items: &[&Change]) -> Answer<Vec<Outcome>> {
        let sets = || items.iter().map(|item| &item.set.0);
        let ids: Vec<Uuid> = items.iter().map(|item| *item.id).collect();
        let versions: Vec<Option<i64>> = items.iter().map(|item| item.version).collect();
        let set_name: Vec<bool> = sets().map(|set| set.name.is_present()).collect();
        let names: Vec<Option<&String>> = sets().map(|set| set.name.value()).collect();
        let set_email: Vec<bool> = sets().map(|set| set.email.is_present()).collect();
        let emails: Vec<Option<&String>> = sets().map(|set| set.email.value()).collect();
        let set_phone: Vec<bool> = sets().map(|set| set.phone.is_present()).collect();
        let phones: Vec<Option<&String>> = sets().map(|set| set.phone.value()).collect();
        let set_title: Vec<bool> = sets().map(|set| set.title.is_present()).collect();
        let titles: Vec<Option<&String>> = sets().map(|set| set.title.value()).collect();
        let set_stage: Vec<bool> = sets().map(|set| set.lifecycle_stage.is_present()).collect();
        let stages: Vec<Option<&str>> =
            sets().map(|set| set.lifecycle_stage.value().map(|stage| stage.as_str())).collect();
        let values: Vec<_> = sets().map(|set| set.custom_fields.to_json()).collect();
        let have: Vec<bool> = values.iter().map(Option::is_some).collect();
        let found: Vec<Found> = tx
            .query(
                UPDATE_CUSTOMERS,
                &[
                    &ids, &versions, &set_name, &names, &set_email, &emails, &set_phone, &phones,
                    &set_title, &titles, &set_stage, &stages, &have,
                ],
            )
            .await
            .map_err(|error| Problem::from(error).under("/set"))?;
        let outcomes = outcomes(&ids, found, 200);
        with_values(tx, outcomes, &values).await.map_err(|problem| problem.under("/set"))
    }
}

impl Operation for Delete {
    type Item = CustomerRef;

    fn check(_: &CustomerRef) -> Answer<()> {
        Ok(())
    }

    fn key(item: &CustomerRef) -> Option<String> {
        Some(item.id.to_string())
    }

    fn repeated() -> Problem {
        repeated("/id")
    }

    async fn run(tx: &Tx<'_>, items: &[&CustomerRef]) -> Answer<Vec<Outcome>> {
        let ids: Vec<Uuid> = items.iter().map(|item| *item.id).collect();
        let versions: Vec<Option<i64>> = items.iter().map(|item| item.version).collect();
        let found = tx.query(DELETE_CUSTOMERS, &[&ids, &versions]).await?;
        Ok(outcomes(&ids, found, 204))
    }
}

/// Gives those that were written the values that their items name, all in one statement; none where no item does.
async fn with_values(
    tx: &Tx<'_>,
    outcomes: Vec<Outcome>,
    values: &[Option<String>],
) -> Answer<Vec<Outcome>> {
    let written = |(outcome, values): (&Outcome, &Option<String>)| {
        Some((outcome.as_ref().ok()?.1, values.clone()?))
    };
    let (ids, values): (Vec<Uuid>, Vec<String>) =
        outcomes.iter().zip(values).filter_map(written).unzip();
    if !ids.is_empty() {
        let _: Vec<()> = tx.query(WRITE_CUSTOM_FIELDS, &[&ids, &values]).await?;
    }
    Ok(outcomes)
}

fn outcomes(ids: &[Uuid], found: Vec<Found>, status: u16) -> Vec<Outcome> {
    let found: HashMap<Uuid, Option<i64>> =
        found.into_iter().map(|row| (row.id, row.version)).collect();
    let outcome = |id: &Uuid| match found.get(id) {
        None => Err(Problem::not_found()),
        Some(None) => Err(Problem::new(Code::VersionMismatch)),
        Some(Some(_)) => Ok((status, *id)),
    };
    ids.iter().map(outcome).collect()
}

fn taken() -> Problem {
    let message = "another record has this value".to_owned();
    Problem::field(
        Code::AlreadyExists,
        FieldError { pointer: "/email".to_owned(), code: "taken", message },
    )
}

fn repeated(pointer: &str) -> Problem {
    let message = "named by an earlier item of this batch".to_owned();
    Problem::field(
        Code::Validation,
        FieldError { pointer: pointer.to_owned(), code: "repeated", message },
    )
}
