//! The document, as the walk reads it: operations, and the records that their ids belong to.

use actix_web::http::Method;
use serde_json::{Map, Value};

/// What the document must say before an operation can be walked.
#[derive(Debug, Clone)]
pub struct Lack(pub String);

pub struct Document {
    whole: Value,
    pub operations: Vec<Operation>,
    /// Everything with an id in a path, parents first.
    pub resources: Vec<Resource>,
}

/// One method of one path.
#[derive(Debug, Clone)]
pub struct Operation {
    pub name: String,
    pub method: Method,
    pub path: String,
    pub parameters: Vec<Parameter>,
    /// Whether it takes a token.
    pub secured: bool,
    id_in_body: bool,
    /// The roles that may, as `x-roles` says.
    pub roles: Vec<String>,
    /// The scope of an API key that may, as `security` says; none if no key may.
    pub scope: Option<String>,
    /// Content type, schema and example of each body that it takes.
    pub bodies: Vec<(String, Value, Option<Value>)>,
}

#[derive(Debug, Clone)]
pub struct Parameter {
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    pub schema: Value,
    pub example: Option<Value>,
}

/// Records with an address of their own: `/v1/customers/{customer_id}`.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The name of its id in paths, `customer_id`.
    pub id: String,
    /// Where it is created and listed, `/v1/customers`.
    pub collection: String,
    pub item: String,
}

impl Document {
    pub fn of_the_code() -> Self {
        Self::new(serde_json::from_str(&paddock_api::document().to_json().unwrap()).unwrap())
    }

    pub fn new(whole: Value) -> Self {
        let mut document = Self { whole, operations: Vec::new(), resources: Vec::new() };
        document.operations = document.all_operations();
        document.resources = document.all_resources();
        document
    }

    fn all_operations(&self) -> Vec<Operation> {
        let paths = self.whole["paths"].as_object().unwrap();
        let of_path = |(path, item): (&String, &Value)| {
            let methods = item.as_object().unwrap().iter();
            methods.map(|(method, o)| self.operation(path, method, o)).collect::<Vec<_>>()
        };
        paths.iter().flat_map(of_path).collect()
    }

    fn operation(&self, path: &str, method: &str, operation: &Value) -> Operation {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        let content = operation["requestBody"]["content"].as_object().into_iter().flatten();
        let body = |(kind, media): (&String, &Value)| {
            (kind.clone(), self.resolve(&media["schema"]), media.get("example").cloned())
        };
        Operation {
            name: operation["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase().parse().unwrap(),
            path: path.to_owned(),
            parameters: parameters.map(|parameter| self.parameter(parameter)).collect(),
            secured: operation["security"] != serde_json::json!([{}]),
            roles: words(&operation["x-roles"]),
            scope: operation["security"][1]["apiKey"][0].as_str().map(str::to_owned),
            id_in_body: self.has_id(&operation["requestBody"]["content"]),
            bodies: content.map(body).collect(),
        }
    }

    /// Whether a schema in there, or one that it refers to, is that of an id.
    fn has_id(&self, value: &Value) -> bool {
        match value {
            Value::Object(members) => members.iter().any(|(name, inner)| match inner {
                Value::String(text) if name == "$ref" => {
                    self.has_id(self.whole.pointer(text.trim_start_matches('#')).unwrap())
                }
                Value::String(text) => name == "format" && text == "uuid",
                inner => self.has_id(inner),
            }),
            Value::Array(items) => items.iter().any(|item| self.has_id(item)),
            _ => false,
        }
    }

    fn parameter(&self, parameter: &Value) -> Parameter {
        Parameter {
            name: parameter["name"].as_str().unwrap().to_owned(),
            place: parameter["in"].as_str().unwrap().to_owned(),
            schema: self.resolve(&parameter["schema"]),
            example: parameter.get("example").cloned(),
        }
    }

    /// The schema without references at its top; what stands beside a reference goes first.
    pub fn resolve(&self, schema: &Value) -> Value {
        let mut members = schema.as_object().cloned().unwrap_or_default();
        if let Some(Value::String(reference)) = members.remove("$ref") {
            let target = self.whole.pointer(reference.trim_start_matches('#')).unwrap();
            merge(&mut members, &self.resolve(target));
        }
        if let Some(Value::Array(parts)) = members.remove("allOf") {
            parts.iter().for_each(|part| merge(&mut members, &self.resolve(part)));
        }
        Value::Object(members)
    }

    /// The schemas of which a value fits one; itself, where there is no choice.
    pub fn alternatives(&self, schema: &Value) -> Vec<Value> {
        let schema = self.resolve(schema);
        let choice = ["oneOf", "anyOf"].iter().find_map(|word| schema[word].as_array());
        let Some(choice) = choice else { return vec![schema] };
        let real = choice.iter().map(|one| self.resolve(one)).filter(|one| one["type"] != "null");
        real.collect()
    }

    /// What the roles of users are.
    pub fn roles(&self) -> Vec<String> {
        words(&self.whole["components"]["schemas"]["Role"]["enum"])
    }

    fn all_resources(&self) -> Vec<Resource> {
        let mut resources: Vec<Resource> = Vec::new();
        for Operation { path, .. } in &self.operations {
            let Some(resource) = resource(path) else { continue };
            // What cannot be looked at has no record of its own: a user in a team is a user.
            if self.find(&Method::GET, path).is_none() {
                continue;
            }
            if resources.iter().all(|known| known.item != *path) {
                resources.push(resource);
            }
        }
        resources.sort_by_key(|resource| resource.item.matches('{').count());
        resources
    }

    pub fn find(&self, method: &Method, path: &str) -> Option<&Operation> {
        self.operations.iter().find(|o| o.method == *method && o.path == path)
    }
}

impl Operation {
    pub fn has_id_in_path(&self) -> bool {
        self.of("path").any(|parameter| names_an_id(&parameter.name))
    }

    /// Whether it names records: in its path, its query or its body.
    pub fn has_id(&self) -> bool {
        let named = self.of("path").chain(self.of("query")).any(|p| names_an_id(&p.name));
        named || self.id_in_body
    }

    /// Parameters that stand there, `path` or `query`.
    pub fn of(&self, place: &str) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(move |parameter| parameter.place == place)
    }
}

impl Parameter {
    /// Its schema, or that of its items if it is a list.
    pub fn single(&self, document: &Document) -> Value {
        let items = self.schema.get("items");
        items.map_or_else(|| self.schema.clone(), |items| document.resolve(items))
    }

    pub fn is_list(&self) -> bool {
        self.schema.get("items").is_some()
    }
}

fn words(list: &Value) -> Vec<String> {
    let words = list.as_array().into_iter().flatten();
    words.map(|word| word.as_str().unwrap().to_owned()).collect()
}

/// A path that ends with an id has a collection before it.
fn resource(path: &str) -> Option<Resource> {
    let (collection, last) = path.rsplit_once('/')?;
    let id = last.strip_prefix('{')?.strip_suffix('}')?;
    let resource =
        Resource { id: id.to_owned(), collection: collection.to_owned(), item: path.to_owned() };
    names_an_id(id).then_some(resource)
}

/// Whether what has this name is an id: `id`, `user_id`, `user_id_in`, `user_ids`.
pub fn names_an_id(name: &str) -> bool {
    name.split('_').any(|word| word == "id" || word == "ids") && !name.ends_with("_null")
}

fn merge(members: &mut Map<String, Value>, other: &Value) {
    for (name, value) in other.as_object().into_iter().flatten() {
        match members.get_mut(name) {
            Some(Value::Object(inner)) => merge(inner, value),
            Some(_) => {}
            None => _ = members.insert(name.clone(), value.clone()),
        }
    }
}
