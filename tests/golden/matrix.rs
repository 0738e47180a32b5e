//! `sql/audit/matrix.txt`: who may do what, as the catalog says and as trying it shows.

use crate::harness::{Database, Psql};

use super::{compare, diff};

const QUESTIONS: &str = include_str!("matrix.sql");

const PREFACE: &str = "\
Who may do what in a Paddock database, as the catalog says and as trying it shows. `make bless` writes this file.

A role's statement is really run, in a database of two companies, and undone. Of two numbers the first is how
many rows a statement sees or changes, the second how many there are: of the company in app.company_id (own),
of the other one (other), and without any company bound (no context). Of an insert, `own` is a row put back as
it was, `other` a row with the values of the other company's and a preset company, `into other` one that names
the other company; of an update, `into other` moves rows there. `42501 grant` is refused for want of a grant,
`42501 policy` by row security; another SQLSTATE is what else is in the way. `public` is a role without grants.

Whoever acts is an owner of the company. What is different for others stands at the end.
";

/// The matrix of a database with two companies, as text. Leaves nothing behind.
pub async fn matrix(database: &Database) -> String {
    matrix_after(database, "").await
}

/// Who may act, and what is different then.
const OTHERS: [(&str, &str); 5] = [
    ("an admin", "update crm.users set role = 'admin'"),
    ("a member", "update crm.users set role = 'member'"),
    (
        "a member who sees their own",
        "update crm.users set role = 'member'; update crm.companies set member_visibility = 'own'",
    ),
    ("a viewer", "update crm.users set role = 'viewer'"),
    (
        "a viewer who sees their own",
        "update crm.users set role = 'viewer'; update crm.companies set viewer_visibility = 'own'",
    ),
];

/// The matrix, and what is different in it for those who are no owners.
async fn matrix_of_all(database: &Database) -> String {
    let owner = matrix(database).await;
    let mut text = owner.clone();
    for (who, change) in OTHERS {
        // To record the change would bind a company, and the only owner would stay one.
        let change = format!(
            "alter table crm.companies disable trigger user; alter table crm.users disable trigger user; {change}"
        );
        let other = matrix_after(database, &change).await;
        let lines: Vec<String> = diff(&owner, &other)
            .lines()
            .filter_map(|line| line.strip_prefix("+ paddock_app "))
            .map(|line| format!("paddock_app {line}\n"))
            .collect();
        let line = "─".repeat(100 - who.len() - 24);
        text += &format!("\n── Where the user is {who} {line}\n{}", lines.concat());
    }
    text
}

/// The same after a change, which is undone too. In a session of its own: one that has ever bound a
/// company knows the setting's name from then on.
pub async fn matrix_after(database: &Database, change: &str) -> String {
    try_matrix_after(database, change).await.unwrap_or_else(|error| panic!("{change}: {error}"))
}

/// The same, where the change may be such that nothing can be tried any more.
pub async fn try_matrix_after(database: &Database, change: &str) -> Result<String, String> {
    let admin = Psql::new(&database.admin_url()).await;
    admin.run("begin").await;
    admin.run(change).await;
    let lines = admin.try_rows(QUESTIONS).await;
    admin.run("rollback").await;
    let lines = lines?;
    // The questions themselves answer with empty rows.
    let lines = lines.into_iter().skip_while(|line| line.is_empty()).collect::<Vec<_>>().join("\n");
    Ok(format!("{PREFACE}\n{lines}\n"))
}

#[actix_web::test]
async fn the_matrix_of_rights_is_the_checked_in_one() {
    let matrix = matrix_of_all(&Database::new().await).await;
    assert!(
        !matrix.contains("42601"),
        "of some table, no row could be made, and nothing was tried"
    );
    compare("matrix.txt", &matrix);
}

#[actix_web::test]
async fn the_matrix_shows_whatever_is_granted_permitted_or_unforced() {
    let database = Database::new().await;
    let healthy = matrix(&database).await;
    for (change, shown) in [
        (
            "grant delete on crm.customers to paddock_app",
            "+ paddock_app    crm.customers            delete  0/2          0/2          -            0            -",
        ),
        (
            "grant select (email_key) on crm.users to paddock_app",
            "+ paddock_app    crm.users                select  1/1          0/1          -            42704        all",
        ),
        (
            "alter table crm.customers no force row level security",
            "+ paddock_owner  crm.customers            select  2/2          2/2          -            4            all",
        ),
        (
            "drop policy customers_floor on crm.customers;
            create policy everything on crm.customers for select to public using (true)",
            "+ paddock_app    crm.customers            select  2/2          2/2          -            4            all",
        ),
        (
            "create table crm.deals (id integer)",
            "+ crm.deals                table of postgres, row security OFF; nobody",
        ),
        (
            "grant execute on function pg_catalog.set_config(text, text, boolean) to paddock_app",
            "+ set_config                               paddock_app, paddock_owner",
        ),
        ("grant temporary on database :here to public", "+ public         temporary"),
    ] {
        let change = change.replace(":here", database.name());
        let diff = diff(&healthy, &matrix_after(&database, &change).await);
        assert!(diff.lines().any(|line| line == shown), "{change}:\n{diff}");
    }
    assert_eq!(diff(&healthy, &matrix(&database).await), "", "something was left behind");
}
