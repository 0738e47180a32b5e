//! The walk itself: first as those whose records they are, then as others.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use actix_web::test::TestRequest;
use tracing::subscriber::DefaultGuard;

use super::book::Book;
use super::canaries::Canaries;
use super::cases::{Case, Cases};
use super::document::{Lack, Operation};
use super::judge;
use super::log::Log;
use super::rows::Sums;
use super::scene::{Known, Scene};
use crate::harness::{Person, Reply};

/// What was walked, and what was found.
#[derive(Default)]
pub struct Report {
    /// By operation, how many pairs of requests were compared.
    pub cases: BTreeMap<String, usize>,
    pub findings: Vec<Finding>,
    /// What the document lacks, by operation.
    pub lacks: BTreeMap<String, String>,
    pub canaries: (usize, usize),
}

pub struct Finding {
    pub operation: String,
    pub case: String,
    pub what: String,
}

impl Report {
    /// The operations with findings.
    pub fn red(&self) -> Vec<&str> {
        let red: BTreeSet<&str> = self.findings.iter().map(|f| f.operation.as_str()).collect();
        red.into_iter().collect()
    }
}

/// Sends every operation as documented, as each person of Alice's company; answers what went wrong, by
/// operation.
pub async fn drive(scene: &Scene) -> BTreeMap<String, String> {
    let mut wrong = BTreeMap::new();
    for operation in &scene.document.operations {
        for known in &scene.nike {
            if let Err(Lack(why)) = drive_one(scene, operation, known).await {
                wrong.insert(operation.name.clone(), why);
            }
        }
    }
    wrong
}

/// Once about living records, and where that is refused, about deleted ones. Whoever is not the boss may
/// be told that it is not their business.
async fn drive_one(scene: &Scene, operation: &Operation, known: &Known) -> Result<(), Lack> {
    let (name, person) = known;
    let count = if name == "the boss" { 3 } else { 1 };
    let book = scene.records_of(scene.alice(), count).await?;
    for case in Cases::documented(&scene.document, operation, &book)? {
        let mut reply = send(person, &case).await;
        if reply.status >= 400 && count == 3 {
            let book = Book {
                ids: [book.ids.clone(), book.deleted.clone()].into_iter().flatten().collect(),
                ..book.clone()
            };
            let cases = Cases::documented(&scene.document, operation, &book)?;
            let same = cases.iter().find(|same| same.name == case.name);
            reply = send(person, same.unwrap_or(&case)).await;
        }
        if reply.status >= 300 && reply.status != 403 {
            return Err(Lack(format!("{name}, {}: {} {}", case.name, reply.status, reply.text)));
        }
    }
    Ok(())
}

/// The second half: people of the other company, with Alice's book in their hands.
pub struct Walk<'a> {
    scene: &'a Scene,
    /// What is hers.
    hers: Book,
    canaries: Canaries,
    people: Vec<Known>,
    sums: Sums,
    log: Log,
    report: Report,
    _listening: DefaultGuard,
}

impl<'a> Walk<'a> {
    pub async fn begin(scene: &'a Scene) -> Result<Self, Lack> {
        let (canaries, hers) = scene.plant().await?;
        let mut people = scene.coca_cola.clone();
        people.push(("a stranger".to_owned(), scene.world.stranger()));
        let (log, listening) = Log::listen();
        let report = Report { canaries: canaries.count(), ..Report::default() };
        let sums = scene.rows.sums(&scene.admin).await;
        Ok(Self { scene, hers, canaries, people, sums, log, report, _listening: listening })
    }

    pub async fn every(self) -> Report {
        self.only(|_| true).await
    }

    /// The operations with such names.
    pub async fn only(mut self, wanted: impl Fn(&str) -> bool) -> Report {
        let document = &self.scene.document;
        for operation in document.operations.iter().filter(|operation| wanted(&operation.name)) {
            self.report.cases.insert(operation.name.clone(), 0);
            if let Err(Lack(why)) = self.walk(operation).await {
                self.report.lacks.insert(operation.name.clone(), why);
            }
        }
        self.report
    }

    /// The same cases about hers and about nobody's, side by side; each company member's own records are
    /// new for each.
    async fn walk(&mut self, operation: &Operation) -> Result<(), Lack> {
        let hers = Book { tag: Book::new().tag, ..self.hers.clone() };
        let nobodys = hers.of_nobody();
        let mine = self.own_records(operation).await?;
        let other = self.own_records(operation).await?;
        let document = &self.scene.document;
        let about_hers = Cases::of(document, operation, &hers, &mine)?;
        let about_nobody = Cases::of(document, operation, &nobodys, &other)?;
        assert_eq!(about_hers.len(), about_nobody.len());
        for (number, pair) in about_hers.iter().zip(&about_nobody).enumerate() {
            for person in self.senders(operation, pair.0, number) {
                self.pair(operation, &person, pair, &[&hers, &mine, &nobodys, &other]).await;
            }
        }
        Ok(())
    }

    async fn own_records(&mut self, operation: &Operation) -> Result<Book, Lack> {
        let book = self.scene.records_of(self.scene.bob(), 1).await?;
        let before =
            std::mem::replace(&mut self.sums, self.scene.rows.sums(&self.scene.admin).await);
        if before.hers != self.sums.hers {
            let what = "rows of the other company have changed".to_owned();
            self.found(operation, "creating records of one's own", what);
        }
        self.log.take();
        Ok(book)
    }

    /// Everybody, or one member of the company after the other; whoever sends no token is nobody.
    fn senders(&self, operation: &Operation, case: &Case, number: usize) -> Vec<Known> {
        let (stranger, members) = self.people.split_last().unwrap();
        if !operation.secured {
            vec![stranger.clone()]
        } else if case.everybody {
            self.people.clone()
        } else {
            vec![members[number % members.len()].clone()]
        }
    }

    async fn pair(
        &mut self,
        operation: &Operation,
        (name, person): &Known,
        (hers, nobodys): (&Case, &Case),
        books: &[&Book],
    ) {
        assert_eq!(hers.name, nobodys.name);
        *self.report.cases.get_mut(&operation.name).unwrap() += 1;
        let case = format!("{name}, {}", hers.name);
        let one = self.ask(operation, &case, person, hers).await;
        let other = self.ask(operation, &case, person, nobodys).await;
        if let Some(what) = judge::together(&one, &other, books) {
            self.found(operation, &case, what);
        }
        if operation.has_id_in_path()
            && case.starts_with("the boss, as documented")
            && one.status != 404
        {
            self.found(operation, &case, format!("{} was answered, not 404", one.status));
        }
        let after = self.scene.rows.sums(&self.scene.admin).await;
        if let Some(what) = judge::rows(&self.sums, &after, [&one, &other]) {
            self.found(operation, &case, what.to_owned());
        }
        if self.sums.all != after.all {
            self.canaries.written(&hers.said());
        }
        self.sums = after;
    }

    async fn ask(
        &mut self,
        operation: &Operation,
        name: &str,
        person: &Person,
        case: &Case,
    ) -> Reply {
        let reply = send(person, case).await;
        let log = self.log.take();
        for what in judge::alone(&reply, &log, &self.canaries, &case.said()) {
            self.found(operation, name, what);
        }
        reply
    }

    fn found(&mut self, operation: &Operation, case: &str, what: String) {
        let (operation, case) = (operation.name.clone(), case.to_owned());
        self.report.findings.push(Finding { operation, case, what });
    }
}

async fn send(person: &Person, case: &Case) -> Reply {
    let request = person.request(case.method.clone(), &case.address);
    let add = |request: TestRequest, (name, value): &(String, String)| {
        request.insert_header((name.as_str(), value.as_str()))
    };
    let request = case.headers.iter().fold(request, add);
    person
        .send(match &case.body {
            Some(body) => request.set_payload(body.clone()),
            None => request,
        })
        .await
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (operation, count) in &self.cases {
            writeln!(f, "{count:6}  {operation}")?;
        }
        let total: usize = self.cases.values().sum();
        let (canaries, columns) = self.canaries;
        writeln!(
            f,
            "{total:6}  cases of {} operations; {canaries} canaries, {columns} columns planted",
            self.cases.len()
        )?;
        for (operation, why) in &self.lacks {
            writeln!(f, "  {operation} cannot be walked: {why}")?;
        }
        for operation in self.red() {
            let all: Vec<&Finding> =
                self.findings.iter().filter(|x| x.operation == operation).collect();
            writeln!(f, "  {operation}: {} findings", all.len())?;
            for Finding { case, what, .. } in all.into_iter().take(5) {
                writeln!(f, "    {case}: {what}")?;
            }
        }
        Ok(())
    }
}
