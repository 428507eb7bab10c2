//! What was typed wrongly, told in Japanese.

use std::error::Error as _;

use clap::builder::StyledStr;
use clap::builder::styling::Styles;
use clap::error::{ContextKind, ContextValue, Error, ErrorFormatter, ErrorKind};

use crate::wrong_value::WrongValue;

/// What such an error begins with on a terminal.
pub const PREFIX: &str = "エラー: ";

/// Tells an error of the command line in Japanese. Help stands as it was made.
pub struct Japanese;

impl ErrorFormatter for Japanese {
    fn format_error(error: &Error<Self>) -> StyledStr {
        let styles = Styles::styled();
        let (red, bold) = (styles.get_error(), styles.get_usage());
        let prefix = PREFIX.trim_end();
        let mut parts = vec![format!("{red}{prefix}{red:#} {}", what(error))];
        parts.extend(tips(error).iter().map(|tip| format!("  {tip}")));
        if let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) {
            let usage = usage.to_string();
            let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
            parts.push(format!("{bold}使い方:{bold:#} {usage}"));
        }
        parts.push("詳しい使い方は --help で確かめてください。\n".to_owned());
        parts.join("\n\n").into()
    }
}

/// What is wrong.
fn what(error: &Error<Japanese>) -> String {
    let argument = text(error, ContextKind::InvalidArg);
    let value = text(error, ContextKind::InvalidValue);
    let command = text(error, ContextKind::InvalidSubcommand);
    match error.kind() {
        ErrorKind::UnknownArgument => format!("'{argument}' という引数はありません"),
        ErrorKind::InvalidSubcommand => format!("'{command}' というコマンドはありません"),
        ErrorKind::MissingSubcommand => format!(
            "'{command}' の後にコマンドを指定してください{}",
            choices("コマンド", error, ContextKind::ValidSubcommand)
        ),
        ErrorKind::MissingRequiredArgument => {
            format!(
                "次の引数を指定してください:{}",
                below(error, ContextKind::InvalidArg)
            )
        }
        ErrorKind::InvalidValue if value.is_empty() => format!(
            "'{argument}' に値を指定してください{}",
            choices("指定できる値", error, ContextKind::ValidValue)
        ),
        ErrorKind::InvalidValue => format!(
            "'{argument}' に '{value}' は指定できません{}",
            choices("指定できる値", error, ContextKind::ValidValue)
        ),
        ErrorKind::ValueValidation => {
            let why = error.source().and_then(|why| why.downcast_ref());
            let why = why.map_or_else(String::new, |why: &WrongValue| {
                format!("。{}", expected(why))
            });
            format!("'{argument}' に '{value}' は指定できません{why}")
        }
        ErrorKind::TooManyValues => {
            format!("'{argument}' の値が多すぎます。'{value}' は指定できません")
        }
        ErrorKind::ArgumentConflict => conflict(error, argument),
        ErrorKind::InvalidUtf8 => {
            "UTF-8 の文字として読めない引数があります。入力した文字を確かめてください".to_owned()
        }
        _ => "引数に誤りがあります".to_owned(),
    }
}

fn conflict(error: &Error<Japanese>, argument: &str) -> String {
    match error.get(ContextKind::PriorArg) {
        Some(ContextValue::String(prior)) if prior == argument => {
            format!("'{argument}' は 1 回だけ指定できます")
        }
        Some(ContextValue::String(prior)) => {
            format!("'{argument}' と '{prior}' は同時に指定できません")
        }
        Some(ContextValue::Strings(_)) => format!(
            "'{argument}' と次の引数は同時に指定できません:{}",
            below(error, ContextKind::PriorArg)
        ),
        _ => "同時に指定できない引数があります".to_owned(),
    }
}

/// What must stand in the place of a value.
fn expected(wrong: &WrongValue) -> String {
    match wrong {
        WrongValue::Whole { from, to } => {
            format!("{from} から {to} までの整数を指定してください")
        }
        WrongValue::Text { most } => {
            format!("改行などを含まない 1 から {most} 文字で指定してください")
        }
        WrongValue::Address => {
            "127.0.0.1:9000 のように、IP アドレスとポート (0 から 65535) を指定してください"
                .to_owned()
        }
        WrongValue::Event => {
            "employee.created のように、イベントの名前 (a-z、0-9、.、_、- の 1 から 100 文字) を指定してください"
                .to_owned()
        }
        WrongValue::Url => {
            "https://voicedrive.example.com/webhook のような URL を指定してください".to_owned()
        }
        WrongValue::Zone => {
            "Asia/Tokyo や UTC のようなタイムゾーンの名前を指定してください".to_owned()
        }
        WrongValue::Month => "2025-10 のような月を指定してください".to_owned(),
        WrongValue::Week => {
            "2025-W43 のような週、またはその週の日付 (2025-10-26 など) を指定してください".to_owned()
        }
        WrongValue::Events => {
            "イベントの名前、または employee.* のように .* で終わる先頭の部分を指定してください"
                .to_owned()
        }
    }
}

/// What was perhaps meant.
fn tips(error: &Error<Japanese>) -> Vec<String> {
    let similar = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    let similar = similar.into_iter().filter_map(|kind| {
        let names = match error.get(kind)? {
            ContextValue::String(name) => vec![name.as_str()],
            ContextValue::Strings(names) => names.iter().map(String::as_str).collect(),
            _ => return None,
        };
        let names: Vec<String> = names.iter().map(|name| format!("'{name}'")).collect();
        (!names.is_empty()).then(|| format!("もしかして: {}", names.join("、")))
    });
    let others = match error.get(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(others)) => others.as_slice(),
        _ => &[],
    };
    let others = others.iter().filter_map(|tip| advice(&tip.to_string()));
    similar.chain(others).collect()
}

/// clap's advice is an English sentence; the names in it, between quotes, say which one it is.
fn advice(english: &str) -> Option<String> {
    let quoted: Vec<&str> = english.split('\'').skip(1).step_by(2).collect();
    match quoted[..] {
        [other] => Some(format!("'{other}' なら指定できます")),
        [command, "--"] => Some(format!(
            "コマンド '{command}' を使う場合は、前の '--' を外してください"
        )),
        _ => None,
    }
}

fn text(error: &Error<Japanese>, kind: ContextKind) -> &str {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text,
        _ => "",
    }
}

fn texts(error: &Error<Japanese>, kind: ContextKind) -> &[String] {
    match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts,
        _ => &[],
    }
}

/// Each on a line of its own.
fn below(error: &Error<Japanese>, kind: ContextKind) -> String {
    let lines = texts(error, kind);
    format!("\n  {}", lines.join("\n  "))
}

fn choices(what: &str, error: &Error<Japanese>, kind: ContextKind) -> String {
    let choices = texts(error, kind);
    if choices.is_empty() {
        String::new()
    } else {
        format!("\n  [{what}: {}]", choices.join(", "))
    }
}
