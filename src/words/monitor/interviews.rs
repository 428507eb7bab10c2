//! The view of interview records, and what a file of them would change.

use crate::interview::field::Field;
use crate::interview::{ImportCounts, Interview, InterviewStatus};
use crate::language::{Language, Locale};
use crate::timestamp::Timestamp;
use crate::words::imports;
use crate::words::monitor::thousands;

phrases! {
    /// Short texts of both pages.
    Interviews {
        Title: "面談", "Interviews";
        Empty: "この期間の面談の記録はありません。", "There are no interview records of this time.";
        EmptyNext: "スタッフシステムから届くか、ファイルを取り込むと、ここに表示されます。", "What the staff system hands in, or a file that is imported, appears here.";
        Fine: "記録待ちの面談はありません。対応は必要ありません。", "No interview waits for its record. Nothing needs to be done.";
        PastDueNext: "実施したかどうかを確かめて、スタッフシステムに記録してください。", "See whether they took place, and record that in the staff system.";
        SeePastDue: "記録待ちの面談を見る", "See these interviews";
        Period: "期間", "Period";
        Today: "今日", "today";
        Of7Days: "7 日前から", "from 7 days ago on";
        Of30Days: "30 日前から", "from 30 days ago on";
        First: "最初の日", "First day";
        Last: "最後の日", "Last day";
        Facility: "施設", "Facility";
        Department: "部署", "Department";
        Type: "種別", "Type";
        Show: "表示する", "Show";
        Clear: "絞り込みをやめる", "No filter";
        Filter: "絞り込み", "Filter";
        NoDay: "日付は 2025-10-26 の形で入力してください。絞り込みは使っていません。", "A day looks like 2025-10-26. The filter was not used.";
        Numbers: "実績", "Numbers";
        Future: "これからの面談を含みます", "those to come, too";
        Rate: "実施率", "Held";
        PastRate: "時刻を過ぎた面談だけなら", "Of those whose time is over";
        NoShowRate: "無断欠席率", "Nobody came";
        Mean: "平均時間", "Mean length";
        Synced: "VoiceDrive と連携済み", "Known at VoiceDrive";
        ByType: "種別ごと", "By type";
        Total: "予定数", "All";
        Rows: "面談の一覧", "Interviews";
        All: "すべて", "All";
        PastDue: "記録待ち", "Waits for its record";
        Scheduled: "予定", "Planned";
        ToCome: "これから", "To come";
        Completed: "実施済み", "Held";
        NoShow: "無断欠席", "Nobody came";
        Cancelled: "中止", "Cancelled";
        Rescheduled: "日程変更", "Rescheduled";
        Date: "日時", "When";
        Employee: "職員", "Employee";
        State: "状態", "State";
        Place: "施設・部署", "Place";
        Reason: "理由", "Reason";
        Id: "面談 ID", "Id";
        None: "この条件に合う面談はありません。", "Nothing matches.";
        Earlier: "これより前の面談", "Earlier ones";
        Upload: "ファイルを取り込む", "Import a file";
        UploadMeans: "CSV、TSV、JSON、NDJSON を読めます。選ぶと、まず何が変わるかを表示します。取り込むのはその後です。", "CSV, TSV, JSON and NDJSON can be read. You are first shown what would change; nothing is imported before that.";
        UploadFile: "面談の記録のファイル", "File of interview records";
        Zone: "時差の書かれていない時刻", "Times without a zone";
        Encoding: "文字コード", "Characters";
        EncodingFound: "自動で判別", "recognised";
        DropOrigins: "見つからない元の面談は空欄にする", "Leave out an origin that is nowhere";
        More: "読み方を指定する", "How it is read";
        Look: "何が変わるか確かめる", "Show what would change";
        AskOperator: "ファイルの取り込みには、操作の権限が必要です。", "Importing a file needs the role of an operator.";
        PreviewTitle: "取り込むと変わること", "What the file would change";
        Expired: "確認の期限 (30 分) が過ぎたか、すでに取り込んだため、何も変更していません。もう一度ファイルを選んでください。", "The preview is over (30 minutes), or the file was imported already. Nothing was changed. Choose the file again.";
        ChangedSince: "確かめた後で登録済みの記録が変わったため、まだ取り込んでいません。下の内容でよければ、もう一度押してください。", "Kept records have changed since the preview, so nothing was imported yet. If what stands below is right, press again.";
        Ready: "誤りはありません。取り込めます。", "There are no mistakes. It can be imported.";
        ReadyNext: "下の内容でよければボタンを押してください。まだ何も取り込んでいません。", "If what stands below is right, press the button. Nothing was imported yet.";
        NoChange: "登録済みのものと同じです。取り込む必要はありません。", "Everything in it is kept already. It need not be imported.";
        RefusedNext: "ファイルを直して、もう一度選んでください。何も取り込んでいません。", "Mend the file, and choose it again. Nothing was imported.";
        Cancel: "やめる", "Do not";
        Again: "別のファイルを選ぶ", "Choose another file";
        New: "新規", "New";
        Changed: "変更", "Changed";
        Unchanged: "変更なし", "Unchanged";
        Refused: "誤り", "Mistakes";
        RefusedRows: "誤りのある行", "Rows with mistakes";
        Changes: "変わる記録", "Records that change";
        Line: "行", "Line";
        What: "変わること", "What changes";
        Nothing: "(空)", "(nothing)";
        File: "ファイル", "File";
        ZoneUtc: "協定世界時 (UTC)", "UTC";
        ZoneJapan: "日本時間", "Japan";
    }
}

/// So many have no record of what came of them.
pub(crate) fn past_due(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(
        language,
        "時刻を過ぎて「予定」のままの面談が {number} 件あります (記録待ち)。",
        "Planned interviews whose time is over, without a record: {number}."
    )
}

/// How many a filter means.
pub(crate) fn matched(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(language, "{number} 件", "{number}")
}

/// A mean length.
pub(crate) fn minutes(number: u64, language: Language) -> String {
    both!(language, "{number} 分", "{number} min")
}

/// A file was imported.
pub(crate) fn imported(counts: [u64; 3], language: Language) -> String {
    let [created, changed, unchanged] = counts.map(thousands);
    both!(
        language,
        "取り込みました (新規 {created} 件、変更 {changed} 件、変更なし {unchanged} 件)。",
        "Imported: {created} new, {changed} changed, {unchanged} unchanged."
    )
}

/// A file has mistakes.
pub(crate) fn refused(rows: u64, bad: u64, language: Language) -> String {
    let [rows, bad] = [rows, bad].map(thousands);
    both!(
        language,
        "{rows} 件のうち {bad} 件に誤りがあるため、取り込めません。",
        "Of {rows} rows, {bad} have mistakes, so it cannot be imported."
    )
}

/// The button.
pub(crate) fn button(counts: ImportCounts, language: Language) -> String {
    let number = thousands(counts.created + counts.changed);
    both!(language, "{number} 件を取り込む", "Import {number}")
}

/// What is told of a file beside its rows.
pub(crate) fn notes(counts: ImportCounts, language: Language) -> Vec<String> {
    let erased = (counts.erased > 0).then(|| imports::of_erased(counts.erased, language));
    let dropped = counts.origins_dropped;
    let dropped = (dropped > 0).then(|| imports::without_origin(dropped, language));
    erased.into_iter().chain(dropped).collect()
}

/// What the command's options are called at the page.
const OPTIONS: [(&str, Interviews); 2] = [
    ("--unknown-origin drop", Interviews::DropOrigins),
    ("--encoding", Interviews::Encoding),
];

/// A sentence about a file, for somebody who has a form and no command line.
pub(crate) fn at_page(sentence: &str, language: Language) -> String {
    let named = OPTIONS
        .iter()
        .fold(sentence.to_owned(), |told, (option, name)| {
            told.replace(option, &format!("「{}」", language.phrase(*name)))
        });
    // An office knows a field by its Japanese name alone.
    let named = Field::ALL.iter().fold(named, |told, field| {
        let japanese = field.japanese();
        told.replace(&format!("{japanese} ({})", field.name()), japanese)
    });
    // Not asked at the page: its times always have a zone, and its files a header.
    [
        ("か、--columns で指定してください", "いてください"),
        (", or say them with --columns", ""),
        (" (--zone を付けて取り込む場合)", ""),
        (" with --zone", ""),
    ]
    .iter()
    .fold(named, |told, (option, instead)| {
        told.replace(option, instead)
    })
}

impl Locale {
    /// What people call a status.
    pub(crate) fn interview_status(self, status: InterviewStatus) -> &'static str {
        self.phrase(match status {
            InterviewStatus::Scheduled => Interviews::Scheduled,
            InterviewStatus::Completed => Interviews::Completed,
            InterviewStatus::Cancelled => Interviews::Cancelled,
            InterviewStatus::NoShow => Interviews::NoShow,
            InterviewStatus::Rescheduled => Interviews::Rescheduled,
        })
    }

    /// A moment of any year: `2025/11/27 9:12`.
    pub(crate) fn with_year(self, moment: Timestamp) -> String {
        let local = self.timezone.local(moment);
        local.strftime("%Y/%-m/%-d %-H:%M").to_string()
    }

    /// What changes between two records: the fields, each with both values.
    pub(crate) fn changes(self, before: &Interview, after: &Interview) -> String {
        let changed = Field::ALL.iter().filter_map(|field| {
            let [old, new] = [before, after].map(|record| self.value(*field, record));
            let name = imports::field_name(*field, self.language);
            (old != new).then(|| format!("{name}: {old} → {new}"))
        });
        changed.collect::<Vec<_>>().join(", ")
    }

    fn value(self, field: Field, record: &Interview) -> String {
        let text = |text: &Option<String>| text.clone();
        let value = match field {
            Field::Id => Some(record.id.clone()),
            Field::EmployeeId => Some(record.employee_id.clone()),
            Field::EmployeeName => text(&record.employee_name),
            Field::InterviewerId => text(&record.interviewer_id),
            Field::InterviewType => Some(record.interview_type.clone()),
            Field::InterviewDate => Some(self.with_year(record.date)),
            Field::InterviewStatus => Some(self.interview_status(record.status).to_owned()),
            Field::DurationMinutes => record.duration_minutes.map(|minutes| minutes.to_string()),
            Field::VoicedriveSyncId => text(&record.voicedrive_sync_id),
            Field::RescheduledFromId => text(&record.rescheduled_from_id),
            Field::FacilityId => text(&record.facility_id),
            Field::DepartmentId => text(&record.department_id),
            Field::CompletedAt => record.completed_at.map(|at| self.with_year(at)),
            Field::StatusReason => text(&record.status_reason),
        };
        value.unwrap_or_else(|| self.phrase(Interviews::Nothing).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::source::Foreign;
    use crate::import::table::HeaderFault;
    use crate::interview::field_error::{FieldError, Why};

    #[test]
    fn advice_about_options_names_the_fields_of_the_form() {
        for language in [Language::Ja, Language::En] {
            let of_field = [Why::NotADate, Why::NotCharacters, Why::OriginUnknown]
                .map(|why| why.accepted(language));
            let of_file = [
                Foreign::Text("x"),
                Foreign::Mixed,
                Foreign::Utf16WithoutMark,
            ]
            .map(|foreign| foreign.describe(language));
            let header = HeaderFault {
                no_header: true,
                ..HeaderFault::default()
            };
            let of_header = [header.describe(language)];
            for told in of_field.iter().chain(&of_file).chain(&of_header) {
                let told = at_page(told, language);
                assert!(!told.contains("--"), "{told}");
            }
        }
    }

    #[test]
    fn a_field_has_its_japanese_name_alone() {
        for field in Field::ALL {
            let sentence = FieldError::of(field, Why::NotAText).sentence(Language::Ja);
            assert!(sentence.contains(field.name()), "{sentence}");
            let told = at_page(&sentence, Language::Ja);
            assert!(!told.contains(field.name()), "{told}");
            assert!(
                told.starts_with(&format!("{}: ", field.japanese())),
                "{told}"
            );
        }
    }
}
