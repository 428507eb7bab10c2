//! What an alert advises: what it means, what to do, and the commands for it.

use crate::command_line::CommandLine;
use crate::incident::{Finding, Kind, Report};
use crate::language::Locale;
use crate::notification::advice::AdviceContext;
use crate::route::settings::AllSettings;
use crate::words::clocks;

/// Sends again what waits for a person.
const RESEND: &str = "resend --status exhausted";

impl Locale {
    /// What it means and what to do.
    pub(crate) fn advice(self, report: &Report, routes: &AllSettings) -> String {
        let (ja, en) = match &report.finding {
            Finding::Deliveries { cause, .. } | Finding::Away { cause, .. } => {
                let told = cause.sentence(&routes.of(report.route()), self.language);
                if report.kind != Kind::DeliveriesExhausted {
                    return told;
                }
                return both!(
                    self.language,
                    "{told}。原因がなくなったら再送してください",
                    "{told}; send them again when the cause is gone"
                );
            }
            Finding::Missing { .. } => (
                "応答は 200 でしたが、VoiceDrive の記録にないか、職員が見つからず反映されていません。もう一度送り、次の突き合わせで届いたことが確かめられると終了します。職員が見つからない場合は、先にその職員の employee.created を送ってください",
                "they were answered with 200, and VoiceDrive has no record of them or did not know the person: send them again (where the person was not known, first that person's employee.created); it is over when the next reconciliation finds them",
            ),
            Finding::Comparison { .. } => (
                "その間は、届いていないイベントがあっても分かりません。定期的な突き合わせが動いているかを VoiceDrive の担当者に確かめるか、一覧をもらって reconcile を実行してください",
                "meanwhile nobody sees what VoiceDrive does not have: ask VoiceDrive whether their regular reconciliation runs, or for their list, and run `reconcile` with it",
            ),
            Finding::SuccessRate { .. } => (
                "失敗したものは自動で再送されます。続く場合は tail で原因を確かめてください",
                "what failed is sent again by itself: look with `tail` why",
            ),
            Finding::Queue { .. } => (
                "イベントは失われません。送り先が応答しているか、送り先の URL (delivery.url、[[route]] の url) が設定されているかを確かめてください",
                "no event is lost: see whether the receiver answers, and whether its URL is set (delivery.url, `url` of a [[route]])",
            ),
            Finding::Logins { .. } => (
                "設定の誤りか、不正な接続の試みです。ログの接続元を確かめてください",
                "somebody uses a wrong token, or tries to get in: the log says from where",
            ),
            Finding::Statistics { .. } => (
                "サーバーが混んでいるか、ディスクが遅くなっています。ほかのサービスの負荷を確かめてください",
                "the server is busy, or its disk slow: look at what else runs on it",
            ),
            Finding::Backup { .. } => (
                "ディスクの空きとログを確かめてください。直るまで、コピーされるバックアップは古いままです",
                "look at the disk and at the log: until it is mended, what is copied is old",
            ),
            Finding::Database { trouble } => return trouble.advice(self.language).to_owned(),
            Finding::Disk { .. } => (
                "満杯になると新しいイベントを受け付けられません。不要なファイルを消すか、storage.retention_days を短くしてください",
                "a full disk means that no event is accepted: delete what is not needed, or shorten storage.retention_days",
            ),
            Finding::Certificate { .. } => (
                "期限を過ぎると送信できません。VoiceDrive に更新を依頼してください",
                "after it nothing can be sent: ask VoiceDrive to renew it",
            ),
            Finding::OwnCertificate { .. } => (
                "期限を過ぎると、TLS で接続してくる相手は接続をやめます。更新してください。更新したファイルは 1 分以内に自動で読み直します",
                "after it callers over TLS turn away: renew it; the new files are read by themselves within a minute",
            ),
            Finding::Clock { .. } => (
                "5 分以上ずれると署名が拒否されます。timedatectl で時計を合わせてください",
                "signatures that are five minutes off are refused: set the clock with timedatectl",
            ),
            Finding::OwnClock { seconds } => clocks::advice(*seconds),
            Finding::Hold { until: None, .. } => (
                "受け付けは続き、イベントは失われません。送信してよいことを確かめたら、一時停止を終了してください。待っていたものから順に送信します",
                "accepting goes on and no event is lost: when it is right to send, end the hold, and what waits is sent in order",
            ),
            Finding::Hold { .. } => (
                "対応は不要です。受け付けは続き、イベントは失われません。終わると、待っていたものから順に自動で送信します",
                "accepting goes on and no event is lost; when it ends, what waits is sent by itself, in order",
            ),
            Finding::Token { .. } => (
                "期限を過ぎると、このトークンを使う相手は 401 で拒否されます。token list でだれのものかを確かめ、新しいトークンを発行して差し替えたあと、token revoke で失効させてください",
                "after it whoever shows this token is refused with 401: see with `token list` whose it is, issue a new one, put it in its place, then end this one with `token revoke`",
            ),
        };
        self.language.say(ja, en).to_owned()
    }
}

/// Whether a person has to send something again when it is over. What an outage has left follows by itself when the
/// configuration says so.
pub(super) fn needs_a_person(report: &Report, advice: &AdviceContext) -> bool {
    let follows = advice.recovers && report.is_of_outage();
    report.kind.is_about_sending() && report.exhausted > 0 && !follows
}

/// What to type.
pub(super) fn actions(report: &Report, commands: &CommandLine) -> Vec<String> {
    let relay = |command: &str| Some(commands.program(command));
    let show = || {
        let oldest = report.oldest_event_id.as_ref();
        oldest.map(|id| commands.program(&format!("show {id}")))
    };
    let journal = || {
        let journal = commands.service("journalctl -u");
        journal.map(|journal| format!("{journal} -n 100"))
    };
    let actions = match report.kind {
        Kind::DeliveriesExhausted => vec![
            show(),
            relay(RESEND),
            relay(&format!("alert dismiss {}", report.id)),
        ],
        Kind::PartnerRefuses => vec![show(), relay("check")],
        Kind::PartnerAway => vec![relay("check"), relay("status")],
        Kind::SuccessRateLow => vec![relay("tail"), relay("check")],
        Kind::QueueLong => vec![relay("status"), relay("check")],
        Kind::LoginsFailing | Kind::StatisticsSlow => vec![journal()],
        Kind::DatabaseDamaged => match &report.finding {
            Finding::Database { trouble } => return trouble.commands(commands),
            _ => Vec::new(),
        },
        Kind::BackupOld | Kind::DiskLow => vec![relay("status"), journal()],
        Kind::CertificateExpiring => vec![relay("check")],
        Kind::ClockOff => vec![Some("timedatectl".to_owned()), relay("check")],
        Kind::TokenEnding => vec![relay("token list")],
        Kind::DeliveriesMissing => vec![
            show(),
            missing(report).and_then(|ids| relay(&format!("resend {ids}"))),
            relay(&format!("alert dismiss {}", report.id)),
        ],
        Kind::ReconcileOld => vec![relay("reconcile webhook_logs.csv")],
        Kind::OnHold => {
            let route = report.route().map(|route| format!(" --route '{route}'"));
            let end = format!("hold end{}", route.unwrap_or_default());
            vec![relay("hold list"), relay(&end)]
        }
    };
    actions.into_iter().flatten().collect()
}

/// The missing ones that are named.
fn missing(report: &Report) -> Option<String> {
    match &report.finding {
        Finding::Missing { ids } if !ids.is_empty() => Some(ids.join(" ")),
        _ => None,
    }
}

/// Sends again whatever waits for a person: what an outage left behind, of its route alone.
pub(super) fn resend(report: &Report) -> String {
    match report.kind {
        Kind::PartnerAway => format!("{RESEND} --route '{}'", report.subject),
        _ => RESEND.to_owned(),
    }
}
