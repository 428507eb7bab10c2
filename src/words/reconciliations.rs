//! What a comparison with VoiceDrive's list has found.

use serde_json::Value;

use crate::cause::Cause;
use crate::import::id_list::{BadLines, LineFault, NotAList, Place};
use crate::import::source::Foreign;
use crate::language::{Language, Locale};
use crate::reconciliation::received::NotReceived;
use crate::route::settings::Settings;
use crate::words::system::of_system;
use crate::words::{commands, harmless, json};

/// Deliveries of a kind that are shown; all of them stand in the JSON.
const SHOWN: usize = 20;
/// Digits of a digest that two people compare by telephone.
const DIGITS: usize = 8;
/// The columns of the longest event name that is aligned.
const NAME: usize = 32;

phrases! {
    /// Headings of a comparison.
    Found {
        Missing: "VoiceDrive に届いていないもの", "missing at VoiceDrive";
        NoEffect: "VoiceDrive にその職員がいないため、反映されていないもの", "without effect, because VoiceDrive does not know the person";
        Arrived: "応答だけが失われ、届いていたもの (送信済みにしました)", "arrived; only the answer was lost, and they count as delivered now";
        Waiting: "まだ送信待ちのもの", "still to be sent";
        Unknown: "VoiceDrive の一覧にあり、このリレーが送っていないもの", "in VoiceDrive's list, and never sent by this relay";
        Nothing: "届いていないものはありません。", "Nothing is missing.";
        NothingElse: "ほかに、届いていないものはありません。", "Nothing else is missing.";
        NothingCompared: "比べたものの中に、届いていないものはありません。", "Of what was compared, nothing is missing.";
        NotCompared: "何も比べていません。一覧の番号はどれもこのリレーが送ったものではなくその期間に送ったものもないか、一覧が期間の始まりより前に作られています。ファイルと期間 (--from、--to、--as-of) を確かめてください。", "Nothing was compared: the relay has sent none of these ids and nothing else in their time, or the list is older than the range. See whether it is the right file and the right range (--from, --to, --as-of).";
        AnsweredButAbsent: "200 と応答がありましたが、VoiceDrive の記録にありません", "it was answered with 200, and VoiceDrive has no record of it";
        FailedThere: "200 と応答がありましたが、VoiceDrive では失敗と記録されています", "it was answered with 200, and VoiceDrive's record says that it failed";
        NotDelivered: "送信できていません", "it was never delivered";
        AllRoutes: "VoiceDrive が数えるすべての送り先", "all routes that VoiceDrive counts";
        Slot: "期間 (UTC)", "slot (UTC)";
        Delivered: "送信済み", "delivered";
        Open: "送信待ち", "open";
        Digest: "照合値", "digest";
    }
}

impl Locale {
    /// A comparison, for a person; `settings` are those of its route. `again` is the command that sends again what is missing; none: it was sent again.
    pub(crate) fn comparison(
        self,
        answer: &Value,
        settings: &Settings,
        again: Option<&str>,
    ) -> String {
        let mut lines = vec![self.compared(answer)];
        let missing = self.listed(answer, "missing", Found::Missing, |one| {
            self.reason(one["reason"].as_str().unwrap_or_default(), settings)
        });
        let is_missing = !missing.is_empty();
        lines.extend(missing);
        let [not_compared, dismissed, erased] =
            ["notCompared", "dismissed", "erased"].map(|name| answer[name].as_u64().unwrap_or(0));
        if erased > 0 {
            lines.push(both!(
                self.language,
                "VoiceDrive にないが、その職員のデータを消去したため、もう送れないもの: {erased}",
                "missing at VoiceDrive, and not to be sent again, because the data of their persons were erased: {erased}"
            ));
        }
        if dismissed > 0 {
            lines.push(both!(
                self.language,
                "VoiceDrive にないが、対応不要とされているもの: {dismissed}",
                "missing at VoiceDrive, and dismissed: {dismissed}"
            ));
        }
        let nothing = |_: &Value| String::new();
        lines.extend(self.listed(answer, "noEffect", Found::NoEffect, nothing));
        lines.extend(self.listed(answer, "arrived", Found::Arrived, nothing));
        lines.extend(self.listed(answer, "waiting", Found::Waiting, |one| {
            self.status(one["status"].as_str().unwrap_or_default())
                .to_owned()
        }));
        lines.extend(self.listed(answer, "unknown", Found::Unknown, nothing));
        let ignored = answer["ignored"].as_u64().unwrap_or(0);
        if ignored > 0 {
            lines.push(both!(
                self.language,
                "一覧にあるが、この期間かこの送り先のものではないため、比べていないもの: {ignored}",
                "in VoiceDrive's list, but outside of this range or of another route, and not compared: {ignored}"
            ));
        }
        if not_compared > 0 {
            lines.push(both!(
                self.language,
                "一覧より後に送信した {not_compared} 件は、比べていません。次の一覧で比べます。",
                "Not compared, because they were delivered after the list: {not_compared}. The next list has them."
            ));
        }
        lines.push(match (is_missing, again) {
            (true, Some(command)) => both!(
                self.language,
                "もう一度送るには: {command}",
                "To send them again: {command}"
            ),
            (true, None) => self.sent_again(&answer["resent"]),
            (false, _) if answer["reconciliationId"].is_null() => {
                self.phrase(Found::NotCompared).to_owned()
            }
            (false, _) if erased + dismissed > 0 => self.phrase(Found::NothingElse).to_owned(),
            (false, _) if not_compared > 0 => self.phrase(Found::NothingCompared).to_owned(),
            (false, _) => self.phrase(Found::Nothing).to_owned(),
        });
        lines.join("\n")
    }

    /// How much is sent again, and what follows it.
    fn sent_again(self, resent: &Value) -> String {
        let [events, follows] =
            ["events", "follows"].map(|name| resent[name].as_u64().unwrap_or(0));
        let mut told = both!(
            self.language,
            "届いていないものを、もう一度送ります: {events} 件",
            "What is missing is sent again: {events}."
        );
        if follows > 0 {
            told.push_str("\n  ");
            told.push_str(&commands::follow(follows, self.language));
        }
        told
    }

    fn compared(self, answer: &Value) -> String {
        let route = answer["route"].as_str().map(harmless);
        let route = route.unwrap_or_else(|| self.phrase(Found::AllRoutes).to_owned());
        let [sent, received, matched] = ["sent", "received", "matched"].map(|name| &answer[name]);
        let as_of = self.moment(&answer["asOf"], "-");
        both!(
            self.language,
            "突き合わせ: {as_of} まで (送り先: {route})\n送信 {sent} 件 / VoiceDrive の一覧 {received} 件 / 一致 {matched} 件",
            "compared until {as_of} (route: {route})\nsent {sent} / in VoiceDrive's list {received} / matched {matched}"
        )
    }

    /// The heading and the first of a kind; nothing when there are none.
    fn listed(
        self,
        answer: &Value,
        name: &str,
        heading: Found,
        why: impl Fn(&Value) -> String,
    ) -> Vec<String> {
        let named = answer[name].as_array().map_or(&[][..], Vec::as_slice);
        if named.is_empty() {
            return Vec::new();
        }
        // The answer names some of them only, and counts all.
        let named_count = named.len() as u64;
        let count = answer["counts"][name].as_u64().unwrap_or(named_count);
        let mut lines = vec![format!("{}: {count}", self.phrase(heading))];
        for one in named.iter().take(SHOWN) {
            let id = one["requestId"]
                .as_str()
                .or(one.as_str())
                .unwrap_or_default();
            let event = one["eventType"].as_str().unwrap_or_default();
            let line = format!("  {id}  {event:NAME$}");
            lines.push(line.trim_end().to_owned());
            // Beside them it would not fit into the width of a terminal.
            let why = why(one);
            if !why.is_empty() {
                lines.push(format!("    {why}"));
            }
        }
        let left = count.saturating_sub(SHOWN as u64);
        if left > 0 && named_count < count {
            lines.push(both!(
                self.language,
                "  ほか {left} 件 (--json では、先頭の {named_count} 件まで表示します)",
                "  {left} more; --json shows the first {named_count}"
            ));
        } else if left > 0 {
            lines.push(both!(
                self.language,
                "  ほか {left} 件 (--json ですべて表示します)",
                "  {left} more; --json shows them"
            ));
        }
        lines
    }

    fn reason(self, word: &str, settings: &Settings) -> String {
        match word {
            "answered_but_absent" => self.phrase(Found::AnsweredButAbsent).to_owned(),
            "failed_there" => self.phrase(Found::FailedThere).to_owned(),
            word => Cause::from_word(word).map_or_else(
                || self.phrase(Found::NotDelivered).to_owned(),
                |cause| cause.sentence(settings, self.language),
            ),
        }
    }

    /// Digests of slots, as a table.
    pub(crate) fn digests(self, answer: &Value) -> String {
        let [slot, delivered, open, digest] =
            [Found::Slot, Found::Delivered, Found::Open, Found::Digest]
                .map(|heading| self.phrase(heading));
        let mut lines = vec![format!("{slot}\t{delivered}\t{open}\t{digest}")];
        let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
        for item in items {
            let digest = item["digest"].as_str().unwrap_or_default();
            let digest = digest.get(..DIGITS).unwrap_or_default();
            let slot = item["slot"].as_str().unwrap_or_default();
            lines.push(format!(
                "{slot}\t{}\t{}\t{digest}",
                item["delivered"], item["open"]
            ));
        }
        lines.join("\n")
    }
}

/// Too many later events of one person would be sent again as well.
pub(crate) fn tail_too_long(follows: &str, language: Language) -> String {
    both!(
        language,
        "届いていないものに続けて、同じ職員の、あとから届いた {follows} 件も送ることになるため、何も送っていません。届いていないものだけを送るには --only を付けます (VoiceDrive の内容は古いものに戻ります)",
        "{follows} later events of one person would be sent again after what is missing, so nothing was sent; with --only they are left out, and what VoiceDrive has of that person goes back"
    )
}

/// The file has no ids, and nothing says which range is compared.
pub(crate) fn empty_list(language: Language) -> String {
    both!(
        language,
        "ID が 1 つもありません。VoiceDrive に何もない期間を比べるには --from と --to を指定してください",
        "there are no ids in it; to compare a time of which VoiceDrive has nothing, give --from and --to"
    )
}

impl NotAList {
    /// What it is, with its line, and what is expected.
    pub(crate) fn describe(&self, language: Language) -> String {
        match self {
            Self::Unreadable(error) => of_system(error, language),
            // Which encoding it is cannot be said here, as it can for an import.
            Self::Foreign(Foreign::Text(name)) => both!(
                language,
                "文字コードが {name} です。UTF-8 で保存し直してください",
                "is written in {name}; save it as UTF-8"
            ),
            Self::Foreign(Foreign::Utf16WithoutMark) => both!(
                language,
                "文字コードが、先頭に印 (BOM) のない UTF-16 です。UTF-8 で保存し直してください",
                "is written in UTF-16 without a byte order mark; save it as UTF-8"
            ),
            Self::Foreign(foreign) => foreign.describe(language),
            Self::Lines(bad) => bad.describe(language),
            Self::NoJson(error) => {
                let (line, said) = (error.line(), json::in_japanese(&error.to_string()));
                both!(
                    language,
                    "{line} 行目: JSON として読めません。{said}",
                    "line {line}: is no JSON; see whether it was cut off ({error})"
                )
            }
        }
    }
}

impl BadLines {
    fn describe(&self, language: Language) -> String {
        let lines = self.first.iter().map(|(place, fault)| {
            let why = fault.describe(language);
            match place {
                Place::Line(line) => both!(language, "{line} 行目: {why}", "line {line}: {why}"),
                Place::Item(item) => both!(language, "{item} 件目: {why}", "item {item}: {why}"),
            }
        });
        let mut lines: Vec<String> = lines.collect();
        let left = self.count - self.first.len() as u64;
        if left > 0 {
            lines.push(both!(language, "ほか {left} 件", "{left} more"));
        }
        lines.join("\n")
    }
}

impl LineFault {
    fn describe(self, language: Language) -> String {
        match self {
            Self::Quotes => both!(
                language,
                "引用符 (\") が閉じていないか、閉じた後に文字があります",
                "a quote is never closed, or text stands behind one"
            ),
            Self::NoHeading => both!(
                language,
                "番号 (ID) が 1 行に 1 つ並んだファイル、requestId という列がある CSV、または requestId が並んだ JSON を指定してください",
                "give a file with one id a line, a CSV with a column requestId, or JSON with a list of ids or of rows with requestId"
            ),
            Self::Row(fault) => fault.describe(language),
        }
    }
}

impl NotReceived {
    fn describe(self, language: Language) -> String {
        match self {
            Self::Id => both!(
                language,
                "番号 (ID) ではありません (例: 0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e0f)",
                "is no request id, such as 0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e0f"
            ),
            Self::Status => both!(
                language,
                "processingStatus は success、failed、validation_failed のどれかです",
                "processingStatus must be success, failed or validation_failed"
            ),
            Self::UserFound => both!(
                language,
                "userFound は true、false、1、0 のどれかです",
                "userFound must be true, false, 1 or 0"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::zone::Zone;

    #[test]
    fn every_kind_is_counted_by_itself_though_the_answer_names_only_some() {
        let unknown: Vec<String> = (0..1000).map(|id| format!("id-{id}")).collect();
        let answer = json!({
            "missing": [{"requestId": "a", "eventType": "employee.created", "reason": "answered_but_absent"}],
            "unknown": unknown, "truncated": true, "reconciliationId": "x",
            "counts": {"missing": 1, "unknown": 5540},
        });
        let locale = Locale {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let told = locale.comparison(&answer, &Settings::default(), None);
        let lines: BTreeMap<&str, &str> = told
            .lines()
            .filter_map(|line| line.split_once(": "))
            .collect();
        assert_eq!(lines.get("missing at VoiceDrive"), Some(&"1"), "{told}");
        let never_sent = "in VoiceDrive's list, and never sent by this relay";
        assert_eq!(lines.get(never_sent), Some(&"5540"), "{told}");
        assert!(
            told.contains("  5520 more; --json shows the first 1000"),
            "{told}"
        );
    }
}
