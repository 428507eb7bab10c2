//! The five goals of the two teams.

use std::fmt::Display;

use crate::kpi::SENDS_NEEDED;
use crate::language::Language;

phrases! {
    /// Short texts of the table.
    Kpi {
        SendSuccess: "送信成功率", "sends delivered";
        InterviewCompletion: "面談実施率", "interviews held";
        GapDetection: "届いていないもの", "losses found";
        ApiResponse: "問い合わせの応答", "statistics";
        RetrySuccess: "再送の成功率", "retries delivered";
        Percent: "%", "%";
        Hours: "時間", "h";
        Milliseconds: "ms", "ms";
        Met: "達成", "met";
        NotMet: "未達", "missed";
        Unknown: "判定なし", "-";
        NeverCompared: "まだ突き合わせていません", "never reconciled";
    }
}

/// Of which time the values are; `period` is the word of the API.
pub(crate) fn heading(period: &str, language: Language) -> String {
    let (ja, en) = match period {
        "24h" => ("24 時間", "24 hours"),
        "7d" => ("7 日間", "7 days"),
        _ => ("30 日間", "30 days"),
    };
    both!(
        language,
        "現在までの {ja} (問い合わせの応答は 1 時間)",
        "the last {en} (statistics: the last hour)"
    )
}

/// A value should not be smaller.
pub(crate) fn at_least(target: impl Display, unit: &str, language: Language) -> String {
    both!(language, "{target} {unit} 以上", "at least {target} {unit}")
}

/// A value should not be larger.
pub(crate) fn at_most(target: impl Display, unit: &str, language: Language) -> String {
    both!(language, "{target} {unit} 以内", "at most {target} {unit}")
}

/// What the success of sending is judged by.
pub(crate) fn sends(sent: impl Display, waiting: impl Display, language: Language) -> String {
    both!(
        language,
        "送信 {sent}、再送待ち {waiting}",
        "sent {sent}, waiting {waiting}"
    )
}

/// The same, when they are too few to be judged.
pub(crate) fn few_sends(sent: impl Display, waiting: impl Display, language: Language) -> String {
    let needed = SENDS_NEEDED;
    let told = sends(sent, waiting, language);
    both!(
        language,
        "{told} (判定は {needed} 件から)",
        "{told} (judged from {needed} on)"
    )
}

/// How many losses were deleted before anybody had confirmed that they arrived after all.
pub(crate) fn never_confirmed(lost: impl Display, language: Language) -> String {
    both!(
        language,
        "未確認のまま削除 {lost}",
        "deleted unconfirmed: {lost}"
    )
}

/// How many of the interviews nobody came to, in percent.
pub(crate) fn no_show(rate: f64, language: Language) -> String {
    both!(language, "無断欠席 {rate:.1} %", "no-shows {rate:.1} %")
}
