//! Every question of the audit finds what it is for, and finds nothing where nothing is wrong.

mod sabotages;

use std::collections::BTreeSet;

use paddock_db::audit::{Audit, Finding, QUESTIONS, Question};
use paddock_db::{Db, Limits};
use serde_json::Value;

use crate::harness::Psql;
use crate::harness::program::Home;
use crate::migrations::{ROLES, durable};
use sabotages::{SABOTAGES, WORDS};

fn question(id: &str) -> Question {
    *QUESTIONS.iter().find(|question| question.id() == id).unwrap_or_else(|| panic!("{id}?"))
}

async fn audit(url: &str) -> Audit {
    let db = Db::new(url, Limits { connections: 1, ..Limits::default() }).unwrap();
    Audit::of(&db).await.unwrap()
}

/// The objects that a question names, in the transaction at hand.
async fn objects(psql: &Psql, sql: &str) -> Vec<String> {
    let rows = psql.rows(sql).await;
    rows.iter().map(|row| row.split('|').nth(2).unwrap().to_owned()).collect()
}

/// Asks in a transaction of the superuser that has broken something, as superuser and as the application.
async fn found(admin: &Psql, sabotage: &str, sql: &str) -> [Vec<String>; 2] {
    admin.run("begin; set local search_path = pg_catalog").await;
    admin.run(sabotage).await;
    let by_superuser = objects(admin, sql).await;
    admin.run("set local role paddock_app").await;
    let by_app = objects(admin, sql).await;
    admin.run("rollback").await;
    [by_superuser, by_app]
}

#[actix_web::test]
async fn every_question_finds_what_it_is_for() {
    let _turn = ROLES.lock().await;
    let (world, admin) = durable().await;
    let here = |text: &str| text.replace("{db}", world.database.name());
    let mut missed = Vec::new();
    for (id, object, sabotage) in SABOTAGES {
        let healthy = objects(&admin, question(id).sql()).await;
        assert_eq!(healthy, [""; 0], "{id} before anything is broken");
        for by in found(&admin, &here(sabotage), question(id).sql()).await {
            if !by.contains(&here(object)) {
                missed.push(format!("{id}: {object} not in {by:?} after {sabotage}"));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

#[actix_web::test]
async fn what_sql_cannot_break_is_found_when_the_question_asks_for_more() {
    let (world, admin) = durable().await;
    for (id, object, words, others) in WORDS {
        let text = question(id).sql();
        assert!(text.contains(words), "{id}: {words}");
        let object = object.replace("{db}", world.database.name());
        for by in found(&admin, "select 1", &text.replace(words, others)).await {
            let named = by.iter().any(|name| name.starts_with(object.trim_end_matches('%')));
            assert!(named, "{id}: {object} not in {by:?}");
        }
    }
}

#[test]
fn every_question_has_somebody_who_breaks_what_it_asks_for() {
    let asked: BTreeSet<&str> = QUESTIONS.iter().map(Question::id).collect();
    let broken: BTreeSet<&str> =
        SABOTAGES.iter().map(|s| s.0).chain(WORDS.iter().map(|w| w.0)).collect();
    assert_eq!(asked, broken);
    assert!(asked.len() >= 40 && asked.len() == QUESTIONS.len());
}

#[test]
fn every_question_is_embedded_and_says_what_it_asks_and_why() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../sql/audit");
    let mut files: Vec<(String, String)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "sql"))
        .map(|entry| {
            let text = std::fs::read_to_string(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), text)
        })
        .collect();
    files.sort();
    let embedded: Vec<(String, String)> =
        QUESTIONS.iter().map(|q| (q.file().to_owned(), q.sql().to_owned())).collect();
    assert_eq!(files, embedded);
    for question in QUESTIONS {
        let file = question.file();
        assert!(question.sentence().ends_with('?'), "{file}: {}", question.sentence());
        assert!(question.reason().len() > 40, "{file}: {}", question.reason());
        assert!(question.sql().contains(&format!("'{}' as id", question.id())), "{file}");
        assert!(question.sql().trim_end().ends_with(';'), "{file}");
        assert!(!question.sql().lines().any(|line| line.starts_with('\\')), "{file}");
    }
}

/// What a server that lacks patches is found to lack, and nothing else.
fn only_patches(audit: &Audit) {
    let others: Vec<&Finding> = audit.findings.iter().filter(|f| !f.can_be_waived()).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(audit.unanswered.is_empty(), "{:?}", audit.unanswered);
}

#[actix_web::test]
async fn a_healthy_schema_leaves_nothing_to_say_whoever_asks() {
    let _turn = ROLES.lock().await;
    let (world, _admin) = durable().await;
    only_patches(&audit(&world.database.app_url()).await);
    only_patches(&audit(&world.database.admin_url()).await);
}

#[actix_web::test]
async fn a_role_without_any_rights_is_answered_too_but_for_the_drift() {
    let (_world, admin) = durable().await;
    admin.run("begin; create role audit_nobody; set local role audit_nobody").await;
    for question in QUESTIONS.iter().filter(|question| question.id() != "catalog_drift") {
        if !question.id().starts_with("server_patches") {
            assert_eq!(objects(&admin, question.sql()).await, [""; 0], "{}", question.id());
        }
    }
    admin.run("rollback").await;
}

#[actix_web::test]
async fn a_policy_may_say_less_than_the_company_and_never_more() {
    let (_world, admin) = durable().await;
    let narrower = "alter policy users_read on crm.users
        using (company_id = (select app.company_id()) and (role = 'owner' or id = (select app.user_id())))";
    for by in found(&admin, narrower, question("policy_canonical").sql()).await {
        assert_eq!(by, [""; 0]);
    }
}

#[actix_web::test]
async fn a_signed_role_is_no_finding() {
    let _turn = ROLES.lock().await;
    let (world, admin) = durable().await;
    let backup = format!(
        "create role audit_backup login bypassrls in role paddock_owner;
        grant connect on database {} to audit_backup;
        comment on role audit_backup is 'signed: nightly pg_dump'",
        world.database.name()
    );
    for id in ["role_bypassing", "role_owner_members"] {
        for by in found(&admin, &backup, question(id).sql()).await {
            assert_eq!(by, [""; 0], "{id}");
        }
    }
}

#[actix_web::test]
async fn a_change_by_hand_is_forgotten_when_a_dba_says_that_it_was_meant() {
    let (world, admin) = durable().await;
    admin.run("create index extra on crm.customers (company_id, phone)").await;
    let found = audit(&world.database.app_url()).await;
    let drift: Vec<&str> = found.findings.iter().map(|f| f.object.as_str()).collect();
    assert!(drift.contains(&"index extra on crm.customers"), "{drift:?}");
    admin.run("set role paddock_owner; select app.record_catalog(); reset role").await;
    only_patches(&audit(&world.database.app_url()).await);
    let app = world.psql().await;
    assert!(app.simple_query("select app.record_catalog()").await.is_err());
    assert!(app.simple_query("delete from app.catalog_record").await.is_err());
}

#[test]
fn every_comparison_of_a_column_in_the_queries_is_asked_for_its_leakproof_operator() {
    let listed = question("filter_leakproof").sql();
    let comparisons = comparisons();
    assert!(comparisons.len() > 20, "{comparisons:?}");
    for (table, column, operator) in comparisons {
        let line = format!("('{table}', '{column}', '{operator}')");
        assert!(listed.contains(&line), "{line} is missing in sql/audit/69_filter_leakproof.sql");
    }
}

/// Table, column and operator of every comparison in the statements that the application sends.
fn comparisons() -> BTreeSet<(String, String, String)> {
    let files = [
        include_str!("../../sql/queries/companies.sql"),
        include_str!("../../sql/queries/customer_comments.sql"),
        include_str!("../../sql/queries/customers.sql"),
        include_str!("../../sql/queries/users.sql"),
    ];
    files.into_iter().flat_map(statements).collect()
}

/// A piece of a list knows its tables by the statement that it is a piece of.
fn statements(file: &str) -> Vec<(String, String, String)> {
    let mut aliases: Vec<(String, String)> = Vec::new();
    let mut found = Vec::new();
    for statement in file.split("-- name: ").skip(1) {
        let (name, text) = statement.split_once('\n').unwrap();
        let text: String =
            text.lines().filter(|line| !line.starts_with("--")).collect::<Vec<_>>().join(" ");
        let words: Vec<&str> = text.split_whitespace().collect();
        if !name.contains('.') {
            aliases = aliases_of(&words);
        }
        let mut compare = |alias: &str, column: &str, operator: &str| {
            for (_, table) in aliases.iter().filter(|(known, _)| known == alias) {
                found.push((table.clone(), column.to_owned(), operator.to_owned()));
            }
        };
        for pair in words.windows(2) {
            let [left, operator] = [pair[0], pair[1]];
            if let Some((alias, column)) = left.trim_start_matches('(').split_once('.')
                && ["=", "<", ">", "<=", ">="].contains(&operator)
            {
                compare(alias, column.trim_end_matches(')'), operator);
            }
        }
        for (row, operator) in row_comparisons(&text) {
            for (alias, column) in row.split(", ").filter_map(|column| column.split_once('.')) {
                compare(alias, column, &operator);
            }
        }
        if name.contains(".order.") {
            // Sorting uses the operator that the index is ordered by.
            for column in text.split(',') {
                if let Some((alias, column)) = column.trim().split_once('.') {
                    compare(alias, column.split(' ').next().unwrap(), "<");
                }
            }
        }
    }
    found
}

/// `from crm.customers c`, `join crm.users as u`
fn aliases_of(words: &[&str]) -> Vec<(String, String)> {
    let mut aliases = Vec::new();
    for (at, word) in words.iter().enumerate() {
        if word.starts_with("crm.") {
            let alias = words[at + 1..].iter().find(|word| **word != "as");
            aliases.extend(alias.map(|alias| ((*alias).to_owned(), (*word).to_owned())));
        }
    }
    aliases
}

/// `(c.created_at, c.id) > (` is a comparison of both columns.
fn row_comparisons(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for operator in ["<", ">"] {
        for (before, _) in
            text.match_indices(&format!(") {operator} (")).map(|(at, _)| text.split_at(at))
        {
            let (_, row) = before.rsplit_once('(').unwrap();
            found.push((row.to_owned(), operator.to_owned()));
        }
    }
    found
}

#[test]
fn the_program_asks_and_serve_refuses_what_it_finds() {
    let home = Home::new();
    let server = home.dev();
    let audit = |args: &[&str]| {
        let mut all = vec!["audit", "--allow-unpatched-postgres"];
        all.extend(args);
        let output = home.run(&all);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, printed) = audit(&[]);
    assert_eq!((code, printed), (Some(0), format!("{} questions, 0 findings\n", QUESTIONS.len())));

    let psql = |sql: &str| {
        let done = home.run(&["db", "psql", "--role", "admin", "--", "-c", sql]);
        assert!(done.status.success(), "{done:?}");
    };
    psql("alter table crm.customers no force row level security");
    let (code, printed) = audit(&[]);
    assert_eq!(code, Some(1));
    assert!(printed.contains("critical  row_security_forced: crm.customers"), "{printed}");
    assert!(printed.contains("alter table crm.customers force row level security;"), "{printed}");
    assert!(printed.ends_with("2 findings: 1 critical, 1 medium\n"), "{printed}");

    let json: Value = serde_json::from_str(&audit(&["--format", "json"]).1).unwrap();
    assert_eq!(json["questions"], QUESTIONS.len());
    assert_eq!(json["findings"][0]["object"], "crm.customers");
    let sarif: Value = serde_json::from_str(&audit(&["--format", "sarif"]).1).unwrap();
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "row_security_forced");
    assert_eq!(sarif["runs"][0]["results"][0]["level"], "error");
    assert_eq!(
        sarif["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(),
        QUESTIONS.len()
    );

    let url = |role: &str| {
        let printed = home.run(&["db", "url", "--role", role]).stdout;
        String::from_utf8(printed).unwrap().trim().to_owned()
    };
    let refused = home
        .paddock(&["serve", "--port", "0", "--allow-unpatched-postgres"])
        .env("DATABASE_URL", url("app"))
        .env("PADDOCK_AUTH_DATABASE_URL", url("auth"))
        .env("PADDOCK_JWT_SECRET", "0123456789abcdef".repeat(2))
        .output()
        .unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    let expected = "paddock: refusing to serve:\n  \
        - critical row_security_forced: crm.customers row security is not forced\n    \
        remedy: alter table crm.customers force row level security;\n\
        The questions stand in sql/audit; `paddock audit` asks all of them.\n";
    assert!(said.ends_with(expected), "{said}");

    psql(
        "alter table crm.customers force row level security; create index extra on crm.customers (company_id, phone)",
    );
    assert_eq!(audit(&[]).0, Some(1), "drift is medium");
    assert_eq!(audit(&["--fail-on", "high"]).0, Some(0));
    assert_eq!(audit(&["--database-url", "postgres://paddock_app@127.0.0.1:1/nowhere"]).0, Some(2));
    drop(server);
}
