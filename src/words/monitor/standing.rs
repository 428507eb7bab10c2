//! What is, and what to do next: the sentence at the top of the page.

use crate::language::{Language, Locale};
use crate::words::monitor::thousands;

phrases! {
    /// Sentences without numbers.
    Standing {
        Fine: "正常に動いています。対応は必要ありません。", "Everything works. Nothing needs to be done.";
        Starting: "動き始めました。まだ送信はありません。", "The relay has started. Nothing was sent yet.";
        StartingNext: "スタッフシステムから届くと、ここに表示されます。対応は必要ありません。", "What the staff system hands in appears here. Nothing needs to be done.";
        QuietNext: "送信するものがなかっただけなら、対応は不要です。あったはずなら、スタッフシステムの担当者に確かめてください。", "When there was nothing to send, nothing needs to be done. If there should have been, ask whoever looks after the staff system.";
        Trouble: "データの保存に問題があります。新しいものを受け付けられません。", "Something is wrong with the stored data, and nothing new is accepted.";
        TroubleNext: "サーバーの担当者に、すぐに連絡してください。", "Call whoever looks after the server at once.";
        DiskFull: "空き容量がなく、新しいものを受け付けられません。保存済みのものは失われません。", "The disk is full, and no new event is accepted. What is kept is not lost.";
        DiskFullNext: "サーバーの担当者に連絡して、不要なファイルを消してもらってください。空きができると、自動で元に戻ります。", "Ask whoever looks after the server to delete what is not needed. When there is room again, it goes on by itself.";
        NoUrlNext: "サーバーの担当者に、送り先の設定を依頼してください。設定すると、古いものから順に送ります。", "Ask whoever looks after the server to set the address. Then everything is sent, in order.";
        ExhaustedNext: "VoiceDrive が直ったと聞いたら、もう一度送ってください。", "When you hear that VoiceDrive works again, send them again.";
        ExhaustedAwayNext: "まだ VoiceDrive につながりません。つながるようになったら、もう一度送ってください。", "VoiceDrive cannot be reached yet. Send them again when it can.";
        HoldNext: "受け付けは続いています。時間になると、自動で送信を再開します。", "Events are accepted as always. Sending goes on by itself when the time is over.";
        WaitNext: "対応は不要です。うまくいかない場合だけ、ここに「要対応」と表示されます。", "Nothing needs to be done. If it does not succeed, you are told here.";
        Next: "次にすること", "What to do";
        Others: "ほかに", "Also";
        StateFine: "正常", "fine";
        StateBegin: "開始", "begun";
        StateWait: "自動で対応中", "being dealt with";
        StateLook: "要確認", "look at this";
        StateAct: "要対応", "needs you";
        StateHold: "一時停止中", "on hold";
    }
}

/// How a first event is sent to try it, for whoever looks after the server.
pub(crate) fn first_event(command: &str, language: Language) -> String {
    both!(
        language,
        "試しに 1 件送るには: {command}",
        "To send one event and see: {command}"
    )
}

/// How an address is set, for whoever looks after the server.
pub(crate) fn set_url(check: &str, reload: &str, language: Language) -> String {
    both!(
        language,
        "secrets.env に VOICEDRIVE_WEBHOOK_URL を書き、次を実行してください。\n    {check}\n    {reload}",
        "Write VOICEDRIVE_WEBHOOK_URL into secrets.env, then:\n    {check}\n    {reload}"
    )
}

/// Deliveries are tried again by themselves.
pub(crate) fn retrying(number: u64, next: Option<&str>, language: Language) -> String {
    let number = thousands(number);
    let at = next.map_or_else(String::new, |next| match language {
        Language::Ja => format!(" (次は {next})"),
        Language::En => format!(" (next at {next})"),
    });
    both!(
        language,
        "VoiceDrive につながりにくくなっています。{number} 件を自動で送り直しています{at}。",
        "VoiceDrive is hard to reach. Being sent again by itself: {number}{at}."
    )
}

/// Deliveries wait for a person.
/// `why`: a sentence about what happened.
pub(crate) fn exhausted(number: u64, why: Option<&str>, language: Language) -> String {
    let number = thousands(number);
    let why = why.unwrap_or_default();
    both!(
        language,
        "VoiceDrive に届けられなかったものが {number} 件あります。{why}",
        "Could not be delivered to VoiceDrive: {number}. {why}"
    )
}

/// Nothing is configured to send to.
pub(crate) fn no_url(waiting: u64, language: Language) -> String {
    let waiting = thousands(waiting);
    both!(
        language,
        "送り先がまだ設定されていません。受け付けた {waiting} 件は保存されています。",
        "There is no address to send to yet. Accepted and kept: {waiting}."
    )
}

/// Nothing was sent for a day.
pub(crate) fn quiet(last: Option<&str>, language: Language) -> String {
    let last = last.map_or_else(String::new, |last| match language {
        Language::Ja => format!(" (最後は {last})"),
        Language::En => format!(" (last: {last})"),
    });
    both!(
        language,
        "正常です。24 時間、送信するものがありませんでした{last}。",
        "Everything works. There was nothing to send for 24 hours{last}."
    )
}

/// Sending is paused.
pub(crate) fn held(
    (until, who, reason): (&str, &str, &str),
    waiting: u64,
    locale: Locale,
) -> String {
    let waiting = thousands(waiting);
    both!(
        locale.language,
        "送信を一時停止しています ({until} まで、{who}「{reason}」)。{waiting} 件が待っています。",
        "Sending is on hold until {until} ({who}: {reason}). Waiting: {waiting}."
    )
}

/// Whom to call.
pub(crate) fn contact(contact: &str, language: Language) -> String {
    both!(
        language,
        "VoiceDrive の連絡先: {contact}",
        "At VoiceDrive: {contact}"
    )
}
