//! Errors and results of an import of interview records.

use crate::import::file::NotTaken;
use crate::import::problem::{Problem, Wrong};
use crate::import::source::Foreign;
use crate::import::table::HeaderFault;
use crate::interview::ROW_BYTES;
use crate::interview::field::Field;
use crate::language::Language;
use crate::words::counted;
use crate::words::json;
use crate::words::system::of_system;

phrases! {
    /// Short texts of an import.
    Imported {
        NoColumns: "--columns は CSV と TSV のためのものです。JSON には列がありません", "--columns is for CSV and TSV; JSON has no columns";
        Line: "行", "line";
        Reading: "読み込み中", "reading";
        SaveAsCsv: "表計算ソフトで「CSV UTF-8」として保存し、そのファイルを取り込んでください", "save it as \"CSV UTF-8\" in the spreadsheet, and import that file";
        Workbook: "Excel のブックです", "is an Excel workbook";
        OpenDocument: "LibreOffice の表です", "is an OpenDocument spreadsheet";
        Packed: "圧縮されたファイルです", "is a packed file";
        Pdf: "PDF です", "is a PDF";
        Html: "HTML か XML です", "is HTML or XML";
        Binary: "文字のファイルではありません", "is no text";
        Empty: "中身が空です", "is empty";
        Comma: "、", ", ";
        Stop: "。", "; ";
        LeftOut: "取り込まない列:", "columns that are left out:";
        DatabaseKey: "職員ID がデータベースの内部キーのようです。VoiceDrive が知っているのは職員コード (EMP-...) です", "the employeeId looks like a key of the database; VoiceDrive knows the employee code (EMP-...)";
        Backslash: "セルに \\ があります。mysql -B は改行などを \\n のように書きますが、mysql が書いたファイルかどうか分からないため、そのまま取り込みます。mysql から書き出すなら、付属の interviews.sql を使ってください", "a cell has a backslash, as mysql -B writes line breaks (\\n) and tabs; nothing shows that mysql wrote the file, so it is taken as it stands; to export from mysql, use the packaged interviews.sql";
        Note: "注意:", "note:";
        MoreBadRows: "ほかに誤りのある行:", "more bad rows:";
    }
}

/// A file of which nothing was imported.
pub(crate) fn refused(rows: u64, bad: u64, language: Language) -> String {
    let (all, wrong) = (counted(rows, "row"), counted(bad, "bad row"));
    both!(
        language,
        "{rows} 件中 {bad} 件の行に誤りがあります。何も取り込んでいません",
        "{all}, {wrong}; nothing was imported"
    )
}

/// A file that does not fit on the relay's disk, with how many MiB more would have to be free at least.
pub(crate) fn no_room(mib: u64, language: Language) -> String {
    both!(
        language,
        "ディスクの空きが足りないため、取り込めません (少なくともあと {mib} MiB 必要です)。何も取り込んでいません。不要なファイルを消して空きを作るか、ファイルをいくつかに分けて、もう一度取り込んでください",
        "the file does not fit on the relay's disk: at least {mib} MiB more must be free. Nothing was imported. Delete what is not needed there, or import the file in parts"
    )
}

/// A dry run of a file without mistakes.
pub(crate) fn tried(rows: u64, language: Language) -> String {
    let all = counted(rows, "good row");
    both!(
        language,
        "{rows} 件に誤りはありません。確認だけで、何も取り込んでいません",
        "{all}; this was a dry run, nothing was imported"
    )
}

/// A file that was imported.
pub(crate) fn imported(rows: u64, language: Language) -> String {
    let all = counted(rows, "row");
    both!(language, "{rows} 件を取り込みました", "{all} imported")
}

/// How many of the records are new.
pub(crate) fn new_and_replaced(created: u64, replaced: u64, language: Language) -> String {
    both!(
        language,
        "新規 {created} 件、置き換え {replaced} 件",
        "new: {created}, replacing: {replaced}"
    )
}

/// Rows that were taken without what they name.
pub(crate) fn without_origin(dropped: u64, language: Language) -> String {
    both!(
        language,
        "{dropped} 件は、元の面談が見つからないため、その欄を空にしました",
        "without their origin, which is nowhere: {dropped}"
    )
}

/// How many records are of people whose data were erased, or were held by them.
pub(crate) fn of_erased(records: u64, language: Language) -> String {
    both!(
        language,
        "{records} 件は、データを消去した人の記録か、消去した人が面談者だった記録です。その人の氏名などを除いて受け取りました",
        "taken without names, because the data of their people or interviewers were erased: {records}"
    )
}

/// All names that a person may write, in their language.
pub(crate) fn known_names(language: Language) -> String {
    let names = Field::ALL.map(|field| field_name(field, language));
    names.join(language.phrase(Imported::Comma))
}

/// The name of a field in a person's language.
pub(crate) fn field_name(field: Field, language: Language) -> &'static str {
    match language {
        Language::Ja => field.japanese(),
        Language::En => field.name(),
    }
}

/// The error for an unknown field.
fn unknown_field(name: &str, language: Language) -> String {
    let known = known_names(language);
    both!(
        language,
        "項目「{name}」は使えません。使えるのは {known}",
        "`{name}` is no field of a record; known are {known}"
    )
}

impl Wrong {
    /// What is wrong, with the field's name.
    pub(crate) fn describe(&self, language: Language) -> String {
        match self {
            Self::Field(mistake) => mistake.sentence(language),
            Self::Unknown(name) => unknown_field(name, language),
        }
    }
}

impl NotTaken {
    /// What it is, with its place, and what to do.
    pub(crate) fn describe(&self, language: Language) -> String {
        match self {
            Self::Unreadable(error) => of_system(error, language),
            Self::Foreign(foreign) => foreign.describe(language),
            Self::NoColumns => language.phrase(Imported::NoColumns).to_owned(),
            // The line 0 is that of --columns, which is no line of the file.
            Self::Header(fault) if fault.line == 0 => {
                format!("--columns: {}", fault.describe(language))
            }
            Self::Header(fault) => {
                let (line, why) = (fault.line, fault.describe(language));
                both!(language, "{line} 行目: {why}", "line {line}: {why}")
            }
        }
    }
}

impl Foreign {
    /// What it is, and what to do.
    pub(crate) fn describe(self, language: Language) -> String {
        let what = match self {
            Self::Workbook => Imported::Workbook,
            Self::OpenDocument => Imported::OpenDocument,
            Self::Packed => Imported::Packed,
            Self::Pdf => Imported::Pdf,
            Self::Html => Imported::Html,
            Self::Binary => Imported::Binary,
            Self::Empty => return language.phrase(Imported::Empty).to_owned(),
            Self::Text(name) => {
                return both!(
                    language,
                    "文字コードが {name} です。UTF-8 で保存し直してください (Shift_JIS なら --encoding shift-jis)",
                    "is written in {name}; save it as UTF-8 (if it is Shift_JIS, say --encoding shift-jis)"
                );
            }
            Self::Mixed => {
                return both!(
                    language,
                    "UTF-8 の部分と、そうでない部分が混ざっています。UTF-8 で保存し直すか、--encoding utf-8 か shift-jis を指定してください",
                    "is written in UTF-8 here and in something else there; save it as UTF-8, or say --encoding utf-8 or shift-jis"
                );
            }
            Self::Utf16WithoutMark => {
                return both!(
                    language,
                    "文字コードが、先頭に印 (BOM) のない UTF-16 です。UTF-8 で保存し直してください",
                    "is written in UTF-16 without a byte order mark; save it as UTF-8 (if it is Shift_JIS, say --encoding shift-jis)"
                );
            }
        };
        let (what, save) = (language.phrase(what), language.phrase(Imported::SaveAsCsv));
        both!(language, "{what}。{save}", "{what}; {save}")
    }
}

impl HeaderFault {
    /// Everything that is wrong, and what would be right.
    pub(crate) fn describe(&self, language: Language) -> String {
        let known = known_names(language);
        if self.no_header {
            return both!(
                language,
                "見出しの行がありません。最初の行に列の名前 ({known}) を書くか、--columns で指定してください",
                "the first line names no column; put a line with the names before it, or say them with --columns: {known}"
            );
        }
        let comma = language.phrase(Imported::Comma);
        let missing = self
            .missing
            .iter()
            .map(|field| field_name(*field, language));
        let missing = missing.collect::<Vec<_>>().join(comma);
        let (unknown, twice) = (self.unknown.join(comma), self.twice.join(comma));
        let mut sentences = Vec::new();
        if !unknown.is_empty() {
            sentences.push(both!(
                language,
                "見出しに使えない列があります: {unknown}",
                "the header has unknown columns: {unknown}"
            ));
        }
        if !twice.is_empty() {
            sentences.push(both!(
                language,
                "見出しに同じ列が 2 つあります: {twice}",
                "the header has these columns twice: {twice}"
            ));
        }
        if !missing.is_empty() {
            sentences.push(both!(
                language,
                "見出しに必要な列がありません: {missing}",
                "the header has no column {missing}"
            ));
        }
        if self.quotes {
            sentences.push(both!(
                language,
                "見出しの引用符 (\") が正しく閉じられていません",
                "a quote in the header is not closed rightly"
            ));
        }
        if !unknown.is_empty() {
            sentences.push(both!(language, "使える列は {known}", "known are {known}"));
        }
        sentences.join(language.phrase(Imported::Stop))
    }
}

impl Problem {
    /// Why a row is no record.
    pub(crate) fn describe(&self, language: Language) -> String {
        match self {
            Self::QuoteNeverClosed => both!(
                language,
                "ここで開いた引用符 (\") が閉じられていません。これより後は調べていません",
                "a quote is opened here and never closed; what follows was not looked at"
            ),
            Self::TextBehindQuote => both!(
                language,
                "ここで開いた引用符 (\") の閉じた後に文字があります。セルの中の引用符は 2 つ重ねてください",
                "a quote is opened here, and text stands behind the closing one; a quote within a cell is written twice"
            ),
            Self::RowInCell => both!(
                language,
                "この行のセルの中に、次の行が入り込んでいます。セルの先頭の余分な引用符 (\") を消すか、閉じる引用符を付けてください",
                "a cell of this row holds whole rows that follow it: a quote stands at the beginning of the cell that does not belong there, or the closing one is missing"
            ),
            Self::Cells(cells, header) => both!(
                language,
                "セルが {cells} 個あり、見出しの {header} 個と合いません",
                "has {cells} cells, and the header has {header}"
            ),
            Self::UnderNoName(number) => both!(
                language,
                "見出しのない {number} 列目に値があります",
                "has something in column {number}, which has no name in the header"
            ),
            Self::NotJson(reason) => {
                let said = json::in_japanese(reason);
                both!(
                    language,
                    "JSON として読めません。{said}",
                    "is not JSON: {reason}"
                )
            }
            Self::BrokenOff(reason) => {
                let said = json::in_japanese(reason);
                both!(
                    language,
                    "ここから先は JSON として読めません。{said}",
                    "from here on the file is not JSON: {reason}"
                )
            }
            Self::NoArray => both!(
                language,
                "ファイル全体を、面談記録を並べた JSON の配列 ([...]) にしてください",
                "the file must be a JSON array of records"
            ),
            Self::NoObject => both!(
                language,
                "JSON のオブジェクト ({{...}}) にしてください",
                "must be a JSON object"
            ),
            Self::TooLong => {
                let mebibytes = ROW_BYTES / (1024 * 1024);
                both!(
                    language,
                    "1 件で {mebibytes} MiB を超えています。面談記録とは考えられない長さです",
                    "is longer than {mebibytes} MiB, and no record is"
                )
            }
        }
    }
}
