//! Results of an export.

use std::fmt::Display;

use crate::language::Language;

phrases! {
    /// Short texts of an export.
    Export {
        Rows: "件", "rows";
        WhichFormat: "ファイル名の末尾を .csv、.json、.ndjson のどれかにするか、--format で形式を指定してください", "the name does not say how it is to be written: end it in .csv, .json or .ndjson, or say --format";
        Exists: "すでにあります。書き出しは既存のファイルを置き換えません。別の名前を指定するか、先に削除してください", "is there already, and is not replaced: give another name, or delete it first";
        Interrupted: "中断しました。ファイルは作っていません", "interrupted; no file was made";
    }
}

/// It is done.
pub(crate) fn written(rows: u64, file: impl Display, language: Language) -> String {
    both!(
        language,
        "{file} に {rows} 件を書き出しました",
        "{file}: {rows} rows written"
    )
}
