//! What `explain` says, told in the words of `sql/audit/statements.txt`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// How many rows of a table a page may read: some to spare for those in the bin.
const PAGE: u64 = 300;
/// How many may be read to bring what fits into another order: a twentieth of the company.
const PART: u64 = 5_000;

/// What the catalog knows that plans do not tell.
pub struct Catalog {
    /// The columns of each index.
    pub indexes: BTreeMap<String, Vec<String>>,
    /// The tables of the companies' records.
    pub tables: BTreeSet<String>,
}

/// How much is read, in steps that do not depend on the day, from best to worst.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reads {
    #[default]
    Page,
    Part,
    /// More than that, but only what fits a filter: a range of an index.
    Filter,
    /// More than that, with the company as the only condition.
    Company,
}

impl Reads {
    fn of(rows: u64, conditions: usize) -> Self {
        if rows <= PAGE {
            Self::Page
        } else if rows <= PART {
            Self::Part
        } else if conditions > 1 {
            Self::Filter
        } else {
            Self::Company
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Self::Page => "a page",
            Self::Part => "a part",
            Self::Filter => "one filter",
            Self::Company => "FULL SCAN",
        }
    }
}

/// Every access of a plan to a table.
#[derive(Debug, Default)]
pub struct Plan {
    accesses: Vec<Access>,
}

#[derive(Debug)]
struct Access {
    table: String,
    kind: String,
    index: String,
    condition: String,
    rows: u64,
    /// Whether the rows may come in any order, so that any index of the company will do.
    any_order: bool,
}

impl Plan {
    /// Reads the answer to `explain (analyze, format json)`.
    pub fn read(text: &str) -> Self {
        let json: Value = serde_json::from_str(text).unwrap();
        let mut plan = Self::default();
        plan.visit(&json[0]["Plan"], None, false);
        plan
    }

    fn visit(&mut self, node: &Value, table: Option<&str>, any_order: bool) {
        let text = |name: &str| node[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| node[name].as_f64().unwrap_or_default();
        let any_order = any_order || text("Subplan Name") == "CTE fitting";
        let (kind, relation) = (text("Node Type"), node["Relation Name"].as_str());
        let loops = number("Actual Loops");
        let total = |per_loop: f64| (per_loop * loops).ceil() as u64;
        let dropped = number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
        let is_heap = kind == "Bitmap Heap Scan";
        let table = relation.or(table).filter(|table| !table.starts_with("pg_"));
        if let (true, Some(table)) = (kind.ends_with("Scan") && !is_heap, table) {
            self.accesses.push(Access {
                table: table.to_owned(),
                index: text("Index Name"),
                condition: text("Index Cond"),
                rows: total(number("Actual Rows") + dropped),
                kind,
                any_order,
            });
        }
        for child in node["Plans"].as_array().into_iter().flatten() {
            self.visit(child, if is_heap { relation } else { None }, any_order);
        }
    }

    /// How much it reads of what it reads most of, rows that it drops included.
    pub fn reads(&self, catalog: &Catalog) -> Reads {
        let reads = |access: &Access| Reads::of(access.rows, access.columns(catalog).len());
        self.accesses.iter().map(reads).max().unwrap_or_default()
    }

    /// Every scan with the columns that are conditions on its index.
    pub fn words(&self, catalog: &Catalog) -> String {
        let mut scans = Vec::new();
        for access in &self.accesses {
            let scan = access.words(catalog);
            if !scans.contains(&scan) {
                scans.push(scan);
            }
        }
        if scans.is_empty() { "no table".to_owned() } else { scans.join(", ") }
    }

    /// The accesses to records of companies that do not begin with the company.
    pub fn strays(&self, catalog: &Catalog) -> Vec<String> {
        let strays = self.accesses.iter().filter(|access| {
            let tenant = if access.table == "companies" { "id" } else { "company_id" };
            catalog.tables.contains(&access.table)
                && access.columns(catalog).first() != Some(&tenant)
        });
        strays.map(|access| access.words(catalog)).collect()
    }
}

impl Access {
    fn words(&self, catalog: &Catalog) -> String {
        let Self { kind, index, table, .. } = self;
        if index.is_empty() {
            return format!("{kind} {table}");
        }
        let kind = if kind == "Index Only Scan" { "Index Scan" } else { kind };
        let columns = self.columns(catalog);
        // Which of them it is depends on their size.
        let index = if self.any_order && columns.len() == 1 { "any index" } else { index };
        format!("{kind} {index} ({})", columns.join(", "))
    }

    /// The columns of the index that its condition compares.
    fn columns<'a>(&self, catalog: &'a Catalog) -> Vec<&'a str> {
        let columns = catalog.indexes.get(&self.index).into_iter().flatten();
        columns.map(String::as_str).filter(|column| self.compares(column)).collect()
    }

    fn compares(&self, column: &str) -> bool {
        let condition = &self.condition;
        condition.match_indices(column).any(|(at, _)| {
            let before = condition[..at].chars().next_back();
            let after = condition[at + column.len()..].chars().next();
            before.is_some_and(|c| c == '(' || c == ' ')
                && after.is_some_and(|c| c == ' ' || c == ',' || c == ')')
        })
    }
}
