//! The view of the state now.

use crate::language::Language;
use crate::words::monitor::thousands;

phrases! {
    /// Short texts of this view.
    Now {
        Title: "今の状況", "Now";
        Receivers: "送り先", "Receivers";
        Receiver: "送り先", "Receiver";
        State: "状態", "State";
        LastDelivered: "最後に届いた", "Last delivered";
        Sent: "送信", "Sent";
        Delivered: "届いた", "Delivered";
        Waiting: "送信待ち", "Waiting";
        Retrying: "再送待ち", "Retrying";
        NeedsYou: "要対応", "Action needed";
        Mean: "応答時間 (平均)", "Mean answer";
        Of24Hours: "24 時間", "24 hours";
        AtPresent: "現在", "at present";
        Never: "まだありません", "never";
        Delivering: "届いています", "delivering";
        Resending: "自動で送り直しています", "being sent again";
        Away: "つながりません", "cannot be reached";
        Left: "届けられないものがあります", "some could not be delivered";
        NotThere: "届いていないものがあります", "some are missing there";
        Held: "一時停止中", "on hold";
        NothingSent: "24 時間 送信なし", "nothing sent for 24 hours";
        NoUrl: "送り先が未設定", "no address";
        Goals: "目標と実績", "Goals";
        Goal: "目標", "Goal";
        Value: "実績", "Value";
        Details: "内訳", "Counted from";
        Met: "達成", "met";
        Missed: "未達", "missed";
        Unjudged: "まだ判定できません", "not judged yet";
        SendSuccess: "送信成功率", "Sends delivered";
        SendSuccessMeans: "送信したもののうち、届いたものの割合。20 件から判定します。", "Of what was sent, what has arrived. Judged from 20 on.";
        Interviews: "面談実施率", "Interviews held";
        InterviewsMeans: "期間の面談 (これからのものを含む) のうち、実施済みの割合。", "Of the interviews of the period (those to come, too), those that took place.";
        Gap: "届いていないものの発見", "Missing events found within";
        GapMeans: "VoiceDrive の記録にないことに気付くまでの時間。突き合わせで調べます。", "How long it takes to find that VoiceDrive has no record of an event. A reconciliation finds it.";
        Response: "問い合わせの応答 (95 %)", "Statistics answered (95 %)";
        ResponseMeans: "VoiceDrive からの統計の問い合わせの 95 % に、この時間内で答えました (直近 1 時間)。", "95 % of VoiceDrive's questions for statistics were answered within this time (last hour).";
        RetrySuccess: "再送の成功率", "Retries delivered";
        RetrySuccessMeans: "再送したもののうち、最後には届いたものの割合。", "Of what was sent again, what arrived in the end.";
        NeverCompared: "まだ突き合わせていません", "never reconciled";
        FewAnswers: "まだ測れません", "too few to measure";
        NoneSent: "送信なし", "nothing sent";
        NoRetries: "再送なし", "no retries";
        NoInterviews: "面談なし", "no interviews";
        Today: "今日の面談", "Interviews today";
        NoneToday: "今日の面談はありません。", "There are none today.";
        Meaning: "この数字の意味", "What these mean";
        Bars24: "24 時間の送信", "Sends of 24 hours";
        Bars30: "30 日間の送信", "Sends of 30 days";
        NotDelivered: "届いていない", "Not delivered";
        AsTable: "表で見る", "As a table";
        Hours: "時間", "h";
        Hour: "時刻", "Hour";
        Day: "日", "Day";
        NothingThen: "この期間に送信はありません。", "Nothing was sent in this time.";
    }
}

/// Of which days the goals are.
pub(crate) fn of_month(from: &str, to: &str, language: Language) -> String {
    both!(
        language,
        "直近 30 日間 ({from} から {to})",
        "the last 30 days ({from} to {to})"
    )
}

/// What a goal is counted from.
pub(crate) fn part(part: &str, whole: &str, language: Language) -> String {
    both!(language, "{whole} 件中 {part} 件", "{part} of {whole}")
}

/// Some of it is still tried.
pub(crate) fn still_waiting(number: &str, language: Language) -> String {
    both!(
        language,
        "うち再送待ち {number} 件",
        "{number} being sent again"
    )
}

/// What a chart shows, for whoever does not see it.
pub(crate) fn chart(what: &str, sent: u64, missing: u64, language: Language) -> String {
    let [sent, missing] = [sent, missing].map(thousands);
    both!(
        language,
        "{what}: 送信 {sent} 件、うち届いていないもの {missing} 件",
        "{what}: {sent} sent, {missing} of them not delivered"
    )
}

/// How many of the interviews nobody came to, in percent.
pub(crate) fn no_shows(rate: &str, language: Language) -> String {
    both!(language, "無断欠席 {rate} %", "{rate} % no-shows")
}

/// The largest number of a chart.
pub(crate) fn largest(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(language, "最大 {number} 件", "max. {number}")
}

/// A goal that is met from a number on.
pub(crate) fn at_least(target: u64, unit: &str, language: Language) -> String {
    both!(language, "{target} {unit} 以上", "at least {target} {unit}")
}

/// A goal that is met up to a number.
pub(crate) fn at_most(target: u64, unit: &str, language: Language) -> String {
    let gap = if unit.is_ascii() { " " } else { "" };
    both!(
        language,
        "{target} {unit}{gap}以内",
        "at most {target} {unit}"
    )
}
