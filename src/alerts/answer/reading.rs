//! Reads an answer, however it is written, as the JSON that says the same: JSON, XML, pairs such as `status=error`, or else
//! a text.

use serde_json::{Map, Value};

/// Nobody nests an answer deeper.
const DEEPEST: usize = 32;

pub(super) fn read(body: &str) -> Value {
    let json = || serde_json::from_str(body).ok();
    let read = json().or_else(|| xml(body)).or_else(|| pairs(body));
    read.unwrap_or_else(|| Value::String(body.to_owned()))
}

/// Pairs of a name and a value, on lines or as a form has them.
fn pairs(body: &str) -> Option<Value> {
    let mut object = Map::new();
    for pair in body.split(['&', '\n']).map(str::trim) {
        if pair.is_empty() {
            continue;
        }
        let (name, value) = pair.split_once(['=', ':', '：', '＝'])?;
        let name = name.trim();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return None;
        }
        add(&mut object, name, Value::String(value.trim().to_owned()));
    }
    (!object.is_empty()).then_some(Value::Object(object))
}

/// An element is named by what stands behind its prefix; its attributes count as what is in it.
fn xml(body: &str) -> Option<Value> {
    let mut rest = body;
    let mut content = Map::new();
    let mut text = String::new();
    children(&mut rest, None, 0, &mut content, &mut text)?;
    let is_xml = !content.is_empty() && text.trim().is_empty();
    is_xml.then_some(Value::Object(content))
}

/// Reads up to the end of the element `name`, or of everything.
fn children(
    rest: &mut &str,
    name: Option<&str>,
    depth: usize,
    content: &mut Map<String, Value>,
    text: &mut String,
) -> Option<()> {
    if depth > DEEPEST {
        return None;
    }
    loop {
        let Some((before, after)) = rest.split_once('<') else {
            text.push_str(rest);
            *rest = "";
            return name.is_none().then_some(());
        };
        text.push_str(before);
        if let Some(after) = after.strip_prefix("!--") {
            *rest = after.split_once("-->")?.1;
        } else if let Some(after) = after.strip_prefix("![CDATA[") {
            let (inside, after) = after.split_once("]]>")?;
            text.push_str(inside);
            *rest = after;
        } else if after.starts_with(['?', '!']) {
            *rest = after.split_once('>')?.1;
        } else if let Some(after) = after.strip_prefix('/') {
            let (ended, after) = after.split_once('>')?;
            *rest = after;
            return (name == Some(ended.trim())).then_some(());
        } else {
            let (tag, after) = after.split_once('>')?;
            *rest = after;
            let (tag, is_empty) = match tag.strip_suffix('/') {
                Some(tag) => (tag, true),
                None => (tag, false),
            };
            let name = tag.split_whitespace().next()?;
            let mut inside = Map::new();
            let mut said = String::new();
            attributes(&tag[name.len()..], &mut inside);
            if !is_empty {
                children(rest, Some(name), depth + 1, &mut inside, &mut said)?;
            }
            let value = if inside.is_empty() {
                Value::String(said.trim().to_owned())
            } else {
                add(&mut inside, "text", Value::String(said.trim().to_owned()));
                Value::Object(inside)
            };
            add(content, local(name), value);
        }
    }
}

fn attributes(mut tag: &str, inside: &mut Map<String, Value>) {
    while let Some((name, after)) = tag.split_once('=') {
        let after = after.trim_start();
        let Some(quote) = after.chars().next().filter(|c| ['"', '\''].contains(c)) else {
            return;
        };
        let Some((value, after)) = after[1..].split_once(quote) else {
            return;
        };
        let name = name.trim();
        // Where names are explained is nothing that is said.
        if !name.starts_with("xmlns") && !name.ends_with(":schemaLocation") {
            add(inside, local(name), Value::String(value.to_owned()));
        }
        tag = after;
    }
}

/// A name without its prefix.
fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// What stands there more than once becomes a list.
fn add(object: &mut Map<String, Value>, name: &str, value: Value) {
    match object.get_mut(name) {
        None => {
            object.insert(name.to_owned(), value);
        }
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_answer_is_read_however_it_is_written() {
        for (body, value) in [
            ("{\"ok\":true}", json!({"ok": true})),
            ("ok", json!("ok")),
            (
                "status=error&message=no",
                json!({"status": "error", "message": "no"}),
            ),
            (
                "Error: no such channel",
                json!({"Error": "no such channel"}),
            ),
            ("see this: no", json!("see this: no")),
            ("<a>1</a>", json!({"a": "1"})),
            (
                "<?xml version=\"1.0\"?>\n<r><status>error</status><e/></r>",
                json!({"r": {"status": "error", "e": "", "text": ""}}),
            ),
            (
                "<s:Envelope xmlns:s=\"http://x/\"><s:Body><s:Fault><faultcode>c</faultcode></s:Fault></s:Body></s:Envelope>",
                json!({"Envelope": {"Body": {"Fault": {"faultcode": "c", "text": ""}, "text": ""}, "text": ""}}),
            ),
            (
                "<rsp stat='fail'><!-- so --><err code=\"1\"/></rsp>",
                json!({"rsp": {"stat": "fail", "err": {"code": "1", "text": ""}, "text": ""}}),
            ),
            (
                "<a><b>1</b><b>2</b><c><![CDATA[<x>]]></c></a>",
                json!({"a": {"b": ["1", "2"], "c": "<x>", "text": ""}}),
            ),
            ("<a>1</b>", json!("<a>1</b>")),
            ("<a>", json!("<a>")),
            ("2 < 3", json!("2 < 3")),
        ] {
            assert_eq!(read(body), value, "{body}");
        }
        let deep = "<a>".repeat(10_000);
        assert_eq!(read(&deep), json!(deep));
    }
}
