//! Whether rows have changed: all of them, and those of one company.

use tokio_postgres::Statement;
use uuid::Uuid;

use crate::harness::Psql;

const TABLES: &str = "
    select c.oid::regclass,
        case
            when exists (
                select from pg_attribute t where t.attrelid = c.oid and t.attname = 'company_id'
            ) then 't.company_id = %s'
            when c.relname = 'companies' then 't.id = %s'
            when exists (
                select from pg_attribute t where t.attrelid = c.oid and t.attname = 'identity_id'
            ) then 't.identity_id in (
                select m.identity_id from identity.memberships m where m.company_id = %s)'
            else 'true'
        end
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where n.nspname in ('crm', 'identity') and c.relkind = 'r' and c.relname <> 'login_failures'";

/// A login that fails is recorded, behind the answer, in the companies of the e-mail that somebody named: nothing
/// else that strangers do is written there.
const OF_STRANGERS: &str = "crm.audit_log t where t.operation <> 'login.failed'";

/// A checksum of everything, one of what is hers and of all logins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    pub all: Option<i64>,
    pub hers: Option<i64>,
}

pub struct Rows {
    /// Of places and transactions: no row changes without changing these, and they are quick to read.
    quick: Statement,
    /// Of every value.
    thorough: Statement,
}

impl Rows {
    pub async fn of(admin: &Psql, company_id: Uuid) -> Self {
        let tables = admin.rows(TABLES).await;
        let tables: Vec<(&str, String)> = tables
            .iter()
            .filter_map(|line| line.split_once('|'))
            .map(|(table, hers)| (table, hers.replace("%s", &format!("'{company_id}'"))))
            .collect();
        let quick = "hashtextextended(t.ctid::text || t.xmin::text, t.tableoid::bigint)";
        let thorough = "hashtextextended(t::text, t.tableoid::bigint)";
        let [quick, thorough] = [quick, thorough].map(|hash| statement(&tables, hash));
        Self {
            quick: admin.client().prepare(&quick).await.unwrap(),
            thorough: admin.client().prepare(&thorough).await.unwrap(),
        }
    }

    pub async fn sums(&self, admin: &Psql) -> Sums {
        sums(admin, &self.quick).await
    }

    pub async fn thorough_sums(&self, admin: &Psql) -> Sums {
        sums(admin, &self.thorough).await
    }
}

async fn sums(admin: &Psql, statement: &Statement) -> Sums {
    let row = admin.client().query_one(statement, &[]).await.unwrap();
    Sums { all: row.get(0), hers: row.get(1) }
}

/// Adds up the hashes of all rows; the remainder keeps the sum a bigint.
fn statement(tables: &[(&str, String)], hash: &str) -> String {
    let of_table = |(table, hers): &(&str, String)| {
        let rows = match *table {
            "crm.audit_log" => OF_STRANGERS.to_owned(),
            table => format!("{table} t"),
        };
        format!("select {hash} % 1000000000000 as hash, {hers} as hers from {rows}")
    };
    let tables: Vec<String> = tables.iter().map(of_table).collect();
    format!(
        "select sum(hash)::bigint, (sum(hash) filter (where hers))::bigint from ({}) everything",
        tables.join(" union all ")
    )
}
