//! What a 2xx of a hook says in its body. Some answer 200 to whatever comes, and that it failed in the body; a portal or
//! a page where one logs in answers 200 to everything. What is none of the known ways to say so counts as taken.

use serde_json::{Map, Value};

/// Set to true by success, to false by failure.
const YES_OR_NO: [&str; 3] = ["ok", "success", "succeeded"];
/// Set, and neither empty nor zero, by failure only.
const FAULTS: [&str; 7] = [
    "error",
    "errors",
    "err",
    "error_description",
    "exception",
    "failure",
    "fault",
];
/// What is said to a person. Beside a plain yes it means nothing.
const MESSAGES: [&str; 3] = ["message", "msg", "detail"];
/// Numbers or words of failure, or zero, or a word of success.
const FAULT_CODES: [&str; 5] = ["errcode", "errorCode", "error_code", "err_code", "errno"];
/// Numbers of services or statuses of HTTP, or words.
const CODES: [&str; 5] = ["code", "resultCode", "result_code", "retcode", "ret_code"];
/// Statuses of HTTP, or words.
const STATUSES: [&str; 5] = ["status", "statusCode", "status_code", "result", "state"];
// The keys above are known in capital and in small letters.
/// Words of success, in small letters.
const GOOD: [&str; 8] = [
    "ok",
    "success",
    "successful",
    "succeeded",
    "accepted",
    "none",
    "no_error",
    "no error",
];
/// Words of failure, in small letters.
const BAD: [&str; 19] = [
    "ng",
    "nok",
    "nack",
    "bad",
    "not",
    "unable",
    "error",
    "err",
    "fail",
    "failed",
    "failure",
    "fatal",
    "invalid",
    "denied",
    "forbidden",
    "unauthorized",
    "rejected",
    "refused",
    "expired",
];

/// What a body that should be that of a success says instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// That it failed.
    Failed,
    /// It is a page for people, such as one where one logs in.
    Page,
}

/// What `body` says against the success of its status; none: nothing.
pub(super) fn contradiction(body: &str) -> Option<Contradiction> {
    let body = body.trim_start_matches('\u{feff}').trim();
    if is_page(body) {
        return Some(Contradiction::Page);
    }
    let failed = match serde_json::from_str(body) {
        Ok(answer) => says_failure(&answer),
        Err(_) => begins_with_failure(body),
    };
    failed.then_some(Contradiction::Failed)
}

fn is_page(body: &str) -> bool {
    let small = body.to_ascii_lowercase();
    small.starts_with('<')
        && ["<html", "<!doctype html"]
            .iter()
            .any(|tag| small.contains(tag))
}

fn says_failure(answer: &Value) -> bool {
    match answer {
        Value::Bool(taken) => !taken,
        Value::String(text) => begins_with_failure(text),
        Value::Array(answers) => answers
            .iter()
            .any(|one| one.is_object() && says_failure(one)),
        Value::Object(answer) => of_object(answer),
        Value::Null | Value::Number(_) => false,
    }
}

fn of_object(answer: &Map<String, Value>) -> bool {
    let find = |keys: &[&str], holds: fn(&Value) -> bool| {
        let named = |key: &str| keys.iter().any(|known| known.eq_ignore_ascii_case(key));
        answer.iter().any(|(key, value)| named(key) && holds(value))
    };
    let is_denied = find(&YES_OR_NO, is_no)
        || find(&FAULTS, is_something)
        || find(&FAULT_CODES, is_fault_code)
        || find(&STATUSES, is_bad_status);
    // Services disagree on what a `code` means: next to a plain yes it is ignored.
    let is_told = find(&YES_OR_NO, is_yes) || find(&STATUSES, is_yes);
    let sounds_bad = find(&CODES, is_bad_code) || find(&MESSAGES, is_bad_message);
    is_denied || (sounds_bad && !is_told)
}

fn is_no(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => !yes,
        Value::Number(_) => number(value) == Some(0),
        Value::String(text) => is_plain_no(text) || begins_with_failure(text),
        _ => false,
    }
}

fn is_plain_no(text: &str) -> bool {
    ["false", "no"]
        .iter()
        .any(|no| text.trim().eq_ignore_ascii_case(no))
}

fn is_yes(value: &Value) -> bool {
    *value == Value::Bool(true) || word(value).is_some_and(|word| GOOD.contains(&word.as_str()))
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(there) => *there,
        Value::Number(_) => number(value) != Some(0),
        Value::String(text) => !text.trim().is_empty() && !is_yes(value) && !is_plain_no(text),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
    }
}

fn is_fault_code(value: &Value) -> bool {
    match number(value) {
        Some(code) => code != 0,
        None => is_something(value),
    }
}

/// Zero, and what HTTP calls a success, are good. A word has to be one of failure, or have one in it.
fn is_bad_code(value: &Value) -> bool {
    match number(value) {
        Some(code) => code != 0 && !(200..300).contains(&code),
        None => word(value).is_some_and(|word| {
            let mut parts = word.split(|c: char| !c.is_alphanumeric());
            !GOOD.contains(&word.as_str()) && parts.any(|part| BAD.contains(&part))
        }),
    }
}

fn is_bad_status(value: &Value) -> bool {
    match number(value) {
        Some(status) => (400..600).contains(&status),
        None => word(value)
            .is_some_and(|word| !GOOD.contains(&word.as_str()) && begins_with_failure(&word)),
    }
}

fn is_bad_message(value: &Value) -> bool {
    value.as_str().is_some_and(begins_with_failure)
}

/// A whole number, perhaps written as a text.
fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn word(value: &Value) -> Option<String> {
    value.as_str().map(|text| text.trim().to_ascii_lowercase())
}

/// Whether the first word of a text is one of failure.
fn begins_with_failure(text: &str) -> bool {
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let first = words.find(|word| !word.is_empty()).unwrap_or_default();
    BAD.contains(&first.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_failure_does() {
        for body in [
            r#"{"ok":false}"#,
            r#"{"success":"false"}"#,
            r#"{"success":0,"failure":1}"#,
            r#"{"errors":[{"message":"no such channel"}]}"#,
            r#"{"errors":{"text":["is too long"]}}"#,
            r#"{"error":"invalid_token"}"#,
            r#"{"error":{"code":7}}"#,
            r#"{"errcode":40001,"errmsg":"invalid credential"}"#,
            r#"{"errcode":"40001"}"#,
            r#"{"errorCode":"E17"}"#,
            r#"{"status":"error","message":"no"}"#,
            r#"{"status":"FAILED"}"#,
            r#"{"status":"fail","data":{}}"#,
            r#"{"status":403}"#,
            r#"{"statusCode":"500"}"#,
            r#"{"code":19001,"msg":"param invalid"}"#,
            r#"{"code":-1}"#,
            r#"{"code":"INVALID_TOKEN"}"#,
            r#"{"code":"ACCESS_DENIED","message":"no"}"#,
            r#"{"result":"error"}"#,
            r#"[{"status":"error"}]"#,
            "\u{feff}{\"ok\":false}",
            r#"{"result":"NG"}"#,
            r#"{"status":"ng"}"#,
            r#"{"status":"NG: no such channel"}"#,
            r#"{"Result":"Ng"}"#,
            r#"{"Success":false}"#,
            r#"{"STATUS":"ERROR"}"#,
            r#"{"ok":"no"}"#,
            r#"{"message":"Invalid webhook token"}"#,
            r#"{"detail":"Not found"}"#,
            r#"{"exception":"NullPointer"}"#,
            r#"{"fault":{"faultstring":"no such policy"}}"#,
            r#"{"ok":"NG"}"#,
            r#"{"status":"bad request"}"#,
            r#"{"state":"not_found"}"#,
            r#"{"resultCode":"E001_INVALID"}"#,
            r#"{"resultCode":1001}"#,
            r#"{"retcode":-1}"#,
            "NG",
            "Bad payload received by generic incoming webhook.",
            "Unable to deliver",
            "Not authorized",
            "false",
            "\"failed\"",
            "Error: channel not found",
            "FAILED",
        ] {
            assert_eq!(contradiction(body), Some(Contradiction::Failed), "{body}");
        }
    }

    #[test]
    fn a_page_is_no_answer_of_a_hook() {
        for body in [
            "<!DOCTYPE html>\n<html lang=\"ja\"><title>ログイン</title>",
            "\n<HTML><body>ok</body></HTML>",
            "<?xml version=\"1.0\"?><!doctype html><html>",
            "<!-- proxy --><html>",
        ] {
            assert_eq!(contradiction(body), Some(Contradiction::Page), "{body}");
        }
    }

    #[test]
    fn an_honest_answer_is_left_alone() {
        for body in [
            "",
            "ok",
            "1",
            "0",
            "null",
            "true",
            "{}",
            "[]",
            "accepted, no error",
            "<response>ok</response>",
            r#"{"ok":true,"error":null}"#,
            r#"{"success":true,"errors":[],"messages":[]}"#,
            r#"{"errors":0}"#,
            r#"{"error":false,"errno":0}"#,
            r#"{"error":"","code":0}"#,
            r#"{"error":"none"}"#,
            r#"{"errcode":0,"errmsg":"ok"}"#,
            r#"{"errcode":"0"}"#,
            r#"{"code":0,"msg":"success"}"#,
            r#"{"code":200,"message":"success"}"#,
            r#"{"code":"202"}"#,
            r#"{"code":"OK"}"#,
            r#"{"code":"NO_ERROR"}"#,
            r#"{"code":"3f9a21c7"}"#,
            r#"{"code":1000,"success":true}"#,
            r#"{"code":1,"status":"success"}"#,
            r#"{"result":0}"#,
            r#"{"status":"success","data":null}"#,
            r#"{"status":"queued","id":"1"}"#,
            r#"{"result":"OK"}"#,
            r#"{"ok":true,"message":"not much to do"}"#,
            r#"{"success":1,"failure":0}"#,
            r#"{"Status":"Ok"}"#,
            r#"{"resultCode":"0000"}"#,
            r#"{"resultCode":"200"}"#,
            r#"{"result":"成功"}"#,
            r#"{"state":"notified"}"#,
            "notified",
            "受け付けました",
            r#"{"status":1,"request":"647d2300"}"#,
            r#"{"status":202}"#,
            r#"{"sentMessages":[{"id":"461230966842064897"}]}"#,
            r#"{"id":"1","message":"an error was reported","severity":"error"}"#,
            r#"[{"status":"ok"},1]"#,
            "{\"cut off",
        ] {
            assert_eq!(contradiction(body), None, "{body}");
        }
    }
}
