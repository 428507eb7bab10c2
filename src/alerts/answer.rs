//! What a 2xx of a hook says in its body. Some answer 200 to whatever comes, and that it failed in the body; a portal or
//! a page where one logs in answers 200 to everything.
//!
//! The rule: a body is read as JSON, whether it is JSON, XML, pairs or a text. It says failure when
//! - all of it is a no (`false`, `0`), or a text that says failure: in English by its first word, in Japanese by a word of
//!   failure anywhere; a word of which the text says that there is none (`error: 0`, エラーなし) is no word of failure;
//! - or a field of it says so by the kind of its name, below. A field inside of another counts like one outside, unless the
//!   outer one says yes; then only a plain no does.
//!
//! What is none of that counts as taken, and so does a text that repeats the message: it says what the message says.

mod reading;

use serde_json::{Map, Value};

/// Set to true by success, to false by failure.
const YES_OR_NO: &[&str] = &["ok", "success", "succeeded"];
/// Set, and neither empty nor zero nor a no, by failure only.
const FAULTS: &[&str] = &[
    "error",
    "errors",
    "err",
    "error_description",
    "exception",
    "failed",
    "failure",
    "failures",
    "fault",
    "faultcode",
    "faultstring",
    "エラー",
];
/// What is said to a person. Beside a plain yes it means nothing.
const MESSAGES: &[&str] = &["message", "msg", "detail", "メッセージ"];
/// Numbers or words of failure, or zero, or a word of success.
const FAULT_CODES: &[&str] = &["errcode", "errorCode", "error_code", "err_code", "errno"];
/// Numbers of services or statuses of HTTP, or words. Beside a plain yes they mean nothing: services disagree on them.
const CODES: &[&str] = &["code", "resultCode", "result_code", "retcode", "ret_code"];
/// Statuses of HTTP, or words.
const STATUSES: &[&str] = &[
    "status",
    "statusCode",
    "status_code",
    "stat",
    "result",
    "state",
    "結果",
    "状態",
    "ステータス",
];
// The names above are known in capital and in small letters.
/// Words of success, in small letters.
const GOOD: &[&str] = &[
    "ok",
    "success",
    "successful",
    "succeeded",
    "accepted",
    "none",
    "no_error",
    "no error",
    "成功",
    "正常",
    "正常終了",
    "完了",
];
/// Words of failure, in small letters.
const BAD: &[&str] = &[
    "ng",
    "nok",
    "nack",
    "bad",
    "not",
    "cannot",
    "unable",
    "unknown",
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
/// Words of failure, wherever they stand in Japanese.
const BAD_JAPANESE: &[&str] = &[
    "失敗",
    "エラー",
    "異常",
    "不正",
    "無効",
    "拒否",
    "できません",
    "見つかりません",
    "権限がありません",
];
/// What may stand between a word of failure and a word that denies it.
const BETWEEN: &[&str] = &[
    "は",
    "が",
    "も",
    "の",
    "件数",
    "数",
    "コード",
    "発生",
    ":",
    "：",
    "=",
    "＝",
    " ",
    "　",
];
/// What denies a word of failure before it.
const DENIALS: &[&str] = &[
    "なし",
    "無し",
    "ない",
    "無い",
    "なかった",
    "ありません",
    "ございません",
    "していません",
    "しませんでした",
    "none",
    "null",
    "false",
    "no",
];

/// What a body that should be that of a success says instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// That it failed.
    Failed,
    /// It is a page for people, such as one where one logs in.
    Page,
}

/// What `body` says against the success of its status; none: nothing. `sent`: a line of the message, by which a text that
/// repeats the message is known.
pub(super) fn contradiction(body: &str, sent: Option<&str>) -> Option<Contradiction> {
    let body = body.trim_start_matches('\u{feff}').trim();
    if is_page(body) {
        return Some(Contradiction::Page);
    }
    let failed = Judge { sent }.says_failure(&reading::read(body));
    failed.then_some(Contradiction::Failed)
}

fn is_page(body: &str) -> bool {
    let small = body.to_ascii_lowercase();
    small.starts_with('<')
        && ["<html", "<!doctype html"]
            .iter()
            .any(|tag| small.contains(tag))
}

struct Judge<'a> {
    sent: Option<&'a str>,
}

impl Judge<'_> {
    fn says_failure(&self, answer: &Value) -> bool {
        match answer {
            Value::Object(answer) => self.of_object(answer),
            Value::Array(answers) => answers
                .iter()
                .any(|one| one.is_object() && self.says_failure(one)),
            answer => self.is_no(answer),
        }
    }

    fn of_object(&self, answer: &Map<String, Value>) -> bool {
        let find = |names: &[&str], holds: &dyn Fn(&Value) -> bool| {
            answer
                .iter()
                .any(|(name, value)| is_one_of(name, names) && holds(value))
        };
        let is_denied = find(YES_OR_NO, &|value| self.is_no(value))
            || find(FAULTS, &is_something)
            || find(FAULT_CODES, &is_fault_code)
            || find(STATUSES, &|value| self.is_bad_status(value));
        let is_told = find(YES_OR_NO, &is_yes) || find(STATUSES, &is_yes);
        let sounds_bad = find(CODES, &is_bad_code) || find(MESSAGES, &|v| self.is_bad_message(v));
        let mut inside = answer
            .values()
            .filter(|one| one.is_object() || one.is_array());
        is_denied
            || (!is_told && sounds_bad)
            || inside.any(|one| {
                if is_told {
                    has_plain_no(one)
                } else {
                    self.says_failure(one)
                }
            })
    }

    fn is_no(&self, value: &Value) -> bool {
        is_plain_no(value) || value.as_str().is_some_and(|text| self.is_failure(text))
    }

    fn is_bad_status(&self, value: &Value) -> bool {
        match number(value) {
            Some(status) => (400..600).contains(&status),
            None => !is_yes(value) && self.is_bad_message(value),
        }
    }

    fn is_bad_message(&self, value: &Value) -> bool {
        value.as_str().is_some_and(|text| self.is_failure(text))
    }

    /// Whether a text says failure, and not what was sent.
    fn is_failure(&self, text: &str) -> bool {
        let repeats = self.sent.is_some_and(|sent| text.contains(sent));
        !repeats && (begins_with_failure(text) || has_failure(text))
    }
}

fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether a field for yes or no says no, however deep.
fn has_plain_no(answer: &Value) -> bool {
    match answer {
        Value::Object(answer) => answer.iter().any(|(name, value)| {
            (is_one_of(name, YES_OR_NO) && is_plain_no(value)) || has_plain_no(value)
        }),
        Value::Array(answers) => answers.iter().any(has_plain_no),
        _ => false,
    }
}

fn is_plain_no(value: &Value) -> bool {
    match value {
        Value::Bool(yes) => !yes,
        Value::Number(_) => number(value) == Some(0),
        Value::String(text) => {
            let is_no = |no: &&str| text.trim().eq_ignore_ascii_case(no);
            ["false", "no", "0"].iter().any(is_no)
        }
        _ => false,
    }
}

fn is_yes(value: &Value) -> bool {
    *value == Value::Bool(true) || word(value).is_some_and(|word| GOOD.contains(&word.as_str()))
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(there) => *there,
        Value::Number(_) => number(value) != Some(0),
        Value::String(text) => {
            !text.trim().is_empty() && !is_yes(value) && !is_plain_no(value) && !is_denial(text)
        }
        Value::Array(list) => list.iter().any(is_something),
        Value::Object(map) => map.values().any(is_something),
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
    let is_end = |c: char| !c.is_alphanumeric();
    let text = text.trim_start_matches(is_end);
    let (first, rest) = text.split_at(text.find(is_end).unwrap_or(text.len()));
    BAD.contains(&first.to_ascii_lowercase().as_str()) && !is_denial(rest)
}

/// Whether a word of failure stands in a Japanese text.
fn has_failure(text: &str) -> bool {
    BAD_JAPANESE.iter().any(|word| {
        let mut found = text.match_indices(word);
        found.any(|(at, _)| !is_denial(&text[at + word.len()..]))
    })
}

/// Whether what follows a word of failure says that there is none.
fn is_denial(rest: &str) -> bool {
    let mut rest = rest;
    while let Some(shorter) = BETWEEN.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = shorter;
    }
    let digits = rest
        .split(|c: char| !c.is_ascii_digit())
        .next()
        .unwrap_or("");
    if !digits.is_empty() {
        return digits.chars().all(|digit| digit == '0');
    }
    let small = rest.to_ascii_lowercase();
    DENIALS.iter().any(|denial| {
        let after = small.strip_prefix(denial);
        after.is_some_and(|after| !denial.is_ascii() || !after.contains(char::is_alphanumeric))
    })
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
            // Inside of something else.
            r#"{"data":{"success":false}}"#,
            r#"{"code":200,"data":{"result":{"ok":0}}}"#,
            r#"{"status":"success","data":{"success":false}}"#,
            r#"{"results":[{"status":"ok"},{"status":"failed"}]}"#,
            r#"{"response":{"error":"no such room"}}"#,
            // Counts.
            r#"{"failed":1,"sent":0}"#,
            r#"{"sent":1,"failed":["b@clinic.example"]}"#,
            "0",
            "\"0\"",
            // Japanese.
            "失敗",
            "送信に失敗しました",
            "エラー: チャンネルが見つかりません",
            "チャンネルが見つかりません",
            "この操作は許可されていないため、実行できません",
            r#"{"result":"失敗"}"#,
            r#"{"結果":"エラー"}"#,
            r#"{"エラー":"宛先がない"}"#,
            r#"{"message":"認証エラーです"}"#,
            r#"{"status":"異常終了"}"#,
            // XML.
            "<error>no such channel</error>",
            "<?xml version=\"1.0\"?><response><status>error</status></response>",
            "<response><success>false</success></response>",
            "<rsp stat=\"fail\"><err code=\"1\"/></rsp>",
            "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body><s:Fault><faultcode>s:Client</faultcode></s:Fault></s:Body></s:Envelope>",
            "<response><errors><error>too long</error></errors></response>",
            // Pairs.
            "status=error&message=no",
            "result: NG",
            "error=invalid_token",
        ] {
            assert_eq!(
                contradiction(body, None),
                Some(Contradiction::Failed),
                "{body}"
            );
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
            assert_eq!(
                contradiction(body, None),
                Some(Contradiction::Page),
                "{body}"
            );
        }
    }

    #[test]
    fn an_honest_answer_is_left_alone() {
        for body in [
            "",
            "ok",
            "1",
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
            r#"{"errors":[],"failed":[]}"#,
            r#"{"errors":{}}"#,
            r#"{"error":null}"#,
            r#"{"failed":0,"sent":1}"#,
            r#"{"failed":"0"}"#,
            r#"{"error":"なし"}"#,
            r#"{"data":{"error":null,"success":true}}"#,
            r#"{"ok":true,"message":{"error":"a word of the sender's"}}"#,
            r#"{"results":[{"error":null},{"error":false}]}"#,
            "no errors",
            "0 errors",
            "Errors: 0",
            "error: none",
            "error=0",
            "Error: no",
            "エラーはありません",
            "エラーなし",
            "失敗件数: 0 件",
            "エラーコード：0",
            "エラーは発生していません",
            "成功",
            r#"{"結果":"成功","エラー":""}"#,
            r#"{"message":"エラーはありませんでした"}"#,
            "<response><error/><status>ok</status></response>",
            "<response><errors></errors><failed>0</failed></response>",
            "<result>ok</result>",
            "<note>an error was reported</note>",
            "status=ok&error=",
        ] {
            assert_eq!(contradiction(body, None), None, "{body}");
        }
    }
    #[test]
    fn what_repeats_the_message_says_nothing_of_itself() {
        let title = "[北病院] 送信できないイベント";
        for body in [
            r#"{"id":"x","message":"[北病院] 送信できないイベント\n接続に失敗しました"}"#,
            "[北病院] 送信できないイベント: 送信に失敗しました",
        ] {
            assert_eq!(contradiction(body, Some(title)), None, "{body}");
            let other = contradiction(body, Some("another message"));
            assert_eq!(other, Some(Contradiction::Failed), "{body}");
        }
    }
}
