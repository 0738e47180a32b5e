//! Many customers in one request: one statement for the whole set, an answer for each item.

mod operations;

use std::collections::HashSet;

use actix_web::http::StatusCode;
use actix_web::post;
use actix_web::web::Json;
use paddock_db::{Access, Error as DbError, Tenant, Tx};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use utoipa::openapi::schema::{OneOfBuilder, Schema};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use self::operations::{Create, Delete, Operation, Update, Upsert};
use super::upsert::CustomerWithEmail;
use super::{CustomerPatch, NewCustomer};
use crate::auth::caller::Caller;
use crate::http::body::{self, Body};
use crate::http::problem::{Answer, Code, FieldError, Problem};

/// How many items a batch takes.
const MOST: usize = 1000;
/// What a batch may measure, in bytes.
const LIMIT: usize = 2 * 1024 * 1024;

/// What became of one item: its status and id, or why not.
type Outcome = Answer<(u16, Uuid)>;

/// A batch as it arrives. Items are read one by one, so that one that is wrong does not spoil the others.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawBatch {
    operation: Kind,
    #[serde(default = "yes")]
    atomic: bool,
    items: Vec<Box<RawValue>>,
}

#[derive(Clone, Copy)]
enum Kind {
    Create,
    Update,
    Upsert,
    Delete,
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let words = [
            ("create", Self::Create),
            ("update", Self::Update),
            ("upsert", Self::Upsert),
            ("delete", Self::Delete),
        ];
        body::word(deserializer, &words)
    }
}

const fn yes() -> bool {
    true
}

/// Up to 1000 items of one operation, for the document: what `RawBatch` reads, typed.
struct CustomerBatch;

impl PartialSchema for CustomerBatch {
    fn schema() -> RefOr<Schema> {
        let kinds = ["CreateCustomers", "UpdateCustomers", "UpsertCustomers", "DeleteCustomers"];
        let one_of = kinds
            .iter()
            .fold(OneOfBuilder::new(), |one_of, kind| one_of.item(Ref::from_schema_name(*kind)));
        let description =
            "Up to 1000 items of one operation. `atomic`, the default, means all or none.";
        one_of.description(Some(description)).into()
    }
}

impl ToSchema for CustomerBatch {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        fn add<T: ToSchema>(schemas: &mut Vec<(String, RefOr<Schema>)>) {
            schemas.push((T::name().into_owned(), T::schema()));
            T::schemas(schemas);
        }
        add::<CreateCustomers>(schemas);
        add::<UpdateCustomers>(schemas);
        add::<UpsertCustomers>(schemas);
        add::<DeleteCustomers>(schemas);
    }
}

/// Declares what the document says of one kind of batch.
macro_rules! batch_of {
    ($(#[$doc:meta])* $batch:ident, $kind:ident = $name:literal, $item:ty) => {
        $(#[$doc])*
        #[derive(ToSchema)]
        #[expect(dead_code, reason = "describes `RawBatch` for the document")]
        struct $batch {
            operation: $kind,
            /// All or none; true where nothing is said.
            #[schema(required = false)]
            atomic: bool,
            #[schema(max_items = 1000)]
            items: Vec<$item>,
        }

        #[derive(ToSchema)]
        #[expect(dead_code, reason = "describes `RawBatch` for the document")]
        enum $kind {
            #[schema(rename = $name)]
            It,
        }
    };
}
batch_of! {
    /// New customers.
    CreateCustomers, CreateOperation = "create", NewCustomer
}
batch_of! {
    /// Changes of customers by id.
    UpdateCustomers, UpdateOperation = "update", CustomerChange
}
batch_of! {
    /// Customers by e-mail: created, or changed if they are there.
    UpsertCustomers, UpsertOperation = "upsert", CustomerWithEmail
}
batch_of! {
    /// Customers that go into the bin.
    DeleteCustomers, DeleteOperation = "delete", CustomerRef
}

/// Changes of one customer.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes `operations::Change` for the document")]
pub(crate) struct CustomerChange {
    #[schema(example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: Uuid,
    /// Only if the customer has this version.
    #[schema(required = false)]
    version: i64,
    set: CustomerPatch,
}

/// One customer by id.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerRef {
    #[schema(value_type = Uuid, example = "0199f3b2-6d3e-7c11-9a55-0d6f1f2f3a4b")]
    id: crate::http::params::Id,
    /// Only if the customer has this version.
    #[schema(nullable = false)]
    version: Option<i64>,
}

/// What became of the items, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchResults {
    results: Vec<BatchResult>,
}

/// What became of one item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchResult {
    /// Its place in the request, from 0.
    #[schema(example = 0)]
    index: usize,
    /// The status that the item would have got alone.
    #[schema(example = 201)]
    status: u16,
    /// The customer; absent if the item was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    id: Option<Uuid>,
    /// Why the item was refused; absent if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<ItemProblem>,
}

/// Why an item was refused. Pointers lead into the item.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemProblem {
    code: Code,
    #[schema(example = "Another record has this value")]
    title: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
}

/// Change many customers
///
/// One operation on up to 1000 items. With `atomic`, which is the default, a refused item refuses all, and
/// the problem's pointers name every item that was in the way; without it, each item has its own result.
#[utoipa::path(
    tag = "customers",
    operation_id = "changeCustomers",
    request_body(
        content = CustomerBatch,
        example = json!({"operation": "create", "atomic": false, "items": [
            {"name": "Grace Hopper", "email": "grace@example.com"}, {"name": "Alan Turing"}
        ]})
    ),
    responses(
        (status = 200, body = BatchResults),
        (status = 404, description = "`not-found`: atomic, and an item is about a customer that does not exist"),
        (status = 409, description = "`already-exists`: atomic, and another customer has an item's e-mail"),
        (status = 412, description = "`version-mismatch`: atomic, and a customer has another version"),
    )
)]
#[post("/v1/customers/batch")]
pub(crate) async fn change_customers(
    caller: Caller,
    Body(batch): Body<RawBatch, LIMIT>,
) -> Answer<Json<BatchResults>> {
    if batch.items.len() > MOST {
        let message = format!("at most {MOST} items");
        let error = FieldError { pointer: "/items".to_owned(), code: "too-many", message };
        return Err(Problem::field(Code::Validation, error));
    }
    let outcomes = match batch.operation {
        Kind::Create => perform::<Create>(caller.tenant(), batch).await,
        Kind::Update => perform::<Update>(caller.tenant(), batch).await,
        Kind::Upsert => perform::<Upsert>(caller.tenant(), batch).await,
        Kind::Delete => perform::<Delete>(caller.tenant(), batch).await,
    }?;
    let results = outcomes.into_iter().enumerate().map(|(index, outcome)| result(index, outcome));
    Ok(Json(BatchResults { results: results.collect() }))
}

/// Creates customers one and all, each for itself: for the import.
///
/// # Errors
/// If the database fails as a whole; what is wrong with an item is in its outcome.
pub async fn create_each(tenant: &Tenant, items: Vec<NewCustomer>) -> Answer<Vec<Answer<Uuid>>> {
    let checked = items.into_iter().map(|item| item.check().map(|()| item)).collect();
    let outcomes = each::<Create>(tenant, checked).await?;
    Ok(outcomes.into_iter().map(|outcome| outcome.map(|(_, id)| id)).collect())
}

/// Takes the batch, so that nothing of its text is kept while the database works.
async fn perform<O: Operation>(tenant: &Tenant, batch: RawBatch) -> Answer<Vec<Outcome>> {
    let mut seen = HashSet::new();
    let items = batch.items.into_iter().map(|raw| {
        let item: O::Item = body::parse(raw.get().as_bytes())?;
        O::check(&item)?;
        let repeated = O::key(&item).is_some_and(|key| !seen.insert(key));
        if repeated { Err(O::repeated()) } else { Ok(item) }
    });
    let items: Vec<Answer<O::Item>> = items.collect();
    if batch.atomic { all::<O>(tenant, items).await } else { each::<O>(tenant, items).await }
}

/// All items or none: together if that works, else one after the other, so that the one in the way is
/// known.
async fn all<O: Operation>(tenant: &Tenant, items: Vec<Answer<O::Item>>) -> Answer<Vec<Outcome>> {
    refuse_all(&items, items.len())?;
    let items: Vec<O::Item> = items.into_iter().filter_map(Result::ok).collect();
    let items: Vec<&O::Item> = items.iter().collect();
    let together = tenant.transaction(Access::Write, async |tx: &Tx<'_>| {
        let outcomes = O::run(tx, &items).await.map_err(Stopped::Failed)?;
        refuse_all(&outcomes, items.len()).map(|()| outcomes).map_err(Stopped::Refused)
    });
    match together.await {
        Ok(outcomes) => Ok(outcomes),
        Err(Stopped::Failed(problem)) if is_about_an_item(&problem) => {
            one_by_one::<O>(tenant, &items).await
        }
        Err(Stopped::Failed(problem) | Stopped::Refused(problem)) => Err(problem),
    }
}

/// Why a transaction was rolled back.
enum Stopped {
    /// Its items were looked at, and some were refused.
    Refused(Problem),
    /// The statement failed as a whole.
    Failed(Problem),
}

impl From<DbError> for Stopped {
    fn from(error: DbError) -> Self {
        Self::Failed(error.into())
    }
}

/// All items or none, up to the first that is in the way.
async fn one_by_one<O: Operation>(tenant: &Tenant, items: &[&O::Item]) -> Answer<Vec<Outcome>> {
    let work = async |tx: &Tx<'_>| {
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            match O::run(tx, &[item]).await {
                Ok(mut one) => outcomes.append(&mut one),
                Err(problem) if is_about_an_item(&problem) => outcomes.push(Err(problem)),
                Err(problem) => return Err(problem),
            }
            if outcomes.last().is_some_and(Result::is_err) {
                break;
            }
        }
        refuse_all(&outcomes, items.len()).map(|()| outcomes)
    };
    tenant.transaction(Access::Write, work).await
}

/// Whether another item might have got another answer.
fn is_about_an_item(problem: &Problem) -> bool {
    let status = problem.code().status();
    status.is_client_error() && status != StatusCode::UNAUTHORIZED && !problem.lacks_scope()
}

/// Each item for itself: together if that works, else one after the other.
async fn each<O: Operation>(tenant: &Tenant, items: Vec<Answer<O::Item>>) -> Answer<Vec<Outcome>> {
    let good: Vec<&O::Item> = items.iter().filter_map(|item| item.as_ref().ok()).collect();
    let together = run::<O>(tenant, &good).await;
    let mut outcomes = match together {
        Ok(outcomes) => outcomes,
        Err(problem) if is_about_an_item(&problem) => {
            let mut outcomes = Vec::with_capacity(good.len());
            for item in &good {
                match run::<O>(tenant, &[item]).await {
                    Ok(mut one) => outcomes.append(&mut one),
                    Err(problem) if is_about_an_item(&problem) => outcomes.push(Err(problem)),
                    Err(problem) => return Err(problem),
                }
            }
            outcomes
        }
        Err(problem) => return Err(problem),
    }
    .into_iter();
    let missing = || Err(Problem::new(Code::Internal));
    Ok(items
        .into_iter()
        .map(|item| match item {
            Ok(_) => outcomes.next().unwrap_or_else(missing),
            Err(problem) => Err(problem),
        })
        .collect())
}

async fn run<O: Operation>(tenant: &Tenant, items: &[&O::Item]) -> Answer<Vec<Outcome>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    tenant.transaction(Access::Write, async |tx: &Tx<'_>| O::run(tx, items).await).await
}

/// One problem for all refused items: the code of the first, and a pointer to each.
fn refuse_all<T>(items: &[Answer<T>], of: usize) -> Answer<()> {
    let refused: Vec<(usize, &Problem)> =
        items.iter().enumerate().filter_map(|(i, item)| Some((i, item.as_ref().err()?))).collect();
    let Some((_, first)) = refused.first() else { return Ok(()) };
    let errors = refused.iter().flat_map(|(index, problem)| pointed(*index, problem)).collect();
    Err(Problem::fields(first.code(), errors)
        .detail(format!("{} of {of} items were refused; nothing was written", refused.len())))
}

fn pointed(index: usize, problem: &Problem) -> Vec<FieldError> {
    if problem.errors().is_empty() {
        let code = problem.code();
        let (pointer, message) = (format!("/items/{index}"), code.title().to_owned());
        return vec![FieldError { pointer, code: code.slug(), message }];
    }
    problem.clone().under(&format!("/items/{index}")).errors().to_vec()
}

fn result(index: usize, outcome: Outcome) -> BatchResult {
    match outcome {
        Ok((status, id)) => BatchResult { index, status, id: Some(id), error: None },
        Err(problem) => {
            let code = problem.code();
            let errors = problem.errors().to_vec();
            let error = Some(ItemProblem { code, title: code.title(), errors });
            BatchResult { index, status: code.status().as_u16(), id: None, error }
        }
    }
}
