//! `sql/audit/statements.txt`: every statement, what it takes and answers, and how it reaches its rows in
//! a big company beside many small ones.

use std::fmt::Write as _;

use paddock_db::{Listing, Statement};
use time::OffsetDateTime;
use uuid::Uuid;

use super::plan::{Plan, Reads};
use super::scene::{Scene, shape};
use super::{compare, diff};
use crate::harness::{Place, Psql, in_ci};

const PREFACE: &str = "\
Every statement that Paddock can send, what it takes and answers, and how PostgreSQL reaches the rows below row
security. `make bless` writes this file.

Measured with the one plan that all companies share, in a company of 100,000 customers (30,000 of them of one
owner, 100 in the rarest stage) beside one of 700 and a thousand small ones; with values that fit no row, few
rows and many. A scan is followed by the columns that are conditions on its index. Lists take a page of 20.
  a page     reads 300 rows of a table at most, whatever the values
  a part     reads 5,000 at most, to bring what fits into another order than that of its index
  one filter reads whatever fits one of several filters, and drops what does not fit the others
  FULL SCAN  reads more, with the company as the only condition
";

/// A page as most clients ask for it, and the row more that tells whether there is another page.
const PAGE: i64 = 21;

/// The files of `sql/queries`, with the role that sends them.
const FILES: [(&str, &str, &str); 19] = [
    ("access.sql", "paddock_app", include_str!("../../sql/queries/access.sql")),
    ("api_keys.sql", "paddock_app", API_KEYS),
    ("audit_log.sql", "paddock_app", AUDIT_LOG),
    ("companies.sql", "paddock_app", include_str!("../../sql/queries/companies.sql")),
    (
        "customer_comments.sql",
        "paddock_app",
        include_str!("../../sql/queries/customer_comments.sql"),
    ),
    ("custom_fields.sql", "paddock_app", CUSTOM_FIELDS),
    ("customer_shares.sql", "paddock_app", include_str!("../../sql/queries/customer_shares.sql")),
    ("customers.sql", "paddock_app", CUSTOMERS),
    ("teams.sql", "paddock_app", TEAMS),
    ("invitations.sql", "paddock_app", INVITATIONS),
    ("users.sql", "paddock_app", USERS),
    ("session.sql", "paddock_app", include_str!("../../sql/queries/session.sql")),
    ("sessions.sql", "paddock_app", include_str!("../../sql/queries/sessions.sql")),
    ("identities.sql", "paddock_auth", include_str!("../../sql/queries/identities.sql")),
    ("accounts.sql", "paddock_auth", include_str!("../../sql/queries/accounts.sql")),
    ("second_factors.sql", "paddock_auth", include_str!("../../sql/queries/second_factors.sql")),
    ("memberships.sql", "paddock_auth", include_str!("../../sql/queries/memberships.sql")),
    ("provision.sql", "paddock_owner", include_str!("../../sql/queries/provision.sql")),
    ("purge.sql", "paddock_owner", include_str!("../../sql/queries/purge.sql")),
];
const CUSTOMERS: &str = include_str!("../../sql/queries/customers.sql");
const CUSTOM_FIELDS: &str = include_str!("../../sql/queries/custom_fields.sql");
const API_KEYS: &str = include_str!("../../sql/queries/api_keys.sql");
const TEAMS: &str = include_str!("../../sql/queries/teams.sql");
const INVITATIONS: &str = include_str!("../../sql/queries/invitations.sql");
const AUDIT_LOG: &str = include_str!("../../sql/queries/audit_log.sql");
const USERS: &str = include_str!("../../sql/queries/users.sql");

/// Filters that clients are likely to combine.
const TOGETHER: [(&[&str], &str); 9] = [
    (&["user_id", "lifecycle_stage"], "-created_at"),
    (&["user_id", "lifecycle_stage_in"], "-created_at"),
    (&["user_id", "created_at_gte"], "-created_at"),
    (&["user_id_is_null", "lifecycle_stage"], "-created_at"),
    (&["lifecycle_stage", "created_at_gte"], "-created_at"),
    (&["created_at_gte", "created_at_lt"], "-created_at"),
    (&["updated_at_gte", "updated_at_lt"], "-updated_at"),
    (&["user_id", "updated_at_gte"], "-updated_at"),
    (&["name_starts_with", "lifecycle_stage"], "name"),
];

/// Two filters, of which one fits many rows and the other few: no plan is good for all their values. This
/// list only shrinks.
const KNOWN: [&str; 4] = [
    "user_id and lifecycle_stage",
    "user_id and lifecycle_stage_in",
    "user_id and updated_at_gte",
    "name_starts_with and lifecycle_stage",
];

/// The names in a file that begin so.
fn names(file: &'static str, beginning: &str) -> Vec<&'static str> {
    let names = file.lines().filter_map(|line| line.strip_prefix("-- name: "));
    names.filter(|name| name.starts_with(beginning)).collect()
}

/// The text of a value.
fn quoted(value: impl std::fmt::Display) -> String {
    format!("'{value}'")
}

/// Values that are never sent: only the text of a listing is used here.
static UUID: Uuid = Uuid::nil();
static UUIDS: Vec<Uuid> = Vec::new();
static TEXT: String = String::new();
static TEXTS: Vec<String> = Vec::new();
static TIME: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

/// A list to be asked for: filters by name, an order, and whether it is a later page.
struct List {
    filters: Vec<&'static str>,
    order: &'static str,
    is_later: bool,
}

impl List {
    fn words(&self) -> String {
        let filters =
            if self.filters.is_empty() { "all".to_owned() } else { self.filters.join(" and ") };
        let page = if self.is_later { "later" } else { "first" };
        format!("{filters:<44} {:<11} {page:<5}", self.order)
    }

    fn listing(&self) -> Listing<'static> {
        let find = |kind: &str| {
            let name = format!("list_customers.{kind}.{}", self.order);
            let names = names(CUSTOMERS, &name);
            Statement::find(names[0], CUSTOMERS)
        };
        let presence = if self.order == "deleted_at" { "deleted" } else { "present" };
        let base = Statement::find("list_customers", CUSTOMERS);
        let other_base = Statement::find("list_customers_by_another_key", CUSTOMERS);
        let listing = Listing::new(base, find("order")).or_by_another_key(other_base);
        let listing = listing.always(condition(presence));
        let listing = self.filters.iter().fold(listing, |listing, name| with_filter(listing, name));
        match (self.is_later, self.order.ends_with("name")) {
            (false, _) => listing,
            (true, true) => listing.after(find("after"), &TEXT, &UUID),
            (true, false) => listing.after(find("after"), &TIME, &UUID),
        }
        .limit(&PAGE)
    }

    /// Literals for its parameters, several sets of them.
    fn values(&self, scene: &Scene) -> Vec<Vec<String>> {
        let mut sets = vec![Vec::new()];
        for values in self.filters.iter().map(|name| values_of(name, scene)) {
            if !values.is_empty() {
                let with = |set: &Vec<String>| {
                    values
                        .iter()
                        .map(|value| [set.as_slice(), std::slice::from_ref(value)].concat())
                        .collect()
                };
                sets = sets.iter().flat_map::<Vec<Vec<String>>, _>(with).collect();
            }
        }
        // Without filters, from the middle and from near both ends.
        let pages = if self.is_later && self.filters.is_empty() { 3 } else { 1 };
        let add_page = |(n, mut set): (usize, Vec<String>)| {
            if self.is_later {
                let keys = match self.order.trim_start_matches('-') {
                    "name" => ["8", "00", "ff"],
                    "created_at" => ["2021-01-01Z", "2020-01-02Z", "2021-11-01Z"],
                    "updated_at" => ["2025-02-01Z", "2025-01-02Z", "2025-03-10Z"],
                    _ => ["2026-02-01Z", "2026-01-02Z", "2026-03-10Z"],
                };
                set.extend([quoted(keys[n % pages]), quoted(UUID)]);
            }
            set.push(PAGE.to_string());
            set
        };
        let count = sets.len() * pages;
        sets.into_iter().cycle().take(count).enumerate().map(add_page).collect()
    }
}

fn condition(name: &str) -> Statement {
    let name = format!("list_customers.where.{name}");
    let found = names(CUSTOMERS, &name).into_iter().find(|found| *found == name);
    Statement::find(found.unwrap_or_else(|| panic!("no {name}")), CUSTOMERS)
}

/// Adds the condition of that name, with a value of the type that it casts to.
fn with_filter(listing: Listing<'static>, name: &str) -> Listing<'static> {
    let piece = condition(name);
    let kind = piece.sql().split_once("$?::").map(|(_, text)| text);
    let is = |name: &str| {
        let after = kind.and_then(|kind| kind.strip_prefix(name));
        after.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '['))
    };
    match kind {
        None => listing.filter_if(piece, true),
        Some(_) if is("uuid") => listing.filter(piece, &UUID),
        Some(_) if is("uuid[]") => listing.filter(piece, &UUIDS),
        Some(_) if is("text") => listing.filter(piece, &TEXT),
        Some(_) if is("text[]") => listing.filter(piece, &TEXTS),
        Some(_) if is("timestamptz") => listing.filter(piece, &TIME),
        Some(kind) => panic!("a type that is new to this test: {kind}"),
    }
}

/// Values for a filter that fit few rows, none, and many.
fn values_of(name: &str, scene: &Scene) -> Vec<String> {
    let (few, many) = (&scene.colleague, scene.alice.user_id);
    let none = Uuid::nil();
    let values: [String; 3] = match name {
        "user_id" => [few.clone(), none.to_string(), many.to_string()],
        "user_id_in" => {
            [format!("{{{few},{none}}}"), format!("{{{none}}}"), format!("{{{few},{many}}}")]
        }
        "user_id_is_null" | "user_id_is_not_null" => return vec![],
        "email" => {
            ["CUSTOMER77@example.com", "nobody@example.com", "é@example.com"].map(str::to_owned)
        }
        "name_starts_with" => ["ABC", "nobody", "a"].map(str::to_owned),
        "lifecycle_stage" => ["former", "nothing", "lead"].map(str::to_owned),
        "lifecycle_stage_in" => {
            ["{former,unknown}", "{nothing}", "{lead,customer}"].map(str::to_owned)
        }
        "created_at_gte" | "created_at_gt" => {
            ["2021-11-25Z", "2026-01-01Z", "2020-01-01Z"].map(str::to_owned)
        }
        "created_at_lte" | "created_at_lt" => {
            ["2020-01-01 00:15Z", "2019-01-01Z", "2024-01-01Z"].map(str::to_owned)
        }
        "updated_at_gte" | "updated_at_gt" => {
            ["2025-03-11 10:00Z", "2026-01-01Z", "2020-01-01Z"].map(str::to_owned)
        }
        "updated_at_lte" | "updated_at_lt" => {
            ["2025-01-01 01:00Z", "2024-01-01Z", "2026-01-01Z"].map(str::to_owned)
        }
        other => panic!("a new filter: give this test values for {other}"),
    };
    values.map(quoted).to_vec()
}

/// Every list of customers: each filter with each order, those that are likely together, the bin.
fn lists() -> Vec<List> {
    let orders: Vec<_> = names(CUSTOMERS, "list_customers.order.")
        .into_iter()
        .map(|name| name.trim_start_matches("list_customers.order."))
        .filter(|name| !name.ends_with("custom"))
        .collect();
    let filters = names(CUSTOMERS, "list_customers.where.")
        .into_iter()
        .map(|name| name.trim_start_matches("list_customers.where."))
        .filter(|name| !["present", "deleted", "custom"].contains(name));
    let mut sets: Vec<(Vec<&str>, &str)> = orders.iter().map(|order| (vec![], *order)).collect();
    for filter in filters {
        let with_order = |order: &&'static str| (vec![filter], *order);
        sets.extend(orders.iter().filter(|order| **order != "deleted_at").map(with_order));
    }
    sets.extend(TOGETHER.map(|(filters, order)| (filters.to_vec(), order)));
    let pages = |(filters, order): (Vec<&'static str>, &'static str)| {
        [false, true].map(|is_later| List { filters: filters.clone(), order, is_later })
    };
    sets.into_iter().flat_map(pages).collect()
}

/// The file, and what is wrong with it.
struct Report {
    text: String,
    faults: Vec<String>,
}

impl Report {
    fn heading(&mut self, name: &str, role: &str) {
        let line = "─".repeat(96_usize.saturating_sub(name.len() + role.len()));
        let _ = write!(self.text, "\n── {name} ({role}) {line}\n");
    }

    /// How it reaches its rows, in the worst case.
    fn plans(&mut self, scene: &Scene, what: &str, plans: &[Plan]) -> String {
        let reads = plans.iter().map(|plan| plan.reads(&scene.catalog)).max().unwrap_or_default();
        let known = KNOWN.iter().any(|known| what.starts_with(&format!("{known} ")));
        if reads == Reads::Company || (reads == Reads::Filter && !known) {
            self.faults.push(format!("{what}: {}", reads.words()));
        }
        let strays = plans.iter().flat_map(|plan| plan.strays(&scene.catalog));
        self.faults.extend(strays.map(|stray| format!("{what}: {stray} without the company")));
        let words = plans.first().map(|plan| plan.words(&scene.catalog)).unwrap_or_default();
        format!("{:<10} {words}", reads.words())
    }
}

/// All of it, or only the lists in one order.
async fn report(scene: &Scene, order: Option<&str>) -> Report {
    let mut report = Report { text: PREFACE.to_owned(), faults: Vec::new() };
    for (file, role, text) in FILES {
        let who = match role {
            "paddock_auth" => &scene.auth,
            "paddock_owner" => &scene.owner,
            _ => &scene.app,
        };
        // Pieces of lists have a dot in their name; one list has several bases.
        let whole = |name: &&str| !name.contains('.') && !name.starts_with("list_customers_by_");
        let wanted = |name: &&str| order.is_none() || *name == "list_customers";
        for name in names(text, "").into_iter().filter(whole).filter(wanted) {
            report.heading(name, role);
            match name {
                "list_customers" => {
                    list_customers(scene, &mut report, order).await;
                    if order.is_none() {
                        report.heading("list_customers, by custom fields", role);
                        list_customers_by_field(scene, &mut report).await;
                    }
                }
                "list_custom_fields" => {
                    by_creation(scene, &mut report, name, CUSTOM_FIELDS).await;
                }
                "list_audit_log" => list_audit_log(scene, &mut report).await,
                "list_users" => list_users(scene, &mut report).await,
                "list_teams" => by_creation(scene, &mut report, name, TEAMS).await,
                "list_api_keys" => by_creation(scene, &mut report, name, API_KEYS).await,
                "list_invitations" => list_invitations(scene, &mut report).await,
                _ => {
                    let values = values_for(scene, name);
                    let values = values
                        .unwrap_or_else(|| panic!("{file}: give this test values for {name}"));
                    let sql = Statement::find(name, text).sql();
                    one(scene, who, &mut report, name, sql, &values).await;
                }
            }
        }
    }
    report
}

/// A statement that is sent as it stands in its file.
async fn one(
    scene: &Scene,
    who: &Psql,
    report: &mut Report,
    name: &str,
    sql: &str,
    values: &[String],
) {
    let (takes, answers) = shape(who.client(), sql).await;
    // A company is created in its own context.
    let company_id = if name == "create_company" { UUID } else { scene.alice.company_id };
    let place = Place { company_id, ..scene.alice };
    let plan = Scene::plan_as(place, who, sql, values).await;
    let reads = report.plans(scene, name, &[plan]);
    let _ = write!(report.text, "takes    {takes}\nanswers  {answers}\nreads    {reads}\n");
}

async fn list_customers(scene: &Scene, report: &mut Report, order: Option<&str>) {
    let mut shapes = Vec::new();
    for list in lists().into_iter().filter(|list| order.is_none_or(|order| list.order == order)) {
        let sql = list.listing().sql();
        let (takes, answers) = shape(scene.app.client(), &sql).await;
        if !shapes.contains(&answers) {
            let _ = writeln!(report.text, "answers  {answers}");
            shapes.push(answers);
        }
        let mut plans = Vec::new();
        for values in list.values(scene) {
            plans.push(scene.plan(&scene.app, &sql, &values).await);
        }
        let what = list.words();
        let reads = report.plans(scene, &what, &plans);
        let _ = writeln!(report.text, "{what} {takes:<48} {reads}");
    }
}

/// A comparison with a field, and values that fit few rows, none and many.
const BY_FIELD: [(&str, [&str; 3]); 7] = [
    ("eq", ["{tags,eq,rare}", "{tags,eq,never}", "{tags,eq,usual}"]),
    ("in", ["{code,in,a12,a13}", "{code,in,nothing,none}", "{code,in,usual,a12}"]),
    (
        "starts_with",
        ["{code,starts_with,A1}", "{code,starts_with,nothing}", "{code,starts_with,u}"],
    ),
    ("gte", ["{budget,gte,99990}", "{budget,gte,999999}", "{budget,gte,1000}"]),
    ("gt", ["{budget,gt,99990}", "{budget,gt,999999}", "{budget,gt,1000}"]),
    ("lte", ["{budget,lte,10}", "{budget,lte,-1}", "{budget,lte,90000}"]),
    ("lt", ["{budget,lt,10}", "{budget,lt,-1}", "{budget,lt,90000}"]),
];

/// Each comparison by itself, in the order of a column, and of a field; with values of each row.
async fn list_customers_by_field(scene: &Scene, report: &mut Report) {
    let find = |piece: &str| {
        let name = format!("list_customers{piece}");
        let name = names(CUSTOMERS, &name).into_iter().find(|found| *found == name);
        Statement::find(name.unwrap_or_else(|| panic!("no list_customers{piece}")), CUSTOMERS)
    };
    let filters = std::iter::once(None).chain(BY_FIELD.iter().map(Some));
    for (filter, order) in filters.flat_map(|filter| {
        ["-created_at", "name", "custom", "-custom"].map(|order| (filter, order))
    }) {
        let by_field = order.ends_with("custom");
        if filter.is_none() && !by_field {
            continue;
        }
        for is_later in [false, true] {
            let bases = ["_by_another_key", "_by_custom_field", "_by_custom_field_and_another_key"];
            let [base, other] = if by_field { [bases[1], bases[2]] } else { ["", bases[0]] };
            let listing = Listing::new(find(base), find(&format!(".order.{order}")));
            let listing = listing
                .or_by_another_key(find(other))
                .including(find(".include.custom_fields"))
                .always(find(".where.present"));
            let listing = match by_field {
                true => listing.sorted_by(find(".sorted.custom"), &TEXT),
                false => listing,
            };
            let ranges = filter.is_some_and(|(_, values)| values[0].starts_with("{budget"));
            let listing = match filter {
                None => listing,
                Some((wanted, _)) if by_field && ranges => listing.filter_sorted(
                    find(".sorted.custom_filter"),
                    find(&format!(".custom.{wanted}")),
                    &TEXTS,
                ),
                Some((wanted, _)) => listing.filter_elsewhere(
                    find(".where.custom"),
                    find(".walk.custom"),
                    find(&format!(".custom.{wanted}")),
                    &TEXTS,
                ),
            };
            let after = find(&format!(".after.{order}"));
            let listing = match (is_later, order) {
                (false, _) => listing,
                (true, "-created_at") => listing.after(after, &TIME, &UUID),
                (true, _) => listing.after(after, &TEXT, &UUID),
            };
            let sql = listing.limit(&PAGE).sql();
            let (takes, _) = shape(scene.app.client(), &sql).await;
            let mut plans = Vec::new();
            for choice in 0..filter.map_or(1, |(_, values)| values.len()) {
                let mut values: Vec<String> =
                    by_field.then(|| quoted("budget")).into_iter().collect();
                values.extend(filter.map(|(_, values)| quoted(values[choice])));
                if is_later {
                    // The middle of the numbers: 50,000, moved above zero.
                    let key = ["2021-01-01Z", "8", "09223372086854775808"]
                        [usize::from(order == "name") + 2 * usize::from(by_field)];
                    values.extend([quoted(key), quoted(UUID)]);
                }
                values.push(PAGE.to_string());
                plans.push(scene.plan(&scene.app, &sql, &values).await);
            }
            let filter = filter.map_or("all".to_owned(), |(wanted, _)| format!("custom {wanted}"));
            let page = if is_later { "later" } else { "first" };
            let what = format!("{filter:<44} {order:<11} {page:<5}");
            let reads = report.plans(scene, &what, &plans);
            let _ = writeln!(report.text, "{what} {takes:<48} {reads}");
        }
    }
}

async fn list_users(scene: &Scene, report: &mut Report) {
    let find = |name| Statement::find(name, USERS);
    let start = || {
        let (base, order) = (find("list_users"), find("list_users.order.created_at"));
        Listing::new(base, order).always(find("list_users.where.all"))
    };
    let first = start().limit(&PAGE).sql();
    one(scene, &scene.app, report, "list_users", &first, &[PAGE.to_string()]).await;
    let later = start().after(find("list_users.after.created_at"), &TIME, &UUID).limit(&PAGE).sql();
    let values = [quoted("2020-01-01Z"), quoted(UUID), PAGE.to_string()];
    one(scene, &scene.app, report, "list_users, later", &later, &values).await;
}

/// A list of what is present, in the order in which it came.
async fn by_creation(scene: &Scene, report: &mut Report, list: &str, file: &'static str) {
    let find = |piece: &str| {
        let name = format!("{list}{piece}");
        let name = names(file, &name).into_iter().find(|found| *found == name);
        Statement::find(name.unwrap_or_else(|| panic!("no {list}{piece}")), file)
    };
    let start = || Listing::new(find(""), find(".order.created_at")).always(find(".where.present"));
    let first = start().limit(&PAGE).sql();
    one(scene, &scene.app, report, list, &first, &[PAGE.to_string()]).await;
    let later = start().after(find(".after.created_at"), &TIME, &UUID).limit(&PAGE).sql();
    let values = [quoted("2020-01-01Z"), quoted(UUID), PAGE.to_string()];
    one(scene, &scene.app, report, &format!("{list}, later"), &later, &values).await;
}

async fn list_invitations(scene: &Scene, report: &mut Report) {
    let find = |name| Statement::find(name, INVITATIONS);
    let start = || {
        let (base, order) = (find("list_invitations"), find("list_invitations.order.created_at"));
        Listing::new(base, order).always(find("list_invitations.where.open"))
    };
    let first = start().limit(&PAGE).sql();
    one(scene, &scene.app, report, "list_invitations", &first, &[PAGE.to_string()]).await;
    let later =
        start().after(find("list_invitations.after.created_at"), &TIME, &UUID).limit(&PAGE).sql();
    let values = [quoted("2020-01-01Z"), quoted(UUID), PAGE.to_string()];
    one(scene, &scene.app, report, "list_invitations, later", &later, &values).await;
}

/// Each filter by itself, and those that are likely together; with values that fit few records and many.
async fn list_audit_log(scene: &Scene, report: &mut Report) {
    let find = |kind: &str| {
        let name = format!("list_audit_log.{kind}");
        let name = names(AUDIT_LOG, &name).into_iter().find(|found| *found == name);
        Statement::find(name.unwrap_or_else(|| panic!("no {kind}")), AUDIT_LOG)
    };
    let (order, after) = (find("order.-created_at"), find("after.-created_at"));
    let base = names(AUDIT_LOG, "list_audit_log")[0];
    let start =
        || Listing::new(Statement::find(base, AUDIT_LOG), order).always(find("where.permitted"));
    let filters = names(AUDIT_LOG, "list_audit_log.where.").into_iter();
    let filters = filters.map(|name| name.trim_start_matches("list_audit_log.where."));
    let mut lists: Vec<Vec<&str>> = filters.map(|name| vec![name]).collect();
    lists[0].clear();
    lists.push(vec!["user_id", "created_at_gte"]);
    lists.push(vec!["record_id", "created_at_gte"]);
    lists.push(vec!["created_at_gte", "created_at_lt"]);
    for (list, is_later) in lists.iter().flat_map(|list| [(list, false), (list, true)]) {
        let with = |listing: Listing<'static>, name: &&str| match *name {
            "operation" => listing.filter(find("where.operation"), &TEXT),
            "user_id" | "api_key_id" | "record_id" => {
                listing.filter(find(&format!("where.{name}")), &UUID)
            }
            time => listing.filter(find(&format!("where.{time}")), &TIME),
        };
        let listing = list.iter().fold(start(), with);
        let listing = if is_later { listing.after(after, &TIME, &UUID) } else { listing };
        let sql = listing.limit(&PAGE).sql();
        let (takes, answers) = shape(scene.app.client(), &sql).await;
        if list.is_empty() && !is_later {
            let _ = writeln!(report.text, "answers  {answers}");
        }
        let mut plans = Vec::new();
        for choice in 0..2 {
            let value = |name: &&str| match *name {
                "operation" => quoted(["users.update", "session.started"][choice]),
                "user_id" => quoted(
                    [scene.colleague.clone(), scene.alice.user_id.to_string()][choice].clone(),
                ),
                "api_key_id" => {
                    quoted([Uuid::nil().to_string(), scene.key.clone()][choice].clone())
                }
                "record_id" => quoted([Uuid::nil(), scene.alice.user_id][choice]),
                "created_at_gte" => quoted(["2021-11-25Z", "2020-01-01Z"][choice]),
                _ => quoted(["2020-01-02Z", "2021-06-01Z"][choice]),
            };
            let mut values: Vec<String> = list.iter().map(value).collect();
            if is_later {
                values.extend([quoted("2021-01-01Z"), quoted(UUID)]);
            }
            values.push(PAGE.to_string());
            plans.push(scene.plan(&scene.app, &sql, &values).await);
        }
        let filters = if list.is_empty() { "all".to_owned() } else { list.join(" and ") };
        let what = format!(
            "{filters:<44} {:<11} {}",
            "-created_at",
            ["first", "later"][usize::from(is_later)]
        );
        let reads = report.plans(scene, &what, &plans);
        let _ = writeln!(report.text, "{what} {takes:<48} {reads}");
    }
}

/// Values for a statement, as literals.
fn values_for(scene: &Scene, name: &str) -> Option<Vec<String>> {
    let (customer, comment) = (quoted(&scene.customer), quoted(&scene.comment));
    let none = || "null".to_owned();
    let hash = || "decode(repeat('00', 32), 'hex')".to_owned();
    let page = PAGE.to_string();
    let ids = format!("array[{customer}, {}]::uuid[]", quoted(Uuid::nil()));
    let texts = |texts: [&str; 2]| format!("'{{{},{}}}'", texts[0], texts[1]);
    let emails = texts(["new@example.com", "customer77@example.com"]);
    Some(match name {
        "get_company" | "get_me" | "get_my_email" | "still_open" | "clock" | "schema_version"
        | "session" => {
            vec![]
        }
        "enter" => ["0", "null", "null", "null", "null", "null"].map(str::to_owned).into(),
        "create_api_key" => {
            let [name, role, scopes] = ["Import", "viewer", "{me:read}"].map(quoted);
            vec![name, hash(), role, scopes, "90".to_owned()]
        }
        "get_api_key" => vec![quoted(&scene.key)],
        "update_api_key" => vec![quoted(&scene.key), none(), quoted("Export")],
        "revoke_api_key" => vec![quoted(&scene.key), none()],
        "record_api_key_uses" => vec![format!("'{{{}}}'", scene.key)],
        "arrive" => {
            let known = ["https://login.example", "user77@example.com"].map(quoted);
            let person = [none(), "false".to_owned(), none(), none()];
            [quoted(scene.alice.company_id)].into_iter().chain(known).chain(person).collect()
        }
        "create_user_login" => {
            ["user77@example.com", "https://other.example", "user77"].map(quoted).to_vec()
        }
        "start_session" => vec![hash(), quoted("Firefox"), none()],
        "refresh_session" => vec![quoted(Uuid::nil()), hash(), hash()],
        "end_session" | "end_other_sessions" | "get_session" | "when_logged_in" => {
            vec![quoted(Uuid::nil())]
        }
        "list_sessions" => vec![none(), page],
        "find_login" => vec![quoted("USER77@example.com"), none()],
        "find_identity" => vec![quoted("USER77@example.com")],
        "begin_sign_up" => {
            let who = ["new@example.com", "Another", "Ada", "$argon2id$made-up"].map(quoted);
            who.into_iter().chain([hash()]).collect()
        }
        "complete_sign_up" | "words_of_reset" | "change_email" => vec![hash()],
        "begin_password_reset" => vec![quoted("user77@example.com"), hash()],
        "reset_password" => vec![hash(), quoted("$argon2id$made-up")],
        "change_password" | "renew_password_hash" => {
            vec![quoted(Uuid::nil()), quoted("$argon2id$made-up"), quoted("$argon2id$another")]
        }
        "begin_email_change" => {
            vec![quoted(&scene.newcomer[0]), quoted("new@example.com"), hash()]
        }
        "create_invitation" => {
            vec![quoted("new@example.com"), none(), quoted("member"), hash()]
        }
        "get_invitation" => vec![quoted(Uuid::nil())],
        "resend_invitation" => vec![quoted(Uuid::nil()), hash()],
        "revoke_invitation" => vec![quoted(Uuid::nil()), none()],
        "find_invitation" => vec![quoted(scene.alice.company_id), hash()],
        "accept_invitation" => {
            let company = quoted(scene.alice.company_id);
            vec![company, hash(), quoted("Ada"), none(), quoted("$argon2id$made-up")]
        }
        "list_companies" => {
            let alice = [scene.alice.company_id, scene.alice.user_id].map(quoted);
            alice.into_iter().chain([none(), none(), page]).collect()
        }
        "find_place" => {
            let alice = [scene.alice.company_id, scene.alice.user_id].map(quoted);
            alice.into_iter().chain([quoted(scene.alice.company_id)]).collect()
        }
        "remove_user" => {
            let alice = [scene.alice.company_id, scene.alice.user_id].map(quoted);
            alice.into_iter().chain([none(), quoted(Uuid::nil()), none()]).collect()
        }
        "record_failed_login" => vec![quoted("USER77@example.com")],
        "get_audit_record" => vec![quoted(Uuid::nil())],
        "find_second_factor" => vec![quoted(scene.alice.company_id), quoted(scene.alice.user_id)],
        "begin_second_factor" | "use_recovery_code" => vec![quoted(&scene.newcomer[0]), hash()],
        "confirm_second_factor" => {
            vec![quoted(&scene.newcomer[0]), hash(), "1".to_owned(), quoted("{}")]
        }
        "use_code" => vec![quoted(&scene.newcomer[0]), hash(), "1".to_owned()],
        "replace_recovery_codes" => vec![quoted(&scene.newcomer[0]), quoted("{}")],
        "remove_second_factor" | "list_places" => vec![quoted(&scene.newcomer[0])],
        "create_company" => vec![quoted("Another")],
        "create_user" => vec![quoted("Ada"), quoted("ada@example.com"), quoted("member")],
        "create_identity" => vec![quoted("ada@example.com"), quoted("$argon2id$made-up")],
        "create_membership" => {
            let [identity, user] = &scene.newcomer;
            vec![quoted(identity), quoted(scene.alice.company_id), quoted(user)]
        }
        "get_user" | "may_remove_user" => vec![quoted(scene.alice.user_id)],
        "get_customer" | "restore_customer" | "explain_customer_access" => vec![customer],
        "list_users_for_customer" => vec![customer, none(), none(), page],
        "delete_customer" => vec![customer, none()],
        "create_customer" => {
            let fields = [quoted("Ada"), quoted("ada@example.com"), none(), none(), quoted("lead")];
            fields.into_iter().chain([none()]).collect()
        }
        "update_customer" => {
            let mut values = vec![customer, quoted("{1}"), "true".to_owned(), quoted("Ada")];
            values.extend((0..4).flat_map(|_| ["false".to_owned(), none()]));
            values.push(none());
            values
        }
        "put_customer_by_email" => {
            let mut values = vec![quoted("customer77@example.com"), quoted("Ada")];
            values.extend((0..2).flat_map(|_| ["false".to_owned(), none()]));
            let expected = [quoted("{1}"), "true".to_owned()];
            values.extend(["true".to_owned(), quoted("lead")].into_iter().chain(expected));
            values.push(none());
            values
        }
        "create_customers" | "upsert_customers" => {
            let (names, phones) = (texts(["Ada", "Grace"]), texts(["1", "2"]));
            let mut values =
                vec![names, emails, phones, texts(["Dr", "Dr"]), texts(["lead", "lead"])];
            if name == "upsert_customers" {
                values.swap(0, 1);
                values.push(quoted("{true,true}"));
                values.extend(["true", "false", "true"].map(str::to_owned));
            }
            values.push(quoted("{false,false}"));
            values
        }
        "update_customers" => {
            let mut values =
                vec![ids, quoted("{1,1}"), quoted("{true,true}"), texts(["Ada", "Grace"])];
            let fields = [quoted("{false,false}"), quoted("{null,null}")];
            values.extend((0..4).flat_map(|_| fields.clone()));
            values.push(quoted("{false,false}"));
            values
        }
        "write_custom_fields" => vec![ids, quoted(r#"{"{}","{}"}"#)],
        "create_custom_field" => {
            let field = ["customers", "new", "New", "choice"].map(quoted);
            let rest = ["viewer", "member", "{a,b}", "{A,B}"].map(quoted);
            field.into_iter().chain(["0".to_owned()]).chain(rest).collect()
        }
        "get_custom_field" => vec![quoted(&scene.field)],
        "update_custom_field" => {
            let field = [quoted(&scene.field), none(), quoted("New"), none(), none(), none()];
            field.into_iter().chain(["{rare}", "{Rare}"].map(quoted)).collect()
        }
        "delete_custom_field" => vec![quoted(&scene.field), none()],
        "update_company" => vec![none(), quoted("own"), none()],
        "list_companies_with_logins" => vec![quoted(Uuid::nil()), "1000".to_owned()],
        "purge_sessions" | "purge_invitations" | "purge_one_time_tokens" => {
            vec!["30".to_owned(), "1000".to_owned()]
        }
        "suspend_company" => vec!["true".to_owned()],
        "update_user" => {
            vec![quoted(&scene.colleague), none(), quoted("admin"), "false".to_owned()]
        }
        "create_team" => vec![quoted("West coast")],
        "get_team" => vec![quoted(&scene.team)],
        "update_team" => vec![quoted(&scene.team), none(), quoted("East coast")],
        "delete_team" => vec![quoted(&scene.team), none()],
        "list_team_members" => vec![quoted(&scene.team), none(), none(), page],
        "put_team_member" | "remove_team_member" => {
            vec![quoted(&scene.team), quoted(&scene.colleague)]
        }
        "list_customer_shares" => vec![customer, none(), none(), page],
        "get_customer_share" | "delete_customer_share" => vec![customer, quoted(&scene.share)],
        "create_customer_share" => {
            vec![customer, quoted(&scene.colleague), none(), quoted("read")]
        }
        "delete_customers" => vec![ids, quoted("{1,1}")],
        "list_customer_comments" => vec![customer, none(), none(), page],
        "create_customer_comment" => vec![customer, quoted("Hello.")],
        "get_customer_comment" => vec![customer, comment],
        "update_customer_comment" => vec![customer, comment, quoted("{1}"), quoted("Hello.")],
        "delete_customer_comment" => vec![customer, comment, none()],
        _ => return None,
    })
}

#[test]
fn every_file_of_statements_is_looked_at() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../sql/queries");
    let entries = std::fs::read_dir(folder).unwrap();
    let mut there: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut looked_at = FILES.map(|(file, ..)| file).to_vec();
    there.sort();
    looked_at.sort_unstable();
    assert_eq!(there, looked_at);
}

#[actix_web::test]
async fn every_statement_is_the_checked_in_one_and_reads_what_it_needs_through_an_index_of_the_company()
 {
    let scene = Scene::new().await;
    let before = report(&scene, None).await;
    compare("statements.txt", &before.text);
    assert!(before.faults.is_empty(), "{}", before.faults.join("\n"));
    for known in KNOWN {
        let mut lines = before.text.lines().filter(|line| line.starts_with(&format!("{known} ")));
        assert!(
            lines.any(|line| line.contains(" one filter ")),
            "{known}: well done, strike it off"
        );
    }
}

#[actix_web::test]
async fn nothing_is_read_from_end_to_end_where_all_companies_are_big() {
    let scene = Scene::new().await;
    scene.admin.run("delete from crm.companies where name ~ '^Company'; analyze").await;
    // Where there is less time, one order stands for all.
    let order = if in_ci() { None } else { Some("-created_at") };
    let mut all = report(&scene, order).await;
    // Two companies fit on one page, and the owner of the schema may read it.
    all.faults.retain(|fault| *fault != "suspend_company: Seq Scan companies without the company");
    assert!(all.faults.is_empty(), "{}", all.faults.join("\n"));
}

#[actix_web::test]
async fn the_statements_show_when_an_index_is_gone_and_what_follows() {
    let scene = Scene::new().await;
    let before = report(&scene, Some("name")).await;
    scene.admin.run("drop index crm.customers_name_idx").await;
    let after = report(&scene, Some("name")).await;
    let diff = diff(&before.text, &after.text);
    let lost = |line: &str| {
        line.starts_with("- ") && line.contains("customers_name_idx (company_id, name_key)")
    };
    let found = |line: &str| line.starts_with("+ ") && line.contains("FULL SCAN");
    assert!(diff.lines().any(lost) && diff.lines().any(found), "{diff}");
    assert!(after.faults.iter().any(|fault| fault.starts_with("all ")), "{:?}", after.faults);
}
