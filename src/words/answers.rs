//! What the daemon refuses, as a person who typed a command reads it. The API's own messages are English.

use crate::command_line::CommandLine;
use crate::language::Language;
use crate::reconciliation::{RangeError, time_of};
use crate::token::Scope;
use crate::words::recoveries;
use uuid::Uuid;

/// What a request to the daemon was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// One event, or several.
    Events,
    /// What is to be dismissed.
    Dismissal,
    /// What is kept of a person.
    Staff,
    /// The reading of the configuration.
    Reload,
    /// A hold.
    Hold,
    /// A recovery.
    Recovery,
    /// Everything else.
    Other,
}

impl Subject {
    /// What a request to this path is about.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let begins = |begin: &str| path.starts_with(begin);
        if path.ends_with("/dismiss") {
            Self::Dismissal
        } else if begins("/api/events") || begins("/control/events") {
            Self::Events
        } else if begins("/api/staff") {
            Self::Staff
        } else if begins("/control/reload") {
            Self::Reload
        } else if begins("/api/holds") {
            Self::Hold
        } else if begins("/api/recovery") {
            Self::Recovery
        } else {
            Self::Other
        }
    }
}

/// A refusal: the daemon's own message with its code in English, and in Japanese the sentence that stands for
/// the code.
#[must_use]
pub fn refusal(
    code: &str,
    message: &str,
    subject: Subject,
    commands: &CommandLine,
    language: Language,
) -> String {
    match language {
        Language::En => format!("{code}: {message}"),
        Language::Ja => in_japanese(code, message, subject, commands),
    }
}

fn in_japanese(code: &str, message: &str, subject: Subject, commands: &CommandLine) -> String {
    let log = || {
        let journal = commands.service("journalctl -u");
        journal.unwrap_or_else(|| "リレーのログ".to_owned())
    };
    // The control socket tells some things in the person's language already.
    if !message.is_ascii() && matches!(code, "STORAGE_UNAVAILABLE" | "CONFLICT") {
        return message.to_owned();
    }
    if let Some(sentence) = of_range(message) {
        return sentence.to_owned();
    }
    if let Some(sentence) = of_far_ids(message) {
        return sentence;
    }
    let sentence = match (code, subject) {
        ("INVALID_PARAMETER", _) => return of_parameter(message, commands),
        ("UNSTABLE_JSON", _) => return of_unstable_json(message),
        ("PAYLOAD_TOO_LARGE", _) => return too_large(message),
        ("INVALID_DATE_RANGE", _) => {
            "日時の範囲が正しくありません。終わりが始まりより前になっていないか確かめてください"
        }
        ("INVALID_JSON", _) => "送った内容が JSON として読めないか、途中で切れました",
        ("NOT_FOUND", Subject::Events) => {
            "この ID のイベントはありません。tail で ID を確かめてください"
        }
        ("NOT_FOUND", Subject::Dismissal) => {
            "この ID の、続いているお知らせも、イベントもありません。alert history か tail で ID を確かめてください"
        }
        ("NOT_FOUND", Subject::Staff) => "この職員 ID について保存しているものはありません",
        ("CONFLICT", Subject::Staff) => {
            "この人のイベントが消去の途中でもう一度送られることになりました。届いてから、同じコマンドをもう一度実行してください"
        }
        ("CONFLICT", Subject::Events) if message.contains("were erased") => {
            "このイベントの内容は、その人のデータとともに消去されています。送るものがありません"
        }
        ("NOT_FOUND", Subject::Hold | Subject::Recovery) => return no_hold(message),
        ("NOT_FOUND" | "METHOD_NOT_ALLOWED", _) => {
            let restart = commands.service("systemctl restart");
            let restart = restart.map_or_else(String::new, |restart| {
                format!(" ({})", commands.by_admin(&restart))
            });
            return format!(
                "動いているリレーはこのコマンドに対応していません。同じバージョンのリレーに再起動してください{restart}"
            );
        }
        ("CONFLICT", Subject::Dismissal) if message.starts_with("Only an exhausted") => {
            "対応不要にできるのは、要対応のイベントと、VoiceDrive にないと分かったイベントだけです。このイベントは送信済みか、これから送信されます"
        }
        ("CONFLICT", Subject::Dismissal) => {
            "この種類のお知らせは、原因がなくなると自動で終わります。対応不要にはできません"
        }
        ("CONFLICT", Subject::Reload) => {
            return format!(
                "設定を読み直せませんでした。前の設定のまま動いています。{} で理由を確かめてください",
                log()
            );
        }
        ("CONFLICT", Subject::Recovery) => {
            if let Some(reasons) = recoveries::left_out_in_japanese(message) {
                return reasons;
            }
            "今は送れません。すでに再送の途中か、送り先が一時停止中か、URL が未設定です。hold list と status で確かめてください"
        }
        ("CONFLICT" | "IDEMPOTENCY_CONFLICT", _) => "すでに保存されている内容と矛盾しています",
        ("STORAGE_UNAVAILABLE", _) => {
            return format!(
                "データベースに書き込めないため、何も変更していません。{} と {} で状態を確かめてください",
                commands.typed("status"),
                log()
            );
        }
        ("INTERNAL_SERVER_ERROR", _) => {
            return format!(
                "リレーの中で異常が起きました。{} で記録を確かめてください",
                log()
            );
        }
        ("RATE_LIMIT_EXCEEDED", _) => {
            "問い合わせが多すぎます。1 分ほど待ってからもう一度実行してください"
        }
        // What has no sentence is told by its code, by which others can help.
        _ => return format!("リレーに断られました ({code})"),
    };
    sentence.to_owned()
}

/// `message` names the parameter before a colon.
fn of_parameter(message: &str, commands: &CommandLine) -> String {
    let field = message.split(": ").next().unwrap_or_default();
    let accepted = match field {
        "event" if message.contains("server.known_events") => return of_unlisted(message),
        "event" | "eventType" => "イベント名 (a-z、0-9、.、_、- の 1 から 100 文字) にしてください",
        "data" => "内容は JSON のオブジェクト ({...}) にしてください",
        "staffId" => "職員 ID は改行などを含まない 1 から 191 文字にしてください",
        "status" if message.ends_with("by its id") => {
            "対応不要のイベントは、まとめて再送できません。ID を指定して 1 件ずつ再送してください"
        }
        "status" => {
            "状態 (status) は accepted、retrying、delivered、exhausted、dismissed のどれかにしてください"
        }
        "route" => return of_route(message),
        "since" | "until" => {
            "期間 (--since、--until) は日時にしてください (例: 2025-10-26、2025-10-26T14:30:00+09:00)"
        }
        "reason" => "理由は 1 から 500 文字にしてください",
        "subject" | "jti" => {
            "トークンの ID と利用者名は改行などを含まない 1 から 191 文字にしてください"
        }
        "days" => "トークンの期間 (--days) は 1 から 3650 までの日数にしてください",
        "begin" => "イベントの ID か、その始まりの部分にしてください",
        "RELAY_JWT_SECRET" => {
            let reload = commands.typed("reload");
            return format!(
                "{field}: 設定されていないため、トークンに署名できません。secrets.env に設定し、{reload} を実行してください"
            );
        }
        "scope" => {
            let known = Scope::ALL.map(Scope::as_str).join(", ");
            return format!(
                "トークンに許可する操作 (--scope) は、次の中から 1 つ以上を指定してください: {known}"
            );
        }
        field => return format!("{field}: この値は使えません"),
    };
    accepted.to_owned()
}

/// `message` names the event that was perhaps meant before a question mark.
fn of_unlisted(message: &str) -> String {
    let meant = meant(message);
    format!(
        "このイベント名は、設定の server.known_events にありません。{meant}名前を確かめるか、server.known_events に加えてください"
    )
}

/// What `message` says was perhaps meant.
fn meant(message: &str) -> String {
    let meant = message.split_once("did you mean ");
    let meant = meant.and_then(|(_, rest)| rest.split_once('?'));
    meant.map_or_else(String::new, |(name, _)| format!("もしかして: {name}。"))
}

/// Why a comparison's range was refused; none: `message` is about something else.
fn of_range(message: &str) -> Option<&'static str> {
    let mut all = RangeError::ALL.into_iter();
    let error = all.find(|error| error.to_string() == message)?;
    Some(match error {
        RangeError::Nothing => {
            "番号 (ID) が 1 つもありません。比べる期間を --from と --to で指定してください"
        }
        RangeError::NoTime => {
            "一覧の番号 (ID) からは、いつ受け付けたものか分かりません。比べる期間を --from と --to で指定してください"
        }
        RangeError::Reversed => {
            "--to は --from より後にしてください。--to の時刻に受け付けたものは比べません。ある 1 日を比べるには、--to に次の日を指定します"
        }
        RangeError::EndsBeforeIds => {
            "--to が、一覧の最初の番号 (ID) より前です。--to を確かめるか、--from も指定してください"
        }
        RangeError::BeginsAfterIds => {
            "--from が、一覧の最後の番号 (ID) より後です。--from を確かめるか、--to も指定してください"
        }
        RangeError::TooLong => "1 回に比べられるのは 92 日までです",
        RangeError::FarApart { .. } => return None,
    })
}

/// That ids of a list are too far apart: `message` names them; none: it is about something else.
fn of_far_ids(message: &str) -> Option<String> {
    let (named, _) = message.split_once(": one comparison covers at most 92 days")?;
    let ids = named.split_whitespace();
    let ids = ids.filter_map(|word| Uuid::try_parse(word).ok());
    let ids = ids.map(|id| format!("{id} ({})", time_of(id)));
    let ids: Vec<_> = ids.collect();
    (!ids.is_empty()).then(|| {
        format!(
            "一覧の番号 (ID) {} を入れると 92 日より長くなります。1 回に比べられるのは 92 日までです。一覧から除くか、比べる期間を --from と --to で指定してください",
            ids.join("、")
        )
    })
}

/// `message` names the known routes behind a colon when there is no such route.
fn no_hold(message: &str) -> String {
    match message.rsplit_once(": ") {
        Some((_, known)) => {
            format!("この名前の送り先は設定にありません。設定にある送り先: {known}")
        }
        None if message.contains("every route") => {
            "すべての送り先の一時停止はありません。送り先ごとの一時停止は hold list で確かめてください".to_owned()
        }
        None => "この送り先だけの一時停止はありません。hold list で確かめてください".to_owned(),
    }
}

/// `message` names the route that was perhaps meant before a question mark, and the known ones behind a colon.
fn of_route(message: &str) -> String {
    let known = message.rsplit(": ").next().unwrap_or_default();
    let meant = meant(message);
    format!(
        "この名前の送り先は設定になく、そこに送るイベントもありません。{meant}設定にある送り先: {known}"
    )
}

/// `message` names the place before a colon, as a JSON pointer behind the field.
fn of_unstable_json(message: &str) -> String {
    let place = message.split(": ").nth(1).unwrap_or_default();
    let place = if place.starts_with('/') { place } else { "" };
    format!(
        "内容{place} に、VoiceDrive が正確に受け取れない値があります。大きな数や桁の多い小数は文字列にし、同じキーが 2 回ないこと、文字が欠けていないことを確かめてください"
    )
}

/// `message` says somewhere how much is too much.
fn too_large(message: &str) -> String {
    let mut numbers = message.split(|c: char| !c.is_ascii_digit());
    let most = numbers.rfind(|number| !number.is_empty());
    match most {
        Some(most) => format!("内容が大きすぎます。上限は {most} バイトです"),
        None => "内容が大きすぎます".to_owned(),
    }
}
