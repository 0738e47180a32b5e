//! Who may see and change a customer, and by which rule.

use actix_web::get;
use actix_web::web::{Data, Path};
use paddock_db::{FromRow, Rehearsal, Result, Row, Statement, Tenant, sql};
use serde::Serialize;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::State;
use crate::auth::caller::Caller;
use crate::http::cursor::{Position, Scope};
use crate::http::etag::Changed;
use crate::http::page::{PageQuery, Paged, Paging, page_of};
use crate::http::params::{Query, path_id};
use crate::http::problem::{Answer, Problem};
use crate::resources::users::Role;

const LIST_USERS: Statement = sql!("access.sql", "list_users_for_customer");
const EXPLAIN: Statement = sql!("access.sql", "explain_customer_access");

/// What one user may do with a record.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserAccess {
    /// The user.
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    pub user_id: Uuid,
    /// Their name.
    #[schema(example = "Alice")]
    pub name: String,
    /// Their e-mail.
    #[schema(example = "alice@nike.example", format = Email)]
    pub email: String,
    /// Their role in the company.
    pub role: Role,
    /// Whether the user may act at all. Who is disabled may do nothing, whatever the rules say.
    pub is_active: bool,
    /// Whether the user sees the record.
    pub can_read: bool,
    /// Whether the user may change the record, which includes putting it into the bin.
    pub can_update: bool,
    /// What lets the user in: the policies of the database that hold for this user and this record.
    pub rules: Vec<AccessRule>,
    #[serde(skip)]
    /// When they joined: what the list is sorted by.
    pub joined_at: OffsetDateTime,
}

/// A policy of the database that lets a user in.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessRule {
    /// For what: `read` or `update`.
    #[schema(example = "read")]
    pub permission: &'static str,
    /// The policy's name; see `sql/migrations`.
    #[schema(example = "customers_read")]
    pub policy: String,
    /// The policy in words.
    #[schema(example = "Everybody in the company sees its customers.")]
    pub reason: String,
}

/// What the database said when it was tried.
struct Verdict {
    command: String,
    allowed: bool,
    rules: Vec<AccessRule>,
}

impl FromRow for UserAccess {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        Ok(Self {
            user_id: row.next()?,
            name: row.next()?,
            email: row.next()?,
            role: Role::parse(row.next()?),
            is_active: row.next()?,
            joined_at: row.next()?,
            can_read: false,
            can_update: false,
            rules: Vec::new(),
        })
    }
}

impl FromRow for Verdict {
    fn from_row(row: &mut Row<'_>) -> Result<Self> {
        let (command, allowed): (String, bool) = (row.next()?, row.next()?);
        let (policies, reasons): (Vec<String>, Vec<String>) = (row.next()?, row.next()?);
        let permission = if command == "select" { "read" } else { "update" };
        let rule = |(policy, reason)| AccessRule { permission, policy, reason };
        let rules = policies.into_iter().zip(reasons).map(rule).collect();
        Ok(Self { command, allowed, rules })
    }
}

impl UserAccess {
    fn learn(&mut self, verdicts: Vec<Verdict>) {
        for verdict in verdicts {
            match verdict.command.as_str() {
                "select" => self.can_read = verdict.allowed,
                _ => self.can_update = verdict.allowed,
            }
            self.rules.extend(verdict.rules);
        }
    }
}

page_of! {
    /// A page of users, with what they may do.
    UserAccessPage of UserAccess
}

/// Explain access to a customer
///
/// Every user of your company, in the order in which they joined, with what they may do with the customer and
/// which rules say so. The answer is found by trying: the database is asked in the place of each user, in a
/// transaction that is rolled back.
#[utoipa::path(
    tag = "customers",
    operation_id = "explainCustomerAccess",
    params(("customer_id" = Uuid, Path, description = "The customer"), PageQuery),
    responses((status = 200, body = UserAccessPage, headers(("Link" = String))))
)]
#[get("/v1/customers/{customer_id}/access")]
pub(crate) async fn explain_customer_access(
    caller: Caller,
    state: Data<State>,
    path: Path<String>,
    query: Query<PageQuery>,
) -> Answer<Paged<UserAccessPage>> {
    let customer_id = path_id(&path)?;
    let Query { params: PageQuery { limit, cursor }, fingerprint } = query;
    let list = format!("/v1/customers/{customer_id}/access");
    let scope = Scope { company_id: caller.company_id(), list: &list, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, limit, cursor.as_deref())?;
    let (after, rows) = (paging.after_time()?, paging.rows());
    let mut data = explain(caller.tenant(), customer_id, after, rows).await?;
    let page = paging.end(&mut data, |user| Position::at(user.joined_at, user.user_id));
    Ok(Paged(UserAccessPage { data, page }))
}

/// What the users of the tenant may do with a customer: those who joined after that one, so many at most.
///
/// # Errors
/// 404 if the tenant's user does not see the customer, and those of the database.
pub async fn explain(
    tenant: &Tenant,
    customer_id: Uuid,
    after: Option<(OffsetDateTime, Uuid)>,
    limit: i64,
) -> Answer<Vec<UserAccess>> {
    let (time, id) = after.unzip();
    tenant
        .rehearse(async |stage: &Rehearsal<'_>| {
            let users: Vec<Changed<UserAccess>> =
                stage.query(LIST_USERS, &[&customer_id, &time, &id, &limit]).await?;
            if users.is_empty() {
                return Err(Problem::not_found());
            }
            let mut users: Vec<UserAccess> =
                users.into_iter().filter_map(|Changed(user)| user).collect();
            let active = || users.iter().filter(|user| user.is_active);
            let ids: Vec<Uuid> = active().map(|user| user.user_id).collect();
            let verdicts = stage.query_as_each(&ids, EXPLAIN, &[&customer_id]).await?;
            for (user, verdicts) in users.iter_mut().filter(|user| user.is_active).zip(verdicts) {
                user.learn(verdicts);
            }
            Ok(users)
        })
        .await
}
