//! Lists of customers: every filter and every sort is an index condition below row-level security.

use actix_web::get;
use actix_web::web::Data;
use paddock_db::{Listing, Result, Row, Statement, sql};
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Deserializer};
use time::OffsetDateTime;
use utoipa::openapi::schema::{AnyOfBuilder, ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::{Customer, LifecycleStage};
use crate::State;
use crate::auth::caller::Caller;
use crate::http::cursor::{Key, Position, Scope};
use crate::http::page::{Limit, Paging, RowPage, page_of};
use crate::http::params::{Csv, Id, Query, Term};
use crate::http::problem::{Answer, Code, Problem};
use crate::http::timestamp::Moment;
use crate::resources::custom_fields::filters::{
    FieldFilter, FieldParameters, FieldQuery, PREFIX, or_refused,
};

/// The list that cursors of this resource belong to.
const LIST: &str = "/v1/customers";

const BASE: Statement = sql!("customers.sql", "list_customers");
const BY_ANOTHER_KEY: Statement = sql!("customers.sql", "list_customers_by_another_key");
const BY_FIELD: Statement = sql!("customers.sql", "list_customers_by_custom_field");
const BY_FIELD_AND_ANOTHER_KEY: Statement =
    sql!("customers.sql", "list_customers_by_custom_field_and_another_key");

/// The pieces of `list_customers` in `sql/queries/customers.sql`.
macro_rules! piece {
    ($name:expr) => {
        sql!("customers.sql", $name)
    };
}

page_of! {
    /// A page of customers.
    CustomerPage of Customer
}

/// Which customers, in which order.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CustomerQuery {
    /// How many rows at most.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 200, default = 50)]
    limit: Limit,
    /// `next_cursor` of the page before. Keep sort and filters as they were.
    cursor: Option<String>,
    /// The order; `-` means descending. Ties are in the order of the ids. By a custom field, whoever has no value is
    /// left out; users and several choices have no order.
    #[serde(default)]
    #[param(schema_with = sort_schema)]
    sort: CustomerOrder,
    /// What each customer is shown with.
    #[param(inline, value_type = Option<Vec<CustomerInclude>>, style = Form, explode = false)]
    include: Option<Csv<CustomerInclude>>,
    /// `only`: those in the bin, the latest deletion first; cannot be combined with a sort or filters.
    #[param(inline)]
    deleted: Option<Deleted>,
    /// The owner.
    #[param(value_type = Option<Uuid>)]
    user_id: Option<Id>,
    /// One of these owners.
    #[param(value_type = Option<Vec<Uuid>>, style = Form, explode = false)]
    user_id_in: Option<Csv<Id>>,
    /// Whether the owner is gone.
    user_id_is_null: Option<bool>,
    /// The e-mail, in any spelling.
    #[param(value_type = Option<String>, min_length = 1, max_length = 254, example = "grace@example.com")]
    email: Option<Term>,
    /// How the name begins, in upper or lower case.
    #[param(value_type = Option<String>, min_length = 1, max_length = 254, example = "gra")]
    name_starts_with: Option<Term>,
    /// The stage.
    #[param(inline)]
    lifecycle_stage: Option<LifecycleStage>,
    /// One of these stages.
    #[param(value_type = Option<Vec<LifecycleStage>>, style = Form, explode = false)]
    lifecycle_stage_in: Option<Csv<LifecycleStage>>,
    /// Created at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_gte: Option<Moment>,
    /// Created later.
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_gt: Option<Moment>,
    /// Created at this time or before.
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_lte: Option<Moment>,
    /// Created before.
    #[param(value_type = Option<String>, format = DateTime)]
    created_at_lt: Option<Moment>,
    /// Last changed at this time or later.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_at_gte: Option<Moment>,
    /// Last changed later.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_at_gt: Option<Moment>,
    /// Last changed at this time or before.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_at_lte: Option<Moment>,
    /// Last changed before.
    #[param(value_type = Option<String>, format = DateTime)]
    updated_at_lt: Option<Moment>,
}

/// What a list is sorted by: a column, or a field that the company has defined.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum CustomerOrder {
    Column(CustomerSort),
    Field { key: String, is_down: bool },
}

impl Default for CustomerOrder {
    fn default() -> Self {
        Self::Column(CustomerSort::default())
    }
}

impl<'de> Deserialize<'de> for CustomerOrder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (name, is_down) = text.strip_prefix('-').map_or((&*text, false), |name| (name, true));
        match name.strip_prefix(PREFIX).filter(|key| !key.contains('\0')) {
            Some(key) => Ok(Self::Field { key: key.to_owned(), is_down }),
            None => CustomerSort::deserialize(StrDeserializer::new(&text)).map(Self::Column),
        }
    }
}

fn sort_schema() -> Schema {
    let field = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^-?custom\\.[a-z][a-z0-9_-]*$"))
        .examples(["-custom.annual_budget"]);
    AnyOfBuilder::new().item(CustomerSort::schema()).item(field).into()
}

/// What customers are shown with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CustomerInclude {
    /// What they have in the fields that the company has defined.
    CustomFields,
}

/// The columns that a list of customers is sorted by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
pub(crate) enum CustomerSort {
    #[default]
    #[serde(rename = "-created_at")]
    CreatedDown,
    #[serde(rename = "created_at")]
    CreatedUp,
    #[serde(rename = "-updated_at")]
    UpdatedDown,
    #[serde(rename = "updated_at")]
    UpdatedUp,
    #[serde(rename = "name")]
    NameUp,
    #[serde(rename = "-name")]
    NameDown,
}

/// Whether to look into the bin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Deleted {
    Only,
}

/// What a list is sorted by: the order, how to go on after a row, and that row's key.
#[derive(Clone, Copy)]
struct Order {
    order: Statement,
    after: Statement,
    key: fn(&Row<'_>) -> Result<Key>,
}

fn created(row: &Row<'_>) -> Result<Key> {
    row.named("created_at").map(Key::Time)
}
fn updated(row: &Row<'_>) -> Result<Key> {
    row.named("updated_at").map(Key::Time)
}
fn name(row: &Row<'_>) -> Result<Key> {
    row.named("_name_key").map(Key::Text)
}
fn deleted(row: &Row<'_>) -> Result<Key> {
    row.named("deleted_at").map(Key::Time)
}
fn value(row: &Row<'_>) -> Result<Key> {
    row.named("_value_key").map(Key::Text)
}

macro_rules! order {
    ($sort:literal, $key:ident) => {
        Order {
            order: piece!(concat!("list_customers.order.", $sort)),
            after: piece!(concat!("list_customers.after.", $sort)),
            key: $key,
        }
    };
}

impl CustomerOrder {
    const fn order(&self) -> Order {
        match self {
            Self::Column(sort) => sort.order(),
            Self::Field { is_down: true, .. } => FIELD_DOWN,
            Self::Field { is_down: false, .. } => FIELD_UP,
        }
    }

    /// The key of the field.
    fn field(&self) -> Option<&str> {
        match self {
            Self::Column(_) => None,
            Self::Field { key, .. } => Some(key),
        }
    }
}

impl CustomerSort {
    const fn order(self) -> Order {
        match self {
            Self::CreatedDown => order!("-created_at", created),
            Self::CreatedUp => order!("created_at", created),
            Self::UpdatedDown => order!("-updated_at", updated),
            Self::UpdatedUp => order!("updated_at", updated),
            Self::NameUp => order!("name", name),
            Self::NameDown => order!("-name", name),
        }
    }
}

/// The bin has one order: the latest deletion first.
const BIN: Order = order!("deleted_at", deleted);
const FIELD_UP: Order = order!("custom", value);
const FIELD_DOWN: Order = order!("-custom", value);

/// List customers
///
/// Newest first where nothing is said. Go on with `cursor`, or follow the `Link` header. Deep pages cost
/// what the first one costs.
#[utoipa::path(
    tag = "customers",
    operation_id = "listCustomers",
    params(CustomerQuery, FieldParameters),
    responses((status = 200, body = CustomerPage, headers(("Link" = String))))
)]
#[get("/v1/customers")]
pub(crate) async fn list_customers(
    caller: Caller,
    state: Data<State>,
    query: FieldQuery<CustomerQuery>,
) -> Answer<RowPage> {
    let FieldQuery { query: Query { params, fingerprint }, fields } = query;
    let scope = Scope { company_id: caller.company_id(), list: LIST, fingerprint: &fingerprint };
    let paging = Paging::begin(&state.cursors, scope, params.limit, params.cursor.as_deref())?;
    let (order, rows) = (params.order(&fields)?, paging.rows());
    let sorted_by = params.sort.field().map(str::to_owned);
    let include = params.include.is_some();
    let filters = Filters::from(params);
    let listing = start(order, sorted_by.as_ref(), include);
    let listing = add_fields(filters.add_to(listing), sorted_by.as_deref(), &fields);
    let listing = go_on(listing, order, paging.after()).limit(&rows);
    let rows = caller.tenant().list_rows(&listing).await;
    let rows = rows.map_err(|error| or_refused(error, &fields))?;
    paging.end_rows(rows, |row| Ok(Position { key: (order.key)(row)?, id: row.named("id")? }))
}

/// A list without filters, by a column or by the field of that key.
fn start(order: Order, sorted_by: Option<&String>, include: bool) -> Listing<'_> {
    let listing = match sorted_by {
        None => Listing::new(BASE, order.order).or_by_another_key(BY_ANOTHER_KEY),
        Some(key) => Listing::new(BY_FIELD, order.order)
            .or_by_another_key(BY_FIELD_AND_ANOTHER_KEY)
            .sorted_by(piece!("list_customers.sorted.custom"), key),
    };
    if include {
        listing.including(piece!("list_customers.include.custom_fields"))
    } else {
        listing
    }
}

/// Filters by the field that the list is sorted by are a part of its index; others look elsewhere.
fn add_fields<'a>(
    listing: Listing<'a>,
    sorted_by: Option<&str>,
    fields: &'a [FieldFilter],
) -> Listing<'a> {
    fields.iter().fold(listing, |listing, field| {
        let comparison = match field.wanted() {
            "in" => piece!("list_customers.custom.in"),
            "gte" => piece!("list_customers.custom.gte"),
            "gt" => piece!("list_customers.custom.gt"),
            "lte" => piece!("list_customers.custom.lte"),
            "lt" => piece!("list_customers.custom.lt"),
            "starts_with" => piece!("list_customers.custom.starts_with"),
            _ => piece!("list_customers.custom.eq"),
        };
        if sorted_by == Some(field.key()) {
            let condition = piece!("list_customers.sorted.custom_filter");
            return listing.filter_sorted(condition, comparison, field.words());
        }
        let condition = piece!("list_customers.where.custom");
        let walk = piece!("list_customers.walk.custom");
        listing.filter_elsewhere(condition, walk, comparison, field.words())
    })
}

/// Continues after the last row of the page before. The cursor is signed with the sort, so its key fits.
fn go_on<'a>(listing: Listing<'a>, order: Order, after: Option<&'a Position>) -> Listing<'a> {
    match after {
        None => listing,
        Some(Position { key: Key::Text(text), id }) => listing.after(order.after, text, id),
        Some(Position { key: Key::Time(time), id }) => listing.after(order.after, time, id),
    }
}

impl CustomerQuery {
    fn order(&self, fields: &[FieldFilter]) -> Answer<Order> {
        if self.deleted.is_none() {
            return Ok(self.sort.order());
        }
        let filtered = self.user_id.is_some()
            || self.user_id_in.is_some()
            || self.user_id_is_null.is_some()
            || self.email.is_some()
            || self.name_starts_with.is_some()
            || self.lifecycle_stage.is_some()
            || self.lifecycle_stage_in.is_some()
            || !fields.is_empty()
            || self.times().iter().any(|(_, time)| time.is_some());
        if filtered || self.sort != CustomerOrder::default() {
            let pointer = "?deleted".to_owned();
            let message = "cannot be combined with a sort or filters".to_owned();
            let error = crate::http::problem::FieldError { pointer, code: "invalid", message };
            return Err(Problem::field(Code::InvalidParameter, error));
        }
        Ok(BIN)
    }

    fn times(&self) -> [(Statement, Option<OffsetDateTime>); 8] {
        let time = |moment: Option<Moment>| moment.map(|Moment(time)| time);
        [
            (piece!("list_customers.where.created_at_gte"), time(self.created_at_gte)),
            (piece!("list_customers.where.created_at_gt"), time(self.created_at_gt)),
            (piece!("list_customers.where.created_at_lte"), time(self.created_at_lte)),
            (piece!("list_customers.where.created_at_lt"), time(self.created_at_lt)),
            (piece!("list_customers.where.updated_at_gte"), time(self.updated_at_gte)),
            (piece!("list_customers.where.updated_at_gt"), time(self.updated_at_gt)),
            (piece!("list_customers.where.updated_at_lte"), time(self.updated_at_lte)),
            (piece!("list_customers.where.updated_at_lt"), time(self.updated_at_lt)),
        ]
    }
}

/// The filters, as values that the database takes.
struct Filters {
    deleted: bool,
    user_id: Option<Uuid>,
    user_id_in: Option<Vec<Uuid>>,
    user_id_is_null: Option<bool>,
    email: Option<String>,
    name_starts_with: Option<String>,
    lifecycle_stage: Option<String>,
    lifecycle_stage_in: Option<Vec<String>>,
    times: [(Statement, Option<OffsetDateTime>); 8],
}

impl From<CustomerQuery> for Filters {
    fn from(query: CustomerQuery) -> Self {
        let stage = |stage: LifecycleStage| stage.as_str().to_owned();
        Self {
            times: query.times(),
            deleted: query.deleted.is_some(),
            user_id: query.user_id.map(|id| id.0),
            user_id_in: query.user_id_in.map(|Csv(ids)| ids.into_iter().map(|id| id.0).collect()),
            user_id_is_null: query.user_id_is_null,
            email: query.email.map(|Term(text)| text),
            name_starts_with: query.name_starts_with.map(|Term(text)| text),
            lifecycle_stage: query.lifecycle_stage.map(stage),
            lifecycle_stage_in: query
                .lifecycle_stage_in
                .map(|Csv(stages)| stages.into_iter().map(stage).collect()),
        }
    }
}

impl Filters {
    fn add_to<'a>(&'a self, listing: Listing<'a>) -> Listing<'a> {
        let presence = if self.deleted {
            piece!("list_customers.where.deleted")
        } else {
            piece!("list_customers.where.present")
        };
        let listing = listing
            .always(presence)
            .filter_some(piece!("list_customers.where.user_id"), self.user_id.as_ref())
            .filter_some(piece!("list_customers.where.user_id_in"), self.user_id_in.as_ref())
            .filter_if(
                piece!("list_customers.where.user_id_is_null"),
                self.user_id_is_null == Some(true),
            )
            .filter_if(
                piece!("list_customers.where.user_id_is_not_null"),
                self.user_id_is_null == Some(false),
            )
            .filter_some(piece!("list_customers.where.email"), self.email.as_ref())
            .filter_some(
                piece!("list_customers.where.name_starts_with"),
                self.name_starts_with.as_ref(),
            )
            .filter_some(
                piece!("list_customers.where.lifecycle_stage"),
                self.lifecycle_stage.as_ref(),
            )
            .filter_some(
                piece!("list_customers.where.lifecycle_stage_in"),
                self.lifecycle_stage_in.as_ref(),
            );
        self.times.iter().fold(listing, |listing, (condition, time)| {
            listing.filter_some(*condition, time.as_ref())
        })
    }
}
