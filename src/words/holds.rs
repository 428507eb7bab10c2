//! Holds: routes that a person paused.

use crate::hold::WrongEnd;
use crate::language::Language;
use crate::words::counted;

phrases! {
    /// Short texts about holds.
    Holding {
        EveryRoute: "すべての送り先", "every route";
        None: "一時停止している送り先はありません", "nothing is on hold";
        Ended: "一時停止を終了しました。待っていたイベントを順に送信します", "the hold is over; what waits is sent in order";
        NoSuchEnd: "06:00、\"2025-10-27 06:00\"、2025-10-27T06:00:00+09:00 のどれかの形で指定してください", "must be a time of day such as 06:00, or a time such as \"2025-10-27 06:00\" or 2025-10-27T06:00:00+09:00";
        NoReason: "理由を 1 から 200 文字で指定してください", "say why, in 1 to 200 characters";
        OnHold: "一時停止", "on hold";
    }
}

/// How long a hold lasts; `until`: when it ends by itself.
pub(crate) fn until_when(until: Option<&str>, language: Language) -> String {
    match until {
        Some(until) => both!(language, "{until} まで", "until {until}"),
        None => language
            .say("手動で終了するまで", "until somebody ends the hold")
            .to_owned(),
    }
}

/// What an admin is told of a hold; `ended`: whether a person has ended it before its time, when it is over.
pub(crate) fn told(
    until: Option<&str>,
    reason: &str,
    waiting: u64,
    ended: Option<bool>,
    language: Language,
) -> String {
    let (ja, en) = if waiting == 0 {
        (
            "送信を待っているイベントはありません。".to_owned(),
            "Nothing waits.".to_owned(),
        )
    } else {
        let events = counted(waiting, "event");
        (
            format!("送信を待っていたイベント {waiting} 件を、古いものから順に送信します。"),
            format!("What waits ({events}) is sent in order."),
        )
    };
    let (by_itself, until) = (until.is_some(), until_when(until, language));
    match ended {
        None => both!(
            language,
            "{until}送信を一時停止しています。理由: {reason}。送信を待っているイベント: {waiting} 件",
            "Nothing is sent {until}: {reason}. Events that wait: {waiting}."
        ),
        Some(true) if !by_itself => both!(
            language,
            "送信の一時停止を終了しました。{ja}",
            "The hold was ended. {en}"
        ),
        Some(true) => both!(
            language,
            "送信の一時停止を、予定より早く終了しました。{ja}",
            "The hold was ended before its time. {en}"
        ),
        Some(false) => both!(
            language,
            "送信の一時停止が予定どおり終了しました。{ja}",
            "The hold has ended by itself, as planned. {en}"
        ),
    }
}

/// One hold in a line: what is paused, until when, why and by whom.
pub(crate) fn line(
    route: &str,
    until: Option<&str>,
    reason: &str,
    who: &str,
    language: Language,
) -> String {
    let until = until_when(until, language);
    both!(
        language,
        "{route}: {until}。理由: {reason} ({who})",
        "{route}: {until}, {reason} ({who})"
    )
}

/// A hold has begun, or has replaced another one.
pub(crate) fn begun(route: &str, until: &str, language: Language) -> String {
    both!(
        language,
        "{route}: {until} まで送信を一時停止します。受け付けは続きます",
        "{route}: nothing is sent until {until}; accepting goes on"
    )
}

/// Why an event is not sent at present.
pub(crate) fn held_until(until: Option<&str>, reason: &str, language: Language) -> String {
    let until = until_when(until, language);
    both!(
        language,
        "{until}送信を一時停止中。理由: {reason}",
        "nothing is sent {until}: {reason}"
    )
}

/// Why a hold cannot end at that time.
pub(crate) fn wrong_end(why: WrongEnd, language: Language) -> &'static str {
    match why {
        WrongEnd::Past => language.say(
            "--until には、今より後の日時を指定してください",
            "--until: must be later than now",
        ),
        WrongEnd::TooFar => language.say(
            "--until には、72 時間以内の日時を指定してください",
            "--until: must be at most 72 hours away",
        ),
    }
}
