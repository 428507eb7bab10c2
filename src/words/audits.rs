//! The audit, for a person to read.

use std::path::Path;

use crate::audit::{Action, STATED, Via};
use crate::language::Language;

phrases! {
    /// Short texts of `audit`.
    Audit {
        Nothing: "該当する操作はありません", "nobody changed anything in this time";
        Reads: "イベントの内容を見た件数 (日、人)", "payloads that were looked at, by day and reader";
        Resend: "再送", "sent again";
        Hold: "送信の一時停止", "put on hold";
        EndHold: "一時停止の終了", "ended a hold";
        Recover: "回復後の再送", "recovered";
        Dismiss: "対応不要の指定", "dismissed";
        Reconcile: "突き合わせによる再送", "sent again what was missing";
        Erase: "個人データの消去", "erased a person's data";
        HandInErased: "消去した人の面談記録の受け取り (氏名なし)", "handed in an erased record (without names)";
        IssueToken: "トークンの発行", "issued a token";
        RevokeToken: "トークンの失効", "revoked a token";
        IssueLogin: "ログイン用コードの発行", "issued a login";
        Login: "ログイン", "logged in";
        EndSession: "ログアウト", "ended a session";
        Reload: "設定の読み直し", "reloaded";
        Restore: "復元", "restored";
        Backup: "バックアップ", "made a backup";
        Import: "面談記録の取り込み", "imported";
        DeleteInterview: "面談記録の削除", "deleted an interview record";
        Api: "API", "API";
        CommandLine: "コマンド", "command line";
        Page: "画面", "page";
    }
}

/// What was done.
pub(crate) fn action(word: &str, language: Language) -> String {
    let phrase = match Action::from_word(word) {
        Some(Action::Resend) => Audit::Resend,
        Some(Action::Hold) => Audit::Hold,
        Some(Action::EndHold) => Audit::EndHold,
        Some(Action::Recover) => Audit::Recover,
        Some(Action::Dismiss) => Audit::Dismiss,
        Some(Action::Reconcile) => Audit::Reconcile,
        Some(Action::Erase) => Audit::Erase,
        Some(Action::HandInErased) => Audit::HandInErased,
        Some(Action::IssueToken) => Audit::IssueToken,
        Some(Action::RevokeToken) => Audit::RevokeToken,
        Some(Action::IssueLogin) => Audit::IssueLogin,
        Some(Action::Login) => Audit::Login,
        Some(Action::EndSession) => Audit::EndSession,
        Some(Action::Reload) => Audit::Reload,
        Some(Action::Restore) => Audit::Restore,
        Some(Action::Backup) => Audit::Backup,
        Some(Action::Import) => Audit::Import,
        Some(Action::DeleteInterview) => Audit::DeleteInterview,
        None => return word.to_owned(),
    };
    language.phrase(phrase).to_owned()
}

/// How it was done.
pub(crate) fn via(word: &str, language: Language) -> String {
    let phrase = match Via::from_word(word) {
        Some(Via::Api) => Audit::Api,
        Some(Via::CommandLine) => Audit::CommandLine,
        Some(Via::Page) => Audit::Page,
        None => return word.to_owned(),
    };
    language.phrase(phrase).to_owned()
}

/// Who it was; a name that a command has stated is marked.
pub(crate) fn who(kept: &str, language: Language) -> String {
    let stated = kept
        .strip_suffix(')')
        .and_then(|kept| kept.split_once(STATED));
    match stated {
        Some((name, user)) => both!(
            language,
            "{name} (自己申告、{user} として実行)",
            "{name} (as stated by {user})"
        ),
        None => kept.to_owned(),
    }
}

/// To how many.
pub(crate) fn count(count: u64, language: Language) -> String {
    both!(language, "{count} 件", "{count} of them")
}

/// There are older ones.
pub(crate) fn more(shown: usize, language: Language) -> String {
    both!(
        language,
        "新しい {shown} 件を表示しました。さらに見るには --limit か --since を指定してください",
        "these are the newest {shown}; --limit or --since shows more"
    )
}

/// The file has them.
pub(crate) fn written(count: usize, file: &Path, language: Language) -> String {
    let file = file.display();
    both!(
        language,
        "{file}: {count} 件を書き出しました",
        "{file}: {count} written"
    )
}

/// A name that does not say how the file is to be written.
pub(crate) fn no_ending(file: &Path, language: Language) -> String {
    let file = file.display();
    both!(
        language,
        "{file}: ファイル名の末尾を .csv、.json、.ndjson のどれかにしてください",
        "{file}: the name must end in .csv, .json or .ndjson"
    )
}
