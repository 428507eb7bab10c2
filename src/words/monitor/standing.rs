//! What is, and what to do next: the sentence at the top of the page.

use crate::language::{Language, Locale};
use crate::words::holds;
use crate::words::monitor::thousands;

phrases! {
    /// Sentences without numbers.
    Standing {
        Fine: "正常に動いています。対応は必要ありません。", "Everything works. Nothing needs to be done.";
        FineWithAdvice: "正常に動いています。今すぐの対応は必要ありません。", "Everything works. Nothing needs to be done now.";
        Starting: "動き始めました。まだ送信はありません。", "The relay has started. Nothing was sent yet.";
        StartingNext: "スタッフシステムから届くと、ここに表示されます。今すぐの対応は必要ありません。", "What the staff system hands in appears here. Nothing needs to be done now.";
        QuietNext: "送信するものがなかっただけなら、対応は不要です。あったはずなら、スタッフシステムの担当者に確かめてください。", "When there was nothing to send, nothing needs to be done. If there should have been, ask whoever looks after the staff system.";
        Trouble: "データの保存に問題があります。新しいものを受け付けられません。", "Something is wrong with the stored data, and nothing new is accepted.";
        TroubleNext: "サーバーの担当者に、すぐに連絡してください。", "Call whoever looks after the server at once.";
        DiskFull: "空き容量がなく、新しいものを受け付けられません。保存済みのものは失われません。", "The disk is full, and no new event is accepted. What is kept is not lost.";
        DiskFullNext: "サーバーの担当者に連絡して、不要なファイルを消してもらってください。空きができると、自動で元に戻ります。", "Ask whoever looks after the server to delete what is not needed. When there is room again, it goes on by itself.";
        NoUrlNext: "サーバーの担当者に、送り先の設定を依頼してください。設定すると、古いものから順に送ります。", "Ask whoever looks after the server to set the address. Then everything is sent, in order.";
        BackNext: "下のボタンで、もう一度送ってください。VoiceDrive には今はつながります。", "Send them again with the button below. VoiceDrive can be reached now.";
        BackNextViewer: "操作できる人に、もう一度送るよう依頼してください。VoiceDrive には今はつながります。", "Ask somebody who may do so to send them again. VoiceDrive can be reached now.";
        AutomaticNext: "対応は不要です。VoiceDrive につながるようになると、72 時間以内は自動で送ります。急ぐ場合は、下のボタンでも送れます。", "Nothing needs to be done: within 72 hours they are sent by itself when VoiceDrive is back. When it is urgent, use the button below.";
        OnHoldNext: "送信の一時停止が終わってから、もう一度送ってください。停止中は送れません。", "Send them again when the hold is over. Nothing can be sent before that.";
        OnHoldNextViewer: "操作できる人に、送信の一時停止が終わってから、もう一度送るよう依頼してください。", "Ask somebody who may do so to send them again when the hold is over.";
        LookNext: "下の「要対応のものを見る」で、原因を確かめてください。", "See why with \"See what needs action\" below.";
        OpenHoldNext: "受け付けは続いています。だれかが再開するまで、何も送信しません。", "Events are accepted as always. Nothing is sent until somebody ends the hold.";
        HoldNext: "受け付けは続いています。時間になると、自動で送信を再開します。", "Events are accepted as always. Sending goes on by itself when the time is over.";
        WaitNext: "対応は不要です。うまくいかない場合だけ、ここに「要対応」と表示されます。", "Nothing needs to be done. If it does not succeed, you are told here.";
        NeverCompared: "VoiceDrive に届いたことを、VoiceDrive の記録とまだ一度も突き合わせていません。", "What VoiceDrive has received was never compared with its own records.";
        NeverComparedNext: "突き合わせの画面の「つなぎ方」を VoiceDrive の担当者に送り、毎日の突き合わせを依頼してください。", "Send \"How VoiceDrive connects\" in the reconciliation view to VoiceDrive, and ask for a comparison each day.";
        NoChannel: "異常があっても、この画面のほかではだれにも知らせません。", "When something goes wrong, nobody is told but on this page.";
        NoChannelNext: "サーバーの担当者に、通知先 (メールなど) の設定を依頼してください。", "Ask whoever looks after the server to set up a channel, such as mail.";
        FailingChannel: "お知らせが届いていない通知先があります。", "A notification channel cannot be reached.";
        FailingChannelNext: "お知らせの画面で理由を見て、サーバーの担当者に連絡してください。", "See why in the incidents view, and call whoever looks after the server.";
        Next: "次にすること", "What to do";
        Others: "ほかに", "Also";
        StateFine: "正常", "OK";
        StateBegin: "開始", "started";
        StateWait: "自動で対応中", "in progress";
        StateLook: "要確認", "please check";
        StateAct: "要対応", "action needed";
        StateHold: "一時停止中", "on hold";
        StateOff: "対応不要", "dismissed";
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

/// Interviews of earlier days have no record of what came of them.
pub(crate) fn unrecorded(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "予定の日を過ぎても、結果が記録されていない面談が {number} 件あります。",
        "Planned interviews of earlier days without a record of what came of them: {number}."
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
        "まだ届いていない {number} 件を自動で送り直しています{at}。",
        "Not delivered yet. Being sent again by itself: {number}{at}."
    )
}

/// What had arrived is sent again, as a person wants.
pub(crate) fn resending(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "もう一度送るよう指定された {number} 件を送っています。",
        "Being sent again, as somebody asked: {number}."
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
    .trim_end()
    .to_owned()
}

/// What an outage has left cannot be sent yet; `tried`: when that was tried last.
pub(crate) fn away(tried: &str, operates: bool, language: Language) -> String {
    if operates {
        both!(
            language,
            "VoiceDrive が直ったと聞いたら、下のボタンで、もう一度送ってください。最後に試した {tried} には、まだつながりませんでした。",
            "When you hear that VoiceDrive works again, send them again with the button below. At {tried}, when it was tried last, it did not work yet."
        )
    } else {
        both!(
            language,
            "VoiceDrive が直ったと聞いたら、操作できる人に、もう一度送るよう依頼してください。最後に試した {tried} には、まだつながりませんでした。",
            "When you hear that VoiceDrive works again, ask somebody who may do so to send them again. At {tried}, when it was tried last, it did not work yet."
        )
    }
}

/// One is sent to see whether VoiceDrive is back.
pub(crate) fn probing(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "VoiceDrive につながるか、1 件を送って確かめています。届いたら、残りの {number} 件も順に送ります。",
        "One is being sent to see whether VoiceDrive is back. When it arrives, the rest follows ({number})."
    )
}

/// VoiceDrive is back, and the rest follows.
pub(crate) fn following(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "VoiceDrive につながりました。残りの {number} 件を、古いものから順に送っています。",
        "VoiceDrive is back. The rest is being sent in order ({number})."
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
    (until, who, reason): (Option<&str>, &str, &str),
    waiting: u64,
    locale: Locale,
) -> String {
    let until = holds::until_when(until, locale.language);
    let waiting = thousands(waiting);
    both!(
        locale.language,
        "送信を一時停止しています ({until}、{who}「{reason}」)。{waiting} 件が待っています。",
        "Sending is on hold {until} ({who}: {reason}). Waiting: {waiting}."
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
