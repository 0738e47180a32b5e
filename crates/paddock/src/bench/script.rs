//! The floor in words: the very transaction of the server, written as one pipeline for pgbench.
//!
//! `SET LOCAL` takes no parameters, so each company has its own pair of them in a branch; the statements
//! after it are prepared once and shared by all. A branch comes up as often as its company has customers.

use std::fmt::Write as _;
use std::ops::Range;

use paddock_db::{Listing, Statement, sql};

use super::data::{BASE, COMPANY, CUSTOMER, DataSet, USER, id};
use super::workload::{PAGE, ROWS_PER_BATCH, Workload};

const ENTER: Statement = sql!("session.sql", "enter");
const GET_CUSTOMER: Statement = sql!("customers.sql", "get_customer");
const LIST_CUSTOMERS: Statement = sql!("customers.sql", "list_customers");
const PRESENT: Statement = sql!("customers.sql", "list_customers.where.present");
const NEWEST_FIRST: Statement = sql!("customers.sql", "list_customers.order.-created_at");
const CREATE_CUSTOMER: Statement = sql!("customers.sql", "create_customer");
const CREATE_CUSTOMERS: Statement = sql!("customers.sql", "create_customers");

/// One script of pgbench, and how often it is run compared with the others.
pub(super) struct Script {
    /// What the script does.
    pub(super) workload: Workload,
    /// Its share of the whole.
    pub(super) weight: u32,
    /// Its text.
    pub(super) text: String,
}

/// The scripts of a workload; none if the floor has nothing to do with it.
pub(super) fn scripts(workload: Workload, data: &DataSet, clients: usize) -> Vec<Script> {
    let parts: &[(Workload, u32)] = match workload {
        Workload::Hello | Workload::Noisy => &[],
        Workload::Mix => &[(Workload::Get, 60), (Workload::List, 30), (Workload::Create, 10)],
        Workload::Get => &[(Workload::Get, 1)],
        Workload::Unchecked => &[(Workload::Unchecked, 1)],
        Workload::List => &[(Workload::List, 1)],
        Workload::Create => &[(Workload::Create, 1)],
        Workload::Batch => &[(Workload::Batch, 1)],
    };
    let branches = branches(data, clients);
    let script =
        |&(workload, weight)| Script { workload, weight, text: script(workload, &branches) };
    parts.iter().map(script).collect()
}

/// Variables that the scripts expect: names and values.
pub(super) fn variables() -> Vec<(&'static str, String)> {
    let array = |item: &dyn Fn(usize) -> String| -> String {
        let items: Vec<String> = (0..ROWS_PER_BATCH).map(item).collect();
        format!("{{{}}}", items.join(","))
    };
    vec![
        ("epoch", "0".to_owned()),
        // One more than asked for tells the server whether there is another page.
        ("limit", (PAGE + 1).to_string()),
        ("stage", "lead".to_owned()),
        ("names", array(&|i| format!("Batch {i:04}"))),
        ("emails", array(&|i| format!("#.{i:04}@bench.example"))),
        ("nulls", array(&|_| "NULL".to_owned())),
        ("falses", array(&|_| "false".to_owned())),
        ("stages", array(&|_| "lead".to_owned())),
    ]
}

/// A company and its share of the slots.
struct Branch {
    company: u64,
    customers: Range<u64>,
    slots: usize,
}

/// Companies in the proportion of their customers. Every client prepares all branches, so there are fewer
/// of them for many clients: enough not to be a special case, and not so many that the floor suffers.
fn branches(data: &DataSet, clients: usize) -> Vec<Branch> {
    let slots = (1_600 / clients).clamp(20, 100) as u64;
    let mut branches: Vec<Branch> = Vec::new();
    for slot in 0..slots {
        let company = data.company_of(data.customers() * (2 * slot + 1) / (2 * slots));
        match branches.last_mut().filter(|last| last.company == company as u64) {
            Some(last) => last.slots += 1,
            None => branches.push(Branch {
                company: company as u64,
                customers: data.companies()[company].clone(),
                slots: 1,
            }),
        }
    }
    branches
}

fn script(workload: Workload, branches: &[Branch]) -> String {
    let begin = if workload.writes() { "begin" } else { "begin read only" };
    let slots: usize = branches.iter().map(|branch| branch.slots).sum();
    let mut text = format!(
        "\\set slot random(0, {})\n\\set nonce random(1000000000000000, 9000000000000000)\n\
         \\startpipeline\n{begin};\n",
        slots - 1
    );
    let mut upto = 0;
    for (index, branch) in branches.iter().enumerate() {
        upto += branch.slots;
        let condition = if index == 0 { "if" } else { "elif" };
        let (first, last) = (BASE + branch.customers.start, BASE + branch.customers.end - 1);
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "\\{condition} :slot < {upto}\nset local app.company_id = '{}';\n\
             set local app.user_id = '{}';\n\\set customer random({first}, {last})\n",
            id(COMPANY, branch.company),
            id(USER, branch.company * 2),
        );
        if workload == Workload::Unchecked {
            // What the check would have bound; looking the role up would cost more than the check.
            let _ = writeln!(
                text,
                "set local app.standing = '{}/{}/owner/all';",
                id(COMPANY, branch.company),
                id(USER, branch.company * 2),
            );
        }
    }
    text.push_str("\\endif\n");
    if workload != Workload::Unchecked {
        let _ = writeln!(
            text,
            "{};",
            with(ENTER.sql(), &[":epoch", "null", "null", "null", "null", "null"])
        );
    }
    let _ = write!(text, "{};\ncommit;\n\\endpipeline\n", statement(workload));
    text
}

fn statement(workload: Workload) -> String {
    match workload {
        Workload::Hello | Workload::Mix | Workload::Noisy => String::new(),
        Workload::Get | Workload::Unchecked => {
            let id = format!("('{CUSTOMER}' || to_hex(:customer::bigint))");
            with(GET_CUSTOMER.sql(), &[&id])
        }
        Workload::List => {
            let limit = PAGE + 1;
            let listing = Listing::new(LIST_CUSTOMERS, NEWEST_FIRST).always(PRESENT).limit(&limit);
            with(&listing.sql(), &[":limit::bigint"])
        }
        Workload::Create => {
            let email = "(:nonce || '@bench.example')";
            with(CREATE_CUSTOMER.sql(), &[":nonce", email, "null", "null", ":stage", "null"])
        }
        Workload::Batch => {
            let emails = "replace(:emails, '#', :nonce)";
            let values = [":names", emails, ":nulls", ":nulls", ":stages", ":falses"];
            with(CREATE_CUSTOMERS.sql(), &values)
        }
    }
}

/// The statement with variables of pgbench in place of its parameters, and without its comments.
fn with(sql: &str, values: &[&str]) -> String {
    let lines = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
    let mut text = lines.collect::<Vec<_>>().join("\n").trim().to_owned();
    // From the last one down: $1 is the beginning of $10.
    for (index, value) in values.iter().enumerate().rev() {
        text = text.replace(&format!("${}", index + 1), value);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{DataSet, Workload, scripts, with};

    #[test]
    fn parameters_become_variables_and_comments_go() {
        let sql = "-- name: x\n-- Why; and so on.\nselect $1::int, $10, $1\n";
        let values = [":a", "2", "3", "4", "5", "6", "7", "8", "9", ":j"];
        assert_eq!(with(sql, &values), "select :a::int, :j, :a");
    }

    #[test]
    fn no_parameter_is_left_over() {
        for workload in [Workload::Get, Workload::List, Workload::Create, Workload::Batch] {
            for script in scripts(workload, &DataSet::full(), 16) {
                let text = script.text;
                let left = (1..10).find(|n| text.contains(&format!("${n}")));
                assert_eq!(left, None, "{workload:?}");
            }
        }
    }

    #[test]
    fn large_companies_come_up_more_often() {
        let all = scripts(Workload::Get, &DataSet::full(), 16);
        assert!(all[0].text.contains("\\if :slot < 20\n"));
        assert!(all[0].text.contains("begin read only;\n"));
    }
}
