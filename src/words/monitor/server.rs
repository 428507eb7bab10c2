//! The view of the server.

use crate::audit::Action;
use crate::language::Language;
use crate::token::Scope;
use crate::words::audits;
use crate::words::holds;
use crate::words::monitor::thousands;

phrases! {
    /// Short texts of this view.
    Server {
        Title: "サーバー", "Server";
        Health: "サーバーの状態", "How the server does";
        Backup: "バックアップ", "Backup";
        BackupPlace: "コピーするファイル", "The file to copy";
        NoBackup: "まもなく作られます", "It is made soon";
        Disk: "空き容量", "Free disk";
        DiskFull: "空きがありません。新しいものを受け付けられません", "Full: no new event is accepted";
        Unknown: "分かりません", "not known";
        Database: "データベース", "Database";
        Clock: "時計", "Clock";
        ClockFine: "VoiceDrive との差は 1 秒以内です", "within a second of VoiceDrive's";
        Certificate: "証明書", "Certificate";
        OwnCertificate: "このサーバー自身の証明書", "This server's own certificate";
        Version: "バージョン", "Version";
        Started: "起動", "Running since";
        Holds: "送信の一時停止", "Holds";
        NoHolds: "今は停止していません。", "Nothing is on hold.";
        EndHold: "今すぐ再開する", "Go on now";
        BeginHold: "送信を一時停止する...", "Put sending on hold ...";
        HoldMeans: "受け付けは続き、送信だけを止めます。時間になると自動で再開します (最長 72 時間)。VoiceDrive のメンテナンスなどに使います。", "Events are accepted, and nothing is sent. It ends by itself, after 72 hours at most. For maintenance of VoiceDrive, for example.";
        Route: "送り先", "Receiver";
        Until: "いつまで", "Until";
        Reason: "理由", "Why";
        ReasonExample: "例: VoiceDrive のメンテナンス", "such as: maintenance of VoiceDrive";
        HoldIt: "一時停止する", "Put on hold";
        HoldBegun: "送信を一時停止しました。", "Sending is on hold.";
        HoldEnded: "送信を再開しました。待っていたものから順に送ります。", "Sending goes on; what waited is sent in order.";
        NoSuchHold: "この一時停止は、もう終わっています。", "This hold is over already.";
        WrongEnd: "いつまでかは、今より後で 72 時間以内の日時にしてください。何も変更していません。", "The end must be later than now and at most 72 hours away. Nothing was changed.";
        NoReason: "理由を 200 文字以内で入力してください。何も変更していません。", "Say why, in at most 200 characters. Nothing was changed.";
        NoRoute: "その送り先は設定にありません。何も変更していません。", "There is no such receiver. Nothing was changed.";
        Sessions: "この画面を見られる人", "Who is logged in";
        Name: "名前", "Name";
        Role: "権限", "Role";
        Since: "ログイン", "Since";
        Ends: "最長", "Until at the latest";
        EndSession: "ログアウトさせる", "Log out";
        SessionEnded: "ログアウトさせました。", "Logged out.";
        You: "あなた", "you";
        Tokens: "接続の許可", "Permissions to connect (tokens)";
        TokensMean: "発行と失効は、サーバーの担当者が行います (voicedrive-relay token)。", "Whoever looks after the server issues and revokes them (voicedrive-relay token).";
        NoTokens: "発行したものはありません。", "None were issued.";
        Allows: "できること", "Allows";
        Revoked: "失効", "revoked";
        Audit: "操作の記録", "Who did what";
        AuditNone: "まだありません。", "Nothing yet.";
        When: "時刻", "When";
        Who: "だれが", "Who";
        What: "何を", "What";
        Subject: "対象", "To what";
        Older: "これより古いもの", "Older ones";
        Newest: "新しいものへ", "The newest";
    }
}

/// What a permission to connect allows, by the words of its scopes.
pub(crate) fn allows(scopes: &str, language: Language) -> String {
    let known = scopes.split_whitespace().map(Scope::from_word);
    let words = known.map(|scope| match scope {
        Some(Scope::StatsRead) => language.say("統計を見る", "see statistics"),
        Some(Scope::Reconcile) => language.say("突き合わせ", "reconcile"),
        Some(Scope::EventsWrite) => language.say("送るものの登録", "hand in events"),
        Some(Scope::EventsRead) => language.say("送信の記録を見る", "see deliveries"),
        Some(Scope::InterviewsWrite) => language.say("面談の登録", "hand in interviews"),
        Some(Scope::InterviewsRead) => language.say("面談を見る", "see interviews"),
        Some(Scope::Admin) => language.say("すべて", "everything"),
        None => language.say("そのほか", "something else"),
    });
    let words: Vec<&str> = words.collect();
    words.join(language.say("、", ", "))
}

/// What was done.
pub(crate) fn action(word: &str, language: Language) -> String {
    match Action::from_word(word) {
        Some(Action::IssueToken) => language
            .say("接続の許可の発行", "issued a permission to connect")
            .to_owned(),
        Some(Action::RevokeToken) => language
            .say("接続の許可の失効", "revoked a permission to connect")
            .to_owned(),
        _ => audits::action(word, language),
    }
}

/// How many a recovery may send.
pub(crate) fn at_most(count: u64, language: Language) -> String {
    both!(language, "対象 {count} 件", "{count} to be sent")
}

/// How old the backup is.
pub(crate) fn backup(at: &str, ago: &str, language: Language) -> String {
    both!(language, "{at} のもの ({ago}前)", "of {at} ({ago} ago)")
}

/// The last backup could not be made.
pub(crate) fn backup_failed(why: &str, language: Language) -> String {
    both!(
        language,
        "最後の作成に失敗しました: {why}",
        "the last try failed: {why}"
    )
}

/// How long the disk does at the rate of the last week.
pub(crate) fn disk(free: &str, days: Option<u64>, language: Language) -> String {
    match days {
        None => free.to_owned(),
        Some(days) if days > 1000 => both!(
            language,
            "{free} (このままなら 3 年近くか、それ以上もちます)",
            "{free} (enough for nearly three years or more)"
        ),
        Some(days) => both!(
            language,
            "{free} (このままなら、あと約 {days} 日)",
            "{free} (full in about {days} days at this rate)"
        ),
    }
}

/// How far this server's clock is from a receiver's; positive: theirs is ahead.
pub(crate) fn clock(ahead: i64, language: Language) -> String {
    let seconds = ahead.unsigned_abs();
    if ahead > 0 {
        both!(
            language,
            "このサーバーの時計が {seconds} 秒遅れています",
            "this server's clock is {seconds} s behind"
        )
    } else {
        both!(
            language,
            "このサーバーの時計が {seconds} 秒進んでいます",
            "this server's clock is {seconds} s ahead"
        )
    }
}

/// When a certificate ends.
pub(crate) fn certificate(until: &str, days: i64, language: Language) -> String {
    let Ok(days) = u64::try_from(days) else {
        return both!(
            language,
            "{until} に期限が切れました",
            "it ended on {until}"
        );
    };
    let days = thousands(days);
    both!(
        language,
        "{until} まで (あと {days} 日)",
        "until {until} ({days} days)"
    )
}

/// One hold.
pub(crate) fn hold(
    route: &str,
    until: Option<&str>,
    who: &str,
    reason: &str,
    language: Language,
) -> String {
    let until = holds::until_when(until, language);
    both!(
        language,
        "{route}: {until}、{who}「{reason}」",
        "{route}: {until} ({who}: {reason})"
    )
}

/// Until when a token is good.
pub(crate) fn token_until(until: &str, language: Language) -> String {
    both!(language, "{until} まで", "until {until}")
}
