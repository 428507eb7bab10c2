//! What can be wrong with a field of an interview record, and how a person is told.
//!
//! The sentences never repeat the value: it may be a name.

use super::interview_field::Field;
use crate::interview::{InterviewStatus, MAX_CHARACTERS, MAX_MINUTES};
use crate::language::Language;
use crate::timestamp::NotATimestamp;

/// Something wrong with one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Which field.
    pub field: Field,
    /// What is wrong with it.
    pub why: Why,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It cannot be the id of a record.
    NotAnId,
    /// It is needed, and it is no text, empty or too long.
    NotAText,
    /// It has a control character, such as a tab.
    ControlCharacter,
    /// It is neither absent nor a text of at most so many characters.
    NeitherNothingNorText(usize),
    /// It is no ISO 8601 date and time.
    NotAMoment,
    /// It is no status.
    NotAStatus,
    /// It is no whole number of minutes up to a day.
    NotMinutes,
    /// A date of a file that is not understood.
    NotADate,
    /// A date of a file without a time of day.
    NoTimeOfDay,
    /// A date of a file without a zone, and none was said for the file.
    NoZone,
    /// A date of a file that the clock of its zone skipped or showed twice.
    ClockChange,
    /// Bytes of a file that are no characters.
    NotCharacters,
    /// It stands in a record of a file more than once.
    Repeated,
    /// A record before this one in the file has the same id: its line, and its number in a JSON array.
    IdRepeated(u64, Option<u64>),
    /// Another record has this id of VoiceDrive.
    SyncIdTaken,
    /// No record has the id that it names.
    OriginUnknown,
    /// The chain of origins comes back to the record.
    OriginLoops,
}

impl Mistake {
    /// The mistake of a field.
    #[must_use]
    pub fn of(field: Field, why: Why) -> Self {
        Self { field, why }
    }

    /// The whole sentence, which begins with the field.
    #[must_use]
    pub fn sentence(self, language: Language) -> String {
        let accepted = self.why.accepted(language);
        let name = self.field.name();
        match language {
            Language::Ja => format!("{} ({name}): {accepted}", self.field.japanese()),
            Language::En => format!("{name}: {accepted}"),
        }
    }
}

impl Why {
    /// What would have been accepted.
    #[must_use]
    pub fn accepted(self, language: Language) -> String {
        match language {
            Language::Ja => self.in_japanese(),
            Language::En => self.in_english(),
        }
    }

    fn in_english(self) -> String {
        match self {
            Self::NotAnId => {
                "must be a text of 1 to 191 characters, and neither completion-stats nor batch"
                    .to_owned()
            }
            Self::NotAText => format!("must be a text of 1 to {MAX_CHARACTERS} characters"),
            Self::ControlCharacter => {
                "must have no tab and no other control character but a line feed".to_owned()
            }
            Self::NeitherNothingNorText(longest) => {
                format!("must be null or a text of 1 to {longest} characters")
            }
            Self::NotAMoment => NotATimestamp.to_string(),
            Self::NotAStatus => {
                let words = InterviewStatus::ALL.map(InterviewStatus::as_str);
                format!("must be one of {}", words.join(", "))
            }
            Self::NotMinutes => format!("must be a whole number from 0 to {MAX_MINUTES}"),
            Self::NotADate => {
                "must be a date and time such as 2025-10-28T10:00:00+09:00, or 2025/10/28 10:00 with --zone"
                    .to_owned()
            }
            Self::NoTimeOfDay => {
                "must have a time of day behind the date, such as 2025/10/28 10:00".to_owned()
            }
            Self::NoZone => {
                "must say its time zone; say --zone Asia/Tokyo or --zone UTC for all times of the file that have none"
                    .to_owned()
            }
            Self::ClockChange => {
                "must be a time that the clock of the zone shows once; write it with an offset"
                    .to_owned()
            }
            Self::NotCharacters => {
                "has bytes that are no characters; say --encoding utf-8 or shift-jis".to_owned()
            }
            Self::Repeated => "stands in this record more than once".to_owned(),
            Self::IdRepeated(line, index) => {
                let place = index.map_or_else(|| format!("line {line}"), |index| format!("[{index}]"));
                format!("{place} has the same id; a record may stand in a file once")
            }
            Self::SyncIdTaken => "another record has this id of VoiceDrive".to_owned(),
            Self::OriginUnknown => {
                "must be the id of a record that exists or stands in the file; --unknown-origin drop imports the row without it"
                    .to_owned()
            }
            Self::OriginLoops => "must not lead back to this record".to_owned(),
        }
    }

    fn in_japanese(self) -> String {
        match self {
            Self::NotAnId => {
                "1〜191 文字で指定してください (completion-stats と batch は使えません)".to_owned()
            }
            Self::NotAText => format!("1〜{MAX_CHARACTERS} 文字で指定してください"),
            Self::ControlCharacter => {
                "タブなどの見えない文字が入っています。改行以外は取り除いてください".to_owned()
            }
            Self::NeitherNothingNorText(longest) => {
                format!("空欄にするか、{longest} 文字以内の文字で指定してください")
            }
            Self::NotAMoment => {
                "日時は 2025-10-28T10:00:00+09:00 の形で指定してください".to_owned()
            }
            Self::NotAStatus => {
                "予定、実施済み、中止、無断欠席、日程変更のどれかで指定してください".to_owned()
            }
            Self::NotMinutes => format!("0〜{MAX_MINUTES} の整数 (分) で指定してください"),
            Self::NotADate => {
                "日時は 2025-10-28T10:00:00+09:00、または 2025/10/28 10:00 (--zone を付けて取り込む場合) の形で指定してください"
                    .to_owned()
            }
            Self::NoTimeOfDay => {
                "日付だけで時刻がありません。2025/10/28 10:00 の形で指定してください".to_owned()
            }
            Self::NoZone => {
                "どの国の時刻か書かれていません。日本時間なら --zone Asia/Tokyo、UTC なら --zone UTC を付けて取り込んでください"
                    .to_owned()
            }
            Self::ClockChange => {
                "時計の切り替えで存在しない、または 2 回ある時刻です。時差を付けて指定してください"
                    .to_owned()
            }
            Self::NotCharacters => {
                "文字として読めない部分があります。--encoding utf-8 か shift-jis を指定してください"
                    .to_owned()
            }
            Self::Repeated => "1 件の中に 2 回あります".to_owned(),
            Self::IdRepeated(line, index) => {
                let place = index.map_or_else(|| format!("{line} 行目"), |index| format!("[{index}]"));
                format!("{place}と同じ ID です。同じ面談は 1 つのファイルに 1 回だけ書いてください")
            }
            Self::SyncIdTaken => "ほかの面談と同じ VoiceDrive の ID です".to_owned(),
            Self::OriginUnknown => {
                "この ID の面談は、ファイルにも登録済みの面談にもありません。--unknown-origin drop を付けると、この欄だけを除いて取り込みます"
                    .to_owned()
            }
            Self::OriginLoops => "元をたどると、この面談自身に戻ります".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_the_field_in_both_languages() {
        let mistake = Mistake {
            field: Field::InterviewDate,
            why: Why::NoZone,
        };
        let english = mistake.sentence(Language::En);
        assert!(english.starts_with("interviewDate: must say"), "{english}");
        let japanese = mistake.sentence(Language::Ja);
        assert!(japanese.starts_with("面談日時 (interviewDate): "));
        assert!(japanese.contains("--zone Asia/Tokyo") && !japanese.contains("must"));
    }
}
