//! Sending many again: the page that asks before, and what came of it.

use crate::language::Language;
use crate::words::monitor::thousands;

phrases! {
    /// Short texts of this page.
    Bulk {
        Title: "まとめてもう一度送る", "Send many again";
        Which: "対象", "Which";
        Causes: "失敗の原因", "Why they failed";
        NoCause: "記録なし", "not kept";
        Useless: "VoiceDrive に断られたものは、原因を直すまで、送っても同じ結果になります。", "What VoiceDrive refuses ends in the same way until the cause is mended.";
        Order: "受け付けた順に送ります。VoiceDrive は番号で見分けるため、二重にはなりません。", "They are sent in the order of acceptance. VoiceDrive knows them by their numbers.";
        Reason: "理由 (操作の記録に残ります)", "Why (kept in the audit)";
        ReasonExample: "例: VoiceDrive から回復の連絡あり", "such as: VoiceDrive says that it works again";
        Cancel: "やめる", "Do not";
        Nothing: "対象になるものは、もうありません。何も送っていません。", "Nothing matches any more. Nothing was sent.";
        NeedsStatus: "状態 (要対応か送信済み) を選んでから、まとめて送ってください。", "Choose a status first: needs you, or delivered.";
    }
}

/// How many are sent, and what follows them.
pub(crate) fn count(number: u64, follows: u64, language: Language) -> String {
    let number = thousands(number);
    if follows == 0 {
        return both!(
            language,
            "{number} 件を送ります。",
            "{number} will be sent."
        );
    }
    let follows = thousands(follows);
    both!(
        language,
        "{number} 件を送ります。同じ職員の、あとから届いた {follows} 件も続けて送ります (内容が古いものに戻らないように)。",
        "{number} will be sent, and after them {follows} later ones of the same persons, so that old data does not come back."
    )
}

/// More delivered ones are meant than are sent again at once.
pub(crate) fn too_many(most: u64, language: Language) -> String {
    let most = thousands(most);
    both!(
        language,
        "送信済みのものを一度に送り直せるのは {most} 件までです。期間や種類で絞り込んでください。何も送っていません。",
        "At most {most} that were delivered are sent again at once. Choose a time or a type. Nothing was sent."
    )
}

/// How many failed of one cause.
pub(crate) fn of_cause(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(language, "{number} 件", "{number}")
}

/// The button.
pub(crate) fn button(number: u64, language: Language) -> String {
    let number = thousands(number);
    both!(language, "{number} 件を送る", "Send {number}")
}

/// They are sent again; `fewer`: so many less than the page had said.
pub(crate) fn done(number: u64, fewer: u64, follows: u64, language: Language) -> String {
    let number = thousands(number);
    let mut told = both!(
        language,
        "{number} 件を送り直します。",
        "{number} are sent again."
    );
    if follows > 0 {
        let follows = thousands(follows);
        told.push_str(&both!(
            language,
            "あとから届いた {follows} 件も続けて送ります。",
            " After them follow {follows} later ones."
        ));
    }
    if fewer > 0 {
        let fewer = thousands(fewer);
        told.push_str(&both!(
            language,
            "({fewer} 件は対象から外れていました)",
            " ({fewer} did not match any more)"
        ));
    }
    told
}
