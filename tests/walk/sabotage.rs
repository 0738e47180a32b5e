//! Doors opened on purpose, each in a database of its own: the walk must name the operations behind them,
//! and no others.

use actix_web::http::header::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use super::book::Book;
use super::cases::Cases;
use super::compare::Comparison;
use super::document::{Document, Lack};
use super::judge;
use super::report::Report;
use super::rows::Sums;
use super::scene::Scene;
use crate::harness::Reply;

/// Everybody sees every customer, and nothing else is different.
const OPEN_CUSTOMERS: &str = "drop policy customers_floor on crm.customers;
    alter policy customers_read on crm.customers using (true)";

/// The walk through these operations after such a change.
async fn walk(sabotage: &str, operations: &[&str]) -> Report {
    let scene = Scene::new().await;
    let comparison = Comparison::begin(&scene).await.unwrap();
    scene.admin.run(sabotage).await;
    let report = comparison.of(|name| operations.contains(&name)).await;
    assert_eq!(report.cases.len(), operations.len());
    report
}

#[actix_web::test]
async fn customers_that_everybody_may_read_are_found() {
    let operations = ["getCustomer", "listCustomers", "getMe"];
    let report = walk(OPEN_CUSTOMERS, &operations).await;
    assert_eq!(report.red(), ["getCustomer", "listCustomers"], "{report}");
    assert!(report.says("the body shows crm.companies.id, crm.customers.email"), "{report}");
    assert!(report.says("200 was answered, not 404"), "{report}");
}

#[actix_web::test]
async fn customers_that_everybody_may_change_are_found() {
    let open = format!(
        "{OPEN_CUSTOMERS};
        alter policy customers_change on crm.customers using (true) with check (true)"
    );
    let operations = ["changeCustomers", "deleteCustomer", "updateCustomer", "restoreCustomer"];
    for operation in operations {
        let report = walk(&open, &[operation]).await;
        assert_eq!(report.red(), [operation], "{report}");
        assert!(report.says(judge::HERS_CHANGED), "{report}");
    }
}

#[actix_web::test]
async fn a_door_that_opens_for_one_role_is_found() {
    let open = "drop policy customers_floor on crm.customers;
        alter policy customers_read on crm.customers using (
            company_id = (select app.company_id())
            or 'viewer' = (select u.role from crm.users u where u.id = (select app.user_id()))
        )";
    let report = walk(open, &["getCustomer", "getMe"]).await;
    assert_eq!(report.red(), ["getCustomer"], "{report}");
    assert!(report.findings.iter().all(|f| f.case.starts_with("viewer, ")), "{report}");
}

#[actix_web::test]
async fn people_and_companies_that_everybody_may_read_are_found() {
    let open = "drop policy users_floor on crm.users;
        alter policy users_read on crm.users using (true);
        drop policy companies_floor on crm.companies;
        alter policy companies_read on crm.companies using (true)";
    let operations = ["getUser", "listUsers", "getCompany", "getMe"];
    let report = walk(open, &operations).await;
    assert_eq!(report.red(), ["getCompany", "getUser", "listUsers"], "{report}");
}

#[actix_web::test]
async fn comments_that_everybody_may_read_are_found() {
    let open = format!(
        "{OPEN_CUSTOMERS};
        drop policy customer_comments_floor on crm.customer_comments;
        alter policy customer_comments_read on crm.customer_comments using (true)"
    );
    let operations = ["getCustomerComment", "listCustomerComments", "getMe"];
    let report = walk(&open, &operations).await;
    assert_eq!(report.red(), ["getCustomerComment", "listCustomerComments"], "{report}");
    assert!(report.says("crm.customer_comments.body"), "{report}");
}

#[actix_web::test]
async fn a_comment_that_can_be_put_on_another_companys_customer_is_found() {
    let open = format!(
        "{OPEN_CUSTOMERS};
        create unique index customers_id_key on crm.customers (id);
        alter table crm.customer_comments drop constraint customer_comments_customer_id_fkey;
        alter table crm.customer_comments add constraint customer_comments_customer_id_fkey
            foreign key (customer_id) references crm.customers (id)"
    );
    let report = walk(&open, &["createCustomerComment", "getMe"]).await;
    assert_eq!(report.red(), ["createCustomerComment"], "{report}");
    assert!(report.says("201 was answered, not 404"), "{report}");
}

#[actix_web::test]
async fn an_email_that_is_taken_by_another_company_is_found() {
    let global = "drop index crm.customers_email_key;
        create unique index customers_email_key on crm.customers (email_key) where deleted_at is null";
    let report = walk(global, &["createCustomer", "getMe"]).await;
    assert_eq!(report.red(), ["createCustomer"], "{report}");
    assert!(report.says("already-exists"), "{report}");
}

#[actix_web::test]
async fn a_preset_that_names_another_company_is_found() {
    let scene = Scene::new().await;
    let comparison = Comparison::begin(&scene).await.unwrap();
    let preset = format!(
        "{OPEN_CUSTOMERS};
        alter policy customers_create on crm.customers with check (true);
        alter table crm.customers alter company_id set default '{}';
        alter table crm.customers alter user_id set default null;
        alter table crm.customer_comments drop constraint customer_comments_customer_id_fkey;
        alter table crm.record_shares drop constraint record_shares_customer_id_fkey",
        scene.alice().company_id
    );
    scene.admin.run(&preset).await;
    let report = comparison.of(|name| name == "createCustomer").await;
    assert_eq!(report.red(), ["createCustomer"], "{report}");
    assert!(report.says(judge::HERS_CHANGED), "{report}");
}

#[actix_web::test]
async fn a_log_that_shows_another_companys_text_is_found() {
    let talkative = "create function app.talk() returns trigger language plpgsql security definer as $$
        begin
            raise exception '%', (select string_agg(c.name, ' ') from crm.customers c);
        end $$;
        create trigger talk before update on crm.customers for each row execute function app.talk()";
    let report = walk(talkative, &["changeCustomers", "getMe"]).await;
    assert_eq!(report.red(), ["changeCustomers"], "{report}");
    assert!(report.says("the log shows crm.customers.name"), "{report}");
    assert!(report.says("500 was answered"), "{report}");
}

#[actix_web::test]
async fn a_canary_is_found_in_every_spelling_unless_it_was_brought_along() {
    let scene = Scene::new().await;
    let (mut canaries, book) = scene.plant().await.unwrap();
    let name = book.text("customer_id", "name").unwrap();
    let email = book.text("customer_id", "email").unwrap();
    let id = &book.ids["customer_id"];
    let text = format!("<{}> {email}; {id}/x", name.to_uppercase());
    let all = ["crm.customers.email", "crm.customers.id", "crm.customers.name"];
    assert_eq!(canaries.seen(&text, ""), all);
    assert_eq!(canaries.seen(&text, &format!("?id={}", id.to_uppercase())), [all[0], all[2]]);
    canaries.written(email);
    assert_eq!(canaries.seen(&text, ""), all[1..]);
    let hash = scene.admin.rows("select password_hash from identity.identities").await;
    assert!(hash.iter().any(|hash| canaries.seen(hash, "") == ["a secret"]));
    assert_eq!(canaries.seen(&uuid::Uuid::now_v7().to_string(), ""), [""; 0]);
}

#[actix_web::test]
async fn a_canary_is_found_in_headers_and_log_as_in_bodies() {
    let scene = Scene::new().await;
    let (canaries, book) = scene.plant().await.unwrap();
    let name = book.text("customer_id", "name").unwrap();
    let judge = |text: &str, header: &str, log: &str| {
        let mut reply = empty(404);
        reply.text = text.to_owned();
        reply.headers.insert(HeaderName::from_static("link"), header.parse().unwrap());
        judge::alone(&reply, log, &canaries, "")
    };
    let shows = |place| vec![format!("{place} shows crm.customers.name of the other company")];
    assert_eq!(judge("", "", "answered"), [""; 0]);
    assert_eq!(judge(name, "", "answered"), shows("the body"));
    assert_eq!(judge("", name, "answered"), shows("the headers"));
    assert_eq!(judge("", "", name), shows("the log"));
    assert_eq!(judge("", "", ""), ["nothing was logged: the walk looks at the wrong log"]);
}

fn empty(status: u16) -> Reply {
    let (headers, json, text) = (HeaderMap::new(), Value::Null, String::new());
    Reply { status, headers, json, text }
}

#[test]
fn a_refusal_that_leaves_something_behind_is_found() {
    let refused = empty(404);
    let sums = |all, hers| Sums { all: Some(all), hers: Some(hers) };
    let judge = |after| judge::rows(&sums(1, 1), &after, [&refused, &refused]);
    assert_eq!(judge(sums(1, 1)), None);
    assert_eq!(judge(sums(2, 1)), Some("refused, and rows have changed all the same"));
    assert_eq!(judge(sums(2, 2)), Some(judge::HERS_CHANGED));
    let judge = |after| judge::unread(&sums(1, 1), &after);
    assert_eq!(judge(sums(1, 1)), None);
    assert_eq!(judge(sums(2, 1)), Some("only read, and rows have changed all the same"));
    assert_eq!(judge(sums(2, 2)), Some(judge::HERS_CHANGED));
}

#[test]
fn a_document_that_says_too_little_is_told_what_to_add() {
    let lack = |pointer: &str, name: &str, operation: &str| {
        let mut document = serde_json::to_value(paddock_api::document()).unwrap();
        document.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name).unwrap();
        lack_of(document, operation)
    };
    let schemas = "/components/schemas";
    let patch =
        lack(&format!("{schemas}/CustomerPatch/properties/name"), "example", "updateCustomer");
    assert_eq!(patch, "add an example to name of the body of updateCustomer");
    let id = lack(&format!("{schemas}/CustomerRef/properties/id"), "format", "changeCustomers");
    assert_eq!(id, "add `format: uuid` to id of an item of items of the body of changeCustomers");
    let path = "/paths/~1v1~1users~1{user_id}/get/parameters/0/schema";
    let parameter = lack(path, "format", "getUser");
    assert_eq!(parameter, "add `format: uuid` to the path parameter user_id of getUser");
}

fn lack_of(document: Value, operation: &str) -> String {
    let document = Document::new(document);
    let mut book = Book::new();
    book.ids = ["customer_id", "comment_id", "user_id", "company_id"]
        .map(|name| (name.to_owned(), json!(uuid::Uuid::now_v7()).as_str().unwrap().to_owned()))
        .into();
    let operation = document.operations.iter().find(|o| o.name == operation).unwrap();
    match Cases::of(&document, operation, &book, &book) {
        Err(Lack(why)) => why,
        Ok(_) => panic!("nothing is missing in {}", operation.name),
    }
}
