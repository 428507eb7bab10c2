//! Random JSON against JavaScript itself: what the relay would send is what
//! `JSON.stringify(JSON.parse(…))` gives, and what it refuses JavaScript would change.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use voicedrive_relay::testing::config::Environment;
use voicedrive_relay::testing::stable_json::stabilize;

/// Texts when nothing else is said; `JAVASCRIPT_CASES` says more.
const CASES: usize = 5_000;

/// A number in any spelling that JSON allows, many of them at the edges of what a double can hold.
fn number() -> BoxedStrategy<String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,6})",
        "-?(0|[1-9][0-9]{0,3})\\.[0-9]{1,6}",
        "-?[1-9]\\.?[0-9]{1,18}([eE][+-]?[0-9]{1,3})?".prop_map(|text| text.replace('.', ".0")),
        "-?(0|[1-9])[eE][+-]?[0-9]{1,3}",
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| json!(number).to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        (9_007_199_254_740_980_i64..9_007_199_254_741_010).prop_map(|number| number.to_string()),
        Just("-0".to_owned()),
        Just("1e21".to_owned()),
        Just("123456789012345680000".to_owned()),
    ]
    .boxed()
}

/// A string as it may be written: plain, escaped, with pairs and halves of surrogates.
fn string() -> BoxedStrategy<String> {
    let piece = prop_oneof![
        6 => "[a-z0-9 ]{1,4}",
        2 => "[あ-ん漢字é😀\u{2028}\u{7f}]{1,3}",
        1 => Just("\\u3042".to_owned()),
        1 => Just("\\ud83d\\ude00".to_owned()),
        1 => Just("\\/\\b\\f\\n\\r\\t\\\"\\\\".to_owned()),
        1 => "\\\\u00[01][0-9a-fA-F]",
        1 => Just("\\ud800".to_owned()).prop_map(|half| half),
    ];
    proptest::collection::vec(piece, 0..4)
        .prop_map(|pieces| format!("\"{}\"", pieces.concat()))
        .boxed()
}

fn key() -> BoxedStrategy<String> {
    prop_oneof![
        4 => "\"[a-d]\"",
        2 => "\"(0|[1-9][0-9]{0,2})\"",
        1 => "\"(01|1\\.0|-1|4294967294|4294967295|4294967296|__proto__|toJSON|\\\\u0061)\"",
        1 => string(),
    ]
    .boxed()
}

fn document() -> BoxedStrategy<String> {
    let blank = || "[ \t\r\n]{0,2}";
    let leaf = prop_oneof![
        3 => number(),
        3 => string(),
        1 => prop_oneof!["true", "false", "null"],
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        let item = (blank(), inner.clone(), blank())
            .prop_map(|(before, item, after)| format!("{before}{item}{after}"));
        let member = (blank(), key(), blank(), inner)
            .prop_map(|(before, key, between, value)| format!("{before}{key}{between}:{value}"));
        prop_oneof![
            proptest::collection::vec(item, 0..5)
                .prop_map(|items| format!("[{}]", items.join(","))),
            proptest::collection::vec(member, 0..5)
                .prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
    .boxed()
}

#[test]
fn what_is_sent_is_what_javascript_makes_of_it_and_what_is_refused_it_would_change() {
    let cases = Environment::of_process()
        .var("JAVASCRIPT_CASES")
        .map_or(CASES, |text| text.parse().unwrap());
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/javascript/judge.mjs");
    let mut node = Command::new("node")
        .arg(judge)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js is needed; tests/run installs it");
    let mut input = node.stdin.take().unwrap();
    let writing = std::thread::spawn(move || {
        let mut runner = TestRunner::default();
        let documents = document();
        for _ in 0..cases {
            let text = documents.new_tree(&mut runner).unwrap().current();
            let out = stabilize(&text).ok();
            writeln!(input, "{}", json!({"in": text, "out": out})).unwrap();
        }
    });
    let output = node.wait_with_output().unwrap();
    writing.join().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let last = told.lines().last().unwrap();
    assert!(output.status.success(), "{told}");
    let accepted = last.split(", ").nth(1).unwrap().split(' ').next().unwrap();
    let accepted: usize = accepted.parse().unwrap();
    assert!(accepted > cases / 5 && accepted < cases, "{last}");
}
