//! The data set: how many companies of which size, and ids that are computed and never looked up.

use std::ops::Range;

/// Before this instant everything was seeded, after it everything was written by a run.
pub(super) const RUNS_BEGIN: &str = "2025-01-01 00:00:00+00";

/// An id is one of these prefixes and twelve hexadecimal digits: [`BASE`] plus a number. They have the
/// form of UUID version 7, and sort by that number. `seed.sql` and pgbench make them in the same way.
pub(super) const COMPANY: &str = "01900000-0000-7000-8001-";
/// The prefix of users, two to a company: those of company 7 are 14 and 15.
pub(super) const USER: &str = "01900000-0000-7000-8002-";
/// The prefix of customers, numbered through all companies.
pub(super) const CUSTOMER: &str = "01900000-0000-7000-8003-";
/// Makes every number twelve digits long without padding.
pub(super) const BASE: u64 = 0x1000_0000_0000;

/// The id of that number.
pub(super) fn id(prefix: &str, number: u64) -> String {
    format!("{prefix}{:x}", BASE + number)
}

/// Companies in the order of their size, the largest first.
#[derive(Debug, Clone)]
pub(super) struct DataSet {
    /// The name of the database that keeps it.
    pub(super) database: &'static str,
    /// The numbers of each company's customers; the company's own number is its index.
    companies: Vec<Range<u64>>,
}

impl DataSet {
    /// 1,000 companies with a million customers: one of 200,000, five of 20,000, the rest of about 700.
    pub(super) fn full() -> Self {
        Self::of(
            "paddock_bench_full",
            1_000_000,
            &[200_000, 20_000, 20_000, 20_000, 20_000, 20_000],
        )
    }

    /// 1,000 companies with 100,000 customers: one of 20,000, the rest of about 80.
    pub(super) fn quick() -> Self {
        Self::of("paddock_bench_quick", 100_000, &[20_000])
    }

    /// The customers of each company.
    pub(super) fn companies(&self) -> &[Range<u64>] {
        &self.companies
    }

    /// How many customers there are altogether.
    pub(super) fn customers(&self) -> u64 {
        self.companies.last().map_or(0, |last| last.end)
    }

    /// To which company a customer belongs.
    pub(super) fn company_of(&self, customer: u64) -> usize {
        self.companies.partition_point(|customers| customers.end <= customer)
    }

    /// What this data set is, in one line.
    pub(super) fn describe(&self) -> String {
        let sizes = |at: usize| self.companies.get(at).map_or(0, |c| c.end - c.start);
        format!(
            "{} companies, {} users, {} customers ({} in the largest company, {} in the smallest), \
             {} comments",
            self.companies.len(),
            self.companies.len() * 2,
            self.customers(),
            sizes(0),
            sizes(self.companies.len() - 1),
            self.customers(),
        )
    }

    fn of(database: &'static str, customers: u64, large: &[u64]) -> Self {
        let small = 1_000 - large.len() as u64;
        let rest = customers - large.iter().sum::<u64>();
        let sizes = (0..small).map(|i| rest / small + u64::from(i < rest % small));
        let mut end = 0;
        let companies = large.iter().copied().chain(sizes).map(|size| {
            let start = end;
            end += size;
            start..end
        });
        Self { database, companies: companies.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{CUSTOMER, DataSet, id};

    #[test]
    fn every_customer_belongs_to_exactly_one_company() {
        let data = DataSet::full();
        assert_eq!(data.companies().len(), 1_000);
        assert_eq!(data.customers(), 1_000_000);
        assert_eq!([0, 199_999, 200_000, 999_999].map(|n| data.company_of(n)), [0, 0, 1, 999]);
        assert_eq!(data.companies()[999], 999_296..1_000_000);
    }

    #[test]
    fn ids_are_uuids_of_version_7() {
        assert_eq!(id(CUSTOMER, 255), "01900000-0000-7000-8003-1000000000ff");
    }
}
