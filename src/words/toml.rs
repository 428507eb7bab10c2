//! Japanese for the errors of the TOML parser.

/// The most likely reason of a syntax error, by the message of the TOML parser.
pub(super) fn in_japanese(why: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    if says(&["duplicate"]) {
        "同じキーまたは見出しが 2 回書かれています"
    } else if says(&["must be quoted", "string values"]) {
        "値がないか、文字列の値が \" で囲まれていません"
    } else if says(&["comma"]) {
        "値を区切る , が足りないか、余分にあります"
    } else if says(&["extra `=`", "extra assignment"]) {
        "= が余分にあります"
    } else if says(&["`=`", "assignment", "key with no value"]) {
        "キー = 値 の形になっていません"
    } else if says(&["missing value", "invalid value"]) {
        "= の後に値がないか、値の書き方が正しくありません"
    } else if says(&[
        "unclosed",
        "unterminated",
        "missing opening quote",
        "expected `\"`",
        "expected `]`",
        "expected `}`",
    ]) {
        "引用符または括弧が閉じられていません"
    } else if says(&["escape", "unicode"]) {
        "文字列の中の \\ の書き方が正しくありません。そのままの \\ を書くには、値を ' で囲んでください"
    } else if says(&[
        "radix",
        "unexpected sign",
        "numeric sign",
        "leading zero",
        "number",
        "integer",
    ]) {
        "数の書き方が正しくありません"
    } else if says(&["key"]) {
        "キーは半角の英数字、_、- で書いてください"
    } else {
        "TOML の書き方に合っていません。この行の引用符、括弧、= を確かめてください"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_of_writing_has_its_sentence() {
        for (text, told) in [
            ("a = 1\na = 2", "2 回"),
            ("a = x", "囲まれて"),
            ("a = [1,,2]", "余分に"),
            ("a", "キー = 値"),
            ("a =", "値がない"),
            ("[a", "閉じられて"),
            ("a = \"\\q\"", "\\ の書き方"),
        ] {
            let (_, errors) = toml::de::DeTable::parse_recoverable(text);
            let why = errors[0].message();
            assert!(in_japanese(why).contains(told), "{text}: {why}");
        }
    }
}
