//! The output of `status`.

use std::fmt::Display;

use crate::language::Language;
use crate::words::counted;

phrases! {
    /// Short texts of this output.
    Overview {
        None: "なし", "none";
        Succeeded: "成功", "success";
        TimedOut: "時間切れ", "timeout";
        Failed: "失敗", "failed";
        Version: "バージョン", "version";
        RunningSince: "起動", "running since";
        SendsTo: "送り先", "sends to";
        Repeats: "同じ内容の再受信", "handed in again";
        RetryQueue: "再送の状況", "retry queue";
        NextAttempt: "次の送信", "next attempt";
        LastAttempt: "最後の送信", "last attempt";
        Database: "データベース", "database";
        BackupFile: "バックアップ", "backup file";
        Disk: "ディスク", "disk";
        Clock: "時計", "clock";
        Asked: "VoiceDrive からの最後の問い合わせ", "last question of VoiceDrive";
        TurnedAway: "最後に断った問い合わせ", "last one turned away";
        NotSinceStart: "起動後はありません", "none since the start";
        BadToken: "401: トークンがないか、正しくありません", "401: no token, or none that is valid";
        NotAllowed: "403: トークンに権限がありません", "403: the token does not allow it";
        TooOften: "429: 1 分間の上限を超えました", "429: more than may be asked in a minute";
        InTrouble: "異常", "in trouble";
        ReloadRefused: "設定の読み直しに失敗 (前の設定で動作中)", "the configuration was not read again, the one before is in force";
        LookAt: "要確認", "look at";
        CannotTell: "通知できません", "cannot tell";
        Alerts: "通知", "alerts";
        NothingIsSent: "URL が未設定のため送信しません", "nothing is sent: no URL is configured";
        WithoutRoute: "設定にない送り先", "without a route";
        WithoutUrl: "URL のない送り先", "without a URL";
        RouteNeedsUrl: "この送り先の URL が未設定のため、送信していません。config.toml の [[route]] の url を設定してください", "wait for a route without a URL, and nothing of it is sent; set `url` of this [[route]] in config.toml";
        NotThereYet: "まだありません", "not there yet";
        LastTryFailed: "最後の作成に失敗しました", "the last try failed";
        Full: "満杯です。新しいイベントは受け付けられません。空きを作ってください", "full: nothing new is accepted; make room";
        Free: "空き", "free";
        NoInodes: "これ以上ファイルを作れません (ファイル数が上限に達しました。df -i で確かめ、不要な小さなファイルを消してください)", "but no further file can be made, since all inodes are in use (see df -i): delete small files that are not needed";
        NotSet: "未設定。受け付けたイベントは保存され、送信されません (VOICEDRIVE_WEBHOOK_URL を設定してください)", "not set: events are accepted and kept, nothing is sent (set VOICEDRIVE_WEBHOOK_URL)";
    }
}

/// When the disk will be full at the present rate.
pub(crate) fn full_in(days: u64, language: Language) -> String {
    let in_days = counted(days, "day");
    both!(
        language,
        "。この 1 週間の量が続くと約 {days} 日で満杯",
        "; at the rate of the last week full in about {in_days}"
    )
}

/// Why the dead man's switch is not called.
pub(crate) fn dead_heartbeat(why: &str, language: Language) -> String {
    both!(
        language,
        "死活監視 (alerts.heartbeat_url): {why}",
        "alerts.heartbeat_url (the sign that the relay is alive): {why}"
    )
}

/// When the relay's own certificate ends.
pub(crate) fn certificate_ends(at: &str, language: Language) -> String {
    both!(
        language,
        "。証明書の期限 {at}",
        "; the certificate ends {at}"
    )
}

/// Why the files of certificate and key are not in use.
pub(crate) fn pair_refused(why: &str, language: Language) -> String {
    both!(
        language,
        "。新しい証明書か鍵が使えないため、前のものを使っています: {why}",
        "; the new certificate or key is bad and the one before stays in use: {why}"
    )
}

/// What to do about events that were given up: the commands that show them, and that send them again.
pub(crate) fn exhausted(tail: &str, resend: &str, language: Language) -> String {
    both!(
        language,
        "→ {tail} で確かめ、{resend} で再送",
        "→ look with `{tail}`, send again with `{resend}`"
    )
}

/// What to do about events whose route is gone: `resend` is the command that sends them another way.
pub(crate) fn lost_route(resend: &str, language: Language) -> String {
    both!(
        language,
        "この送り先が設定に戻るのを待っています。設定に戻すか、{resend} で別の送り先に送ってください (一度も送信していないものは --status accepted)",
        "wait for a route that is not in the configuration; bring it back, or send them another way with `{resend}` (what was never tried: --status accepted)"
    )
}

/// What happened on one route of several.
pub(crate) fn of_route(route: &str, what: &str, language: Language) -> String {
    both!(language, "送り先 {route}: {what}", "route {route}: {what}")
}

/// How old a file is.
pub(crate) fn seconds_ago(age: u64, language: Language) -> String {
    both!(language, " ({age} 秒前)", " ({age} s)")
}

/// The deliveries that needed more than one attempt.
pub(crate) fn queue(
    pending: impl Display,
    processing: impl Display,
    completed: impl Display,
    failed: impl Display,
    language: Language,
) -> String {
    both!(
        language,
        "再送待ち {pending} / 送信中 {processing} / 送信済み {completed} / 要対応 {failed}",
        "pending {pending} / processing {processing} / completed {completed} / failed {failed}"
    )
}
