//! The page for people, in the words of an office: one file a view, and here what stands on every page.

pub(crate) mod actions;
pub(crate) mod causes;
pub(crate) mod deliveries;
pub(crate) mod delivery;
pub(crate) mod incidents;
pub(crate) mod interviews;
pub(crate) mod login;
pub(crate) mod notices;
pub(crate) mod now;
pub(crate) mod reconciliation;
pub(crate) mod resend;
pub(crate) mod server;
pub(crate) mod standing;
pub(crate) mod upload;

use crate::language::Language;
use crate::session::Role;
use crate::timestamp::Timestamp;
use crate::words::Locale;
use crate::zone::{NotOneMoment, Zone};

phrases! {
    /// What stands on every page.
    Frame {
        ForServer: "技術的な内容 (サーバーの担当者向け)", "Technical details (for whoever looks after the server)";
        Product: "VoiceDrive 連携", "VoiceDrive relay";
        ToContent: "本文へ", "To the content";
        Views: "画面の一覧", "Views";
        Now: "今の状況", "Now";
        Deliveries: "送信の記録", "Deliveries";
        Reconciliation: "突き合わせ", "Reconciliation";
        Interviews: "面談", "Interviews";
        Incidents: "お知らせ", "Incidents";
        Server: "サーバー", "Server";
        Logout: "ログアウト", "Log out";
        MayLook: "見るだけ", "looks only";
        MayOperate: "操作できます", "may operate";
        OpenWay: "この画面は暗号化されていない通信で表示されています。閉じたネットワークの外では使わないでください。", "This page comes over a connection that is not encrypted. Use it in a closed network only.";
        Refreshed: "10 秒ごとに更新", "refreshed every 10 s";
        Pause: "更新を止める", "Stop refreshing";
        Resume: "更新を再開する", "Refresh again";
        Away: "サーバーにつながりません。今どうなっているかは分かりません。数分待っても戻らないときは、サーバーの担当者に連絡してください。", "The server cannot be reached, so it is not known how things are. If it is not back in some minutes, call whoever looks after the server.";
        AwayOf: "下に見えるのは、次の時刻の内容です:", "What you see below is of:";
        Ended: "ログインが終わりました。続けるには、サーバーの担当者に新しいリンクを依頼してください。", "You are logged out. To go on, ask whoever looks after the server for a new link.";
        ToLogin: "ログインの画面へ", "To the login";
        Ending: "あと 2 分ほどでログインが終わります。入力中のものは、今のうちに送ってください。", "Your login is over in about two minutes. Send now what you are typing.";
        Stay: "ログインを続ける", "Stay logged in";
        WithoutScript: "JavaScript が使えないため、1 分ごとに読み直します。", "Without JavaScript the page is loaded again every minute.";
        Back: "今の状況へ", "To the page \"Now\"";
    }
}

phrases! {
    /// Why a page is not shown.
    Refused {
        WrongHostTitle: "このアドレスでは表示できません", "Not at this address";
        WrongHost: "この画面は、決められたアドレスか、サーバー自身からだけ使えます。アドレスを確かめてください。 (サーバーの担当者へ: server.public_url)", "This page is there at its own address and at the server itself only. Look at the address. (For whoever looks after the server: server.public_url)";
        PlainTitle: "暗号化されていない通信では表示できません", "Not over a connection that is not encrypted";
        Plain: "https:// で始まるアドレスで開いてください。 (サーバーの担当者へ: https:// が使えない閉じたネットワークでは、monitor.allow_http = true で使えます)", "Open it at an address that begins with https://. (For whoever looks after the server: in a closed network without https, monitor.allow_http = true allows it)";
        ForgedTitle: "受け付けられません", "Not accepted";
        Forged: "この操作は、この画面の外から送られたため受け付けませんでした。何も変更していません。画面を開き直して、もう一度操作してください。", "This did not come from this page, so it was not accepted. Nothing was changed. Open the page again and repeat it.";
        NotAllowedTitle: "見るだけの権限です", "You may look only";
        NotAllowed: "この操作には操作の権限が必要です。何も変更していません。操作できる人か、サーバーの担当者に依頼してください。", "This needs the role of an operator. Nothing was changed. Ask somebody who has it, or whoever looks after the server.";
        NotFoundTitle: "見つかりません", "Not found";
        NotFound: "このページはありません。送信の記録は、保存期間を過ぎると消えます。", "There is no such page. Records go when their time of retention is over.";
        InvalidTitle: "正しくない指定があります", "Something is not as expected";
        StorageTitle: "今は読み書きできません", "Nothing can be read or written now";
        Storage: "今はデータを読み書きできません。保存済みのものは失われません。数分後にもう一度開いてください。10 分以上続く場合は、サーバーの担当者に連絡してください。", "Data cannot be read or written now. What is kept is not lost. Open the page again in some minutes; if it stays so for ten minutes, call whoever looks after the server.";
        ContradictsTitle: "できませんでした", "It was not done";
        InternalTitle: "エラーが起きました", "An error occurred";
        Internal: "予期しないエラーが起きました。サーバーに記録しました。もう一度開いても同じときは、サーバーの担当者に連絡してください。", "Something unexpected happened; the server has noted it. If it happens again when you open the page again, call whoever looks after the server.";
    }
}

/// More of a list than is shown.
pub(crate) fn more(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(language, "ほか {number} 件", "{number} more")
}

/// A button of a method that a page does not take.
pub(crate) fn other_method(allowed: &str, language: Language) -> String {
    both!(
        language,
        "このアドレスで使える方法: {allowed}",
        "This address takes {allowed}."
    )
}

impl Locale {
    /// What somebody may do.
    pub(crate) fn role(self, role: Role) -> &'static str {
        self.phrase(match role {
            Role::Viewer => Frame::MayLook,
            Role::Operator => Frame::MayOperate,
        })
    }

    /// Somebody's name.
    pub(crate) fn person(self, name: &str) -> String {
        both!(self.language, "{name}さん", "{name}")
    }

    /// A moment for people, who know the year: `11/27 (金) 9:12`.
    pub(crate) fn day_and_time(self, moment: Timestamp) -> String {
        let local = self.timezone.local(moment);
        let (day, time) = (self.day(moment), local.strftime("%-H:%M"));
        format!("{day} {time}")
    }

    /// The same to the second.
    pub(crate) fn to_the_second(self, moment: Timestamp) -> String {
        let local = self.timezone.local(moment);
        let (day, time) = (self.day(moment), local.strftime("%-H:%M:%S"));
        format!("{day} {time}")
    }

    /// A day of this year: `11/27 (金)`.
    pub(crate) fn day(self, moment: Timestamp) -> String {
        let local = self.timezone.local(moment);
        let weekday = weekday(local.weekday().to_monday_zero_offset(), self.language);
        match self.language {
            Language::Ja => format!("{}/{} ({weekday})", local.month(), local.day()),
            Language::En => format!("{weekday} {}", local.strftime("%-d %b")),
        }
    }

    /// A moment of any year, in a message that may be read much later: `2025/11/27 (木) 9:12`.
    pub(crate) fn moment_of_year(self, moment: Timestamp) -> String {
        match self.language {
            Language::Ja => {
                let year = self.timezone.local(moment).year();
                format!("{year}/{}", self.day_and_time(moment))
            }
            Language::En => self.clock(moment),
        }
    }

    /// The day of such a moment: `2025/11/27`.
    pub(crate) fn day_of_year(self, moment: Timestamp) -> String {
        match self.language {
            Language::Ja => self
                .timezone
                .local(moment)
                .strftime("%Y/%-m/%-d")
                .to_string(),
            Language::En => self.date(moment),
        }
    }

    /// The time of day.
    pub(crate) fn time_of_day(self, moment: Timestamp) -> String {
        let local = self.timezone.local(moment);
        local.strftime("%-H:%M:%S").to_string()
    }

    /// The hour that begins at a moment: `9:00`. Of one that comes twice, because the clock is set back, it says which one
    /// is meant: `2:00 (+02:00)`.
    pub(crate) fn hour(self, from: Timestamp) -> String {
        let local = self.timezone.local(from);
        let shown = local.strftime("%-H:%M");
        match self.timezone.moment(local) {
            Err(NotOneMoment::ClockChange(_)) => {
                format!("{shown} ({})", self.timezone.offset(from))
            }
            Ok(_) | Err(NotOneMoment::OutOfRange) => shown.to_string(),
        }
    }

    /// A moment of today as its time, of another day with the day.
    pub(crate) fn near(self, moment: Timestamp, now: Timestamp) -> String {
        let (local, today) = (self.timezone.local(moment), self.timezone.local(now));
        if local.date() == today.date() {
            local.strftime("%-H:%M").to_string()
        } else {
            self.day_and_time(moment)
        }
    }

    /// A length of time, in its largest unit.
    pub(crate) fn span_of(self, seconds: u64) -> String {
        let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
        match (days, hours, minutes) {
            (0, 0, 0) => both!(self.language, "{seconds} 秒", "{seconds} s"),
            (0, 0, _) => both!(self.language, "{minutes} 分", "{minutes} min"),
            (0 | 1, _, _) => both!(self.language, "{hours} 時間", "{hours} h"),
            _ => both!(self.language, "{days} 日", "{days} d"),
        }
    }

    /// Of when a page is, and in which time zone its times are.
    pub(crate) fn as_of(self) -> String {
        let zone = if self.timezone == Zone::TOKYO {
            self.say("日本時間", "Japan")
        } else {
            self.timezone.name()
        };
        both!(self.language, "現在 (時刻は{zone})", "(times of {zone})")
    }
}

/// What a language calls itself.
pub(crate) fn own_name(language: Language) -> &'static str {
    language.say("日本語", "English")
}

fn weekday(from_monday: i8, language: Language) -> &'static str {
    let pairs = [
        ("月", "Mon"),
        ("火", "Tue"),
        ("水", "Wed"),
        ("木", "Thu"),
        ("金", "Fri"),
        ("土", "Sat"),
        ("日", "Sun"),
    ];
    let at = usize::try_from(from_monday).unwrap_or_default();
    let (ja, en) = pairs.get(at).copied().unwrap_or_default();
    language.say(ja, en)
}

/// A size as an office knows it.
#[allow(clippy::cast_precision_loss, reason = "one digit is shown")]
pub(crate) fn size(bytes: u64) -> String {
    let millions = bytes as f64 / 1e6;
    if millions < 1000.0 {
        format!("{millions:.1} MB")
    } else {
        format!("{:.1} GB", millions / 1000.0)
    }
}

/// A number with a comma before each three digits.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.char_indices() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;

    #[test]
    fn a_moment_is_told_as_an_office_writes_it() {
        let [ja, en] = [Language::Ja, Language::En].map(|language| Locale {
            language,
            timezone: Zone::TOKYO,
        });
        let moment = Timestamp::parse("2025-11-27T00:12:03.000Z").unwrap();
        assert_eq!(ja.day_and_time(moment), "11/27 (木) 9:12");
        assert_eq!(en.day_and_time(moment), "Thu 27 Nov 9:12");
        assert_eq!(ja.moment_of_year(moment), "2025/11/27 (木) 9:12");
        assert_eq!(en.moment_of_year(moment), "2025-11-27 09:12:03");
        assert_eq!(ja.day_of_year(moment), "2025/11/27");
        assert_eq!(ja.near(moment, moment), "9:12");
        let before = Timestamp::parse("2025-11-26T14:59:59.000Z").unwrap();
        assert_eq!(ja.near(before, moment), "11/26 (水) 23:59");
    }

    #[test]
    fn an_hour_that_comes_twice_says_which_one_it_is() {
        let hours = |zone: &str, moments: [&str; 3]| {
            let locale = Locale {
                language: Language::Ja,
                timezone: Zone::named(zone).unwrap(),
            };
            moments.map(|moment| locale.hour(Timestamp::parse(moment).unwrap()))
        };
        let night = [
            "2025-10-26T00:00:00Z",
            "2025-10-26T01:00:00Z",
            "2025-10-26T02:00:00Z",
        ];
        let berlin = ["2:00 (+02:00)", "2:00 (+01:00)", "3:00"];
        assert_eq!(hours("Europe/Berlin", night), berlin);
        assert_eq!(hours("Asia/Tokyo", night), ["9:00", "10:00", "11:00"]);
        assert_eq!(hours("Asia/Kolkata", night), ["5:30", "6:30", "7:30"]);
    }

    #[test]
    fn a_span_has_the_unit_that_leaves_something_to_read() {
        let ja = Locale {
            language: Language::Ja,
            timezone: Zone::TOKYO,
        };
        for (seconds, told) in [
            (59, "59 秒"),
            (60, "1 分"),
            (3600, "1 時間"),
            (47 * 3600, "47 時間"),
            (48 * 3600, "2 日"),
        ] {
            assert_eq!(ja.span_of(seconds), told);
        }
    }

    #[test]
    fn sizes_are_those_of_a_shop() {
        for (bytes, told) in [
            (0, "0.0 MB"),
            (12_345_678, "12.3 MB"),
            (41_000_000_000, "41.0 GB"),
        ] {
            assert_eq!(size(bytes), told);
        }
    }

    #[test]
    fn numbers_are_grouped() {
        for (number, told) in [
            (0, "0"),
            (999, "999"),
            (4193, "4,193"),
            (1_000_000, "1,000,000"),
        ] {
            assert_eq!(thousands(number), told);
        }
    }
}
