//! The cases of an operation: requests that name records of a book.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use super::book::Book;
use super::document::{Document, Lack, Operation, Parameter, names_an_id};
use super::example::{Examples, is, resource_of};
use super::spellings::{OF_IDS, OF_TEXTS, Spelling};
use crate::harness::{Person, Reply};

/// A request, and who sends it.
#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub method: Method,
    pub address: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
    /// Every person; else one of them, in turns.
    pub everybody: bool,
}

impl Case {
    /// Whether it is a request just as the document has it.
    pub fn is_documented(&self) -> bool {
        self.name.starts_with(DOCUMENTED)
    }

    pub async fn send(&self, person: &Person) -> Reply {
        let request = person.request(self.method.clone(), &self.address);
        let add = |request: TestRequest, (name, value): &(String, String)| {
            request.insert_header((name.as_str(), value.as_str()))
        };
        let request = self.headers.iter().fold(request, add);
        match &self.body {
            Some(body) => person.send(request.set_payload(body.clone())).await,
            None => person.send(request).await,
        }
    }

    /// The same with e-mails that no other case and no other person sends.
    pub fn unique(&self, mark: &str, books: [&Book; 2]) -> Self {
        let marked = |body: String, book: &Book| {
            body.replace(&format!("{}-", book.tag), &format!("{}-{mark}.", book.tag))
        };
        let body = self.body.clone().map(|body| books.into_iter().fold(body, marked));
        Self { body, ..self.clone() }
    }

    /// Everything that the request says, decoded.
    pub fn said(&self) -> String {
        let address = decoded(&self.address);
        let headers: String = self.headers.iter().map(|(_, value)| format!(" {value}")).collect();
        format!("{address}{headers} {}", self.body.as_deref().unwrap_or_default())
    }

    fn called(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    fn at(mut self, address: String) -> Self {
        self.address = address;
        self
    }

    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn by(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    fn once(mut self) -> Self {
        self.everybody = false;
        self
    }
}

/// Writes the cases of one operation about the records of one book.
pub struct Cases<'a> {
    document: &'a Document,
    operation: &'a Operation,
    /// The records that the requests are about.
    book: &'a Book,
    /// Records of the company of whoever asks.
    mine: &'a Book,
    /// The id of what the operation is about.
    resource: String,
    cases: Vec<Case>,
}

impl<'a> Cases<'a> {
    pub fn of(
        document: &'a Document,
        operation: &'a Operation,
        book: &'a Book,
        mine: &'a Book,
    ) -> Result<Vec<Case>, Lack> {
        let mut cases = Self::new(document, operation, book, mine);
        cases.as_documented()?;
        cases.paths()?;
        cases.headers();
        cases.extras();
        cases.queries()?;
        cases.bodies()?;
        Ok(cases.cases)
    }

    /// Just as the document says: the requests that must succeed for those whose records they name.
    pub fn documented(
        document: &'a Document,
        operation: &'a Operation,
        book: &'a Book,
    ) -> Result<Vec<Case>, Lack> {
        let mut cases = Self::new(document, operation, book, book);
        cases.as_documented()?;
        Ok(cases.cases)
    }

    fn new(
        document: &'a Document,
        operation: &'a Operation,
        book: &'a Book,
        mine: &'a Book,
    ) -> Self {
        let resource = resource_of(document, operation);
        Self { document, operation, book, mine, resource, cases: Vec::new() }
    }

    fn as_documented(&mut self) -> Result<(), Lack> {
        let address = self.address(self.book)?;
        let bodies =
            Examples::new(self.document, self.operation, self.book, 0).bodies(self.operation)?;
        if bodies.is_empty() {
            let case = self.request(DOCUMENTED, &address, None);
            self.cases.push(case);
        }
        for (number, (kind, _)) in bodies.iter().enumerate() {
            let (_, body) = self.body(self.book, number)?;
            let name = format!("{DOCUMENTED}, body {number}");
            let case = self.request(&name, &address, Some(&body)).with("content-type", kind);
            self.cases.push(case);
        }
        Ok(())
    }

    // ── Ids in the path ────────────────────────────────────────────────────────────────────────────

    fn paths(&mut self) -> Result<(), Lack> {
        for parameter in self.operation.of("path") {
            let name = &parameter.name;
            let value = self.path_value(self.book, parameter)?;
            for spelling in spellings(self.is_id(parameter)) {
                let (spelt, how) = ((spelling.of)(&value), spelling.name);
                self.path_case(&format!("{name}: {how}"), &[(name, &spelt)])?;
            }
            let others = self.book.ids.iter().filter(|(other, _)| *other != name);
            for (other, id) in others.map(|(name, id)| (name.clone(), id.clone())) {
                self.path_case(&format!("{name}: the {other}"), &[(name, &id)])?;
            }
            if let Some(deleted) = self.book.deleted.get(name).cloned() {
                self.path_case(&format!("{name}: a deleted one"), &[(name, &deleted)])?;
                self.cases.last_mut().into_iter().for_each(|case| case.everybody = true);
            }
            let own = self.path_value(self.mine, parameter)?;
            if self.operation.of("path").count() > 1 {
                self.path_case(&format!("{name}: one's own, the rest not"), &[(name, &own)])?;
            }
        }
        Ok(())
    }

    fn path_case(&mut self, name: &str, values: &[(&str, &str)]) -> Result<(), Lack> {
        let address = self.address_with(self.book, values)?;
        let body = self.body(self.book, 0).ok().map(|(_, body)| body);
        let case = self.request(name, &address, body.as_ref()).once();
        self.cases.push(case);
        Ok(())
    }

    // ── Headers and methods ────────────────────────────────────────────────────────────────────────

    fn headers(&mut self) {
        let base = self.cases[0].clone();
        for etag in self.book.etags.values() {
            for header in ["if-match", "if-none-match"] {
                let case = base.clone().called(format!("{header}: hers")).with(header, etag);
                self.cases.push(case);
            }
        }
        for (header, value) in HEADERS {
            let case = base.clone().called(format!("{header}: {value}")).with(header, value);
            self.cases.push(case.once());
        }
        for (header, name) in IDENTITY_HEADERS {
            let case = base.clone().called(*header).with(header, &self.book.ids[*name]);
            self.cases.push(case.once());
        }
        for method in METHODS.map(|method| method.parse::<Method>().unwrap()) {
            if method != base.method {
                self.cases.push(base.clone().called(format!("by {method}")).by(method).once());
            }
        }
    }

    // ── Ids where nobody asked for them ────────────────────────────────────────────────────────────

    fn extras(&mut self) {
        let base = self.cases[0].clone();
        for (name, id) in self.book.ids.clone() {
            let address = format!("{}?{name}={id}", base.address);
            let case = base.clone().at(address).called(format!("{name} in the query"));
            self.cases.push(case.once());
            let Some(body) = base.body.as_ref() else { continue };
            let body: Value = serde_json::from_str(body).unwrap();
            for pointer in objects(&body, "") {
                let mut body = body.clone();
                body.pointer_mut(&pointer).unwrap()[&name] = json!(id);
                let case = base.clone().called(format!("{name} in the body at {pointer:?}"));
                self.cases.push(Case { body: Some(body.to_string()), ..case }.once());
            }
        }
    }

    // ── Query parameters ───────────────────────────────────────────────────────────────────────────

    fn queries(&mut self) -> Result<(), Lack> {
        let parameters: Vec<Parameter> = self.operation.of("query").cloned().collect();
        let (mut ids, mut words) = (Vec::new(), Vec::new());
        for parameter in &parameters {
            if is(&parameter.schema, "object") {
                self.free_parameters(parameter)?;
                continue;
            }
            for (how, value) in self.query_values(parameter)? {
                let pair = format!("{}={value}", parameter.name);
                self.query(&format!("{}: {how}", parameter.name), &pair, how == HERS)?;
                match how {
                    HERS if names_an_id(&parameter.name) => ids.push(pair),
                    WORD => words.push(pair),
                    _ => {}
                }
            }
        }
        for id in &ids {
            for word in &words {
                self.query(&format!("an id of hers, and {word}"), &format!("{id}&{word}"), false)?;
            }
        }
        Ok(())
    }

    /// Parameters whose names are known to a company alone: that of the example, and one that is called like hers.
    fn free_parameters(&mut self, parameter: &Parameter) -> Result<(), Lack> {
        let example = parameter.schema["examples"][0].as_object().cloned().unwrap_or_default();
        for (name, value) in example {
            self.query(&name, &format!("{name}={}", encoded(&plain(&value))), false)?;
        }
        let key = self.book.records.get("custom_field_id").and_then(|field| field["key"].as_str());
        if let Some(key) = key {
            let name = format!("{}.{}", parameter.name, encoded(key));
            self.query(&format!("{}: {HERS}", parameter.name), &format!("{name}=x"), true)?;
        }
        Ok(())
    }

    /// Asks about one's own parent, and about that of the book.
    fn query(&mut self, name: &str, query: &str, everybody: bool) -> Result<(), Lack> {
        let mut addresses = vec![self.address(self.mine)?];
        if self.operation.of("path").next().is_some() {
            addresses.push(self.address(self.book)?);
        }
        for address in addresses {
            let mut case = self.request(name, &format!("{address}?{query}"), None);
            case.everybody = everybody;
            self.cases.push(case);
        }
        Ok(())
    }

    fn query_values(&self, parameter: &Parameter) -> Result<Vec<(&'static str, String)>, Lack> {
        let name = &parameter.name;
        let schema = parameter.single(self.document);
        let schema = self.document.alternatives(&schema).swap_remove(0);
        let at = format!("the query parameter {name} of {}", self.operation.name);
        if names_an_id(name) && schema["format"] != "uuid" {
            Err(Lack(format!("add `format: uuid` to {at}")))
        } else if names_an_id(name) {
            self.id_values(parameter, &at)
        } else if name == "cursor" {
            Ok(self.book.cursors.values().map(|cursor| (HERS, cursor.clone())).collect())
        } else if let Some(words) = words(&schema, parameter.is_list()) {
            Ok(words.into_iter().map(|word| (WORD, word)).collect())
        } else {
            self.text_values(parameter, &schema, &at)
        }
    }

    /// What a record of hers has there, or else what the document gives for an example.
    fn text_values(
        &self,
        parameter: &Parameter,
        schema: &Value,
        at: &str,
    ) -> Result<Vec<(&'static str, String)>, Lack> {
        if let Some(text) = self.book.text(&self.resource, &parameter.name) {
            let text = encoded(text);
            return Ok(vec![(HERS, text.clone()), ("upper case", text.to_uppercase())]);
        }
        let given = ["example", "default", "minimum"].iter().find_map(|word| schema.get(word));
        let given = parameter.example.as_ref().or(given).map(plain);
        let given = given.ok_or_else(|| Lack(format!("add an example to {at}")))?;
        Ok(vec![(DOCUMENTED, encoded(&given))])
    }

    fn id_values(
        &self,
        parameter: &Parameter,
        at: &str,
    ) -> Result<Vec<(&'static str, String)>, Lack> {
        let of = |book: &Book| {
            let named = book.ids.iter().filter(|(name, _)| parameter.name.starts_with(*name));
            let named = named.max_by_key(|(name, _)| name.len()).map(|(_, id)| id);
            let plain =
                parameter.name.starts_with("id").then(|| book.ids.get(&self.resource)).flatten();
            // The record that something is about may be of any kind.
            let any = (parameter.name == "record_id").then(|| book.ids.get("user_id")).flatten();
            named.or(plain).or(any).cloned()
        };
        let lack = || Lack(format!("{at} is the id of nothing with a path"));
        let (hers, own) = (of(self.book).ok_or_else(lack)?, of(self.mine).ok_or_else(lack)?);
        let mut values = vec![(HERS, hers.clone())];
        if parameter.is_list() {
            values.push((HERS, format!("{own},{hers}")));
            values.push((HERS, format!("{hers},{own}")));
        }
        values.extend(spellings(true).map(|spelling| (spelling.name, (spelling.of)(&hers))));
        Ok(values)
    }

    // ── Bodies ─────────────────────────────────────────────────────────────────────────────────────

    /// About one's own record, with values of the book in the body.
    fn bodies(&mut self) -> Result<(), Lack> {
        let count = Examples::new(self.document, self.operation, self.mine, 0)
            .bodies(self.operation)?
            .len();
        for number in 0..count {
            let (kind, own) = self.body(self.mine, number)?;
            for (name, body, everybody) in self.changed(&own) {
                let address = self.address(self.mine)?;
                let name = format!("body {number}: {name}");
                let mut case =
                    self.request(&name, &address, Some(&body)).with("content-type", &kind);
                case.everybody = everybody;
                self.cases.push(case);
            }
        }
        Ok(())
    }

    /// The body with ids and texts of the book in the place of one's own, one after the other.
    fn changed(&self, own: &Value) -> Vec<(String, Value, bool)> {
        let mut changed = Vec::new();
        for (pointer, id) in strings(own, "") {
            let name = self.mine.ids.iter().find(|(_, own)| **own == id).map(|(name, _)| name);
            if let Some(name) = name {
                changed.extend(self.with_ids(own, &pointer, name));
            } else if let Some(text) = self.text_for(&pointer) {
                changed.push((format!("{pointer} hers"), put(own, &pointer, &text), true));
            }
        }
        changed
    }

    fn with_ids(&self, own: &Value, pointer: &str, name: &str) -> Vec<(String, Value, bool)> {
        let id = &self.book.ids[name];
        let mut changed = vec![(format!("{pointer} hers"), put(own, pointer, id), true)];
        changed.extend(
            self.book.deleted.get(name).map(|deleted| {
                (format!("{pointer} a deleted one"), put(own, pointer, deleted), true)
            }),
        );
        for (other, id) in self.book.ids.iter().filter(|(other, _)| *other != name) {
            changed.push((format!("{pointer} the {other}"), put(own, pointer, id), false));
        }
        for spelling in spellings(true) {
            let spelt = decoded(&(spelling.of)(id));
            changed.push((
                format!("{pointer} {}", spelling.name),
                put(own, pointer, &spelt),
                false,
            ));
        }
        if let Some(mixed) = among_own(own, pointer, id) {
            changed.push((format!("{pointer} hers, among one's own"), mixed, true));
        }
        changed
    }

    fn text_for(&self, pointer: &str) -> Option<String> {
        let name = pointer.rsplit('/').next()?;
        let text = self.book.records.get(&self.resource)?.get(name)?.as_str()?;
        (text.contains("canary") || text.contains("nobody")).then(|| text.to_owned())
    }

    // ── Parts ──────────────────────────────────────────────────────────────────────────────────────

    fn request(&self, name: &str, address: &str, body: Option<&Value>) -> Case {
        let json = ("content-type".to_owned(), "application/json".to_owned());
        Case {
            name: name.to_owned(),
            method: self.operation.method.clone(),
            address: address.to_owned(),
            headers: body.map(|_| json).into_iter().collect(),
            body: body.map(Value::to_string),
            everybody: true,
        }
    }

    /// One of the bodies about the records of the book.
    fn body(&self, book: &Book, number: usize) -> Result<(String, Value), Lack> {
        let examples = Examples::new(self.document, self.operation, book, NOT_A_RECORD);
        let mut bodies = examples.bodies(self.operation)?;
        if number < bodies.len() {
            Ok(bodies.swap_remove(number))
        } else {
            Err(Lack("no body".into()))
        }
    }

    fn address(&self, book: &Book) -> Result<String, Lack> {
        self.address_with(book, &[])
    }

    fn address_with(&self, book: &Book, values: &[(&str, &str)]) -> Result<String, Lack> {
        let mut address = self.operation.path.clone();
        for parameter in self.operation.of("path") {
            let name = &parameter.name;
            let other = values.iter().find(|(given, _)| given == name);
            let value = match other {
                Some((_, value)) => (*value).to_owned(),
                None => self.path_value(book, parameter)?,
            };
            address = address.replace(&format!("{{{name}}}"), &value);
        }
        Ok(address)
    }

    fn path_value(&self, book: &Book, parameter: &Parameter) -> Result<String, Lack> {
        let name = &parameter.name;
        let at = format!("the path parameter {name} of {}", self.operation.name);
        if names_an_id(name) {
            if parameter.schema["format"] != "uuid" {
                return Err(Lack(format!("add `format: uuid` to {at}")));
            }
            let lack = || Lack(format!("no operation creates or lists what {at} is the id of"));
            return book.ids.get(name).cloned().ok_or_else(lack);
        }
        let lack = || Lack(format!("{at} is neither an id nor a field of a record"));
        book.text(&self.resource, name).map(encoded).ok_or_else(lack)
    }

    fn is_id(&self, parameter: &Parameter) -> bool {
        parameter.schema["format"] == "uuid"
    }
}

/// The number of e-mails that are in no record of a book.
const NOT_A_RECORD: usize = 100;
const DOCUMENTED: &str = "as documented";
/// What a parameter's value is called that the walk is about.
const HERS: &str = "hers";
/// What one is called that stands in a list of words.
const WORD: &str = "a word";

/// Headers that some services believe, with the id that would make somebody else of the caller.
const IDENTITY_HEADERS: &[(&str, &str)] = &[
    ("x-company-id", "company_id"),
    ("x-tenant-id", "company_id"),
    ("x-user-id", "user_id"),
    ("x-forwarded-user", "user_id"),
];

const METHODS: [&str; 9] =
    ["HEAD", "OPTIONS", "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"];

/// Headers that change how a request is answered.
const HEADERS: &[(&str, &str)] = &[
    ("if-match", "*"),
    ("if-match", "\"v1\""),
    ("if-match", "\"v4711\""),
    ("if-match", "W/\"v1\""),
    ("if-match", "nonsense"),
    ("if-none-match", "*"),
    ("if-none-match", "\"v4711\""),
    ("if-modified-since", "Mon, 23 Nov 2026 14:30:52 GMT"),
    ("range", "bytes=0-0"),
    ("prefer", "return=minimal"),
    ("prefer", "return=representation"),
    ("prefer", "respond-async"),
    ("content-type", "text/plain"),
    ("content-type", "application/merge-patch+json"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-encoding", "gzip"),
    ("accept", "text/html"),
    ("accept", "application/problem+json"),
    ("accept-encoding", "gzip"),
    ("origin", "https://nike.example"),
    ("x-http-method-override", "GET"),
    ("x-original-url", "/v1/customers"),
    ("expect", "100-continue"),
];

fn spellings(of_ids: bool) -> impl Iterator<Item = &'static Spelling> {
    OF_TEXTS.iter().chain(if of_ids { OF_IDS } else { &[] })
}

/// The words that may stand there, and all of them together in a list.
fn words(schema: &Value, list: bool) -> Option<Vec<String>> {
    if is(schema, "boolean") {
        return Some(vec!["true".to_owned(), "false".to_owned()]);
    }
    let mut words: Vec<String> = schema["enum"].as_array()?.iter().map(plain).collect();
    words.extend(list.then(|| words.join(",")));
    Some(words)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Everything but letters, digits, dots and hyphens as `%xx`.
fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02x}") })
        .collect()
}

fn decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let hex =
            after.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        let byte = hex.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The pointers of all objects in a value.
fn objects(value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(value.is_object().then(|| at.to_owned()));
    for (name, inner) in members(value) {
        found.extend(objects(inner, &format!("{at}/{name}")));
    }
    found
}

/// The pointers of all texts in a value, with the texts.
fn strings(value: &Value, at: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    found.extend(value.as_str().map(|text| (at.to_owned(), text.to_owned())));
    for (name, inner) in members(value) {
        found.extend(strings(inner, &format!("{at}/{name}")));
    }
    found
}

fn members(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, inner)| (name.clone(), inner)).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, inner)| (index.to_string(), inner)).collect()
        }
        _ => Vec::new(),
    }
}

fn put(body: &Value, pointer: &str, text: &str) -> Value {
    let mut body = body.clone();
    *body.pointer_mut(pointer).unwrap() = json!(text);
    body
}

/// The list that the pointer leads through, with one's own item first and then the same with this id.
fn among_own(own: &Value, pointer: &str, id: &str) -> Option<Value> {
    let (list, rest) = pointer.split_once("/0/")?;
    let mut body = own.clone();
    let mut item = own.pointer(&format!("{list}/0"))?.clone();
    *item.pointer_mut(&format!("/{rest}"))? = json!(id);
    body.pointer_mut(list)?.as_array_mut()?.push(item);
    Some(body)
}
