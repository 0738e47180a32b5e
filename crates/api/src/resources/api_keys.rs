//! API keys: with what programs act as a user.

use actix_web::web::{Data, Path};
use actix_web::{HttpResponse, delete, get, patch, post};
use paddock_db::{FromRow, Result, Row, Statement, sql};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::api_key::{ApiKey, Secret, beginning};
use crate::auth::caller::Caller;
use crate::http::body::Body;
use crate::http::checks::Checks;
use crate::http::cursor::Position;
use crate::http::etag::{Changed, IfMatch, Single, Versioned};
use crate::http::page::{PageQuery, Paged, page_of};
use crate::http::params::{Query, path_id};
use crate::http::patch::Patch;
use crate::http::problem::Answer;
use crate::http::timestamp;
use crate::resources::by_creation::ByCreation;
use crate::resources::users::Role;
use crate::routes::CONTRACT;

const CREATE_KEY: Statement = sql!("api_keys.sql", "create_api_key");
const GET_KEY: Statement = sql!("api_keys.sql", "get_api_key");
const UPDATE_KEY: Statement = sql!("api_keys.sql", "update_api_key");
const REVOKE_KEY: Statement = sql!("api_keys.sql", "revoke_api_key");

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/api-keys";
/// In the order of their creation.
const BY_CREATION: ByCreation = ByCreation {
    list: LIST,
    rows: sql!("api_keys.sql", "list_api_keys"),
    always: sql!("api_keys.sql", "list_api_keys.where.present"),
    order: sql!("api_keys.sql", "list_api_keys.order.created_at"),
    after: sql!("api_keys.sql", "list_api_keys.after.created_at"),
};
/// How long a key is good where nothing is said, and at most, in days.
const USUAL_LIFE: i32 = 90;
const LONGEST_LIFE: i32 = 365;

/// What a key is good for: `apiKey` of each operation names the one that it takes. Neither includes the other.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(as = ApiKeyScope, value_type = String, example = "customers:read")]
pub(crate) struct ApiKeyScope(String);

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct KeyRecord {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    /// Whom it acts as: the user who made it.
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4d")]
    user_id: Uuid,
    #[schema(example = "Nightly import")]
    name: String,
    /// How the key begins, to find it again. Nothing of its secret.
    #[schema(example = "pdk_live_AZnzsm0-")]
    prefix: String,
    /// What it is in the company: this, or its user's role where that is lower.
    role: Role,
    /// What it is good for.
    scopes: Vec<ApiKeyScope>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2027-02-21T14:30:52.000000Z")]
    expires_at: OffsetDateTime,
    /// To the minute, and a moment late; null if it never was.
    #[serde(serialize_with = "timestamp::serialize_option")]
    #[schema(required = true)]
    last_used_at: Option<OffsetDateTime>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    created_at: OffsetDateTime,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    updated_at: OffsetDateTime,
    /// Counts changes; the ETag. Being used is none.
    #[schema(example = 1)]
    version: i64,
}

/// A key that was made just now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedApiKey {
    #[serde(flatten)]
    record: KeyRecord,
    /// Send it as `Authorization: Bearer …`, and nowhere else. It is shown this once.
    #[schema(example = "pdk_live_…")]
    key: String,
}

/// A key to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewApiKey {
    /// 1 to 200 characters.
    #[schema(example = "Nightly import", min_length = 1, max_length = 200)]
    name: String,
    /// Not above your own.
    role: Role,
    /// At least one.
    #[schema(min_items = 1, max_items = 100, example = json!(["customers:read"]))]
    scopes: Vec<ApiKeyScope>,
    /// 1 to 365.
    #[serde(default = "usual_life")]
    #[schema(required = false, default = 90, minimum = 1, maximum = 365, example = 90)]
    expires_in_days: i32,
}

/// A change of a key (RFC 7396): what is absent stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApiKeyPatch {
    /// 1 to 200 characters; cannot be cleared.
    #[serde(default)]
    #[schema(
        value_type = String, required = false, example = "Weekly import",
        min_length = 1, max_length = 200
    )]
    name: Patch<String>,
}

const fn usual_life() -> i32 {
    USUAL_LIFE
}

impl FromRow for KeyRecord {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        let id = row.next()?;
        Ok(Self {
            id,
            company_id: row.next()?,
            user_id: row.next()?,
            name: row.next()?,
            prefix: beginning(id),
            role: Role::parse(row.next()?),
            scopes: row.next::<Vec<String>>()?.into_iter().map(ApiKeyScope).collect(),
            expires_at: row.next()?,
            last_used_at: row.next()?,
            created_at: row.next()?,
            updated_at: row.next()?,
            version: row.next()?,
        })
    }
}

impl Versioned for KeyRecord {
    fn version(&self) -> i64 {
        self.version
    }
}

impl Versioned for CreatedApiKey {
    fn version(&self) -> i64 {
        self.record.version
    }
}

impl NewApiKey {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        checks.text("name", &self.name, 200);
        if !(1..=100).contains(&self.scopes.len()) {
            checks.refuse("scopes", "invalid", "1 to 100 scopes");
        }
        for (number, ApiKeyScope(scope)) in self.scopes.iter().enumerate() {
            if !CONTRACT.scopes.all().any(|known| known == scope) {
                checks.refuse(&format!("scopes/{number}"), "invalid", "there is no such scope");
            }
        }
        if !(1..=LONGEST_LIFE).contains(&self.expires_in_days) {
            checks.refuse("expires_in_days", "invalid", "1 to 365 days");
        }
        checks.done()
    }

    /// Each scope once, in one order.
    fn scopes(&self) -> Vec<&str> {
        let mut scopes: Vec<&str> = self.scopes.iter().map(|scope| scope.0.as_str()).collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }
}

impl ApiKeyPatch {
    fn check(&self) -> Answer<()> {
        let mut checks = Checks::default();
        if self.name == Patch::Null {
            checks.refuse("name", "required", "cannot be cleared");
        }
        checks.optional_text("name", self.name.value().map(String::as_str), 200);
        checks.done()
    }
}

page_of! {
    /// A page of API keys.
    ApiKeyPage of KeyRecord
}

/// List API keys
///
/// Yours; of the whole company for owners and admins. In the order in which they were made, without those that
/// were revoked.
#[utoipa::path(
    tag = "api keys",
    operation_id = "listApiKeys",
    params(PageQuery),
    responses((status = 200, body = ApiKeyPage, headers(("Link" = String))))
)]
#[get("/v1/api-keys")]
pub(crate) async fn list_api_keys(
    caller: Caller,
    state: Data<State>,
    query: Query<PageQuery>,
) -> Answer<Paged<ApiKeyPage>> {
    let position = |key: &KeyRecord| Position::at(key.created_at, key.id);
    let (data, page) = BY_CREATION.page(&caller, &state, query, position).await?;
    Ok(Paged(ApiKeyPage { data, page }))
}

/// Make an API key
///
/// It acts as you, with the lower one of its role and yours, and only where its scopes permit. The answer shows it,
/// this once.
#[utoipa::path(
    tag = "api keys",
    operation_id = "createApiKey",
    request_body = NewApiKey,
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses((status = 201, body = CreatedApiKey, headers(("ETag" = String), ("Location" = String))))
)]
#[post("/v1/api-keys")]
pub(crate) async fn create_api_key(
    caller: Caller,
    Body(new): Body<NewApiKey>,
) -> Answer<Single<CreatedApiKey>> {
    new.check()?;
    let secret = Secret::new()?;
    let (hash, role) = (secret.hash(), new.role.as_str());
    let record: KeyRecord = caller
        .write_one(CREATE_KEY, &[&new.name, &hash, &role, &new.scopes(), &new.expires_in_days])
        .await?;
    let KeyRecord { id, company_id, user_id, .. } = record;
    let key = ApiKey { id, company_id, user_id, secret }.write();
    Ok(Single::created(CreatedApiKey { record, key }, format!("{LIST}/{id}")))
}

/// Get an API key
#[utoipa::path(
    tag = "api keys",
    operation_id = "getApiKey",
    params(("api_key_id" = Uuid, Path, description = "The key")),
    responses((status = 200, body = KeyRecord, headers(("ETag" = String))))
)]
#[get("/v1/api-keys/{api_key_id}")]
pub(crate) async fn get_api_key(caller: Caller, path: Path<String>) -> Answer<Single<KeyRecord>> {
    let id = path_id(&path)?;
    Ok(Single::found(caller.read_one(GET_KEY, &[&id]).await?))
}

/// Rename an API key
#[utoipa::path(
    tag = "api keys",
    operation_id = "updateApiKey",
    params(("api_key_id" = Uuid, Path, description = "The key")),
    request_body(content(
        (ApiKeyPatch = "application/json"),
        (ApiKeyPatch = "application/merge-patch+json"),
    )),
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 200, body = KeyRecord, headers(("ETag" = String))),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[patch("/v1/api-keys/{api_key_id}")]
pub(crate) async fn update_api_key(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
    Body(patch): Body<ApiKeyPatch>,
) -> Answer<Single<KeyRecord>> {
    let id = path_id(&path)?;
    patch.check()?;
    let Some(name) = patch.name.value() else {
        let key: KeyRecord = caller.read_one(GET_KEY, &[&id]).await?;
        return Changed::nothing(key, versions.as_deref()).or_mismatch().map(Single::found);
    };
    let changed: Changed<KeyRecord> = caller.write_one(UPDATE_KEY, &[&id, &versions, name]).await?;
    changed.or_mismatch().map(Single::found)
}

/// Revoke an API key
///
/// It is good for nothing from the next request on.
#[utoipa::path(
    tag = "api keys",
    operation_id = "revokeApiKey",
    params(("api_key_id" = Uuid, Path, description = "The key")),
    extensions(("x-roles" = json!(["owner", "admin", "member", "viewer"]))),
    responses(
        (status = 204, description = "Good for nothing"),
        (status = 412, description = "`version-mismatch`"),
    )
)]
#[delete("/v1/api-keys/{api_key_id}")]
pub(crate) async fn revoke_api_key(
    caller: Caller,
    path: Path<String>,
    IfMatch { versions, .. }: IfMatch,
) -> Answer<HttpResponse> {
    let id = path_id(&path)?;
    let expected: bool = caller.write_one(REVOKE_KEY, &[&id, &versions]).await?;
    Changed(expected.then(|| HttpResponse::NoContent().finish())).or_mismatch()
}
