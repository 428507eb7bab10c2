//! What the relay noticed, in a sentence with its numbers.

use crate::incident::{Finding, Kind, Report, State};
use crate::language::Language;
use crate::words::size;

/// What happened to deliveries, in Japanese and in English.
pub(super) fn of_deliveries(state: State, report: &Report) -> (String, String) {
    let Report {
        count,
        delivered,
        dismissed,
        ..
    } = report;
    let waiting = count - (delivered + dismissed).min(*count);
    let events = english(i128::from(*count), "event");
    let status = match report.finding {
        Finding::Deliveries {
            http_status: Some(status),
            ..
        } => format!(" (HTTP {status})"),
        _ => String::new(),
    };
    if state == State::Resolved {
        (
            format!(
                "{count} 件のうち {delivered} 件はその後送信できました。対応不要とされたもの {dismissed} 件、残り {waiting} 件です。"
            ),
            format!(
                "Of {events} {delivered} were sent after all; {dismissed} were dismissed, {waiting} are left."
            ),
        )
    } else if report.kind == Kind::PartnerRefuses {
        (
            format!(
                "VoiceDrive が {count} 件のイベントを拒否しました{status}。うち {waiting} 件が未解決です。"
            ),
            format!("VoiceDrive refused {events}{status}; {waiting} of them are not settled."),
        )
    } else {
        (
            format!(
                "{count} 件のイベントが、再送を使い切っても届いていません{status}。うち {waiting} 件が未解決です。"
            ),
            format!(
                "{events} did not arrive although every retry was made{status}; {waiting} of them are not settled."
            ),
        )
    }
}

/// A number of things in English.
fn english(number: i128, thing: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{s}")
}

/// What is known of a token, in Japanese and in English. `ended`: whether it has ended or was revoked, when it is over.
pub(super) fn of_a_token(jti: &str, days: i64, ended: Option<bool>) -> (String, String) {
    match ended {
        None => (
            format!("トークン {jti} の期限まで {days} 日です。"),
            format!("The token {jti} ends in {}.", english(days.into(), "day")),
        ),
        Some(true) => (
            format!("トークン {jti} の期限が切れました。使っている相手は 401 で拒否されます。"),
            format!("The token {jti} has ended: whoever shows it is refused with 401."),
        ),
        Some(false) => (
            format!("トークン {jti} は失効しました。"),
            format!("The token {jti} was revoked."),
        ),
    }
}

/// What was found, in Japanese and in English.
pub(super) fn of_numbers(finding: &Finding) -> (String, String) {
    match finding {
        // Told with its deliveries, with its name, or with a time of day.
        Finding::Deliveries { .. } | Finding::Token { .. } | Finding::Hold { .. } => {
            (String::new(), String::new())
        }
        Finding::SuccessRate { permille, sends } => {
            let percent = format!("{}.{}", permille / 10, permille % 10);
            (
                format!("直近 1 時間の {sends} 件のうち、成功は {percent} % です。"),
                format!(
                    "Of {} of the last hour, {percent} % succeeded.",
                    english((*sends).into(), "event")
                ),
            )
        }
        Finding::Queue {
            waiting,
            overdue_minutes,
        } => (
            format!(
                "{waiting} 件が送信を待っています。最も古いものは予定より {overdue_minutes} 分遅れています。"
            ),
            format!(
                "{waiting} events wait to be sent; the oldest is {overdue_minutes} minutes late."
            ),
        ),
        Finding::Logins { failed } => (
            format!("直近 1 時間に、認証の失敗が {failed} 回ありました。"),
            format!("{failed} logins failed in the last hour."),
        ),
        Finding::Statistics {
            p95_ms,
            error_percent,
        } => (
            format!(
                "直近 5 分の統計 API は、95 % が {p95_ms} ミリ秒以内、失敗は {error_percent} % です。"
            ),
            format!(
                "In the last five minutes 95 % of the statistics took up to {p95_ms} ms, and {error_percent} % failed."
            ),
        ),
        Finding::Backup { failed: true, .. } => (
            "relay-backup.db を作れませんでした。前のものが残っています。".to_owned(),
            "relay-backup.db could not be made; the one before it is still there.".to_owned(),
        ),
        Finding::Backup {
            age_hours: Some(hours),
            ..
        } => (
            format!("relay-backup.db は {hours} 時間前のものです。"),
            format!("relay-backup.db is {hours} hours old."),
        ),
        Finding::Backup {
            age_hours: None, ..
        } => (
            "relay-backup.db がありません。".to_owned(),
            "There is no relay-backup.db.".to_owned(),
        ),
        Finding::Database { trouble } => (
            format!("{}。", trouble.happened(Language::Ja)),
            format!("{}.", sentence(&trouble.happened(Language::En))),
        ),
        Finding::Disk {
            free_percent,
            free_mib,
            database_mib,
        } => {
            let [free, database] = [free_mib, database_mib].map(|mib| size(mib << 20));
            (
                format!(
                    "ディスクの空きは {free} ({free_percent} %)、データベースは {database} です。"
                ),
                format!(
                    "{free} ({free_percent} %) of the disk are free; the database has {database}."
                ),
            )
        }
        Finding::Certificate { days } if *days < 0 => (
            "送信先の証明書の期限が切れています。".to_owned(),
            "The receiver's certificate has expired.".to_owned(),
        ),
        Finding::Certificate { days } => (
            format!("送信先の証明書の期限まで {days} 日です。"),
            format!(
                "The receiver's certificate ends in {}.",
                english((*days).into(), "day")
            ),
        ),
        Finding::Clock { seconds } => {
            let (ja, en) = if *seconds > 0 {
                ("遅れて", "behind")
            } else {
                ("進んで", "ahead of")
            };
            let off = seconds.unsigned_abs();
            (
                format!("このサーバーの時計は、VoiceDrive の時計より {off} 秒{ja}います。"),
                format!("This server's clock is {off} s {en} VoiceDrive's."),
            )
        }
    }
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
