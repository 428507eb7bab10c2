//! The Japanese words of each argument, and of the values that it can be given. The arguments are in one file for each group of
//! commands.

mod daemon;
mod deliveries;
mod receivers;
mod records;

/// What is said of an argument.
pub(super) struct Argument {
    /// The commands that have it; none: all.
    pub(super) of: &'static [&'static str],
    pub(super) id: &'static str,
    /// What it takes; empty for one that takes nothing.
    pub(super) takes: &'static str,
    pub(super) help: &'static str,
}

/// What a value of an argument means.
pub(super) struct Value {
    pub(super) argument: &'static str,
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
}

const fn argument(
    of: &'static [&'static str],
    id: &'static str,
    takes: &'static str,
    help: &'static str,
) -> Argument {
    Argument {
        of,
        id,
        takes,
        help,
    }
}

const fn value(argument: &'static str, name: &'static str, meaning: &'static str) -> Value {
    Value {
        argument,
        name,
        meaning,
    }
}

/// The arguments of all commands.
pub(super) fn all() -> impl Iterator<Item = &'static Argument> {
    [
        OF_EVERY_COMMAND,
        daemon::ARGUMENTS,
        deliveries::ARGUMENTS,
        records::ARGUMENTS,
        receivers::ARGUMENTS,
    ]
    .into_iter()
    .flatten()
}

const OF_EVERY_COMMAND: &[Argument] = &[
    argument(&[], "config", "ファイル", "設定ファイル"),
    argument(&[], "json", "", "プログラム向けに JSON で表示します"),
    argument(
        &[],
        "operator",
        "名前",
        "操作した人として操作の記録に残す名前。sudo で実行した場合は、指定しなくても元のユーザー名が残ります",
    ),
    argument(&[], "help", "", "使い方を表示します"),
    argument(&[], "version", "", "バージョンを表示します"),
];

pub(super) const VALUES: &[Value] = &[
    value("status", "accepted", "送信待ち"),
    value("status", "retrying", "再送待ち"),
    value("status", "delivered", "送信済み"),
    value("status", "exhausted", "要対応 (再送を使い切ったもの)"),
    value(
        "status",
        "dismissed",
        "対応不要 (担当者が対応不要としたもの)",
    ),
    value(
        "unknown_origin",
        "keep",
        "誤りとして扱います (何も取り込みません)",
    ),
    value(
        "unknown_origin",
        "drop",
        "rescheduledFromId なしで取り込みます",
    ),
    value(
        "format",
        "csv",
        "見出しの行があり、コンマ、セミコロン、タブのどれかで区切られたもの",
    ),
    value("format", "tsv", "見出しの行があり、タブで区切られたもの"),
    value("format", "json", "記録を並べた 1 つの JSON 配列"),
    value("format", "ndjson", "1 行に 1 件の記録"),
    value("period", "24h", "24 時間"),
    value("period", "7d", "7 日間"),
    value("period", "30d", "30 日間"),
    value("role", "viewer", "閲覧 (見るだけ)"),
    value("role", "operator", "操作 (再送、一時停止なども)"),
    value("unit", "day", "1 日"),
    value("unit", "hour", "1 時間"),
    value("by", "day", "日別"),
    value("by", "type", "イベント別"),
    value("by", "route", "送り先別"),
    value("written_as", "csv", "見出しのある、表計算ソフト向けの表"),
    value("written_as", "json", "1 つの JSON 配列"),
    value("written_as", "ndjson", "1 行に 1 件の JSON"),
    value(
        "encoding",
        "utf-8",
        "UTF-8 (BOM はあってもなくてもかまいません)",
    ),
    value(
        "encoding",
        "shift-jis",
        "日本語の表計算ソフトの文字コード (Windows のコードページ 932)",
    ),
];
