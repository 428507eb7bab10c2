//! The view of what was told.

use crate::language::Language;
use crate::words::monitor::thousands;

phrases! {
    /// Short texts of this view.
    Incidents {
        Title: "お知らせ", "Incidents";
        Open: "続いているもの", "Not over yet";
        AllOfThem: "お知らせの一覧へ", "All incidents";
        IsEnded: "終わりました", "over";
        NoneOpen: "続いているものはありません。", "There are none.";
        Closed: "終わったもの", "Over";
        NoneClosed: "まだありません。", "None yet.";
        Failing: "お知らせが届いていない通知先", "Channels that cannot be told";
        NoChannels: "通知先が設定されていないため、異常があっても、この画面のほかではだれにも知らせません。サーバーの担当者に設定を依頼してください。", "No channel is configured, so nobody is told but on this page. Ask whoever looks after the server.";
        Deliveries: "対象の記録を見る", "See the deliveries";
        Dismiss: "対応不要にする...", "Dismiss ...";
        DismissMeans: "このお知らせの要対応のものを、すべて対応不要にします。あとから 1 件ずつ送ることはできます。", "Everything that this incident counts and that did not arrive is dismissed. It can still be sent again one by one.";
        Reason: "理由", "Why";
        WasDismissed: "対応不要にしました。", "It is dismissed.";
        IsOver: "このお知らせは、もう終わっています。何も変更していません。", "It is over already. Nothing was changed.";
        EndsByItself: "このお知らせは、直ると自動で終わります。何も変更していません。", "It ends by itself when it is mended. Nothing was changed.";
        Older: "これより古いもの", "Older ones";
        When: "期間", "When";
        What: "内容", "What";
    }
}

/// The button that dismisses everything that an incident counts.
pub(crate) fn dismiss(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(language, "{number} 件を対応不要にする", "Dismiss {number}")
}

/// A number with its unit, which no line's end parts.
fn together(span: &str) -> String {
    span.replace(' ', "\u{a0}")
}

/// When something began that lasts.
pub(crate) fn since(when: &str, span: &str, language: Language) -> String {
    let span = together(span);
    both!(language, "{when} から ({span})", "since {when} ({span})")
}

/// From when to when something was.
pub(crate) fn from_to(from: &str, to: &str, span: &str, language: Language) -> String {
    let span = together(span);
    both!(
        language,
        "{from} から {to} ({span})",
        "{from} to {to} ({span})"
    )
}
