//! Every protection is broken once, in a transaction that is undone: something has to notice. The mutants
//! come from the catalog, so that what is added tomorrow is broken tomorrow.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use paddock_db::audit::{QUESTIONS, Question};

use crate::golden::diff;
use crate::golden::matrix::{matrix, try_matrix_after};
use crate::harness::{Database, Psql, in_ci};
use crate::migrations::{ROLES, durable};

const MUTANTS: &str = include_str!("mutants.sql");
/// What notices every change since the last migration. A migration that breaks something is no such change,
/// so that this alone does not prove that isolation is guarded.
const DRIFT: &str = "catalog_drift";

/// One protection, broken.
struct Mutant {
    /// `isolation`, or `integrity`: what a company does to itself.
    kind: String,
    object: String,
    change: String,
}

/// What noticed it.
#[derive(Default)]
struct Caught {
    /// The questions of the audit that found something new.
    audit: BTreeSet<&'static str>,
    /// How many lines of the matrix changed; nothing if it was not asked.
    matrix: Option<usize>,
    /// Why the change could not be made.
    impossible: Option<String>,
}

impl Caught {
    fn by_audit(&self) -> bool {
        self.audit.iter().any(|id| *id != DRIFT)
    }

    fn survives(&self, mutant: &Mutant) -> bool {
        let by_drift = self.audit.contains(DRIFT) && mutant.kind == "integrity";
        let by_matrix = self.matrix.is_some_and(|lines| lines > 0);
        !(self.by_audit() || by_drift || by_matrix)
    }

    fn words(&self) -> String {
        let mut words: Vec<String> = self.audit.iter().map(|id| (*id).to_owned()).collect();
        words.extend(self.matrix.filter(|n| *n > 0).map(|n| format!("matrix ({n} lines)")));
        words.extend(self.impossible.iter().map(|why| format!("cannot be done: {why}")));
        if words.is_empty() { "NOTHING".to_owned() } else { words.join(", ") }
    }
}

/// The ground on which everything is broken.
struct Stage {
    database: Database,
    admin: Psql,
    matrix: String,
    /// What the audit says of the healthy database, for example that the server lacks patches.
    usual: BTreeSet<String>,
}

impl Stage {
    async fn mutants(&self) -> Vec<Mutant> {
        let rows = self.admin.client().query(MUTANTS, &[]).await.unwrap();
        rows.iter()
            .map(|row| Mutant { kind: row.get(0), object: row.get(1), change: row.get(2) })
            .collect()
    }

    /// What the audit finds after a change, as `id object`; no further questions when that is enough.
    async fn findings(
        &self,
        change: &str,
        questions: &[Question],
        enough: impl Fn(&BTreeSet<String>) -> bool,
    ) -> Result<BTreeSet<String>, String> {
        self.admin.run("begin; set local search_path = pg_catalog").await;
        let mut findings = BTreeSet::new();
        let changed = self.admin.client().batch_execute(change).await;
        if changed.is_ok() {
            for question in questions {
                if enough(&findings) {
                    break;
                }
                let Ok(rows) = self.admin.try_rows(question.sql()).await else {
                    // What cannot be asked is refused by `paddock audit` and the server as well.
                    findings.insert(format!("{} cannot be asked", question.id()));
                    break;
                };
                let found = rows.iter().filter_map(|row| row.split('|').nth(2));
                findings.extend(found.map(|object| format!("{} {object}", question.id())));
            }
        }
        self.admin.run("rollback").await;
        changed.map(|()| findings).map_err(|error| {
            error.as_db_error().map_or_else(|| error.to_string(), |db| db.message().to_owned())
        })
    }

    /// The questions that noticed something last are asked first: what is broken next is often like it.
    async fn try_out(&self, mutant: &Mutant, questions: &mut [Question], thorough: bool) -> Caught {
        let mut caught = Caught::default();
        let enough = |findings: &BTreeSet<String>| {
            let caught = Caught { audit: self.new_ones(findings), ..Caught::default() };
            !thorough && !caught.survives(mutant)
        };
        match self.findings(&mutant.change, questions, enough).await {
            Err(why) => caught.impossible = Some(why),
            Ok(findings) => {
                caught.audit = self.new_ones(&findings);
                questions.sort_by_key(|question| !caught.audit.contains(question.id()));
                if thorough || caught.survives(mutant) {
                    let after = try_matrix_after(&self.database, &mutant.change).await;
                    let after = after.unwrap_or_else(|error| error);
                    caught.matrix = Some(diff(&self.matrix, &after).lines().count());
                }
            }
        }
        caught
    }

    /// The questions that say more than usual.
    fn new_ones(&self, findings: &BTreeSet<String>) -> BTreeSet<&'static str> {
        let ids = findings.difference(&self.usual).filter_map(|finding| finding.split(' ').next());
        let known = |id: &str| QUESTIONS.iter().map(|q| q.id()).find(|known| *known == id);
        ids.filter_map(known).collect()
    }
}

/// How much is broken.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    /// A third of what protects one table, and of what belongs to no table.
    OneTable,
    /// Everything; the matrix is asked about what the audit does not notice.
    All,
    /// Everything, by audit and matrix, with progress.
    Thorough,
}

impl Effort {
    fn choose(self, mutants: Vec<Mutant>) -> Vec<Mutant> {
        if self != Self::OneTable {
            return mutants;
        }
        let of_a_table =
            |object: &str| ["crm.", "identity."].iter().any(|schema| object.contains(schema));
        let wanted = |mutant: &Mutant| {
            let names = |word: &str| word.split('.').take(2).eq(["crm", "customers"]);
            let words = |object: &str| object.split([' ', '(', ',']).any(names);
            !of_a_table(&mutant.object) || words(&mutant.object)
        };
        mutants.into_iter().filter(wanted).step_by(3).collect()
    }
}

/// A database of its own, healthy.
async fn stage() -> Stage {
    let (world, admin) = durable().await;
    let database = world.database;
    let healthy = matrix(&database).await;
    let mut stage = Stage { database, admin, matrix: healthy, usual: BTreeSet::new() };
    stage.usual = stage.findings("select", QUESTIONS, |_| false).await.unwrap();
    stage
}

/// Breaks everything, prints what caught each mutant, and answers those that survived.
async fn prove(effort: Effort) -> (usize, Vec<String>) {
    let thorough = effort == Effort::Thorough;
    let _turn = ROLES.lock().await;
    let stage = stage().await;
    let mutants = effort.choose(stage.mutants().await);
    let (mut table, mut survivors) = (String::new(), Vec::new());
    let mut questions = QUESTIONS.to_vec();
    for (n, mutant) in mutants.iter().enumerate() {
        let caught = stage.try_out(mutant, &mut questions, thorough).await;
        let Mutant { kind, object, change } = mutant;
        let _ =
            writeln!(table, "{kind:<9}  {object}\n    {change}\n    caught by {}", caught.words());
        if thorough {
            eprintln!("{}/{} {object}: {}", n + 1, mutants.len(), caught.words());
        }
        if caught.survives(mutant) {
            survivors.push(format!("{kind} {object}: {change}: {}", caught.words()));
        }
    }
    println!("{table}{} mutants, {} survivors", mutants.len(), survivors.len());
    (mutants.len(), survivors)
}

#[actix_web::test]
async fn no_protection_can_be_broken_unnoticed() {
    let effort = if in_ci() { Effort::All } else { Effort::OneTable };
    let (mutants, survivors) = prove(effort).await;
    assert!(mutants >= if in_ci() { 600 } else { 40 }, "{mutants} mutants are too few");
    assert!(survivors.is_empty(), "{} survived:\n{}", survivors.len(), survivors.join("\n"));
}

/// The proof can fail: nobody notices what breaks nothing, or cannot be done.
#[actix_web::test]
async fn what_breaks_nothing_survives() {
    let _turn = ROLES.lock().await;
    let stage = stage().await;
    for change in
        ["comment on table crm.customers is 'Other words.'", "select 1", "drop table no_such"]
    {
        let mutant = Mutant {
            kind: "isolation".to_owned(),
            object: "crm.customers".to_owned(),
            change: change.to_owned(),
        };
        let caught = stage.try_out(&mutant, &mut QUESTIONS.to_vec(), true).await;
        assert!(caught.survives(&mutant), "{change}");
    }
}

/// `make prove`: the same, with the matrix asked about each mutant, and the table printed.
#[actix_web::test]
#[ignore = "takes minutes; `make prove` runs it"]
async fn prove_thoroughly() {
    let (_, survivors) = prove(Effort::Thorough).await;
    assert!(survivors.is_empty(), "{} survived:\n{}", survivors.len(), survivors.join("\n"));
}
