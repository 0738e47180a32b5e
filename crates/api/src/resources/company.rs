//! The caller's own company; no other can be named.

use actix_web::get;
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::caller::Caller;
use crate::http::etag::{Single, Versioned};
use crate::http::problem::Answer;
use crate::http::timestamp;

const GET_COMPANY: Statement = sql!("companies.sql", "get_company");

/// A tenant. (The firm that a customer works for is an *organization*.)
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Company {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "Nike")]
    pub(crate) name: String,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    updated_at: OffsetDateTime,
    /// Counts changes; the ETag.
    #[schema(example = 1)]
    version: i64,
}

impl FromRow for Company {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            name: row.next()?,
            created_at: row.next()?,
            updated_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl Versioned for Company {
    fn version(&self) -> i64 {
        self.version
    }
}

/// Get your company
///
/// The company for which the access token acts.
#[utoipa::path(
    tag = "company",
    operation_id = "getCompany",
    responses((status = 200, body = Company, headers(("ETag" = String))))
)]
#[get("/v1/company")]
pub(crate) async fn get_company(caller: Caller) -> Answer<Single<Company>> {
    Ok(Single::found(caller.read_one(GET_COMPANY, &[]).await?))
}
