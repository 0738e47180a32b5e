//! What was walked, and what was found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How many findings of one operation are shown.
const SHOWN: usize = 5;

#[derive(Default)]
pub struct Report {
    /// By operation, how many pairs of requests were compared.
    pub cases: BTreeMap<String, usize>,
    /// By operation, how often each status was answered about hers.
    pub answers: BTreeMap<String, BTreeMap<u16, usize>>,
    pub findings: Vec<Finding>,
    /// What the document lacks, or what went wrong with her own request, by operation.
    pub not_driven: BTreeMap<String, String>,
    /// How many canaries there were, in how many columns.
    pub canaries: (usize, usize),
}

pub struct Finding {
    pub operation: String,
    pub case: String,
    pub what: String,
}

impl Report {
    /// Takes in what was walked elsewhere.
    pub fn add(&mut self, other: Self) {
        self.cases.extend(other.cases);
        self.answers.extend(other.answers);
        self.findings.extend(other.findings);
        self.not_driven.extend(other.not_driven);
        self.canaries = self.canaries.max(other.canaries);
    }

    /// The operations with findings.
    pub fn red(&self) -> Vec<&str> {
        let red: BTreeSet<&str> = self.findings.iter().map(|f| f.operation.as_str()).collect();
        red.into_iter().collect()
    }

    /// Whether something like this was found.
    pub fn says(&self, what: &str) -> bool {
        self.findings.iter().any(|finding| finding.what.contains(what))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (operation, count) in &self.cases {
            let answers = self.answers.get(operation).into_iter().flatten();
            let answers: Vec<String> =
                answers.map(|(status, n)| format!("{status}: {n}")).collect();
            writeln!(f, "{count:6}  {operation:24}{}", answers.join(", "))?;
        }
        let (total, operations): (usize, _) = (self.cases.values().sum(), self.cases.len());
        let (canaries, columns) = self.canaries;
        write!(f, "{total:6}  cases of {operations} operations; ")?;
        writeln!(f, "{canaries} canaries, texts of {columns} columns")?;
        for (operation, why) in &self.not_driven {
            writeln!(f, "{operation} cannot be walked: {why}")?;
        }
        self.red().iter().try_for_each(|operation| self.show(f, operation))
    }
}

impl Report {
    fn show(&self, f: &mut fmt::Formatter<'_>, operation: &str) -> fmt::Result {
        let of_it = || self.findings.iter().filter(|finding| finding.operation == operation);
        writeln!(f, "{operation}: {} findings", of_it().count())?;
        for Finding { case, what, .. } in of_it().take(SHOWN) {
            writeln!(f, "  {case}: {what}")?;
        }
        Ok(())
    }
}
