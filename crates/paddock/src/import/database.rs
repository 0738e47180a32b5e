//! Straight into the database, as the user who imports: the same statements as over HTTP.

use paddock_api::{CustomValues, NewCustomer, Problem, create_each};
use paddock_db::Tenant;
use tokio::runtime::Runtime;

use super::sink::{Fate, NewRow, Sink, SinkError};

/// A tenant's customers.
pub(crate) struct DatabaseSink<'a> {
    runtime: &'a Runtime,
    tenant: Tenant,
}

impl<'a> DatabaseSink<'a> {
    /// Writes as this tenant, waiting on that runtime.
    pub(crate) const fn new(runtime: &'a Runtime, tenant: Tenant) -> Self {
        Self { runtime, tenant }
    }
}

impl Sink for DatabaseSink<'_> {
    fn put(&mut self, rows: &[NewRow]) -> Result<Vec<Fate>, SinkError> {
        let customers = rows.iter().map(customer).collect();
        let created = self.runtime.block_on(create_each(&self.tenant, customers));
        let created = created.map_err(|problem| SinkError::new(problem.to_string()))?;
        Ok(created
            .into_iter()
            .map(|one| one.map_or_else(|problem| refusal(&problem), |_| Fate::Created))
            .collect())
    }
}

fn customer(row: &NewRow) -> NewCustomer {
    NewCustomer {
        name: row.name.clone(),
        email: Some(row.email.clone()),
        phone: row.phone.clone(),
        title: row.title.clone(),
        lifecycle_stage: row.lifecycle_stage,
        custom_fields: CustomValues::default(),
    }
}

fn refusal(problem: &Problem) -> Fate {
    match problem.errors().first() {
        Some(error) => Fate::Refused {
            field: error.pointer.trim_start_matches('/').to_owned(),
            code: error.code.to_owned(),
            message: error.message.clone(),
        },
        None => Fate::Refused {
            field: "row".to_owned(),
            code: problem.code().slug().to_owned(),
            message: problem.to_string(),
        },
    }
}
