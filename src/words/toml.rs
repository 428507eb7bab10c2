//! What the reader of TOML says in English, in Japanese.

/// What a mistake of writing most likely is, from what the TOML reader says in English.
pub(super) fn in_japanese(why: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["duplicate"]) {
        "同じキーまたは見出しが 2 回書かれています"
    } else if says(&["must be quoted", "string values"]) {
        "文字列の値は \" で囲んでください"
    } else if says(&["`=`"]) {
        "キー = 値 の形になっていません"
    } else if says(&[
        "unclosed",
        "unterminated",
        "expected `\"`",
        "expected `]`",
        "expected `}`",
    ]) {
        "引用符または括弧が閉じられていません"
    } else {
        "TOML の書き方に合っていません。この行の引用符、括弧、= を確かめてください"
    }
}
