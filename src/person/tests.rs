//! Names, labels, and how a staff id is found in texts.

use super::*;

#[test]
fn a_text_is_spelled_as_json_may_have_it() {
    assert_eq!(spellings("EMP-1"), ["EMP-1"]);
    assert_eq!(spellings("a\"b"), ["a\"b", "a\\\"b"]);
    let mut kanji = ["山田", r"\u5c71\u7530", r"\u5C71\u7530"];
    kanji.sort_unstable();
    assert_eq!(spellings("山田"), kanji);
    assert!(spellings("𠮟").contains(&r"\ud842\udf9f".to_owned()));
}

#[test]
fn an_id_stands_in_a_payload_as_a_whole_word() {
    for (data, stands) in [
        (r#"{"staffId":"EMP-1"}"#, true),
        (r#"{"text":"(EMP-1 との面談)"}"#, true),
        (r#"{"staffId":"EMP-10"}"#, false),
        (r#"{"photo":"https://example.com/EMP-1_small.png"}"#, true),
        // Whose it is, a person sees.
        (r#"{"staffId":"X-EMP-1"}"#, true),
        (r#"{"staffId":"XEMP-1"}"#, false),
        // Japanese has no blanks between words.
        (r#"{"text":"職員EMP-1の都合"}"#, true),
        (r#"{"list":["EMP-10","EMP-1"]}"#, true),
        // The letter or digit before it belongs to an escape.
        (r#"{"note":"対象者:\nEMP-1\n以上"}"#, true),
        (r#"{"note":"\tEMP-1"}"#, true),
        (r#"{"note":"\u3000EMP-1"}"#, true),
        (r#"{"photo":"https://example.com/?of=a%2FEMP-1.png"}"#, true),
        (r#"{"note":"nEMP-1 2FEMP-1 %2GEMP-1 u3000EMP-1"}"#, false),
        ("{}", false),
    ] {
        assert_eq!(stands_in("EMP-1", data), stands, "{data}");
    }
    assert!(stands_in("a\"b", r#"{"staffId":"a\"b"}"#));
    assert!(!stands_in("", "{}"));
    assert!(!stands_in("10", r#"{"at":"2025-10-26"}"#));
    assert!(stands_in("10", r#"{"staffId":"10"}"#));
    assert!(stands_in_text("10", "int-10-2") && !stands_in_text("10", "int-100"));
}

#[test]
fn every_text_that_can_be_found_in_another_is_one_of_its_words() {
    let words = |text, most| words_in(text, most).collect::<Vec<_>>();
    assert_eq!(words("a-10", 9), ["a", "a-10", "10"]);
    assert_eq!(words("a-10", 2), ["a", "10"]);
    assert_eq!(words("", 9), [""; 0]);
    for (text, id) in [
        ("EMP-1", "EMP-1"),
        ("pc of EMP-1.", "EMP-1"),
        ("職員EMP-1の都合", "EMP-1"),
        ("山田 太郎の都合", "山田 太郎"),
        ("https://example.com/a%2FEMP-1", "EMP-1"),
    ] {
        assert!(stands_in_text(id, text) && words(text, 20).contains(&id));
    }
    let text = "EMP-1の都合 a_b %2Fc";
    for begin in 0..text.len() {
        for end in begin + 1..=text.len() {
            let Some(part) = text.get(begin..end) else {
                continue;
            };
            let found = words(text, 20).contains(&part);
            assert_eq!(found, stands_in_text(part, text), "{part}");
        }
    }
}

#[test]
fn names_are_what_stands_behind_a_name() {
    let data = r#"{"fullName":"山田 太郎","dept":{"name":"外科","id":"x"},"nameKana":["ヤマダ"],"staffId":"E"}"#;
    assert_eq!(names_in(data), ["山田 太郎", "外科", "ヤマダ"]);
    assert_eq!(names_in("no JSON"), Vec::<String>::new());
}

#[test]
fn a_label_shows_neither_the_id_nor_the_same_for_another_key() {
    let label = |key: &[u8], id: &str| label(&hash_of_staff(key, id));
    assert_eq!(label(b"key", "EMP-1"), label(b"key", "EMP-1"));
    assert_ne!(label(b"key", "EMP-1"), label(b"key", "EMP-2"));
    assert_ne!(label(b"key", "EMP-1"), label(b"another", "EMP-1"));
    assert_eq!(label(b"key", "EMP-1").len(), DIGITS + 1);
}

#[test]
fn a_word_of_json_is_looked_for_in_its_texts() {
    let payload = r#"{"staffId":"EMP-1","photo":null,"isNew":true,"null":0}"#;
    for word in ["null", "true", "false"] {
        assert!(!stands_in(word, payload), "{word}");
        assert!(
            stands_in(word, &format!(r#"{{"of":["{word}"]}}"#)),
            "{word}"
        );
    }
    assert!(!stands_in_json("0", r#"{"count":0,"reason":"none"}"#));
    assert!(stands_in_json("0", r#"{"reason":"for 0"}"#));
}
