//! The view of deliveries.

use crate::hold::EVERY_ROUTE;
use crate::language::{Language, Locale};
use crate::period::Period;
use crate::route::DEFAULT;
use crate::words::harmless;
use crate::words::monitor::thousands;

phrases! {
    /// Short texts of this view.
    Deliveries {
        Title: "送信の記録", "Deliveries";
        All: "すべて", "All";
        NeedsYou: "要対応", "Action needed";
        Retrying: "再送待ち", "Retrying";
        Waiting: "送信待ち", "Waiting";
        Behind: "順番待ち", "Behind another";
        Delivered: "送信済み", "Delivered";
        Dismissed: "対応不要", "Dismissed";
        Filter: "絞り込み", "Filter";
        Type: "種類", "Type";
        StaffId: "職員 ID", "Staff id";
        Route: "送り先", "Receiver";
        DefaultRoute: "VoiceDrive", "VoiceDrive";
        EveryRoute: "すべての送り先", "Every receiver";
        Any: "すべて", "any";
        Period: "期間", "Period";
        AnyTime: "すべての期間", "any time";
        Of24Hours: "24 時間", "24 hours";
        Of7Days: "7 日間", "7 days";
        Of30Days: "30 日間", "30 days";
        First: "最初の日", "First day";
        Last: "最後の日", "Last day";
        Number: "番号", "Number";
        Show: "表示する", "Show";
        Clear: "絞り込みをやめる", "No filter";
        AcceptedAt: "受付時刻", "Accepted";
        State: "状態", "State";
        StateAndCause: "状態と原因", "State and cause";
        Next: "次にすること", "What to do";
        SendAgain: "もう一度送る", "Send again";
        AskPartner: "VoiceDrive に確認", "Ask VoiceDrive";
        AskServer: "サーバーの担当者に連絡", "Call the server's administrator";
        SeeIt: "詳しく", "See it";
        Older: "これより古いもの", "Older ones";
        None: "この条件に合うものはありません。", "Nothing matches.";
        NoDay: "日付は 2025-10-26 の形で入力してください。絞り込みは使っていません。", "A day looks like 2025-10-26. The filter was not used.";
        NoSuchNumber: "この番号で始まるものはありません。保存期間を過ぎたものは消えています。", "No number begins so. Records go when their time of retention is over.";
        Again: "もう一度送るよう指定されました", "to be sent again, as somebody asked";
        SeveralNumbers: "この番号で始まるものが 2 件以上あります。もう少し長く入力してください。", "Several numbers begin so. Type more of it.";
    }
}

impl Locale {
    /// What people call a route.
    pub(crate) fn receiver(self, route: &str) -> String {
        if route == DEFAULT {
            self.phrase(Deliveries::DefaultRoute).to_owned()
        } else {
            route.to_owned()
        }
    }

    /// What people call a route, or all of them.
    pub(crate) fn receivers(self, route: &str) -> String {
        if route == EVERY_ROUTE {
            self.phrase(Deliveries::EveryRoute).to_owned()
        } else {
            self.receiver(route)
        }
    }

    /// What people call a period.
    pub(crate) fn period(self, period: Period) -> String {
        let name = match period {
            Period::Day => Deliveries::Of24Hours,
            Period::Week => Deliveries::Of7Days,
            Period::Month => Deliveries::Of30Days,
        };
        self.phrase(name).to_owned()
    }
}

/// What an office calls some types of events.
const TYPES: [(&str, &str); 9] = [
    ("職員の登録", "employee.created"),
    ("職員情報の変更", "employee.updated"),
    ("個人情報の変更", "employee.personal_information.updated"),
    ("職員の写真の変更", "employee.photo.updated"),
    ("職員の写真の削除", "employee.photo.deleted"),
    ("異動", "employee.transferred"),
    ("退職", "employee.retired"),
    ("面談の予定", "interview.scheduled"),
    ("面談の実施", "interview.completed"),
];

impl Locale {
    /// What people call a type of events; the second language is VoiceDrive's and the staff system's own.
    pub(crate) fn event_type(self, name: &str) -> String {
        let known = TYPES.iter().find(|(_, known)| *known == name);
        let known = known.filter(|_| self.language == Language::Ja);
        known.map_or(name, |(word, _)| word).to_owned()
    }

    /// The same with the name of the API behind it, for whoever needs that too.
    pub(crate) fn event_type_with_name(self, name: &str) -> String {
        let word = self.event_type(name);
        if word == name {
            word
        } else {
            format!("{word} ({name})")
        }
    }
}

/// Conditions in the address that nobody knows, if there are any.
pub(crate) fn not_understood(unknown: &[String], locale: Locale) -> Option<String> {
    if unknown.is_empty() {
        return None;
    }
    let shown = unknown.iter().take(3).map(|one| {
        let short: String = one.chars().take(40).collect();
        harmless(&short)
    });
    let shown = shown.collect::<Vec<_>>().join(", ");
    Some(both!(
        locale.language,
        "アドレスの中に、分からない条件があります。その条件は使っていません: {shown}",
        "The address has conditions that are not known. They were not used: {shown}"
    ))
}

/// How many deliveries a filter means; `most`: counting stops there.
pub(crate) fn matched(number: u64, most: u64, language: Language) -> String {
    let shown = thousands(number);
    if number >= most {
        both!(
            language,
            "この条件に合うもの: {shown} 件以上",
            "Matching: {shown} or more"
        )
    } else {
        both!(
            language,
            "この条件に合うもの: {shown} 件",
            "Matching: {shown}"
        )
    }
}

/// Leads to the page that asks before all of it is sent again.
pub(crate) fn resend_all(number: u64, most: u64, language: Language) -> String {
    if number >= most {
        return language
            .say("すべてもう一度送る...", "Send all of them again ...")
            .to_owned();
    }
    let number = thousands(number);
    both!(
        language,
        "{number} 件をもう一度送る...",
        "Send {number} again ..."
    )
}

/// A delivery waits for its next retry; `tries`: how often it was sent.
pub(crate) fn retrying(tries: u64, next: Option<&str>, language: Language) -> String {
    match next {
        Some(next) => both!(
            language,
            "再送待ち ({tries} 回送信、次は {next})",
            "Retrying (attempts: {tries}, next at {next})"
        ),
        None => both!(
            language,
            "再送待ち ({tries} 回送信)",
            "Retrying (attempts: {tries})"
        ),
    }
}

/// A delivery that had arrived is to be sent again.
pub(crate) fn again(next: Option<&str>, language: Language) -> String {
    match next {
        Some(next) => both!(
            language,
            "再送待ち (送信は {next})",
            "To be sent again (at {next})"
        ),
        None => language.say("再送待ち", "To be sent again").to_owned(),
    }
}

/// A delivery waits for a person; `tries`: how often it was sent.
pub(crate) fn exhausted(tries: u64, language: Language) -> String {
    both!(
        language,
        "要対応 ({tries} 回送信)",
        "Action needed (attempts: {tries})"
    )
}
