//! What is wrong with a field of an interview record, and how its fields are called.

use crate::interview::field::Field;
use crate::interview::field_error::{FieldError, Why};
use crate::interview::{InterviewStatus, MAX_CHARACTERS, MAX_MINUTES};
use crate::language::Language;
use crate::timestamp::NotATimestamp;

impl FieldError {
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
    /// What would have been accepted. The sentences never repeat the value: it may be a name.
    #[must_use]
    pub fn accepted(self, language: Language) -> String {
        match self {
            Self::NotAnId => both!(
                language,
                "1〜191 文字で指定してください (リレー自身が使う一部の名前は指定できません)",
                "must be a text of 1 to 191 characters, and neither completion-stats nor batch"
            ),
            Self::NotAText => both!(
                language,
                "1〜{MAX_CHARACTERS} 文字で指定してください",
                "must be a text of 1 to {MAX_CHARACTERS} characters"
            ),
            Self::ControlCharacter => both!(
                language,
                "タブなどの見えない文字が入っています。改行以外は取り除いてください",
                "must have no tab and no other control character but a line feed"
            ),
            Self::NeitherNothingNorText(longest) => both!(
                language,
                "空欄にするか、{longest} 文字以内の文字で指定してください",
                "must be null or a text of 1 to {longest} characters"
            ),
            Self::NotAMoment => match language {
                Language::Ja => {
                    "日時は 2025-10-28T10:00:00+09:00 の形で指定してください".to_owned()
                }
                Language::En => NotATimestamp.to_string(),
            },
            Self::NotAStatus => {
                let words = InterviewStatus::ALL.map(InterviewStatus::as_str).join(", ");
                both!(
                    language,
                    "予定、実施済み、中止、無断欠席、日程変更のどれかで指定してください",
                    "must be one of {words}"
                )
            }
            Self::NotMinutes => both!(
                language,
                "0〜{MAX_MINUTES} の整数 (分) で指定してください",
                "must be a whole number from 0 to {MAX_MINUTES}"
            ),
            Self::NotADate => both!(
                language,
                "日時は 2025-10-28T10:00:00+09:00、または 2025/10/28 10:00 (--zone を付けて取り込む場合) の形で指定してください",
                "must be a date and time such as 2025-10-28T10:00:00+09:00, or 2025/10/28 10:00 with --zone"
            ),
            Self::NoTimeOfDay => both!(
                language,
                "日付だけで時刻がありません。2025/10/28 10:00 の形で指定してください",
                "must have a time of day behind the date, such as 2025/10/28 10:00"
            ),
            Self::NoZone => both!(
                language,
                "どの国の時刻か書かれていません。日本時間なら --zone Asia/Tokyo、UTC なら --zone UTC を付けて取り込んでください",
                "must say its time zone; say --zone Asia/Tokyo or --zone UTC for all times of the file that have none"
            ),
            Self::ClockChange => both!(
                language,
                "夏時間の切り替えのため存在しない、または 2 回ある時刻です。時差を付けて指定してください",
                "must be a time that the clock of the zone shows once; write it with an offset"
            ),
            Self::NotCharacters => both!(
                language,
                "文字として読めない部分があります。--encoding utf-8 か shift-jis を指定してください",
                "has bytes that are no characters; say --encoding utf-8 or shift-jis"
            ),
            Self::Repeated => both!(
                language,
                "1 件の中に 2 回あります",
                "stands in this record more than once"
            ),
            Self::IdRepeated(line, index) => {
                let place = match index {
                    Some(index) => format!("[{index}]"),
                    None => both!(language, "{line} 行目", "line {line}"),
                };
                both!(
                    language,
                    "{place}と同じ ID です。同じ面談は 1 つのファイルに 1 回だけ書いてください",
                    "{place} has the same id; a record may stand in a file once"
                )
            }
            Self::SyncIdTaken => both!(
                language,
                "ほかの面談と同じ VoiceDrive の ID です",
                "another record has this id of VoiceDrive"
            ),
            Self::OriginUnknown => both!(
                language,
                "この ID の面談は、ファイルにも登録済みの面談にもありません。--unknown-origin drop を付けると、この欄だけを除いて取り込みます",
                "must be the id of a record that exists or stands in the file; --unknown-origin drop imports the row without it"
            ),
            Self::OriginLoops => both!(
                language,
                "元をたどると、この面談自身に戻ります",
                "must not lead back to this record"
            ),
        }
    }
}

impl Field {
    /// What a Japanese office calls it, and the header of `import --template`.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        match self {
            Self::Id => "面談ID",
            Self::EmployeeId => "職員ID",
            Self::EmployeeName => "職員名",
            Self::InterviewerId => "面談者ID",
            Self::InterviewType => "種別",
            Self::InterviewDate => "面談日時",
            Self::InterviewStatus => "状態",
            Self::DurationMinutes => "時間(分)",
            Self::VoicedriveSyncId => "VoiceDrive ID",
            Self::RescheduledFromId => "元の面談ID",
            Self::FacilityId => "施設",
            Self::DepartmentId => "部署",
            Self::CompletedAt => "完了日時",
            Self::StatusReason => "理由",
        }
    }

    /// Other spellings, in the normalised form.
    pub(crate) fn more_names(self) -> &'static [&'static str] {
        match self {
            Self::EmployeeId => &["職員番号", "職員コード"],
            Self::EmployeeName => &["氏名", "職員氏名"],
            Self::InterviewerId => &["面談者"],
            Self::InterviewType => &["面談種別"],
            Self::InterviewDate => &["面談日"],
            Self::InterviewStatus => &["ステータス"],
            Self::DurationMinutes => &["所要時間(分)", "所要時間"],
            Self::RescheduledFromId => &["元面談id"],
            Self::FacilityId => &["施設id"],
            Self::DepartmentId => &["部署id"],
            Self::StatusReason => &["状態の理由"],
            Self::Id | Self::VoicedriveSyncId | Self::CompletedAt => &[],
        }
    }
}

impl InterviewStatus {
    /// The usual Japanese spellings.
    pub(crate) fn japanese(self) -> &'static [&'static str] {
        match self {
            Self::Scheduled => &["予定"],
            Self::Completed => &["実施済み", "実施済", "完了"],
            Self::Cancelled => &["中止", "キャンセル"],
            Self::NoShow => &["無断欠席"],
            Self::Rescheduled => &["日程変更"],
        }
    }
}
