//! What JavaScript would change, and what it leaves alone.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeMap;

#[derive(serde::Deserialize)]
struct Case {
    name: String,
    data: String,
    stable: Option<String>,
    refused_at: Option<String>,
}

#[derive(serde::Deserialize)]
struct Vectors {
    stable: Vec<Case>,
    refused: Vec<Case>,
}

fn refused(text: &str) -> (String, Reason) {
    let refusal = stabilize(text).expect_err(text);
    (refusal.pointer, refusal.reason)
}

#[test]
fn every_case_of_the_vectors_is_met() {
    let text = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/vectors/json_stable.json"
    ));
    let vectors: Vectors = serde_json::from_str(text).unwrap();
    assert!(vectors.stable.len() >= 20 && vectors.refused.len() >= 7);
    for case in vectors.stable.into_iter().chain(vectors.refused) {
        let answer = stabilize(&case.data);
        let refused_at = answer.as_ref().err().map(|refusal| refusal.pointer.clone());
        assert_eq!(refused_at, case.refused_at, "{}", case.name);
        assert_eq!(answer.ok(), case.stable, "{}", case.name);
    }
}

#[test]
fn what_is_not_json_is_called_that_wherever_the_mistake_stands() {
    let garbage = "|\u{feff}1|01|-|-01|+1|.5|1.|1.e1|1e|1e+|0x1|NaN|Infinity|nul|nulls|True|'a'|\
        [|[1,]|[,1]|[1 2]|]|{|{\"a\"}|{\"a\":}|{\"a\":1,}|{a:1}|{\"a\":1 \"b\":2}|{1:2}|[1}|1 1|\
        \"|\"\\|\"\\x\"|\"\\u12\"|\"\\u12g4\"|\"\\u+123\"|\"\\ud83d\\u\"|\"\t\"|\u{a0}1|[]//|\
        [1e400,\"\\ud800\",{\"a\":1,\"a\":2},]";
    for text in garbage.split('|') {
        let refusal = stabilize(text).expect_err(text);
        assert!(matches!(refusal.reason, Reason::Syntax { .. }), "{text}");
    }
    let message = stabilize(r#"{"x":[0,tru]}"#).unwrap_err().to_string();
    assert_eq!(message, "/x/1: not JSON: expected true at byte 8");
}

#[test]
fn numbers_are_kept_exactly_or_refused() {
    let zeros = "0".repeat(700_000);
    let long = format!("0.{zeros}1e700001");
    for (text, stable) in [
        ("0e99999999999999999999", "0"),
        ("-0.00E-5", "0"),
        ("1e00000000000000000000002", "100"),
        ("-123456789012345680000", "-123456789012345680000"),
        ("9007199254740992.0", "9007199254740992"),
        (long.as_str(), "1"),
    ] {
        assert_eq!(stabilize(text).as_deref(), Ok(stable));
    }
    let small = format!("0.{zeros}1");
    let changing = "1e999999999999999999999 -1e-999999999999999999999 1e309 1e-324 2e-324 \
        1e9223372036854775807 10e9223372036854775807 0.1e-9223372036854775808 \
        -9007199254740993 0.10000000000000000555 1797693134862315708145274237317e278";
    for text in changing.split(' ').chain([small.as_str()]) {
        assert_eq!(refused(text), (String::new(), Reason::NumberChanges));
    }
}

#[test]
fn a_refusal_names_the_place_briefly_and_no_value() {
    assert_eq!(refused(r#"{"a/b~":[{"":1,"":2}]}"#).0, "/a~1b~0/0/");
    assert_eq!(
        refused(r#"{"a":1,"b":2,"b":3,"a":4}"#),
        ("/b".to_owned(), Reason::DuplicateKey)
    );
    assert_eq!(
        refused(r#"{"a":{"\udc00":1}}"#),
        ("/a".to_owned(), Reason::LoneSurrogate)
    );
    let message = stabilize("12345678901234567890").unwrap_err().to_string();
    assert!(message.starts_with("(the document): JavaScript") && !message.contains('1'));
    let forged = stabilize(r#"{"\n":1e400}"#).unwrap_err();
    assert!(forged.pointer == "/\n" && forged.to_string().starts_with(r"/\n: "));
    let exact = format!(r#"{{"{}":[1e400]}}"#, "あ".repeat(197));
    assert!(refused(&exact).0.ends_with("あ/0"));
    let pointer = refused(&exact.replacen('あ', "ああ", 1)).0;
    assert!(pointer.chars().count() == 200 && pointer.ends_with("あ…"));
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(stabilize(&nested(128)), Ok(nested(128)));
    let refusal = stabilize(&nested(1_000_000)).unwrap_err();
    assert!(refusal.reason == Reason::TooDeep && refusal.is_syntax());
}

/// Were every key compared with every other, this would not end.
#[test]
fn an_object_may_have_very_many_members() {
    let object = |keys: &mut dyn Iterator<Item = u32>, prefix: &str| {
        let members: Vec<_> = keys.map(|key| format!("\"{prefix}{key}\":0")).collect();
        format!("{{{}}}", members.join(","))
    };
    let source = object(&mut (0..100_000).rev(), "k");
    assert_eq!(stabilize(&source).as_ref(), Ok(&source));
    let source = object(&mut (0..100_000).rev(), "");
    assert_eq!(stabilize(&source), Ok(object(&mut (0..100_000), "")));
    let source = object(&mut (0..100_000).chain([7]), "k");
    assert_eq!(refused(&source), ("/k7".to_owned(), Reason::DuplicateKey));
}

/// JSON in all its spellings, with keys from so few that integer-like and equal ones meet, and
/// only numbers that `serde_json` reads without error.
fn any_json() -> impl Strategy<Value = String> {
    let text = r#""([ -!#-\[\]-~あ😀]|\\["\\/bfnrt]|\\u[0-9a-c][0-9A-F]{3}|\\ud83d\\uDE00){0,6}""#;
    let number = "-?(0|[1-9][0-9]{0,9})(\\.[0-9]{1,4})?([eE][+-]?[0-9])?";
    let leaf = prop_oneof![Just("true".to_owned()), number, text];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let member = (prop_oneof!["\"[0-9a]{1,2}\"", text], inner.clone());
        let member = member.prop_map(|(key, value)| format!("{key} :\n{value}"));
        let items = prop::collection::vec(inner, 0..6).prop_map(|v| v.join(" ,\t"));
        let members = prop::collection::vec(member, 0..6).prop_map(|v| v.join("\r,"));
        let items = items.prop_map(|items| format!("[{items}]"));
        let members = members.prop_map(|members| format!("{{{members} }}"));
        prop_oneof![items, members]
    })
}

#[derive(Debug, PartialEq, serde::Deserialize)]
#[serde(untagged)]
enum Plain {
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Plain>),
    Object(BTreeMap<String, Plain>),
}

proptest! {
    #[test]
    fn what_is_accepted_keeps_its_value_and_then_its_spelling(source in any_json()) {
        match stabilize(&source) {
            Ok(stable) => {
                prop_assert_eq!(stabilize(&stable), Ok(stable.clone()));
                let read = |text: &str| serde_json::from_str::<Plain>(text).unwrap();
                prop_assert_eq!(read(&source), read(&stable));
            }
            Err(refusal) => prop_assert!(!refusal.is_syntax(), "{source} {refusal}"),
        }
    }

    #[test]
    fn no_text_makes_it_panic_or_differ_from_serde_json(text in r#"([\[\]{},:"\\ued8.+\-01あ\s]|\PC){0,60}"#) {
        let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
        let read = stabilize(&text).map_or_else(|refusal| !refusal.is_syntax(), |_| true);
        prop_assert_eq!(read, is_json);
    }
}
