//! What an incident means for whoever runs no server: what happened, and what to do. Messages to administrators have
//! more (`words::alerts`), and the page has those folded away.

use super::causes;
use crate::incident::{Finding, Kind, Report, State};
use crate::language::{Language, Locale};
use crate::words::findings;

phrases! {
    /// What a condition is called.
    Notice {
        DeliveriesExhausted: "要対応のイベント", "Could not be delivered";
        PartnerRefuses: "VoiceDrive に断られたイベント", "Refused by VoiceDrive";
        PartnerAway: "VoiceDrive に送信できない状態", "VoiceDrive cannot be reached";
        SuccessRateLow: "送信成功率の低下", "Few sends succeed";
        QueueLong: "送信の遅れ", "Sending is late";
        LoginsFailing: "正しくない鍵やコードでの接続", "Connections with wrong keys or codes";
        StatisticsSlow: "VoiceDrive への応答の遅れ", "Slow answers to VoiceDrive";
        BackupOld: "バックアップの異常", "Trouble with the backup";
        DatabaseDamaged: "データベースの異常", "Trouble with the stored data";
        DiskLow: "空き容量の不足", "The disk is nearly full";
        CertificateExpiring: "証明書の期限", "A certificate ends";
        ClockOff: "時計のずれ", "The clocks differ";
        TokenEnding: "接続の許可の期限", "A permission to connect ends";
        DeliveriesMissing: "VoiceDrive に届いていないイベント", "Not found at VoiceDrive";
        ReconcileOld: "突き合わせの遅れ", "The reconciliation is late";
        OnHold: "送信の一時停止", "Sending is on hold";
    }
}

phrases! {
    /// What to do.
    Todo {
        Missing: "もう一度送ってください。次の突き合わせで届いたことが確かめられると、終わります。", "Send them again. It is over when the next reconciliation finds them.";
        MissingViewer: "操作できる人に、もう一度送るよう依頼してください。次の突き合わせで届いたことが確かめられると、終わります。", "Ask somebody who may do so to send them again. It is over when the next reconciliation finds them.";
        Comparison: "VoiceDrive の担当者に、毎日の突き合わせが動いているかを確かめてください。その間は、届いていないものがあっても分かりません。", "Ask VoiceDrive whether their daily reconciliation runs. Meanwhile nobody sees what VoiceDrive does not have.";
        SuccessRate: "1 時間以上続く場合は、VoiceDrive の担当者に連絡してください。失敗したものは自動で送り直します。", "If it lasts for an hour or more, call VoiceDrive. What failed is sent again by itself.";
        Queue: "1 時間以上続く場合は、サーバーの担当者に連絡してください。受け付けたものは失われません。", "If it lasts for an hour or more, call whoever looks after the server. Nothing is lost.";
        Logins: "サーバーの担当者に連絡してください。設定の誤りか、不正な接続の試みです。", "Call whoever looks after the server. A setting is wrong, or somebody tries to get in.";
        Statistics: "1 時間以上続く場合は、サーバーの担当者に連絡してください。送信は続いています。", "If it lasts for an hour or more, call whoever looks after the server. Sending goes on.";
        Backup: "サーバーの担当者に連絡してください。直るまで、バックアップは古いままです。", "Call whoever looks after the server. Until it is mended, the backup is old.";
        Database: "サーバーの担当者に、すぐに連絡してください。", "Call whoever looks after the server at once.";
        Disk: "サーバーの担当者に、不要なファイルを消すよう依頼してください。いっぱいになると、新しいものを受け付けられません。", "Ask whoever looks after the server to delete what is not needed. When the disk is full, nothing new is accepted.";
        Certificate: "VoiceDrive の担当者に更新を依頼してください。期限を過ぎると送信できません。", "Ask VoiceDrive to renew it. After that nothing can be sent.";
        OwnCertificate: "サーバーの担当者に更新を依頼してください。期限を過ぎると、このサーバーにつながらなくなります。", "Ask whoever looks after this server to renew it. After that nobody can connect to it.";
        Clock: "サーバーの担当者に、時計を合わせるよう依頼してください。大きくずれると、VoiceDrive に断られます。", "Ask whoever looks after the server to set the clock. When they differ much, VoiceDrive refuses everything.";
        OwnClock: "サーバーの担当者に、時計が正しいか確認し、違っていれば合わせるよう依頼してください。受け付けたものは失われません。", "Ask whoever looks after the server whether its clock is right, and to set it if not. Nothing that was accepted is lost.";
        Hold: "受け付けは続いています。時間になると、自動で送信を再開します。", "Events are accepted as always. Sending goes on by itself when the time is over.";
        OpenHold: "受け付けは続いています。だれかが再開するまで、何も送信しません。", "Events are accepted as always. Nothing is sent until somebody ends the hold.";
        Token: "サーバーの担当者に、新しいものへの差し替えを依頼してください。期限を過ぎると、これを使う相手がつながらなくなります。", "Ask whoever looks after the server for a new one. After that whoever uses it cannot connect.";
    }
}

impl Locale {
    /// What a condition is called on the page.
    pub(crate) fn notice(self, kind: Kind) -> &'static str {
        self.phrase(match kind {
            Kind::DeliveriesExhausted => Notice::DeliveriesExhausted,
            Kind::PartnerRefuses => Notice::PartnerRefuses,
            Kind::PartnerAway => Notice::PartnerAway,
            Kind::SuccessRateLow => Notice::SuccessRateLow,
            Kind::QueueLong => Notice::QueueLong,
            Kind::LoginsFailing => Notice::LoginsFailing,
            Kind::StatisticsSlow => Notice::StatisticsSlow,
            Kind::BackupOld => Notice::BackupOld,
            Kind::DatabaseDamaged => Notice::DatabaseDamaged,
            Kind::DiskLow => Notice::DiskLow,
            Kind::CertificateExpiring => Notice::CertificateExpiring,
            Kind::ClockOff => Notice::ClockOff,
            Kind::TokenEnding => Notice::TokenEnding,
            Kind::DeliveriesMissing => Notice::DeliveriesMissing,
            Kind::ReconcileOld => Notice::ReconcileOld,
            Kind::OnHold => Notice::OnHold,
        })
    }

    /// What happened, in a sentence with its numbers. Of an end, and where no word is an administrator's, it is that of
    /// the messages.
    pub(crate) fn noticed(self, state: State, report: &Report) -> String {
        let language = self.language;
        let lasting = state != State::Resolved;
        let told = match &report.finding {
            Finding::Deliveries { cause, .. } if lasting => {
                let because = self.phrase(causes::because(*cause));
                let told = of_deliveries(report, because, language);
                match report.kind {
                    Kind::PartnerRefuses => told,
                    _ => followed_by(told, self.phrase(causes::why(*cause)), language),
                }
            }
            Finding::Missing { .. } if lasting => of_deliveries(report, "", language),
            Finding::Away { cause, .. } if lasting => {
                let waiting = report.count.saturating_sub(report.exhausted);
                let why = self.phrase(causes::why(*cause));
                of_an_outage(why, waiting, report.exhausted, language)
            }
            Finding::Logins { failed } => of_logins(*failed, language),
            Finding::Statistics {
                p95_ms,
                error_percent,
            } => of_statistics(*p95_ms, *error_percent, language),
            Finding::Backup { age_hours, failed } => of_backup(*age_hours, *failed, language),
            Finding::Disk { free_percent, .. } => of_disk(*free_percent, language),
            Finding::Certificate { days } => of_certificate(false, *days, language),
            Finding::OwnCertificate { days } => of_certificate(true, *days, language),
            Finding::Token { days, .. } => of_a_token(&report.subject, *days, lasting, language),
            _ => return self.what(state, report),
        };
        match report.clear_since.filter(|_| lasting) {
            Some(since) => format!("{told}{}", self.clearing(since)),
            None => told,
        }
    }

    /// What to do about it; it begins with that. `operates`: the reader may do it.
    pub(crate) fn todo(self, report: &Report, operates: bool) -> String {
        let todo = match &report.finding {
            Finding::Deliveries { cause, .. } | Finding::Away { cause, .. } => {
                return self.phrase(causes::ask(*cause)).to_owned();
            }
            Finding::Missing { .. } if operates => Todo::Missing,
            Finding::Missing { .. } => Todo::MissingViewer,
            Finding::Comparison { .. } => Todo::Comparison,
            Finding::SuccessRate { .. } => Todo::SuccessRate,
            Finding::Queue { .. } => Todo::Queue,
            Finding::Logins { .. } => Todo::Logins,
            Finding::Statistics { .. } => Todo::Statistics,
            Finding::Backup { .. } => Todo::Backup,
            Finding::Database { .. } => Todo::Database,
            Finding::Disk { .. } => Todo::Disk,
            Finding::Certificate { .. } => Todo::Certificate,
            Finding::OwnCertificate { .. } => Todo::OwnCertificate,
            Finding::Clock { .. } => Todo::Clock,
            Finding::OwnClock { .. } => Todo::OwnClock,
            Finding::Hold { until: None, .. } => Todo::OpenHold,
            Finding::Hold { .. } => Todo::Hold,
            Finding::Token { .. } => Todo::Token,
        };
        self.phrase(todo).to_owned()
    }
}

/// Two sentences as one text.
fn followed_by(told: String, more: &str, language: Language) -> String {
    match language {
        Language::Ja => told + more,
        Language::En => format!("{told} {more}"),
    }
}

/// `because`: why they were refused.
fn of_deliveries(report: &Report, because: &str, language: Language) -> String {
    let (kind, count, waiting) = (report.kind, report.count, report.open());
    let told = match kind {
        Kind::PartnerRefuses => both!(
            language,
            "VoiceDrive が、{because}{count} 件の受け取りを断りました。",
            "VoiceDrive refused {count}: {because}."
        ),
        Kind::DeliveriesMissing => both!(
            language,
            "VoiceDrive に届いていないものが {count} 件見つかりました。",
            "Missing at VoiceDrive: {count}."
        ),
        _ => both!(
            language,
            "{count} 件を VoiceDrive に届けられませんでした。",
            "Could not be delivered to VoiceDrive: {count}."
        ),
    };
    let purged = findings::purged(report, language);
    if waiting == count {
        return told;
    }
    let open = match kind {
        Kind::DeliveriesMissing => both!(
            language,
            "うち {waiting} 件はまだ解決していません。",
            "Not settled yet: {waiting}."
        ),
        _ => both!(
            language,
            "うち {waiting} 件がまだ届いていません。",
            "Not there yet: {waiting}."
        ),
    };
    followed_by(told, &open, language) + &purged
}

fn of_an_outage(why: &str, waiting: u64, exhausted: u64, language: Language) -> String {
    let told = language.say(
        "VoiceDrive に送れません。",
        "Nothing can be sent to VoiceDrive.",
    );
    let mut told = followed_by(told.to_owned(), why, language);
    if waiting > 0 {
        let waits = both!(
            language,
            "待っている {waiting} 件は失われず、つながると自動で送ります。",
            "What waits ({waiting}) is not lost and is sent by itself when it is back."
        );
        told = followed_by(told, &waits, language);
    }
    if exhausted > 0 {
        let left = both!(
            language,
            "自動で送るのをやめた要対応のものが {exhausted} 件あります。",
            "It is not tried any more for {exhausted}: action needed."
        );
        told = followed_by(told, &left, language);
    }
    told
}

fn of_logins(failed: u64, language: Language) -> String {
    both!(
        language,
        "直近 1 時間に、正しくない鍵やコードでの接続が {failed} 回ありました。",
        "In the last hour wrong keys or codes were used {failed} times."
    )
}

fn of_statistics(p95_ms: u64, error_percent: u64, language: Language) -> String {
    both!(
        language,
        "VoiceDrive からの問い合わせへの応答が遅いか、失敗しています (直近 5 分の 95 % が {p95_ms} ミリ秒以内、失敗 {error_percent} %)。",
        "Answers to VoiceDrive's questions are slow or fail (of the last 5 minutes, 95 % within {p95_ms} ms; failed: {error_percent} %)."
    )
}

fn of_backup(age_hours: Option<u64>, failed: bool, language: Language) -> String {
    match age_hours {
        _ if failed => language
            .say(
                "バックアップを作れませんでした。前のものが残っています。",
                "The backup could not be made; the one before it is still there.",
            )
            .to_owned(),
        Some(hours) => both!(
            language,
            "バックアップが {hours} 時間前のものです。",
            "The backup is {hours} h old."
        ),
        None => language
            .say("バックアップがありません。", "There is no backup.")
            .to_owned(),
    }
}

fn of_disk(free_percent: u64, language: Language) -> String {
    both!(
        language,
        "空き容量が少なくなっています (残り {free_percent} %)。",
        "Little room is left on the disk ({free_percent} %)."
    )
}

fn of_certificate(own: bool, days: i64, language: Language) -> String {
    let whose = if own {
        language.say("このサーバー", "This server")
    } else {
        "VoiceDrive"
    };
    if days < 0 {
        return both!(
            language,
            "{whose}の証明書の期限が切れています。",
            "{whose}'s certificate has ended."
        );
    }
    both!(
        language,
        "{whose}の証明書が、あと {days} 日で切れます。",
        "{whose}'s certificate ends in {days} days."
    )
}

fn of_a_token(name: &str, days: i64, lasting: bool, language: Language) -> String {
    if lasting {
        return both!(
            language,
            "接続の許可 ({name}) が、あと {days} 日で切れます。",
            "The permission {name} to connect ends in {days} days."
        );
    }
    both!(
        language,
        "接続の許可 ({name}) は終わりました。",
        "The permission {name} to connect is over."
    )
}

#[cfg(test)]
mod tests;
