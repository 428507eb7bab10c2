//! What the `OpenAPI` document says, against what the relay really answers: every answer of every
//! test passes through `examine`.

use std::collections::HashSet;
use std::sync::LazyLock;

use jsonschema::Validator;
use reqwest::Method;
use serde_json::{Map, Value, json};
use voicedrive_relay::testing::http::api::endpoints;

use crate::harness::TestRelay;

/// It belongs to no operation: the path has others.
const METHOD_NOT_ALLOWED: u16 = 405;

/// The document with every shape closed: a key that it does not name is a mistake.
static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    let mut document = endpoints::document();
    let mut parts = HashSet::new();
    parts_of_others(&document, &mut parts);
    for (name, schema) in document["components"]["schemas"].as_object_mut().unwrap() {
        close(schema, parts.contains(name.as_str()));
    }
    close(&mut document["paths"], false);
    document
});

/// The named shapes that are parts of others through `allOf`.
fn parts_of_others(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Object(object) => {
            for part in object
                .get("allOf")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
            {
                let name = part["$ref"]
                    .as_str()
                    .and_then(|path| path.rsplit('/').next());
                found.extend(name.map(str::to_owned));
            }
            object
                .values()
                .for_each(|value| parts_of_others(value, found));
        }
        Value::Array(array) => array.iter().for_each(|value| parts_of_others(value, found)),
        _ => {}
    }
}

fn close(value: &mut Value, is_part: bool) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                match (key.as_str(), value) {
                    ("allOf", Value::Array(parts)) => {
                        for part in parts {
                            close(part, true);
                        }
                    }
                    ("example" | "examples", _) => {}
                    (_, value) => close(value, false),
                }
            }
            let is_shape = object.contains_key("properties") || object.contains_key("allOf");
            if is_shape && !is_part && object.get("type") != Some(&json!("array")) {
                object.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Array(array) => array.iter_mut().for_each(|value| close(value, false)),
        _ => {}
    }
}

/// A schema that finds the named shapes.
fn validator(schema: &Value) -> Validator {
    let mut root = schema.clone();
    root["components"] = DOCUMENT["components"].clone();
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft202012)
        .build(&root)
        .unwrap()
}

/// Fails the test when the document does not say that this can be the answer.
pub fn examine(method: &Method, path: &str, status: u16, body: &str) {
    let path = path.split('?').next().unwrap();
    let Some(operation) = operation(method, path) else {
        return;
    };
    if status == METHOD_NOT_ALLOWED {
        return;
    }
    let answer = &operation["responses"][status.to_string()];
    assert!(
        answer.is_object(),
        "{method} {path}: {status} is not described"
    );
    let Some(content) = answer.get("content").filter(|_| *method != Method::HEAD) else {
        assert_eq!(body, "", "{method} {path} {status}");
        return;
    };
    let answered: Value = serde_json::from_str(body).unwrap();
    let validator = validator(&content["application/json"]["schema"]);
    if let Err(error) = validator.validate(&answered) {
        panic!(
            "{method} {path} {status}: {error} at {}",
            error.instance_path()
        );
    }
}

/// What the document says of a method and a path.
fn operation(method: &Method, path: &str) -> Option<&'static Value> {
    let name = match method.as_str() {
        "HEAD" => "get".to_owned(),
        other => other.to_ascii_lowercase(),
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let item = paths.get(path).or_else(|| matching(paths, path))?;
    item.get(name)
}

fn matching<'a>(paths: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let asked: Vec<&str> = path.split('/').collect();
    let fits = |template: &str| {
        let template: Vec<&str> = template.split('/').collect();
        let pairs = || template.iter().zip(&asked);
        template.len() == asked.len()
            && pairs().all(|(t, a)| t == a || *t == "{id}" && !a.is_empty())
    };
    paths
        .iter()
        .find(|(template, _)| fits(template))
        .map(|(_, item)| item)
}

#[tokio::test]
async fn the_description_is_served_to_anybody() {
    let relay = TestRelay::start("").await;
    let answer = relay.call(Method::GET, "/api/openapi.json", &[], "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body, endpoints::document());
    assert_eq!(answer.body["openapi"], "3.1.0");
}

#[test]
fn every_example_is_what_its_schema_says() {
    let mut examined = 0;
    for (path, item) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap().values();
            for described in answers.chain(operation.get("requestBody")) {
                for media in described["content"]
                    .as_object()
                    .into_iter()
                    .flat_map(Map::values)
                {
                    let validator = validator(&media["schema"]);
                    let several = media["examples"]
                        .as_object()
                        .into_iter()
                        .flat_map(Map::values);
                    let several = several.map(|example| &example["value"]);
                    for example in several.chain(media.get("example")) {
                        examined += 1;
                        if let Err(error) = validator.validate(example) {
                            panic!("{method} {path}: {error} at {}", error.instance_path());
                        }
                    }
                }
            }
        }
    }
    assert!(examined > 100, "{examined}");
}

#[test]
fn a_key_or_a_type_that_is_not_described_is_found() {
    let schema =
        &DOCUMENT["paths"]["/api/health"]["get"]["responses"]["200"]["content"]["application/json"];
    let mut example = schema["example"].clone();
    let validator = validator(&schema["schema"]);
    assert!(validator.is_valid(&example));
    example["data"]["more"] = json!(1);
    assert!(!validator.is_valid(&example));
    example["data"] = json!({"status": "ok"});
    assert!(!validator.is_valid(&example));
}
