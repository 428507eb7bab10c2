//! Errors and one-line results of commands.

use std::io;

use super::counted;
use super::system::of_system;
use crate::crypto::NoRandomness;
use crate::language::Language;
use crate::zone::{ClockChange, Zone};

phrases! {
    /// Short texts of several commands.
    Command {
        NoMoment: "2025-10-26、\"2025-10-26 14:30\"、2025-10-26T14:30:00+09:00 のどれかの形で指定してください", "must be a day such as 2025-10-26, or a time such as \"2025-10-26 14:30\" or 2025-10-26T14:30:00+09:00";
        ResendWhat: "再送するイベントの ID か、--since や --route などの条件を指定してください。要対応のイベントをすべて再送するには --status exhausted を付けます", "name the events by their ids, or by conditions such as --since or --route; --status exhausted sends everything again that waits for a person";
        Reversed: "--since は --until より後にできません", "--since: must not be later than --until";
        Dismissed: "対応不要にしました", "dismissed";
        NoChannel: "通知先がありません。config.toml に [[alerts.channel]] を書いてください", "there is no channel; write [[alerts.channel]] in config.toml";
        Sent: "送信しました", "sent";
        ChannelFailed: "どの通知先にも届きませんでした", "no channel took it";
        SomeFailed: "届かない通知先があります。ほかには届きました", "not everybody got it; the others did";
        NothingTold: "お知らせはありません", "nothing was told";
        Accepted: "受け付けました", "accepted";
        UsedUp: "再送回数を使い切りました。原因を直してから再送してください", "the retries are used up; mend the cause, then send it again";
        NextAttempt: "次の再送:", "next attempt:";
        UnderWay: "送信中です。成功すればそれ以上は送らず、失敗すれば再送します", "is being sent at this moment: again when that fails, and no more when it succeeds";
        FirstAttempt: "最初の送信がまだ終わっていません。そのまま送信されます", "waits for its first attempt anyway, or is in the middle of it";
        SentAgain: "再送します", "is sent again";
        ByName: "イベント別", "by name";
        ByDay: "受付日別", "by day of acceptance";
        NoTokens: "トークンはありません", "no tokens";
        RevokedSince: "失効", "revoked";
        Until: "期限", "until";
        Revoked: "失効させました", "revoked";
        ReadAgain: "設定を読み直しました", "the configuration was read again";
        NeedsRestart: "再起動が必要な項目", "these keys need a restart";
        SetNow: "新しく設定されたもの", "set now";
        HasChanged: "変更されたもの", "changed";
        NotSetAnyMore: "設定されなくなったもの", "not set any more";
        Dropped: "--drop を付けたため、使えなくなったもの", "in force before, and given up as --drop says";
        Shown: "画面で操作の権限がない人にも見えるようになった送り先 (private ではなくなりました)", "not private any more, and shown to everybody who may see the monitor page";
        Note: "注意", "note";
    }
}

/// A time of day that the clock on the wall skips or shows twice.
pub(crate) fn clock_change(change: ClockChange, zone: Zone, language: Language) -> String {
    let written = |moment| zone.written(moment).replace(".000", "");
    let place = zone.name();
    match change {
        ClockChange::Skipped { then } => {
            let then = written(then);
            both!(
                language,
                "{place} では、時計の切り替えで飛ばされるため存在しない時刻です。切り替え直後であれば {then} と指定してください",
                "the clock of {place} skips this time when it is changed; {then} is the moment after that"
            )
        }
        ClockChange::Twice { first, second } => {
            let (first, second) = (written(first), written(second));
            both!(
                language,
                "{place} では、時計の切り替えで 2 回ある時刻です。1 回目は {first}、2 回目は {second} と指定してください",
                "the clock of {place} shows this time twice when it is changed; type {first} for the first, {second} for the second"
            )
        }
    }
}

/// A file, an address or another named thing that cannot be read, written or used.
pub(crate) fn file_failed(
    name: impl std::fmt::Display,
    error: &io::Error,
    language: Language,
) -> String {
    format!("{name}: {}", of_system(error, language))
}

/// The standard output is closed, or its disk is full.
pub(crate) fn no_output(error: &io::Error, language: Language) -> String {
    let why = of_system(error, language);
    both!(
        language,
        "結果を出力できません。{why}",
        "standard output: {why}"
    )
}

/// The name of the standard input.
pub(crate) fn standard_input(language: Language) -> &'static str {
    language.say("標準入力", "standard input")
}

/// The program cannot start.
pub(crate) fn cannot_begin(error: &io::Error, language: Language) -> String {
    let why = of_system(error, language);
    both!(
        language,
        "voicedrive-relay: 実行を始められません。{why}",
        "voicedrive-relay: {why}"
    )
}

/// An internal error: a mistake in the program, or too little memory.
pub(crate) fn broke_off(error: &dyn std::error::Error, language: Language) -> String {
    both!(
        language,
        "プログラムの中で異常が起きました。--json を付けると、詳しい内容が英語で表示されます",
        "{error}"
    )
}

/// An id with characters that no id has.
pub(crate) fn no_id(typed: &str, language: Language) -> String {
    both!(
        language,
        "「{typed}」は ID ではありません",
        "`{typed}` is not an id"
    )
}

/// No id begins with what was typed.
pub(crate) fn unknown_id(typed: &str, language: Language) -> String {
    both!(
        language,
        "{typed}: この ID で始まるイベントはありません。職員のイベントは tail --staff-id で探せます",
        "{typed}: no event's id begins so; tail --staff-id finds the events of a member of the staff"
    )
}

/// Nothing that can be dismissed has an id that begins with what was typed.
pub(crate) fn nothing_to_dismiss(typed: &str, language: Language) -> String {
    both!(
        language,
        "{typed}: この ID のお知らせも、この ID で始まるイベントもありません。お知らせの ID は alert history で、要対応のイベントの ID は tail --status exhausted で確かめてください",
        "{typed}: no incident has this id, and no event's id begins so; `alert history` shows the incidents, `tail --status exhausted` the events"
    )
}

/// Several ids begin with what was typed.
pub(crate) fn ambiguous_id(typed: &str, ids: &str, language: Language) -> String {
    both!(
        language,
        "{typed}: この ID で始まるイベントが複数あります。もっと長く指定してください: {ids}",
        "{typed}: several ids begin so; type more of the one that is meant: {ids}"
    )
}

/// The number of later events that are sent again as well.
pub(crate) fn follow(follows: u64, language: Language) -> String {
    both!(
        language,
        "同じ職員の、あとから届いた {follows} 件も続けて送ります (内容が古いものに戻らないように)",
        "{follows} later events of the same persons follow, so that old data does not come back"
    )
}

/// Too many later events would be sent again as well.
pub(crate) fn tail_too_long(follows: &str, language: Language) -> String {
    both!(
        language,
        "同じ職員の、あとから届いた {follows} 件も続けて送ることになるため、送りませんでした。このイベントだけを送るには --only を付けます (VoiceDrive の内容は古いものに戻ります)",
        "{follows} later events of the same person would be sent again after it, so nothing was sent; with --only it is sent alone, and what VoiceDrive has goes back to it"
    )
}

/// An error of the command itself. In English it begins with its code, as an error of the daemon does.
pub(crate) fn with_code(code: &str, sentence: &str, language: Language) -> String {
    both!(language, "{sentence}", "{code}: {sentence}")
}

/// A message that reached some of a channel's recipients.
pub(crate) fn sent_to_the_others(name: &str, error: &str, language: Language) -> String {
    both!(
        language,
        "{name}: {error}。ほかの宛先には送信しました",
        "{name}: {error}; it was sent to the others"
    )
}

/// A file that the person may not read.
pub(crate) fn use_sudo(place: &str, language: Language) -> String {
    both!(
        language,
        "{place}: 読む権限がありません。sudo で実行してください",
        "{place}: you may not read this; use sudo"
    )
}

/// A signed profile without a secret.
pub(crate) fn needs_secret(name: &str, language: Language) -> String {
    both!(
        language,
        "このプロファイルには署名があります。{name} を環境変数か secrets.env に設定するか、--profile unsigned を指定してください",
        "the profile is signed: set {name} in the environment or in secrets.env, or use --profile unsigned"
    )
}

/// No built-in profile is called so.
pub(crate) fn unknown_profile(name: &str, language: Language) -> String {
    both!(
        language,
        "{name} というプロファイルはありません",
        "no profile is called {name}"
    )
}

/// `import` without a file.
pub(crate) fn import_what(language: Language) -> String {
    both!(
        language,
        "import interviews ファイル、または import --template と指定してください",
        "say import interviews FILE, or import --template"
    )
}

/// The system has no random numbers for a secret.
pub(crate) fn no_randomness(error: &NoRandomness, language: Language) -> String {
    both!(
        language,
        "システムから乱数を取得できないため、秘密の値を作れません",
        "{error}"
    )
}

/// `check` cannot become the daemon's user.
pub(crate) fn cannot_look_as(user: u32, error: &io::Error, language: Language) -> String {
    let why = of_system(error, language);
    both!(
        language,
        "リレーを動かすユーザー (ID {user}) として確かめられません。{why}",
        "check cannot be run as the daemon's user (id {user}): {why}"
    )
}

/// An environment variable that is ignored because the file has the secret.
pub(crate) fn file_counts(name: &str, file: impl std::fmt::Display, language: Language) -> String {
    both!(
        language,
        "{name} は {file} の値を使います。環境変数の値は使われません",
        "{name} is read from {file}; the variable of the environment does not count"
    )
}

/// A secret that is set neither in the file nor in the environment.
pub(crate) fn secret_is_nowhere(
    name: &str,
    file: impl std::fmt::Display,
    language: Language,
) -> String {
    both!(
        language,
        "{name} が {file} にも環境変数にも設定されていません ({file} は sudo でないと読めないことがあります)",
        "{name} is set neither in {file} (which may be readable with sudo only) nor in the environment"
    )
}

/// A reload that would lose secrets, routes or messages; `drop` is the command that accepts the loss.
pub(crate) fn would_be_lost(names: &[impl AsRef<str>], drop: &str, language: Language) -> String {
    let names = names.iter().map(|name| lost(name.as_ref(), language));
    let names = names.collect::<Vec<_>>().join(", ");
    both!(
        language,
        "何も変更していません。使用中の {names} がなくなります。そのつもりであれば {drop} を実行してください",
        "nothing was changed: {names} would be lost, which is in force. If you mean it: {drop}"
    )
}

/// What is lost; the last part of its name may be a word of the configuration.
fn lost(name: &str, language: Language) -> String {
    // Behind these stands the name of an event, and no word of the configuration.
    if name.starts_with("server.known_events: ") {
        return name.to_owned();
    }
    let parts = name.rsplit_once(": ").or_else(|| name.rsplit_once('.'));
    let Some((owner, key)) = parts else {
        return name.to_owned();
    };
    let thing = match key {
        "signature" => language.say("署名", "signature"),
        "bearer" => language.say("トークン", "bearer"),
        "proxy" => language.say("プロキシ", "proxy"),
        "password" => language.say("パスワード", "password"),
        _ => return name.to_owned(),
    };
    both!(language, "{owner} の{thing}", "{name}")
}

/// An unknown event type, with the one that was perhaps meant.
pub(crate) fn unknown_type(name: &str, nearest: Option<&str>, language: Language) -> String {
    match nearest {
        Some(nearest) => both!(
            language,
            "{name} というイベントは保存されていません。もしかして: {nearest}",
            "no event that is kept is called {name}; did you mean {nearest}?"
        ),
        None => both!(
            language,
            "{name} というイベントは保存されていません",
            "no event that is kept is called {name}"
        ),
    }
}

/// How many events are sent again.
pub(crate) fn sent_again(events: u64, language: Language) -> String {
    let told = counted(events, "event");
    both!(language, "{events} 件を再送します", "sent again: {told}")
}

/// How many events would be sent again.
pub(crate) fn would_be_sent(events: u64, language: Language) -> String {
    let told = counted(events, "event");
    both!(
        language,
        "{events} 件が該当します (何も変更していません)",
        "found: {told}; nothing was changed"
    )
}

/// How many deliveries are shown, and how many there are.
pub(crate) fn shown_of(
    shown: usize,
    matched: impl std::fmt::Display,
    more: bool,
    language: Language,
) -> String {
    if more {
        both!(
            language,
            "{shown} / {matched} 件以上",
            "{shown} of more than {matched}"
        )
    } else {
        both!(language, "{shown} / {matched} 件", "{shown} of {matched}")
    }
}
