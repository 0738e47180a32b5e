//! The document: the same as the checked-in file, complete, and true of the application.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::World;

#[test]
fn the_checked_in_document_is_the_one_of_the_code() {
    let yaml = paddock_api::document().to_yaml().unwrap();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.yaml");
    let checked_in = std::fs::read_to_string(file).unwrap();
    assert!(
        checked_in.trim_end() == yaml.trim_end(),
        "openapi.yaml is outdated: `make bless` writes it anew"
    );
}

#[actix_web::test]
async fn the_service_gives_its_own_document_away() {
    let world = World::new().await;
    let reply = world.stranger().get("/openapi.json").await;
    assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
    assert_eq!(reply.json, document());
}

#[test]
fn it_is_openapi_3_1() {
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_operation_has_a_name_of_its_own_that_programs_can_use() {
    let mut names = BTreeSet::new();
    for (place, operation) in operations() {
        let name = operation["operationId"]
            .as_str()
            .unwrap_or_else(|| panic!("{place} has no name"))
            .to_owned();
        let mut letters = name.chars();
        assert!(letters.next().is_some_and(|first| first.is_ascii_lowercase()), "{name}");
        assert!(letters.all(|letter| letter.is_ascii_alphanumeric()), "{name}");
        assert!(names.insert(name), "{place}");
    }
}

#[test]
fn every_operation_says_what_it_is_for() {
    let document = document();
    let tags: Vec<&Value> =
        document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    for (place, operation) in operations() {
        let summary = operation["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty() && !summary.ends_with('.'), "{place}: {summary:?}");
        let own = operation["tags"].as_array().unwrap_or_else(|| panic!("{place} has no tag"));
        assert!(own.len() == 1 && tags.contains(&&own[0]), "{place}");
    }
}

#[test]
fn every_answer_is_described_and_every_refusal_is_a_problem() {
    for (place, operation) in operations() {
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{place}");
        assert!(responses.contains_key("500"), "{place}");
        for (status, response) in responses {
            assert!(!response["description"].as_str().unwrap().is_empty(), "{place} {status}");
            if status.as_str() >= "400" {
                let content = response["content"].as_object().unwrap();
                let schema = &response["content"]["application/problem+json"]["schema"]["$ref"];
                assert_eq!(
                    (content.len(), schema.as_str()),
                    (1, Some("#/components/schemas/Problem"))
                );
            }
        }
    }
}

#[test]
fn every_operation_documents_the_refusals_that_its_kind_can_meet() {
    for (place, operation) in operations() {
        let has = |status: &str| operation["responses"].get(status).is_some();
        let secured = operation["security"] != serde_json::json!([{}]);
        let body = operation.get("requestBody").is_some();
        assert!(!secured || ["401", "406", "429", "503", "504"].into_iter().all(has), "{place}");
        assert!(!body || ["400", "408", "413", "415", "422"].into_iter().all(has), "{place}");
        assert!(!place.contains("_id}") || has("404"), "{place}");
        assert!(place != "get /readyz" || has("503"), "{place}");
        let conditional = operation["parameters"].as_array().into_iter().flatten();
        let if_match = conditional.into_iter().any(|parameter| parameter["name"] == "If-Match");
        assert_eq!(if_match, has("412") && place != "post /v1/customers/batch", "{place}");
    }
}

#[test]
fn every_code_is_listed() {
    let document = document();
    let listed = document["components"]["schemas"]["Code"]["enum"].as_array();
    let listed: Vec<&str> = listed.unwrap().iter().map(|code| code.as_str().unwrap()).collect();
    assert_eq!(listed, paddock_api::Code::ALL.map(paddock_api::Code::slug));
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(target.is_some(), "{reference}");
    }
}

#[test]
fn every_schema_is_used() {
    let document = document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(references.contains(&format!("#/components/schemas/{name}")), "{name}");
    }
}

#[test]
fn every_parameter_of_a_path_is_declared() {
    for (place, operation) in operations() {
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let declared: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect();
        let named: BTreeSet<&str> =
            place.split('{').skip(1).map(|rest| rest.split('}').next().unwrap()).collect();
        assert_eq!(declared, named, "{place}");
    }
}

#[actix_web::test]
async fn every_documented_path_is_there() {
    let world = World::new().await;
    let nobody = world.stranger();
    for (place, operation) in operations() {
        let (method, path) = place.split_once(' ').unwrap();
        let address = path.replace(['{', '}'], "");
        let reply = nobody.send_json(method.to_uppercase().parse().unwrap(), &address, "{}").await;
        assert!(![404, 405].contains(&reply.status), "{place}");
        let status = reply.status.to_string();
        assert!(operation["responses"].get(&status).is_some(), "{place} answers {status}");
    }
}

fn document() -> Value {
    serde_json::from_str(&paddock_api::document().to_json().unwrap()).unwrap()
}

/// `get /v1/customers` and the operation, one after the other.
fn operations() -> Vec<(String, Value)> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.iter().map(move |(method, operation)| (format!("{method} {path}"), operation.clone()))
    });
    operations.collect()
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            references.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}
