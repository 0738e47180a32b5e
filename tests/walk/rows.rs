//! Checksums of all tables, and of what belongs to one company.

use uuid::Uuid;

use crate::harness::Psql;

/// A statement that takes the checksum of everything, and of one company's rows and all logins.
pub struct Rows {
    sql: String,
}

/// Everything, then what is hers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    pub all: String,
    pub hers: String,
}

impl Rows {
    pub async fn of(admin: &Psql, company_id: Uuid) -> Self {
        let tables = admin
            .rows(
                "select c.oid::regclass,
                    case when c.relname = 'companies' then 'id' else 'company_id' end,
                    n.nspname = 'identity'
                from pg_class c
                join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('crm', 'identity') and c.relkind = 'r'",
            )
            .await;
        let of_table = |line: &String| {
            let parts: Vec<&str> = line.split('|').collect();
            let hers = match parts[2] {
                "t" => "true".to_owned(),
                _ => format!("t.{} = '{company_id}'", parts[1]),
            };
            let table = parts[0];
            format!("select '{table}' || t::text as line, {hers} as hers from {table} t")
        };
        let union: Vec<String> = tables.iter().map(of_table).collect();
        let sum = "md5(coalesce(string_agg(line, '' order by line collate \"C\")";
        let sql = format!(
            "select {sum}, '')), {sum} filter (where hers), '')) from ({}) everything",
            union.join(" union all ")
        );
        Self { sql }
    }

    pub async fn sums(&self, admin: &Psql) -> Sums {
        let row = admin.value(&self.sql).await;
        let (all, hers) = row.split_once('|').unwrap();
        Sums { all: all.to_owned(), hers: hers.to_owned() }
    }
}
