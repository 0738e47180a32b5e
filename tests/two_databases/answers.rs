//! What two people are answered, in words that do not depend on the database: ids and dates are numbered
//! in the order in which they are first seen.

use std::collections::HashMap;

use uuid::Uuid;

use super::program::{COMMENTS, CUSTOMERS, Program, Request, Who};
use crate::harness::{Person, Reply, World};

/// One of the two, and what they have been told.
struct Talk {
    who: Who,
    person: Person,
    customers: Vec<String>,
    comments: Vec<String>,
    /// The next page of the last list that had one.
    next: Option<String>,
    names: HashMap<String, String>,
    answers: Vec<String>,
}

/// All answers of a run.
pub struct Answers(Vec<Talk>);

impl Answers {
    /// Runs those requests of the program that these people send.
    pub async fn of(world: &World, program: &Program, people: &[Who]) -> Self {
        let mut talks = Vec::new();
        for who in people {
            talks.push(Talk::new(world, *who).await);
        }
        let mut answers = Self(talks);
        for request in program.0.iter().filter(|request| people.contains(&request.who)) {
            answers.send(request).await;
        }
        answers
    }

    /// What this one was answered.
    pub fn to(&self, who: Who) -> Vec<String> {
        self.0.iter().find(|talk| talk.who == who).unwrap().answers.clone()
    }

    async fn send(&mut self, request: &Request) {
        let own = self.0.iter().position(|talk| talk.who == request.who).unwrap();
        let theirs = self.0.iter().find(|talk| talk.who != request.who);
        let mut fillings = self.0[own].fillings("{own ", "{own comment ");
        fillings.extend(match theirs {
            Some(theirs) => theirs.fillings("{theirs ", "{their comment "),
            None => no_fillings("{theirs ", "{their comment "),
        });
        self.0[own].send(request, &fillings).await;
    }
}

impl Talk {
    async fn new(world: &World, who: Who) -> Self {
        let person = match who {
            Who::Alice => world.alice().await,
            Who::Bob => world.bob().await,
        };
        let (customers, comments) = (vec![], vec![]);
        let names = HashMap::new();
        Self { who, person, customers, comments, next: None, names, answers: vec![] }
    }

    /// What stands for this person's customers and comments: of those that there are, in turn.
    fn fillings(&self, customer: &str, comment: &str) -> Vec<(String, String)> {
        let mut fillings = no_fillings(customer, comment);
        let (customers, comments) = fillings.split_at_mut(CUSTOMERS);
        for (places, known) in [(customers, &self.customers), (comments, &self.comments)] {
            for ((_, place), known) in places.iter_mut().zip(known.iter().cycle()) {
                place.clone_from(known);
            }
        }
        fillings
    }

    async fn send(&mut self, request: &Request, fillings: &[(String, String)]) {
        let fill = |text: String, (place, id): &(String, String)| text.replace(place, id);
        let fill = |text: String| fillings.iter().fold(text, fill);
        let next = self.next.clone().unwrap_or_else(|| "/v1/customers".to_owned());
        let path = fill(request.path.replace("{next}", &next));
        let mut http = self.person.request(request.method.clone(), &path);
        if let Some(body) = &request.body {
            http = http
                .insert_header(("content-type", "application/json"))
                .set_payload(fill(body.to_string()));
        }
        let reply = self.person.send(http).await;
        self.remember(request, &reply);
        let (status, headers, text) = reply.seen();
        let seen = self.plain(&format!("{status} {headers:?} {text}"));
        let body = request.body.as_ref().map(ToString::to_string).unwrap_or_default();
        self.answers.push(format!("{} {} {body}\n{seen}", request.method, request.path));
    }

    /// Keeps the ids of what was created.
    fn remember(&mut self, request: &Request, reply: &Reply) {
        self.next = reply.next().or(self.next.take());
        let location = reply.header("location");
        if location.contains("/comments/") {
            self.comments.push(location.to_owned());
        } else if !location.is_empty() {
            self.customers.push(reply.id());
        }
        if request.path == "/v1/customers/batch" {
            let created = reply.json["results"].as_array().into_iter().flatten();
            let created = created.filter(|result| result["status"] == 201);
            self.customers.extend(created.map(|result| result["id"].as_str().unwrap().to_owned()));
        }
    }

    /// With numbers for ids and dates, and without cursors.
    fn plain(&mut self, text: &str) -> String {
        let is_word = |c: char| c.is_ascii_alphanumeric() || "-_:.".contains(c);
        let mut plain = String::new();
        for piece in text.split_inclusive(|c| !is_word(c)) {
            let word = piece.trim_end_matches(|c| !is_word(c));
            plain += &self.name(word);
            plain += &piece[word.len()..];
        }
        plain
    }

    fn name(&mut self, word: &str) -> String {
        let is_date = word.len() > 18 && word.as_bytes()[10] == b'T' && word.ends_with('Z');
        if word.len() > 40 {
            "<cursor>".to_owned()
        } else if is_date || (word.len() == 36 && Uuid::parse_str(word).is_ok()) {
            let number = self.names.len();
            self.names.entry(word.to_owned()).or_insert(format!("<{number}>")).clone()
        } else {
            word.to_owned()
        }
    }
}

/// Customers and comments that never existed.
fn no_fillings(customer: &str, comment: &str) -> Vec<(String, String)> {
    let id =
        |n: usize| Uuid::from_u64_pair(0x0198_c0de_0000_7000, 0x8000_0000_0000_0000 | n as u64);
    let path = |n| format!("/v1/customers/{}/comments/{}", id(n), id(n));
    let customers = (0..CUSTOMERS).map(|n| (format!("{customer}{n}}}"), id(n).to_string()));
    let comments = (0..COMMENTS).map(|n| (format!("{comment}{n}}}"), path(n)));
    customers.chain(comments).collect()
}
