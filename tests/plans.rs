//! How every statement reaches its rows in a big company beside many small ones: through an index that
//! begins with the company, and reading no more rows than the page needs.

use std::fmt::Write as _;

use paddock_db::{Listing, Statement};
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::harness::{Place, Psql, World};

/// A page as most clients ask for it, and the row more that tells whether there is another page.
const PAGE: i64 = 21;
/// How many rows of a table a page may read: some to spare for those in the bin, nothing like a company.
const MOST: u64 = 300;

/// Every file of statements that the application's role runs for a company.
const FILES: [(&str, &str); 4] = [
    ("companies.sql", include_str!("../sql/queries/companies.sql")),
    ("customer_comments.sql", include_str!("../sql/queries/customer_comments.sql")),
    ("customers.sql", include_str!("../sql/queries/customers.sql")),
    ("users.sql", include_str!("../sql/queries/users.sql")),
];
const CUSTOMERS: &str = FILES[2].1;
const USERS: &str = FILES[3].1;

/// Nike grows to 100,000 customers of 2,000 owners; Coca-Cola to 700; then a thousand companies of nobody
/// in particular. Names begin with hexadecimal digits, so that a prefix of three finds 25 of them.
const GROW: &str = "
    create temporary table kind as
    select u.company_id, u.id as user_id, u.email = 'alice@nike.example' as is_big from crm.users u;

    insert into crm.companies (id, name)
    select app.uuid_v7(now()), 'Company ' || n from generate_series(1, 1000) n;

    insert into crm.users (company_id, name, email)
    select k.company_id, 'User ' || n, 'user' || n || '@example.com'
    from kind k, generate_series(1, 2000) n
    where k.is_big;
    insert into crm.users (company_id, name, email)
    select c.id, 'User', 'user@example.com' from crm.companies c;

    create temporary table owners as
    select k.company_id, k.is_big, u.id, row_number() over (partition by k.company_id) as number
    from kind k
    join crm.users u on u.company_id = k.company_id;

    insert into crm.customers (
        company_id, user_id, name, email, phone, lifecycle_stage, created_at, updated_at, deleted_at
    )
    select
        k.company_id,
        case when n % 100 <> 7 then o.id end,
        substr(md5(n::text), 1, 12) || ' ' || n,
        'customer' || n || '@example.com',
        '+1 555 ' || n,
        case when n % 20 < 14 then 'lead' when n % 20 < 17 then 'prospect'
            when n % 20 < 19 then 'customer' else 'former' end,
        timestamptz '2020-01-01' + n * interval '10 minutes',
        timestamptz '2025-01-01' + (n * 7919 % 100000) * interval '1 minute',
        case when n % 50 = 3 then timestamptz '2026-01-01' + n * interval '1 minute' end
    from kind k
    cross join lateral generate_series(1, case when k.is_big then 100000 else 700 end) n
    join owners o on o.company_id = k.company_id
        and o.number = 1 + n * 31 % case when k.is_big then 2000 else 1 end;

    insert into crm.customer_comments (company_id, customer_id, user_id, body, created_at)
    select c.company_id, c.id, c.user_id, 'Comment ' || n, c.created_at + n * interval '1 second'
    from crm.customers c
    cross join lateral generate_series(1, case when c.email_key = 'customer50000@example.com' then 2000 else 1 end) n
    where c.email_key ~ '0@';

    analyze";

/// A big company, its user in psql, and records to look for.
struct Scene {
    _world: World,
    app: Psql,
    alice: Place,
    customer: String,
    comment: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::new().await;
        let admin = Psql::new(&world.database.admin_url()).await;
        admin.run("set maintenance_work_mem = '256MB'").await;
        admin.run(GROW).await;
        let customer = admin
            .value("select id from crm.customers where email_key = 'customer50000@example.com'")
            .await;
        let comment = format!(
            "select id from crm.customer_comments where customer_id = '{customer}' and body = 'Comment 7'"
        );
        let (comment, alice) = (admin.value(&comment).await, world.alice_place());
        let app = Psql::new(&world.database.app_url()).await;
        assert_eq!(app.value("show plan_cache_mode").await, "force_generic_plan");
        Self { _world: world, app, alice, customer, comment }
    }

    /// How the server runs a statement with these values, as it does from the second time on.
    async fn plan(&self, sql: &str, values: &[String]) -> Plan {
        self.app.run(&format!("prepare it as {sql}")).await;
        self.app.begin_as(self.alice).await;
        let call =
            if values.is_empty() { "it".to_owned() } else { format!("it ({})", values.join(", ")) };
        let explain = "explain (analyze, costs off, timing off, summary off, format json) execute";
        let text = self.app.value(&format!("{explain} {call}")).await;
        self.app.run("rollback; deallocate it").await;
        let json: Value = serde_json::from_str(&text).unwrap();
        let mut plan = Plan::default();
        plan.visit(&json[0]["Plan"], None);
        plan
    }
}

/// Every access to a table of ours.
#[derive(Debug, Default)]
struct Plan {
    accesses: Vec<Access>,
}

#[derive(Debug)]
struct Access {
    table: String,
    kind: String,
    condition: String,
    rows: u64,
    dropped: u64,
}

impl Plan {
    fn visit(&mut self, node: &Value, table: Option<&str>) {
        let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| node[name].as_f64().unwrap_or_default();
        let (kind, relation) = (text("Node Type"), node["Relation Name"].as_str());
        let loops = number("Actual Loops");
        let total = |per_loop: f64| (per_loop * loops).ceil() as u64;
        let dropped = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        let is_heap = kind == "Bitmap Heap Scan";
        if let (true, Some(table)) = (kind.ends_with("Scan") && !is_heap, relation.or(table)) {
            self.accesses.push(Access {
                table: table.to_owned(),
                condition: text("Index Cond"),
                rows: total(number("Actual Rows") + dropped),
                dropped: total(dropped),
                kind,
            });
        }
        for child in node["Plans"].as_array().into_iter().flatten() {
            self.visit(child, if is_heap { relation } else { None });
        }
    }

    /// What is wrong with it, in words.
    fn faults(&self) -> String {
        let mut faults = String::new();
        for Access { table, kind, condition, rows, .. } in &self.accesses {
            let tenant = if table == "companies" { "(id = " } else { "(company_id = " };
            if !condition.contains(tenant) {
                let _ = write!(faults, " {kind} of {table} without the company ({condition});");
            }
            if *rows > MOST {
                let _ = write!(faults, " {kind} of {table} reads {rows} rows ({condition});");
            }
        }
        faults
    }

    fn has_condition_on(&self, column: &str) -> bool {
        self.accesses.iter().any(|access| access.condition.contains(column))
    }

    fn dropped(&self) -> u64 {
        self.accesses.iter().map(|access| access.dropped).sum()
    }
}

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

/// Adds the condition of that name, with a value of the type that it casts to.
fn with_filter(listing: Listing<'static>, name: &'static str) -> Listing<'static> {
    let piece = Statement::find(name, CUSTOMERS);
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

/// The column of a filter and values for it: few rows, and many rows.
fn values_of(name: &str, owner: &str) -> (&'static str, Vec<String>) {
    let past = [quoted("2020-01-01 00:15Z"), quoted("2024-01-01Z")];
    match name.trim_start_matches("list_customers.where.") {
        "user_id" => ("user_id", vec![quoted(owner), quoted(Uuid::nil())]),
        "user_id_in" => ("user_id", vec![format!("'{{{owner},{}}}'", Uuid::nil())]),
        "user_id_is_null" | "user_id_is_not_null" => ("user_id", vec![]),
        "email" => {
            ("email_key", vec![quoted("CUSTOMER77@example.com"), quoted("nobody@example.com")])
        }
        "name_starts_with" => ("name_key", vec![quoted("ABC"), quoted("nobody")]),
        "lifecycle_stage" => ("lifecycle_stage", vec![quoted("former"), quoted("lead")]),
        "lifecycle_stage_in" => {
            ("lifecycle_stage", vec![quoted("{former}"), quoted("{lead,customer}")])
        }
        "created_at_gte" | "created_at_gt" => {
            ("created_at", vec![quoted("2021-11-25Z"), quoted("2020-01-01Z")])
        }
        "created_at_lte" | "created_at_lt" => ("created_at", past.to_vec()),
        "updated_at_gte" | "updated_at_gt" => {
            ("updated_at", vec![quoted("2025-03-11 10:00Z"), quoted("2020-01-01Z")])
        }
        "updated_at_lte" | "updated_at_lt" => {
            ("updated_at", vec![quoted("2025-01-01 01:00Z"), quoted("2026-01-01Z")])
        }
        other => panic!("a new filter: give this test values for {other}"),
    }
}

#[actix_web::test]
async fn every_statement_reads_what_it_needs_through_an_index_of_the_company() {
    let scene = Scene::new().await;
    let (mut faults, mut no_conditions) = (Vec::new(), Vec::new());
    let mut looked_at = 0;
    let mut check = |what: &str, plan: &Plan| {
        looked_at += 1;
        let found = plan.faults();
        if !found.is_empty() {
            faults.push(format!("{what}:{found}"));
        }
    };

    // Lists of customers: every order, from the first page, from the middle and from the end.
    let base = Statement::find("list_customers", CUSTOMERS);
    let present = Statement::find("list_customers.where.present", CUSTOMERS);
    let deleted = Statement::find("list_customers.where.deleted", CUSTOMERS);
    let id = quoted(Uuid::nil());
    for name in names(CUSTOMERS, "list_customers.order.") {
        let order = Statement::find(name, CUSTOMERS);
        let start = || {
            let bin = name.ends_with(".deleted_at");
            Listing::new(base, order).always(if bin { deleted } else { present })
        };
        check(name, &scene.plan(&start().limit(&PAGE).sql(), &[PAGE.to_string()]).await);
        let after = name.replace(".order.", ".after.");
        let by_name = after.ends_with("name");
        let after = names(CUSTOMERS, &after)[0];
        let piece = Statement::find(after, CUSTOMERS);
        let keys =
            if by_name { ["00", "8", "ff"] } else { ["2020-01-02Z", "2025-02-01Z", "2026-03-01Z"] };
        for key in keys {
            let listing = start();
            let listing = if by_name {
                listing.after(piece, &TEXT, &UUID)
            } else {
                listing.after(piece, &TIME, &UUID)
            };
            let sql = listing.limit(&PAGE).sql();
            let plan = scene.plan(&sql, &[quoted(key), id.clone(), PAGE.to_string()]).await;
            check(&format!("{after} {key}"), &plan);
        }
    }

    // Every filter alone, newest first, with values that fit few customers and many. A period of changes
    // is bounded only in the order of changes: in any other, either all of it is sorted or all else skipped.
    let owner = scene.owner().await;
    for name in names(CUSTOMERS, "list_customers.where.") {
        if name.ends_with("present") || name.ends_with("deleted") {
            continue;
        }
        let (column, values) = values_of(name, &owner);
        let order = if column == "updated_at" { "-updated_at" } else { "-created_at" };
        let find = |kind: &str| {
            let names = names(CUSTOMERS, &format!("list_customers.{kind}.{order}"));
            Statement::find(names[0], CUSTOMERS)
        };
        let (newest, after_newest) = (find("order"), find("after"));
        let values =
            if values.is_empty() { vec![None] } else { values.into_iter().map(Some).collect() };
        // Several stages in one order have no index before PostgreSQL 17: the newest are read until the
        // page is full, which is long for stages that nobody is in. A known limit.
        if name.ends_with(".lifecycle_stage_in") {
            continue;
        }
        for value in values {
            let what = format!("{name} {}", value.as_deref().unwrap_or_default());
            let start = || with_filter(Listing::new(base, newest).always(present), name);
            let mut arguments: Vec<String> = value.into_iter().collect();
            let mut with_cursor = arguments.clone();
            arguments.push(PAGE.to_string());
            let plan = scene.plan(&start().limit(&PAGE).sql(), &arguments).await;
            check(&what, &plan);
            if !plan.has_condition_on(column) && plan.dropped() > MOST {
                no_conditions.push(what.clone());
            }
            with_cursor.extend([quoted("2021-06-01Z"), id.clone(), PAGE.to_string()]);
            let sql = start().after(after_newest, &TIME, &UUID).limit(&PAGE).sql();
            check(&format!("{what}, on a later page"), &scene.plan(&sql, &with_cursor).await);
        }
    }

    // Users.
    let base = Statement::find("list_users", USERS);
    let order = Statement::find("list_users.order.created_at", USERS);
    let all = Statement::find("list_users.where.all", USERS);
    let start = || Listing::new(base, order).always(all);
    check("list_users", &scene.plan(&start().limit(&PAGE).sql(), &[PAGE.to_string()]).await);
    let after = Statement::find("list_users.after.created_at", USERS);
    let sql = start().after(after, &TIME, &UUID).limit(&PAGE).sql();
    let values = [quoted("2020-01-01Z"), id, PAGE.to_string()];
    check("list_users, on a later page", &scene.plan(&sql, &values).await);

    // Every other statement.
    for (file, text) in FILES {
        for name in names(text, "") {
            if name.contains('.') || name == "list_customers" || name == "list_users" {
                continue;
            }
            let values = scene
                .values(name)
                .unwrap_or_else(|| panic!("{file}: give this test values for {name}"));
            let plan = scene.plan(Statement::find(name, text).sql(), &values).await;
            let only_inserts =
                ["create_customer", "create_customers", "upsert_customers"].contains(&name);
            assert!(only_inserts || !plan.accesses.is_empty(), "{name} looks at no table");
            check(name, &plan);
        }
    }
    assert!(looked_at > 80, "{looked_at}");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(no_conditions.is_empty(), "these filters are no index conditions: {no_conditions:?}");
}

impl Scene {
    /// Somebody who owns fifty customers of the big company.
    async fn owner(&self) -> String {
        let sql = format!("select user_id from crm.customers where id = '{}'", self.customer);
        self.app.rows_as(self.alice, &sql).await.remove(0)
    }

    /// Values for a statement, as literals.
    fn values(&self, name: &str) -> Option<Vec<String>> {
        let (customer, comment) = (quoted(&self.customer), quoted(&self.comment));
        let none = || "null".to_owned();
        let page = PAGE.to_string();
        let ids = format!("array[{customer}, {}]::uuid[]", quoted(Uuid::nil()));
        let texts = |texts: [&str; 2]| format!("'{{{},{}}}'", texts[0], texts[1]);
        let emails = texts(["new@example.com", "customer77@example.com"]);
        Some(match name {
            "get_company" | "get_me" => vec![],
            "get_user" => vec![quoted(self.alice.user_id)],
            "get_customer" | "restore_customer" => vec![customer],
            "delete_customer" => vec![customer, none()],
            "create_customer" => {
                vec![quoted("Ada"), quoted("ada@example.com"), none(), none(), quoted("lead")]
            }
            "update_customer" => {
                let mut values = vec![customer, quoted("{1}"), "true".to_owned(), quoted("Ada")];
                values.extend((0..4).flat_map(|_| ["false".to_owned(), none()]));
                values
            }
            "put_customer_by_email" => {
                let mut values = vec![quoted("customer77@example.com"), quoted("Ada")];
                values.extend((0..2).flat_map(|_| ["false".to_owned(), none()]));
                let expected = [quoted("{1}"), "true".to_owned()];
                values.extend(["true".to_owned(), quoted("lead")].into_iter().chain(expected));
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
                values
            }
            "update_customers" => {
                let mut values =
                    vec![ids, quoted("{1,1}"), quoted("{true,true}"), texts(["Ada", "Grace"])];
                let fields = [quoted("{false,false}"), quoted("{null,null}")];
                values.extend((0..4).flat_map(|_| fields.clone()));
                values
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
}
