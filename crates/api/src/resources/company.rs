//! The caller's own company; no other can be named.

use actix_web::{get, patch};
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::caller::Caller;
use crate::http::body::{Body, word};
use crate::http::checks::Checks;
use crate::http::etag::{Changed, IfMatch, Single, Versioned};
use crate::http::patch::Patch;
use crate::http::problem::Answer;
use crate::http::timestamp;

const GET_COMPANY: Statement = sql!("companies.sql", "get_company");
const UPDATE_COMPANY: Statement = sql!("companies.sql", "update_company");

/// A tenant. (The firm that a customer works for is an *organization*.)
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Company {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "Nike")]
    pub(crate) name: String,
    /// Which customers members see.
    member_visibility: Visibility,
    /// Which customers viewers see.
    viewer_visibility: Visibility,
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

/// Which customers of the company somebody sees. What is shared with them, they see always; owners and admins
/// see all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Visibility {
    /// All customers of the company.
    All,
    /// Their own, and those of users who share a team with them.
    Team,
    /// Their own.
    Own,
}

impl Visibility {
    const ALL: [Self; 3] = [Self::All, Self::Team, Self::Own];

    const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Team => "team",
            Self::Own => "own",
        }
    }

    fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|one| one.as_str() == text).unwrap_or(Self::Own)
    }
}

impl<'de> Deserialize<'de> for Visibility {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        word(deserializer, &Self::ALL.map(|one| (one.as_str(), one)))
    }
}

/// Changes of the company (RFC 7396): what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyPatch {
    /// Cannot be cleared.
    #[serde(default)]
    #[schema(value_type = Visibility, required = false)]
    member_visibility: Patch<Visibility>,
    /// Cannot be cleared.
    #[serde(default)]
    #[schema(value_type = Visibility, required = false)]
    viewer_visibility: Patch<Visibility>,
}

impl CompanyPatch {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        let fields = [
            ("member_visibility", &self.member_visibility),
            ("viewer_visibility", &self.viewer_visibility),
        ];
        for (name, _) in fields.iter().filter(|(_, field)| **field == Patch::Null) {
            checks.refuse(name, "required", "cannot be cleared");
        }
        checks.done()
    }
}

impl FromRow for Company {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            name: row.next()?,
            member_visibility: Visibility::parse(row.next()?),
            viewer_visibility: Visibility::parse(row.next()?),
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

/// Change your company
///
/// Which customers members and viewers see, from their next request on.
#[utoipa::path(
    tag = "company",
    operation_id = "updateCompany",
    request_body(content(
        (CompanyPatch = "application/json"),
        (CompanyPatch = "application/merge-patch+json"),
    )),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 200, body = Company, headers(("ETag" = String))),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[patch("/v1/company")]
pub(crate) async fn update_company(
    caller: Caller,
    IfMatch { versions, .. }: IfMatch,
    Body(patch): Body<CompanyPatch>,
) -> Answer<Single<Company>> {
    patch.check()?;
    let [members, viewers] = [&patch.member_visibility, &patch.viewer_visibility]
        .map(|field| field.value().map(|visibility| visibility.as_str()));
    let changed: Changed<Company> =
        caller.write_one(UPDATE_COMPANY, &[&versions, &members, &viewers]).await?;
    changed.or_mismatch().map(Single::found)
}
