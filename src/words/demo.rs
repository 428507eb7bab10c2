//! What the demo says.

use std::fmt::Display;

use crate::language::Language;

phrases! {
    /// Between what happens.
    Show {
        Opening:
            "リレーと VoiceDrive の代役を起動しました。イベントを渡します。3 件に 1 件は、スタッフシステムの送信処理と同じ形で /in に届きます。代役は一部をわざと拒否し、あとで受け取ります。",
            "The relay and a stand-in VoiceDrive are running. Events are handed in, every third one at /in as the staff system's own sender posts it. The stand-in refuses some of them on purpose and takes them later.";
        NotAll: "届かなかったイベントがあります", "not everything arrived";
        NoProfile: "プロファイルがこの版に含まれていません", "the profile is not built in";
        Event: "イベント", "event";
        Sent: "送信", "sent";
        Succeeded: "成功", "succeeded";
        Failed: "失敗", "failed";
        TimedOut: "時間切れ", "timeout";
        Average: "平均 ms", "avg ms";
        ToTry: "試してみてください:", "To try:";
        Ends: "Ctrl-C で終了します", "Ctrl-C ends it";
    }
}

/// The show cannot go on.
pub(crate) fn failed(error: impl Display, language: Language) -> String {
    both!(language, "デモを続けられません ({error})", "{error}")
}

/// The door of the relay did not take an event.
pub(crate) fn answered_at_the_door(status: impl Display, language: Language) -> String {
    both!(
        language,
        "リレーが /in で {status} と応答しました",
        "the relay answered {status} at /in"
    )
}

/// All deliveries.
pub(crate) fn deliveries(
    sent: impl Display,
    succeeded: impl Display,
    retried: impl Display,
    language: Language,
) -> String {
    both!(
        language,
        "合計 {sent} 件、成功 {succeeded} 件、そのうち再送で届いたもの {retried} 件",
        "{sent} sent, {succeeded} succeeded, {retried} of them after retries"
    )
}

/// All interviews, and what of them in percent.
pub(crate) fn interviews(
    total: impl Display,
    completed: impl Display,
    rate: impl Display,
    no_show: impl Display,
    language: Language,
) -> String {
    both!(
        language,
        "面談 {total} 件、完了 {completed} 件 (完了率 {rate} %、無断欠席率 {no_show} %)",
        "{total} interviews, {completed} completed ({rate} %), nobody came to {no_show} %"
    )
}
