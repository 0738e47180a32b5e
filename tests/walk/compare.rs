//! The second half: people of the other company, with Alice's book in their hands. Every request is sent
//! twice, about her records and about records that never were.

use actix_web::http::StatusCode;
use tracing::subscriber::DefaultGuard;

use super::book::Book;
use super::canaries::Canaries;
use super::cases::{Case, Cases};
use super::document::{Lack, Operation};
use super::judge;
use super::log::Log;
use super::report::{Finding, Report};
use super::rows::Sums;
use super::scene::{BOSS, Known, Scene};
use crate::harness::{Person, Reply};

/// An operation with so many findings is not asked any further.
const ENOUGH: usize = 25;

pub struct Comparison<'a> {
    scene: &'a Scene,
    hers: Book,
    canaries: Canaries,
    /// Everybody of the other company, and somebody without a token.
    people: Vec<Known>,
    sums: Sums,
    /// Whether something was read since.
    was_read: bool,
    log: Log,
    report: Report,
    _listening: DefaultGuard,
}

impl<'a> Comparison<'a> {
    pub async fn begin(scene: &'a Scene) -> Result<Self, Lack> {
        let (canaries, hers) = scene.plant().await?;
        let mut people = scene.coca_cola.clone();
        people.push(("a stranger".to_owned(), scene.world.stranger()));
        let (log, _listening) = Log::listen();
        let report = Report { canaries: canaries.count(), ..Report::default() };
        let sums = scene.rows.sums(&scene.admin).await;
        Ok(Self { scene, hers, canaries, people, sums, was_read: false, log, report, _listening })
    }

    /// Walks the operations with such names.
    pub async fn of(mut self, wanted: impl Fn(&str) -> bool) -> Report {
        let document = &self.scene.document;
        for operation in document.operations.iter().filter(|operation| wanted(&operation.name)) {
            self.report.cases.insert(operation.name.clone(), 0);
            if let Err(Lack(why)) = self.walk(operation).await {
                self.report.not_driven.insert(operation.name.clone(), why);
            }
        }
        self.report
    }

    /// The same cases from both books. What is one's own is new in both, so that one pair of requests finds
    /// as much of it as the other.
    async fn walk(&mut self, operation: &Operation) -> Result<(), Lack> {
        let hers = self.hers.again();
        let nobodys = hers.of_nobody();
        let (mine, mine_too) = (self.own(operation).await?, self.own(operation).await?);
        let document = &self.scene.document;
        let about_hers = Cases::of(document, operation, &hers, &mine)?;
        let about_nobody = Cases::of(document, operation, &nobodys, &mine_too)?;
        assert_eq!(about_hers.len(), about_nobody.len(), "{}", operation.name);
        let books = [&hers, &mine, &nobodys, &mine_too];
        let before = self.scene.rows.thorough_sums(&self.scene.admin).await;
        let found = self.report.findings.len();
        for (number, pair) in about_hers.iter().zip(&about_nobody).enumerate() {
            if self.report.findings.len() >= found + ENOUGH {
                break;
            }
            for (turn, known) in self.senders(operation, pair.0, number).iter().enumerate() {
                let mark = format!("{number}.{turn}");
                let hers = pair.0.unique(&mark, [&hers, &mine]);
                let nobodys = pair.1.unique(&mark, [&nobodys, &mine_too]);
                self.pair(operation, known, (&hers, &nobodys), &books).await;
            }
        }
        self.nothing_was_written(operation).await;
        let after = self.scene.rows.thorough_sums(&self.scene.admin).await;
        if before.hers != after.hers {
            self.found(operation, "all cases", judge::HERS_CHANGED);
        }
        Ok(())
    }

    /// Records of Bob's company, made by him; hers must not change by that either.
    async fn own(&mut self, operation: &Operation) -> Result<Book, Lack> {
        let book = self.scene.records_of(self.scene.bob(), 1).await?;
        let after = self.scene.rows.sums(&self.scene.admin).await;
        if self.sums.hers != after.hers {
            self.found(operation, "records of one's own", judge::HERS_CHANGED);
        }
        self.sums = after;
        self.log.take();
        Ok(book)
    }

    /// Everybody, or one of the company after the other. Where no token is asked for, all are strangers.
    fn senders(&self, operation: &Operation, case: &Case, number: usize) -> Vec<Known> {
        let (stranger, company) = self.people.split_last().unwrap();
        if !operation.secured {
            vec![stranger.clone()]
        } else if case.everybody {
            self.people.clone()
        } else {
            vec![company[number % company.len()].clone()]
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
        if !hers.method.is_safe() {
            self.nothing_was_written(operation).await;
        }
        *self.report.cases.get_mut(&operation.name).unwrap() += 1;
        let case = format!("{name}, {}", hers.name);
        let one = self.ask(operation, &case, person, hers).await;
        let other = self.ask(operation, &case, person, nobodys).await;
        let answers = self.report.answers.entry(operation.name.clone()).or_default();
        *answers.entry(one.status).or_default() += 1;
        if let Some(what) = judge::together(&one, &other, books) {
            self.found(operation, &case, &what);
        }
        if name == BOSS && hers.is_documented() && operation.has_id_in_path() {
            self.not_found(operation, &case, &one);
        }
        if hers.method.is_safe() {
            self.was_read = true;
            return;
        }
        let after = self.scene.rows.sums(&self.scene.admin).await;
        if let Some(what) = judge::rows(&self.sums, &after, [&one, &other]) {
            self.found(operation, &case, what);
        }
        if self.sums.all != after.all {
            self.canaries.written(&hers.said());
        }
        self.sums = after;
    }

    /// Of those who only read, whatever they are answered; many of them at once.
    async fn nothing_was_written(&mut self, operation: &Operation) {
        if std::mem::take(&mut self.was_read) {
            let after = self.scene.rows.sums(&self.scene.admin).await;
            if let Some(what) = judge::unread(&self.sums, &after) {
                self.found(operation, "cases that only read", what);
            }
            self.sums = after;
        }
    }

    async fn ask(
        &mut self,
        operation: &Operation,
        name: &str,
        person: &Person,
        case: &Case,
    ) -> Reply {
        let reply = case.send(person).await;
        let log = self.log.take();
        for what in judge::alone(&reply, &log, &self.canaries, &case.said()) {
            self.found(operation, name, &what);
        }
        reply
    }

    /// Two answers could also be the same because both requests are wrong in the same way.
    fn not_found(&mut self, operation: &Operation, case: &str, reply: &Reply) {
        if reply.status != StatusCode::NOT_FOUND {
            self.found(operation, case, &format!("{} was answered, not 404", reply.status));
        }
    }

    fn found(&mut self, operation: &Operation, case: &str, what: &str) {
        let (operation, case, what) = (operation.name.clone(), case.to_owned(), what.to_owned());
        self.report.findings.push(Finding { operation, case, what });
    }
}
