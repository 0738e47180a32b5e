//! An outside judge: pgrls, a linter and prover of row security that knows nothing of us. Its findings are
//! answered in `pgrls/pgrls.toml`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::python::python_with;
use crate::harness::{Psql, World};

/// What is proved, for each table of a company: nobody without a company reads, nobody of another company
/// reads, nobody of another company writes.
const PROOFS: [&str; 3] = ["anon", "cross-tenant", "write"];

/// Whose policies ask helpers that read tables: more than the judge can follow. It says so, and proves nothing.
const BEYOND: [&str; 3] = ["crm.custom_field_values", "crm.customer_comments", "crm.customers"];

#[actix_web::test]
async fn an_outside_judge_finds_nothing_unanswered_and_proves_every_table_isolated() {
    let Some(judge) = Judge::hire() else { return };
    let world = World::new().await;
    let admin = Psql::new(&world.database.admin_url()).await;
    assert!(judge.is_content(&world, &["lint", "--fail-on", "info"]), "see above");
    assert!(judge.is_content(&world, &["verify", "--mode", "reachability", "--strict"]));
    let tables =
        "select format('crm.%s', tablename) from pg_tables where schemaname = 'crm' order by 1";
    let mut tables = admin.rows(tables).await;
    tables.retain(|table| !BEYOND.contains(&table.as_str()));
    for mode in PROOFS {
        let mut proved = judge.proved(&world, mode);
        proved.retain(|table| !BEYOND.contains(&table.as_str()));
        assert_eq!(proved, tables, "{mode}");
    }
    for (sql, complaint) in [
        ("alter table crm.users no force row level security", &["lint", "--fail-on", "info"][..]),
        (
            "create view crm.v as select * from crm.customers; grant select on crm.v to public",
            &["verify", "--mode", "reachability", "--strict"],
        ),
    ] {
        admin.run(sql).await;
        assert!(!judge.is_content(&world, complaint), "{sql}");
    }
    let floors = "drop policy teams_floor on crm.teams;
        create policy x on crm.teams using (true) with check (true)";
    admin.run(floors).await;
    for mode in PROOFS {
        let proved = judge.proved(&world, mode);
        assert!(!proved.contains(&"crm.teams".to_owned()), "{mode}: {proved:?}");
    }
}

/// pgrls, in a place of its own.
struct Judge {
    python: PathBuf,
}

impl Judge {
    /// Skipped where it cannot be installed.
    fn hire() -> Option<Self> {
        python_with(&folder()).map(|python| Self { python })
    }

    /// Whether it has nothing to say; what it says is printed.
    fn is_content(&self, world: &World, arguments: &[&str]) -> bool {
        let output = self.run(world, arguments);
        eprintln!("pgrls {arguments:?}\n{}", String::from_utf8_lossy(&output.stdout));
        let content = output.status.success();
        // An exit code of 1 is a verdict; of 2, a mistake of ours.
        assert!(content || output.status.code() == Some(1), "{output:?}");
        content
    }

    /// The tables of the companies that it has proved isolated.
    fn proved(&self, world: &World, mode: &str) -> Vec<String> {
        let arguments = [
            "verify",
            "--mode",
            mode,
            "--strict",
            "--schemas",
            "crm",
            "--format",
            "json",
            "--auth-function",
            "app.company_id",
            "--auth-function",
            "app.user_id",
        ];
        let output = self.run(world, &arguments);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}"));
        let tables = report["tables"].as_array().unwrap().iter();
        let tables = tables.inspect(|table| {
            if table["verdict"] != "isolated" {
                eprintln!("{mode}: {table}");
            }
        });
        let isolated = tables.filter(|table| table["verdict"] == "isolated");
        let mut names: Vec<_> =
            isolated.map(|table| table["table"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    }

    fn run(&self, world: &World, arguments: &[&str]) -> Output {
        let mut command = Command::new(&self.python);
        command.args(["-m", "pgrls"]).args(arguments);
        command.arg("--config").arg(folder().join("pgrls.toml"));
        command.env("DATABASE_URL", world.database.admin_url()).output().unwrap()
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pgrls")
}
