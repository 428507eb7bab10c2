//! Results of revoking tokens, and the state of one.

use crate::language::Language;
use crate::words::harmless;

/// All tokens of a subject were revoked.
pub(crate) fn all_revoked(language: Language, subject: &str, count: usize) -> String {
    if count == 0 {
        return both!(
            language,
            "{subject}: すべて失効済みです",
            "{subject}: all tokens were revoked already"
        );
    }
    both!(
        language,
        "{subject}: トークン {count} 件を失効させました",
        "{subject}: revoked, tokens: {count}"
    )
}

/// When a token expires or expired.
pub(crate) fn days_left(language: Language, at: &str, days: i64) -> String {
    if days <= 0 {
        return both!(language, "期限切れ {at}", "ended {at}");
    }
    both!(
        language,
        "期限 {at} (あと {days} 日)",
        "until {at} ({days} d left)"
    )
}

/// A token that is refused because it was signed with a key that is no longer accepted.
pub(crate) fn of_another_key(language: Language, at: &str) -> String {
    both!(
        language,
        "別の鍵で署名 (使えません)、期限 {at}",
        "of another key (refused), until {at}"
    )
}

/// No token with this id was issued here; `of_subject` tokens were issued for somebody of this name, and `spelled` is the id
/// of one that differs in small and capital letters alone.
pub(crate) fn unknown_id(
    language: Language,
    name: &str,
    of_subject: u64,
    spelled: Option<&str>,
) -> String {
    let name = harmless(name);
    if let Some(spelled) = spelled {
        return both!(
            language,
            "{name}: この ID のトークンは、ここでは発行していません。何も失効させていません。もしかして: {spelled} (大文字と小文字を区別します。token list で確かめてください)",
            "{name}: no token of this id was issued here; nothing was revoked. Did you mean {spelled}? Small and capital letters differ; see token list"
        );
    }
    if of_subject > 0 {
        return both!(
            language,
            "{name}: トークンの ID ではなく、利用者名です (トークン {of_subject} 件)。何も失効させていません。ID は token list で確かめてください。この利用者のトークンをまとめて失効させるには token revoke --subject 利用者名",
            "{name}: this is not the id of a token, but a subject, and has tokens: {of_subject}; nothing was revoked. See token list for the ids; token revoke --subject NAME revokes all of one subject"
        );
    }
    both!(
        language,
        "{name}: この ID のトークンは、ここでは発行していません。何も失効させていません。ID は token list で確かめてください。同じ鍵でほかの場所で発行したトークンなら --issued-elsewhere を付けてください",
        "{name}: no token of this id was issued here; nothing was revoked. See token list for the ids; --issued-elsewhere revokes one that was issued elsewhere with the same key"
    )
}

/// No token was issued here for this subject.
pub(crate) fn unknown_subject(language: Language, name: &str) -> String {
    let name = harmless(name);
    both!(
        language,
        "{name}: この利用者のトークンは、ここでは発行していません。何も失効させていません。利用者名は token list で確かめてください",
        "{name}: no token was issued here for this subject; nothing was revoked. See token list for the subjects"
    )
}
