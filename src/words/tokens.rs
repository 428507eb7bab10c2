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

/// No token with this id was issued here.
pub(crate) fn unknown(language: Language, name: &str) -> String {
    let name = harmless(name);
    match language {
        Language::Ja => format!(
            "{name}: ここで発行したトークンの ID でも利用者名でもありません。何も失効させていません。ID は token list で確かめてください。利用者名を指定してまとめて失効させるには token revoke --subject 利用者名、同じ鍵でほかの場所で発行したものには --issued-elsewhere を付けてください"
        ),
        Language::En => format!(
            "{name}: no token of this id or subject was issued here; nothing was revoked. See token list for the ids; token revoke --subject NAME revokes all of one subject, and --issued-elsewhere one that was issued elsewhere with the same key"
        ),
    }
}
