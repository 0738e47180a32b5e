//! The audit log: who changed what that matters for security. Read only; the database writes it.

use std::collections::BTreeMap;

use actix_web::get;
use actix_web::web::{Data, Json, Path};
use paddock_db::{Error, FromRow, Listing, Result, Row, Statement, sql};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::http::cursor::{Position, Scope};
use crate::http::page::{Limit, Paged, Paging, page_of};
use crate::http::params::{Id, Query, Term, path_id};
use crate::http::problem::Answer;
use crate::http::timestamp::{self, Moment};

const GET_RECORD: Statement = sql!("audit_log.sql", "get_audit_record");
const LIST_LOG: Statement = sql!("audit_log.sql", "list_audit_log");
const PERMITTED: Statement = sql!("audit_log.sql", "list_audit_log.where.permitted");
const OF_USER: Statement = sql!("audit_log.sql", "list_audit_log.where.user_id");
const OF_KEY: Statement = sql!("audit_log.sql", "list_audit_log.where.api_key_id");
const OF_OPERATION: Statement = sql!("audit_log.sql", "list_audit_log.where.operation");
const OF_RECORD: Statement = sql!("audit_log.sql", "list_audit_log.where.record_id");
const SINCE: Statement = sql!("audit_log.sql", "list_audit_log.where.created_at_gte");
const BEFORE: Statement = sql!("audit_log.sql", "list_audit_log.where.created_at_lt");
const ORDER: Statement = sql!("audit_log.sql", "list_audit_log.order.-created_at");
const AFTER: Statement = sql!("audit_log.sql", "list_audit_log.after.-created_at");

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/audit-log";

/// Something that happened. It never changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditRecord {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4c")]
    company_id: Uuid,
    /// Who did it, also when that user is gone; null for an administrator of the installation, and for whoever
    /// failed to log in.
    #[schema(required = true, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4d")]
    user_id: Option<Uuid>,
    /// The API key with which they did it, also when it is gone; null if they logged in.
    #[schema(required = true, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4f")]
    api_key_id: Option<Uuid>,
    /// `<table>.<insert|update|delete>`, or one of `session.started`, `session.ended`, `session.reused` and
    /// `login.failed`. There will be more.
    #[schema(example = "users.update")]
    operation: String,
    /// The kind of record that it was done to.
    #[schema(example = "users")]
    table_name: String,
    /// That record; of `team_members`, the team.
    #[schema(required = true, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4e")]
    record_id: Option<Uuid>,
    /// What changed, by field.
    #[schema(example = json!({ "role": { "old": "member", "new": "admin" } }))]
    changes: BTreeMap<String, FieldChange>,
    #[serde(serialize_with = "timestamp::serialize")]
    #[schema(example = "2026-11-23T14:30:52.000000Z")]
    created_at: OffsetDateTime,
}

/// What became of one field.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldChange {
    /// What it was; absent if the record is new.
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "member")]
    old: Option<Value>,
    /// What it is; absent if the record is gone.
    #[serde(default, deserialize_with = "there", skip_serializing_if = "Option::is_none")]
    #[schema(required = false, example = "admin")]
    new: Option<Value>,
    /// Whether it is a secret, of which only is said that it changed; absent if not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false, example = false)]
    redacted: bool,
}

/// A value that is there, though it may be null.
fn there<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl FromRow for AuditRecord {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            id: row.next()?,
            company_id: row.next()?,
            user_id: row.next()?,
            api_key_id: row.next()?,
            operation: row.next()?,
            table_name: row.next()?,
            record_id: row.next()?,
            changes: serde_json::from_str(row.next()?)
                .map_err(|error| Error::Internal(error.to_string()))?,
            created_at: row.next()?,
        })
    }
}

page_of! {
    /// A page of the audit log.
    AuditRecordPage of AuditRecord
}

/// Which records of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditLogQuery {
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before. Keep the filters as they were.
    cursor: Option<String>,
    /// Who did it.
    #[param(value_type = Option<Uuid>)]
    user_id: Option<Id>,
    /// With which API key.
    #[param(value_type = Option<Uuid>)]
    api_key_id: Option<Id>,
    /// What was done.
    #[param(value_type = Option<String>, min_length = 1, max_length = 254, example = "session.started")]
    operation: Option<Term>,
    /// What it was done to.
    #[param(value_type = Option<Uuid>)]
    record_id: Option<Id>,
    /// At this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_gte: Option<Moment>,
    /// Before this time.
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_lt: Option<Moment>,
}

/// Read the audit log
///
/// Newest first, for owners and admins. It holds changes of the company, of its users, teams, shares, invitations and
/// API keys, the beginning and the end of sessions, and logins that failed. Nobody can change it.
#[utoipa::path(
    tag = "audit log",
    operation_id = "listAuditLog",
    params(AuditLogQuery),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 200, body = AuditRecordPage, headers(("Link" = String))),
        (status = 403, description = "`insufficient-permission`: for owners and admins"),
    )
)]
#[get("/v1/audit-log")]
pub(crate) async fn list_audit_log(
    caller: Caller,
    state: Data<State>,
    query: Query<AuditLogQuery>,
) -> Answer<Paged<AuditRecordPage>> {
    let Query { params, fingerprint } = query;
    let scope = Scope { company_id: caller.company_id(), list: LIST, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, params.limit, params.cursor.as_deref())?;
    let (after, rows) = (paging.after_time()?, paging.rows());
    let mut listing = Listing::new(LIST_LOG, ORDER)
        .always(PERMITTED)
        .filter_some(OF_USER, params.user_id.as_deref())
        .filter_some(OF_KEY, params.api_key_id.as_deref())
        .filter_some(OF_OPERATION, params.operation.as_ref().map(|Term(text)| text))
        .filter_some(OF_RECORD, params.record_id.as_deref())
        .filter_some(SINCE, params.created_at_gte.as_ref().map(|Moment(time)| time))
        .filter_some(BEFORE, params.created_at_lt.as_ref().map(|Moment(time)| time));
    if let Some((time, id)) = &after {
        listing = listing.after(AFTER, time, id);
    }
    let mut data: Vec<AuditRecord> = caller.list(&listing.limit(&rows)).await?;
    let page = paging.end(&mut data, |record| Position::at(record.created_at, record.id));
    Ok(Paged(AuditRecordPage { data, page }))
}

/// Get a record of the audit log
#[utoipa::path(
    tag = "audit log",
    operation_id = "getAuditRecord",
    params(("audit_record_id" = Uuid, Path, description = "The record")),
    extensions(("x-roles" = json!(["owner", "admin"]))),
    responses(
        (status = 200, body = AuditRecord),
        (status = 403, description = "`insufficient-permission`: for owners and admins"),
    )
)]
#[get("/v1/audit-log/{audit_record_id}")]
pub(crate) async fn get_audit_record(
    caller: Caller,
    path: Path<String>,
) -> Answer<Json<AuditRecord>> {
    let id = path_id(&path)?;
    Ok(Json(caller.read_one(GET_RECORD, &[&id]).await?))
}
