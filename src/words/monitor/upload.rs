//! Files that are chosen at the page.

use crate::language::Language;

phrases! {
    /// Why a file is not taken, and what stands beside the field for it.
    Upload {
        Title: "ファイルを受け付けられませんでした", "The file was not taken";
        Back: "前の画面へ戻る", "Back";
        NotAForm: "ファイルを選ぶ画面から送られたものではありません。何も変更していません。画面を開き直して、ファイルを選んでください。", "This did not come from a form with a file. Nothing was changed. Open the page again and choose the file.";
        BrokeOff: "ファイルが途中で途切れました。何も変更していません。もう一度送ってください。", "The file broke off. Nothing was changed. Send it again.";
        NoFile: "ファイルが選ばれていません。何も変更していません。戻って、ファイルを選んでください。", "No file was chosen. Nothing was changed. Go back and choose one.";
        NoRoom: "サーバーの空き容量が足りず、ファイルを受け取れません。何も変更していません。サーバーの担当者に連絡してください。", "The server has no room for the file. Nothing was changed. Tell whoever looks after the server.";
    }
}

/// The file is longer than so many MiB.
pub(crate) fn too_large(most: u64, language: Language) -> String {
    both!(
        language,
        "ファイルが大きすぎます ({most} MB まで)。何も変更していません。期間を分けて書き出すか、サーバーの担当者にコマンドでの取り込みを依頼してください。",
        "The file is too large (at most {most} MB). Nothing was changed. Export a shorter time, or ask whoever looks after the server to use the command."
    )
}

/// What was wrong with a file of this name. `why` may have several lines.
pub(crate) fn not_understood(file: &str, why: &str, language: Language) -> String {
    both!(
        language,
        "{file}: 何も変更していません。\n{why}",
        "{file}: nothing was changed.\n{why}"
    )
}

/// How large a file may be.
pub(crate) fn at_most(mebibytes: u64, language: Language) -> String {
    both!(language, "{mebibytes} MB まで", "at most {mebibytes} MB")
}
