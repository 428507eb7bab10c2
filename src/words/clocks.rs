//! A wall clock that does not fit to the time that has passed for the relay, and one that is changed twice a year.

use crate::language::Language;
use crate::words::counted;

/// A time on a form of the page that a clock change skips or shows twice.
pub(crate) fn not_one_moment(language: Language) -> &'static str {
    language.say(
        "時計の切り替え (夏時間) で存在しないか、2 回ある時刻です。その前か後の時刻にしてください。何も変更していません。",
        "A clock change skips this time or shows it twice: say an earlier or a later one. Nothing was changed.",
    )
}

/// How far it is off, in seconds, in both languages; negative: behind.
pub(crate) fn happened(seconds: i64) -> (String, String) {
    let days = seconds.unsigned_abs() / 86_400;
    let (ja, en) = if seconds > 0 {
        ("進んで", "ahead of")
    } else {
        ("遅れて", "behind")
    };
    let in_english = counted(days, "day");
    (
        format!("このサーバーの時計は、リレーが記録してきた時間より {days} 日{ja}います。"),
        format!("This server's clock is {in_english} {en} the time that has passed for the relay."),
    )
}

/// What follows from that and what to do, in both languages.
pub(crate) fn advice(seconds: i64) -> (&'static str, &'static str) {
    if seconds > 0 {
        (
            "サーバーがその間止まっていただけなら、対応は不要です。そうでなければ timedatectl で時計を合わせてください。それまで、この時計のために古いとみなして消すものはなく、トークンの期限は判断せず、署名は VoiceDrive に拒否されるおそれがあります。このまま 1 日動くと、正しい時計として扱います",
            "when the server was off for so long, nothing needs to be done; else set the clock with timedatectl. Meanwhile nothing gets old by it, the end of tokens is not judged, and VoiceDrive may refuse the signatures. After a day of running with it, it is taken for right",
        )
    } else {
        (
            "以前の時計が誤っていて、今が正しいのなら、対応は不要です。そうでなければ timedatectl で時計を合わせてください。それまで、記録に誤った時刻が残り、署名は VoiceDrive に拒否されるおそれがあります。受け付けたイベントは失われません。このまま 1 日動くと、正しい時計として扱います",
            "when the clock was wrong before and is right now, nothing needs to be done; else set it with timedatectl. Meanwhile what is kept has wrong times, and VoiceDrive may refuse the signatures; no event is lost. After a day of running with it, it is taken for right",
        )
    }
}

/// Both in one.
pub(crate) fn told(seconds: i64, language: Language) -> String {
    let (happened, advice) = (happened(seconds), advice(seconds));
    match language {
        Language::Ja => format!("{}{}", happened.0, advice.0),
        Language::En => format!("{} What to do: {}", happened.1, advice.1),
    }
}
