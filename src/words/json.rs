//! Japanese for the errors of the JSON parser.

/// Translates a message of the JSON parser.
pub(super) fn in_japanese(why: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["EOF while parsing"]) {
        "途中で終わっています"
    } else if says(&["expected `:`"]) {
        "キーの後に : がありません"
    } else if says(&["trailing comma"]) {
        "最後の値の後に余分な , があります"
    } else if says(&["expected `,`"]) {
        "値の後に , がないか、括弧が閉じられていません"
    } else if says(&["key must be", "expected `\"`"]) {
        "キーは \" で囲んでください"
    } else if says(&["number"]) {
        "数の書き方が正しくありません"
    } else if says(&["escape", "unicode"]) {
        "\\ の書き方が正しくありません"
    } else if says(&["control character"]) {
        "文字列の中に改行やタブがあります。\\n や \\t と書いてください"
    } else if says(&["trailing characters"]) {
        "終わりの後に余分な文字があります"
    } else if says(&["recursion"]) {
        "配列やオブジェクトの重なりが深すぎます"
    } else {
        "値がないか、値の書き方が正しくありません"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_of_writing_has_its_sentence() {
        for (text, told) in [
            ("{\"a\":", "途中で"),
            ("{\"a\" 1}", ": が"),
            ("[1,]", "余分な ,"),
            ("[1 2]", ", がない"),
            ("{a:1}", "キーは"),
            ("[1.]", "数の"),
            (r#"["\x"]"#, "\\ の"),
            ("[\"\n\"]", "改行や"),
            ("[] x", "終わりの後"),
            ("[x]", "値がないか"),
        ] {
            let read = serde_json::from_str::<serde_json::Value>(text);
            let why = read.unwrap_err().to_string();
            let said = in_japanese(&why);
            assert!(said.contains(told), "{text}: {why}: {said}");
        }
        let deep = "[".repeat(200);
        let read = serde_json::from_str::<serde_json::Value>(&deep);
        let why = read.unwrap_err().to_string();
        assert!(in_japanese(&why).contains("深すぎ"), "{why}");
    }
}
