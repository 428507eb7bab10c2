//! What the relay noticed, in a sentence with its numbers.

use crate::incident::{Finding, Kind, Report, State, StatusCount};
use crate::language::Language;
use crate::words::{clocks, counted, size};

/// What happened to deliveries, in Japanese and in English.
pub(super) fn of_deliveries(state: State, report: &Report) -> (String, String) {
    let Report {
        count,
        delivered,
        dismissed,
        ..
    } = report;
    let waiting = report.open();
    let events = counted(count, "event");
    let (status_ja, status) = http_statuses(&report.finding);
    let (ja, en) = if report.kind == Kind::DeliveriesMissing {
        of_missing(state, report, waiting)
    } else if state == State::Resolved {
        (
            format!(
                "{count} 件のうち {delivered} 件はその後送信できました。対応不要とされたもの {dismissed} 件、残り {waiting} 件です。"
            ),
            format!(
                "Of {events}, sent after all: {delivered}; dismissed: {dismissed}; left: {waiting}."
            ),
        )
    } else if report.kind == Kind::PartnerRefuses {
        (
            format!(
                "VoiceDrive が {count} 件のイベントの受け取りを断りました{status_ja}。うち {waiting} 件がまだ届いていません。"
            ),
            format!("VoiceDrive refused {events}{status}; not settled yet: {waiting}."),
        )
    } else {
        (
            format!(
                "{count} 件のイベントを VoiceDrive に届けられず、自動の再送も終わりました{status_ja}。うち {waiting} 件がまだ届いていません。"
            ),
            format!(
                "{events} did not arrive although every retry was made{status}; not settled yet: {waiting}."
            ),
        )
    };
    let purged = |language| purged(report, language);
    (ja + &purged(Language::Ja), en + &purged(Language::En))
}

/// What was deleted before anybody knew that it arrived; nothing when there is none.
pub(super) fn purged(report: &Report, language: Language) -> String {
    let purged = report.purged;
    match report.kind {
        _ if purged == 0 => String::new(),
        Kind::DeliveriesMissing => both!(
            language,
            "届いたことを確かめられないまま保存期間が過ぎ、削除されたものが {purged} 件あります。",
            " Never confirmed, and deleted at the end of the retention: {purged}."
        ),
        _ => both!(
            language,
            "届けられないまま保存期間が過ぎ、削除されたものが {purged} 件あります。",
            " Never delivered, and deleted at the end of the retention: {purged}."
        ),
    }
}

/// What a comparison with VoiceDrive's list has not found there.
fn of_missing(state: State, report: &Report, waiting: u64) -> (String, String) {
    let Report {
        count,
        delivered,
        dismissed,
        ..
    } = report;
    let events = counted(count, "event");
    if state == State::Resolved {
        return (
            format!(
                "{count} 件のうち {delivered} 件は VoiceDrive にあることを確かめました。対応不要とされたもの {dismissed} 件、残り {waiting} 件です。"
            ),
            format!(
                "Of {events}, found at VoiceDrive after all: {delivered}; dismissed: {dismissed}; left: {waiting}."
            ),
        );
    }
    (
        format!(
            "VoiceDrive の一覧と突き合わせたところ、送信済みの {count} 件が届いていないか、反映されていません。うち {waiting} 件はまだ解決していません。"
        ),
        format!(
            "By VoiceDrive's list, {events} that were sent did not arrive or have no effect; not settled yet: {waiting}."
        ),
    )
}

/// What happens while every attempt of a route fails, and when that is over.
pub(super) fn of_an_outage(state: State, report: &Report) -> (String, String) {
    let exhausted = report.exhausted;
    let waiting = report.count.saturating_sub(exhausted);
    let events = counted(waiting, "event");
    let route_is_gone = matches!(
        report.finding,
        Finding::Away {
            route_is_gone: true,
            ..
        }
    );
    if state != State::Resolved {
        let status = http_status(&report.finding);
        return (
            format!(
                "VoiceDrive への送信がすべて失敗しています{status}。送信待ちは {waiting} 件です。イベントは失われず、回復すると自動で送信されます。再送を使い切ったものは {exhausted} 件です。"
            ),
            format!(
                "Every attempt to send to VoiceDrive fails{status}. Waiting: {events}; none is lost, and all are sent by themselves when it is back. With their retries used up: {exhausted}."
            ),
        );
    }
    if route_is_gone {
        return (
            "この送り先には送信しなくなりました (送り先か URL が設定からなくなりました)。".to_owned(),
            "Nothing is sent on this route any more: it, or its URL, is gone from the configuration."
                .to_owned(),
        );
    }
    let (ja, en) = if exhausted == 0 {
        (
            "対応が必要なイベントはありません。",
            " No event needs a person.",
        )
    } else {
        ("", "")
    };
    let (waits_ja, waits_en) = if waiting == 0 {
        (String::new(), String::new())
    } else {
        (
            format!("送信待ちの {waiting} 件は、古いものから順に自動で送信されます。"),
            format!(" What waits ({events}) is sent by itself, in order."),
        )
    };
    (
        format!("VoiceDrive への送信に成功しました。{waits_ja}{ja}"),
        format!("VoiceDrive has taken an event again.{waits_en}{en}"),
    )
}

/// The statuses of the answers, in Japanese and in English: how many had which, when they were different.
fn http_statuses(finding: &Finding) -> (String, String) {
    let Finding::Deliveries { statuses, .. } = finding else {
        return (http_status(finding), http_status(finding));
    };
    if statuses.is_empty() {
        return (http_status(finding), http_status(finding));
    }
    let each = |one: &StatusCount| format!("{} ×{}", one.http_status, one.deliveries);
    let counted: Vec<String> = statuses.iter().map(each).collect();
    (
        format!(" (HTTP {})", counted.join("、")),
        format!(" (HTTP {})", counted.join(", ")),
    )
}

/// The status of the answer, when there was one.
fn http_status(finding: &Finding) -> String {
    match finding {
        Finding::Deliveries {
            http_status: Some(status),
            ..
        }
        | Finding::Away {
            http_status: Some(status),
            ..
        } => format!(" (HTTP {status})"),
        _ => String::new(),
    }
}

/// How an admin recognises a token. Its subject is left out, because it may be a person's name.
pub(super) struct Token<'a> {
    /// Its name.
    pub(super) jti: &'a str,
    /// What it allows, separated by blanks.
    pub(super) scope: &'a str,
    /// The day of its issue.
    pub(super) issued_on: &'a str,
}

/// What is known of a token, in Japanese and in English. `ended`: whether it has ended or was revoked, when it is over.
pub(super) fn of_a_token(token: &Token<'_>, days: i64, ended: Option<bool>) -> (String, String) {
    let Token {
        jti,
        scope,
        issued_on,
    } = token;
    let (ja, en) = (
        format!("トークン {jti}、{issued_on} 発行、{scope}"),
        format!("The token {jti} (issued on {issued_on}, {scope})"),
    );
    match ended {
        None => (
            format!("接続の許可 ({ja}) の期限まで {days} 日です。"),
            format!("{en} ends in {}.", counted(days, "day")),
        ),
        Some(true) => (
            format!("接続の許可 ({ja}) の期限が切れました。使っている相手は 401 で拒否されます。"),
            format!("{en} has ended: whoever shows it is refused with 401."),
        ),
        Some(false) => (
            format!("接続の許可 ({ja}) は失効しました。"),
            format!("{en} was revoked."),
        ),
    }
}

/// What was found, in Japanese and in English; when it is over, as it was.
pub(super) fn of_numbers(state: State, finding: &Finding) -> (String, String) {
    let (ja, en) = found(finding);
    if state != State::Resolved {
        return (ja, en);
    }
    (
        format!("解消しました。それまでの状態: {ja}"),
        format!("It is over. Before that: {en}"),
    )
}

fn found(finding: &Finding) -> (String, String) {
    match finding {
        // Told with its deliveries, with its name, or with a time of day.
        Finding::Deliveries { .. }
        | Finding::Missing { .. }
        | Finding::Away { .. }
        | Finding::Token { .. }
        | Finding::Hold { .. } => <_>::default(),
        Finding::Comparison { age_hours } => (
            format!(
                "VoiceDrive の一覧との突き合わせは、{age_hours} 時間前に送信した分までしか済んでいません。"
            ),
            format!(
                "What was sent is compared with VoiceDrive's list only up to {} ago.",
                counted(age_hours, "hour")
            ),
        ),
        Finding::SuccessRate { permille, sends } => {
            let percent = format!("{}.{}", permille / 10, permille % 10);
            (
                format!("直近 1 時間の {sends} 件のうち、成功は {percent} % です。"),
                format!(
                    "Of {} of the last hour, {percent} % succeeded.",
                    counted(sends, "event")
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
                "To be sent: {}; the oldest is {} late.",
                counted(waiting, "event"),
                counted(overdue_minutes, "minute")
            ),
        ),
        Finding::Logins { failed } => (
            format!("直近 1 時間に、正しくない鍵やコードでの接続が {failed} 回ありました。"),
            format!("In the last hour, {} failed.", counted(failed, "login")),
        ),
        Finding::Statistics {
            p95_ms,
            error_percent,
        } => (
            format!(
                "VoiceDrive からの問い合わせへの応答が遅いか、失敗しています (直近 5 分の 95 % が {p95_ms} ミリ秒以内、失敗 {error_percent} %)。"
            ),
            format!(
                "In the last five minutes 95 % of the statistics took up to {p95_ms} ms, and {error_percent} % failed."
            ),
        ),
        Finding::Backup { age_hours, failed } => of_backup(*age_hours, *failed),
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
                    "ディスクの空き容量は残り {free} ({free_percent} %)、データベースは {database} です。"
                ),
                format!(
                    "Free on the disk: {free} ({free_percent} %); the database has {database}."
                ),
            )
        }
        Finding::Certificate { days } => of_certificate("送り先の", "The receiver's", *days),
        Finding::OwnCertificate { days } => {
            of_certificate("リレー自身の", "The relay's own", *days)
        }
        Finding::OwnClock { seconds } => clocks::happened(*seconds),
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

/// The end of a certificate: whose it is, in both languages, and the days until then.
fn of_certificate(ja: &str, en: &str, days: i64) -> (String, String) {
    if days < 0 {
        return (
            format!("{ja}証明書の期限が切れています。"),
            format!("{en} certificate has expired."),
        );
    }
    (
        format!("{ja}証明書の期限まで {days} 日です。"),
        format!("{en} certificate ends in {}.", counted(days, "day")),
    )
}

fn of_backup(age_hours: Option<u64>, failed: bool) -> (String, String) {
    match age_hours {
        _ if failed => (
            "relay-backup.db を作れませんでした。前のものが残っています。".to_owned(),
            "relay-backup.db could not be made; the one before it is still there.".to_owned(),
        ),
        Some(hours) => (
            format!("relay-backup.db は {hours} 時間前のものです。"),
            format!("relay-backup.db is {} old.", counted(hours, "hour")),
        ),
        None => (
            "relay-backup.db がありません。".to_owned(),
            "There is no relay-backup.db.".to_owned(),
        ),
    }
}

/// With a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
