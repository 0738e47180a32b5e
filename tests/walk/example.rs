//! Bodies, from the examples of the document and the ids of a book.

use serde_json::{Map, Value, json};

use super::book::Book;
use super::document::{Document, Lack, Operation, names_an_id};

pub struct Examples<'a> {
    pub document: &'a Document,
    pub book: &'a Book,
    /// What plain `id` means: the id of the resource that the operation is about.
    pub resource: String,
    /// Makes unique values of two requests different.
    pub number: usize,
    /// Whether e-mails are made unique; those of a login are not.
    unique: bool,
}

impl<'a> Examples<'a> {
    pub fn new(
        document: &'a Document,
        operation: &Operation,
        book: &'a Book,
        number: usize,
    ) -> Self {
        let resource = resource_of(document, operation);
        Self { document, book, resource, number, unique: operation.secured }
    }

    /// One body for each alternative of the schema and each boolean in it, and the document's own.
    pub fn bodies(&self, operation: &Operation) -> Result<Vec<(String, Value)>, Lack> {
        let mut bodies = Vec::new();
        for (kind, schema, example) in &operation.bodies {
            for alternative in self.document.alternatives(schema) {
                let at = format!("the body of {}", operation.name);
                let body = self.object(&alternative, &at)?;
                bodies.extend(with_booleans(body).into_iter().map(|body| (kind.clone(), body)));
            }
            bodies.extend(example.clone().map(|body| (kind.clone(), self.unique(body))));
        }
        Ok(bodies)
    }

    /// The example with e-mails that nobody else has.
    fn unique(&self, example: Value) -> Value {
        match example {
            Value::String(text) if self.unique && text.contains('@') => json!(self.email()),
            Value::Array(items) => items.into_iter().map(|item| self.unique(item)).collect(),
            Value::Object(members) => {
                members.into_iter().map(|(name, inner)| (name, self.unique(inner))).collect()
            }
            other => other,
        }
    }

    fn email(&self) -> String {
        format!("{}-{}@example.com", self.book.tag, self.number)
    }

    /// An object with all its members, but numbers that may be absent.
    fn object(&self, schema: &Value, at: &str) -> Result<Value, Lack> {
        let mut members = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let property = self.document.alternatives(property).swap_remove(0);
            let required =
                schema["required"].as_array().is_some_and(|all| all.contains(&json!(name)));
            if required || !is(&property, "integer") {
                members
                    .insert(name.clone(), self.value(&property, name, &format!("{name} of {at}"))?);
            }
        }
        Ok(Value::Object(members))
    }

    fn value(&self, schema: &Value, name: &str, at: &str) -> Result<Value, Lack> {
        if schema["format"] == "uuid" || (names_an_id(name) && is(schema, "string")) {
            return self.id(schema, name, at);
        }
        if schema["format"] == "email" && self.unique {
            return Ok(json!(self.email()));
        }
        // No other record of its kind has the key.
        if name == "key" {
            return Ok(json!(format!("key-{}-{}", self.book.tag, self.number).to_lowercase()));
        }
        let given = ["example", "const", "default"].iter().find_map(|word| schema.get(word));
        let first = ["examples", "enum"].iter().find_map(|word| schema[word].get(0));
        if let Some(value) = given.or(first) {
            return Ok(value.clone());
        }
        if is(schema, "boolean") {
            Ok(json!(false))
        } else if is(schema, "array") {
            let item = self.document.alternatives(&schema["items"]).swap_remove(0);
            Ok(json!([self.value(&item, name, &format!("an item of {at}"))?]))
        } else if is(schema, "object") {
            self.object(schema, at)
        } else {
            Err(Lack(format!("add an example to {at}")))
        }
    }

    fn id(&self, schema: &Value, name: &str, at: &str) -> Result<Value, Lack> {
        if schema["format"] != "uuid" {
            return Err(Lack(format!("add `format: uuid` to {at}")));
        }
        let name = if name == "id" { &self.resource } else { name.trim_end_matches('s') };
        // What is another record's id is called so at its end: recipient_user_id.
        let ids = self.book.ids.iter().filter(|(known, _)| name.ends_with(known.as_str()));
        let id = ids.max_by_key(|(known, _)| known.len()).map(|(_, id)| id);
        id.map(|id| json!(id)).ok_or_else(|| Lack(format!("{at} is the id of nothing with a path")))
    }
}

/// The name of the id of what the operation is about: the longest collection that its path goes through.
pub fn resource_of(document: &Document, operation: &Operation) -> String {
    let through = document.resources.iter().filter(|r| {
        let rest = operation.path.strip_prefix(&r.collection);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let longest = through.max_by_key(|resource| resource.collection.len());
    longest.map(|resource| resource.id.clone()).unwrap_or_default()
}

/// Whether the schema is of this type, or of this type and null.
pub fn is(schema: &Value, kind: &str) -> bool {
    let one = &schema["type"];
    one == kind || one.as_array().is_some_and(|all| all.contains(&json!(kind)))
}

/// The body, and the body with each of its booleans turned.
fn with_booleans(body: Value) -> Vec<Value> {
    let turned = body.as_object().into_iter().flatten().filter_map(|(name, value)| {
        let mut turned = body.clone();
        turned[name] = json!(!value.as_bool()?);
        Some(turned)
    });
    let turned: Vec<Value> = turned.collect();
    [vec![body], turned].concat()
}
