//! The view of one delivery.

use crate::attempt::{AttemptRecord, Outcome};
use crate::language::Language;

phrases! {
    /// Short texts of this view.
    Delivery {
        Explained: "説明", "What it means";
        Steps: "これまでとこれから", "What was and what comes";
        Comes: "これから", "Next";
        Number: "番号", "Number";
        ForBoth: "技術的な内容 (サーバーの担当者・VoiceDrive の担当者向け)", "Technical details (for whoever looks after the server, and for VoiceDrive)";
        RequestId: "X-Request-ID", "X-Request-ID";
        Type: "種類", "Type";
        Attempts: "送信と応答", "Attempts and answers";
        StaffId: "職員 ID", "Staff id";
        Route: "送り先", "Receiver";
        Size: "大きさ", "Size";
        Bytes: "バイト", "bytes";
        Answer: "応答", "Answer";
        SendAgain: "もう一度送る", "Send again";
        SendAgainMeans: "同じ職員の、あとから届いたものも続けて送ります (内容が古いものに戻らないように)。VoiceDrive は番号で見分けるため、二重にはなりません。", "Later ones of the same person that were delivered are sent again after it, so that old data does not come back. VoiceDrive knows them by their numbers.";
        Useless: "VoiceDrive に断られたものです。原因を直すまでは、もう一度送っても断られます。", "VoiceDrive refuses it, and will refuse it again until the cause is mended.";
        Dismiss: "対応不要にする...", "Dismiss ...";
        DismissMeans: "もう送る必要がないものです。要対応から外れ、まとめて送る対象にもなりません。あとから「もう一度送る」で送ることもできます。", "It need not be sent any more. It no longer counts as action needed, and is not sent when many are sent again. You can still send it again.";
        DismissIt: "対応不要にする", "Dismiss";
        Reason: "理由", "Why";
        ReasonExample: "例: 退職済みのため", "such as: the person has left";
        Accepted: "受け付けました", "Accepted";
        ComesNothing: "自動では何も送りません。", "Nothing is sent by itself.";
        ComesSoon: "まもなく送ります。", "It is sent soon.";
        ComesBehind: "同じ職員の前のものが届いたら、続けて送ります。", "It is sent when the one before it of the same person has arrived.";
        ExplainedAccepted: "まだ送っていません。順番がくると送ります。対応は不要です。", "It was not sent yet, and will be. Nothing needs to be done.";
        ExplainedArrived: "突き合わせで、VoiceDrive の一覧にあると分かりました。応答だけが失われていました。対応は不要です。", "VoiceDrive's list had it in a reconciliation: only the answer was lost. Nothing needs to be done.";
        ExplainedDelivered: "VoiceDrive に届きました。対応は不要です。", "VoiceDrive has taken it. Nothing needs to be done.";
        ExplainedAgain: "一度届いたものを、もう一度送るところです。対応は不要です。", "It had arrived, and is being sent again. Nothing needs to be done.";
        PressWhenBack: "VoiceDrive が直ったと聞いたら、「もう一度送る」を押してください。", "When you hear that VoiceDrive works again, press \"Send again\".";
        AskWhenBack: "VoiceDrive が直ったと聞いたら、操作できる人に、もう一度送るよう依頼してください。", "When you hear that VoiceDrive works again, ask somebody who may do so to send it again.";
        ExplainedMissing: "「届いた」という応答がありましたが、突き合わせでは VoiceDrive に届いていませんでした。もう一度送ってください。", "It was answered as received, and the comparison says that VoiceDrive does not have it. Send it again.";
        ExplainedSentAgain: "突き合わせで VoiceDrive に届いていなかったため、もう一度送りました。届いたことは次の突き合わせで確かめられます。対応は不要です。", "The comparison had not found it at VoiceDrive, and it was sent again. The next comparison tells whether it has arrived. Nothing needs to be done.";
        ExplainedNoEffect: "VoiceDrive に届きましたが、職員が見つからず反映されていません。先にその職員の登録を送り、そのあとにこれをもう一度送ってください。", "VoiceDrive has it, and did not know the person, so it had no effect. Send what registers that person first, and then this one again.";
        ExplainedDismissed: "届いていませんが、担当者が対応不要としたものです。", "It did not arrive, and somebody said that it need not.";
        WasDismissed: "対応不要にしました。", "It is dismissed.";
        IsErased: "この職員のデータは消去されたため、送るものがありません。", "This person's data were erased, so there is nothing to send.";
        NeedsReason: "理由を 200 文字以内で入力してください。何も変更していません。", "Say why, in at most 200 characters. Nothing was changed.";
        NeedsNobody: "これは要対応ではなくなっています。何も変更していません。", "This does not need anybody any more. Nothing was changed.";
        OnlyThis: "これだけを送る", "Send this one only";
        Cancel: "やめる", "Do not";
    }
}

/// One attempt.
pub(crate) fn attempt(attempt: &AttemptRecord, language: Language) -> String {
    let AttemptRecord {
        attempt: number,
        outcome,
        processing_ms: took,
        ..
    } = attempt;
    let (ja, en) = match outcome {
        Outcome::Success => ("届きました", "delivered"),
        Outcome::Failed => ("届きませんでした", "did not arrive"),
        Outcome::Timeout => ("時間内に応答がありませんでした", "no answer in time"),
    };
    let seconds = format!("{}.{}", took / 1000, took % 1000 / 100);
    both!(
        language,
        "{number} 回目: {ja} ({seconds} 秒)",
        "Attempt {number}: {en} ({seconds} s)"
    )
}

/// The same for whoever looks after a server.
pub(crate) fn technical(attempt: &AttemptRecord, why: &str, language: Language) -> String {
    let AttemptRecord {
        attempt: number,
        processing_ms: took,
        ..
    } = attempt;
    let comma = language.say("、", ", ");
    let status = attempt
        .http_status
        .map(|status| format!("HTTP {status}{comma}"));
    let status = status.unwrap_or_default();
    both!(
        language,
        "{number} 回目: {status}{took} ms。{why}",
        "Attempt {number}: {status}{took} ms. {why}"
    )
}

/// Somebody did something with it.
pub(crate) fn action(what: &str, who: &str, language: Language) -> String {
    both!(language, "{what} ({who})", "{what} ({who})")
}

/// It was handed in more than once.
pub(crate) fn repeats(number: u64, language: Language) -> String {
    both!(
        language,
        "同じものが、あと {number} 回届きました (送るのは 1 回です)",
        "handed in again, times: {number} (it is sent once)"
    )
}

/// It is being tried again.
pub(crate) fn explained_retrying(why: &str, language: Language) -> String {
    both!(
        language,
        "まだ届いていません。自動で送り直します。対応は不要です。{why}",
        "It has not arrived yet and is sent again by itself. Nothing needs to be done. {why}"
    )
}

/// Every retry was made.
pub(crate) fn explained_exhausted(tries: u64, why: &str, language: Language) -> String {
    both!(
        language,
        "{tries} 回送りましたが、届きませんでした。{why}",
        "It was sent {tries} times and did not arrive. {why}"
    )
}

/// It is sent at a time.
pub(crate) fn comes_at(when: &str, language: Language) -> String {
    both!(
        language,
        "{when} に自動でもう一度送ります。",
        "It is sent again at {when}, by itself."
    )
}

/// It is sent when a hold ends.
pub(crate) fn comes_after_hold(until: Option<&str>, language: Language) -> String {
    match until {
        Some(until) => both!(
            language,
            "送信の一時停止が終わる {until} のあとに送ります。",
            "It is sent after {until}, when the hold ends."
        ),
        None => language
            .say(
                "送信の一時停止が終わったあとに送ります。",
                "It is sent when somebody has ended the hold.",
            )
            .to_owned(),
    }
}

/// It is being sent again.
pub(crate) fn resent(follows: u64, language: Language) -> String {
    if follows == 0 {
        return language
            .say("もう一度送ります。", "It is sent again.")
            .to_owned();
    }
    both!(
        language,
        "もう一度送ります。同じ職員の、あとから届いた {follows} 件も続けて送ります。",
        "It is sent again, and after it {follows} later ones of the same person."
    )
}

/// More would follow than is sent without a word.
pub(crate) fn too_many_follow(follows: u64, language: Language) -> String {
    both!(
        language,
        "これを送ると、同じ職員の、あとから届いた {follows} 件も続けて送ることになります。多いため、まだ何も送っていません。これだけを送ると、VoiceDrive の内容が古いものに戻ることがあります。",
        "After it, {follows} later ones of the same person would be sent again. That is much, so nothing was sent yet. When this one alone is sent, old data may come back at VoiceDrive."
    )
}
