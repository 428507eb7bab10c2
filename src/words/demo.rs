//! What the demo says.

use std::error::Error;
use std::fmt::Display;
use std::io;

use super::system::of_system;
use crate::language::Language;
use crate::words::counted;

phrases! {
    /// The lines that introduce each part.
    Show {
        Ordinary:
            "リレーと VoiceDrive の代役を起動しました。\n普段の一日: イベントを渡します。3 件に 1 件は、スタッフシステムの送信処理と\n同じ形で /in に届きます。",
            "The relay and a stand-in VoiceDrive are running.\nAn ordinary day: events are handed in, every third one at /in, as the staff\nsystem's own sender posts it.";
        Refused:
            "\n場面 1: VoiceDrive がメンテナンス中で、2 回断られます (503)。\nリレーは間を置いて送り直します。",
            "\nFirst story: VoiceDrive is being maintained, and refuses twice (503).\nThe relay waits a while and sends again.";
        Stalled:
            "\n場面 2: VoiceDrive の応答が 1 秒以内に返りません。\n時間切れとして、同じ番号で送り直します。VoiceDrive は二重に処理しません。",
            "\nSecond story: VoiceDrive does not answer within a second.\nThe event is sent again with the same id, so that nothing is done twice.";
        CutOff:
            "\n場面 3: 送信中に接続が切れます。届いたかどうか分からないので、\n同じ番号で送り直します。",
            "\nThird story: the connection is cut off. Nobody knows whether the event\narrived, so it is sent again with the same id.";
        Lost:
            "\n場面 4: VoiceDrive が 200 と応答したあとで、1 件を失います。\n届いたものの一覧と突き合わせると見つかり、もう一度送ります。",
            "\nFourth story: VoiceDrive answers 200, and loses the event behind it.\nComparing with the list of what it has finds it, and it is sent again.";
        OnHold:
            "\n場面 5: VoiceDrive のメンテナンスのため、送信を 2 秒だけ一時停止します。\n受け付けは続き、時間になると自動で再開して、待っていたものを順に送ります。",
            "\nFifth story: VoiceDrive is being maintained, and sending is on hold for two\nseconds. Events are accepted all the same, and sent in order when it ends.";
        Away:
            "\n場面 6: VoiceDrive が止まっています。再送を使い切ったイベントは「要対応」として\n待ちます。",
            "\nSixth story: VoiceDrive is away. What has used up its retries waits for a\nperson.";
        Back:
            "\nVoiceDrive が回復しました。recover を実行すると、まず最も古い 1 件を試し、\n届いたので残りも順に送ります。",
            "\nVoiceDrive is back. `recover` tries the oldest event first, and as that arrives,\nthe rest follows in order.";
        Reason: "VoiceDrive のメンテナンス", "maintenance of VoiceDrive";
        NotAll: "届かなかったイベントがあります", "not everything arrived";
        NoProfile: "プロファイルがこのバージョンに含まれていません", "the profile is not built in";
        Event: "イベント", "event";
        Sent: "送信", "sent";
        Succeeded: "成功", "succeeded";
        Failed: "失敗", "failed";
        TimedOut: "時間切れ", "timeout";
        Average: "平均 ms", "avg ms";
        Page: "画面を開いてみてください (10 分以内に、一度だけ使えるリンクです):", "Open the page (this link is good once, within 10 minutes):";
        PageAgain: "新しいリンクは、別の端末で次のように発行します:", "For another link, in a second terminal:";
        ToTry: "別の端末で試してみてください:", "To try in a second terminal:";
        Ends: "Ctrl-C で終了します", "Ctrl-C ends it";
    }
}

/// The demo has no JSON output.
pub(crate) fn for_people_alone(language: Language) -> String {
    both!(
        language,
        "demo は人が読むためのもので、--json は使えません",
        "demo is for people to read: leave out --json (with --exit, its exit code says whether everything arrived)"
    )
}

/// The demo has failed.
pub(crate) fn failed(error: &(dyn Error + 'static), language: Language) -> String {
    let system = error.downcast_ref::<io::Error>();
    let why = system.map(|error| format!("。{}", of_system(error, language)));
    let why = why.unwrap_or_default();
    both!(language, "デモを続けられません{why}", "{error}")
}

/// The relay did not accept an event from the staff system's sender.
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

/// All interviews, and their rates in percent.
pub(crate) fn interviews(
    total: impl Display,
    completed: impl Display,
    rate: impl Display,
    no_show: impl Display,
    language: Language,
) -> String {
    let interviews = counted(&total, "interview");
    both!(
        language,
        "面談 {total} 件、実施済み {completed} 件 (実施率 {rate} %、無断欠席率 {no_show} %)",
        "{interviews}, {completed} completed ({rate} %), nobody came to {no_show} %"
    )
}
