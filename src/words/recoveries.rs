//! Recovery: what an outage left behind is sent again.

use crate::language::Language;
use crate::recovery::Hindrance;

phrases! {
    /// Short texts about recovery.
    Recovering {
        ByItself: "回復後の自動送信が有効です。VoiceDrive が回復したかどうかを 15、30、60 分後、そのあとは 1 時間ごとに最長 72 時間確かめ、回復したら古いものから順に自動で送信します", "Recovery is automatic: whether VoiceDrive is back is tried after 15, 30 and 60 minutes and then every hour for up to 72 hours, and then everything is sent by itself, in order";
        Nothing: "VoiceDrive の停止で送れなかったイベントはありません", "nothing is left of an outage";
    }
}

/// What would be sent again on a route.
pub(crate) fn would_be_sent(
    route: &str,
    exhausted: u64,
    probe: &str,
    language: Language,
) -> String {
    both!(
        language,
        "{route}: VoiceDrive の停止で送れなかったイベント {exhausted} 件。最も古いもの: {probe} (何も変更していません)",
        "{route}: {exhausted} events did not arrive because VoiceDrive was away, the oldest is {probe}; nothing was changed"
    )
}

/// What is exhausted waits for a person until `recover` is typed.
pub(crate) fn waits_for_a_person(exhausted: u64, recover: &str, language: Language) -> String {
    both!(
        language,
        "再送を使い切った {exhausted} 件は、担当者の操作を待っています。VoiceDrive が回復したら {recover} で送信してください",
        "{exhausted} with their retries used up wait for a person: once VoiceDrive is back, send them with {recover}"
    )
}

/// A route on which nothing is sent again now.
pub(crate) fn left_out(route: &str, reason: Hindrance, language: Language) -> String {
    match reason {
        Hindrance::UnderWay => both!(
            language,
            "{route}: すでに回復を確かめているか、残りを送信しているところです",
            "{route}: a recovery is under way"
        ),
        Hindrance::OnHold => both!(
            language,
            "{route}: 送信を一時停止しています。先に一時停止を終えてください",
            "{route}: the route is on hold, end the hold first"
        ),
        Hindrance::NoUrl => both!(
            language,
            "{route}: 送り先の URL が設定されていないため、送信できません",
            "{route}: the route has no URL, so nothing is sent on it"
        ),
    }
}

/// The same in Japanese, of all routes that the API names in English; none: it says something else.
pub(crate) fn left_out_in_japanese(message: &str) -> Option<String> {
    let reasons = message.split("; ").map(|told| {
        let (route, _) = told.split_once(": ")?;
        let says_so = |reason: &&Hindrance| left_out(route, **reason, Language::En) == told;
        let reason = Hindrance::ALL.iter().find(says_so)?;
        Some(left_out(route, *reason, Language::Ja))
    });
    Some(reasons.collect::<Option<Vec<_>>>()?.join("\n"))
}

/// VoiceDrive is back, and the rest follows.
pub(crate) fn is_back(route: &str, rest: u64, language: Language) -> String {
    both!(
        language,
        "{route}: VoiceDrive は回復しています。残りの {rest} 件を古いものから順に送信します",
        "{route}: VoiceDrive is back; the other {rest} events are sent in order"
    )
}

/// VoiceDrive is still away; `why` says how the attempt ended.
pub(crate) fn is_away(route: &str, why: &str, language: Language) -> String {
    both!(
        language,
        "{route}: まだ送信できません。最も古い 1 件だけを試し、ほかは送っていません。{why}",
        "{route}: it does not work yet. Only the oldest event was tried, and nothing else was sent: {why}"
    )
}

/// The probe has not ended yet.
pub(crate) fn not_yet(route: &str, probe: &str, language: Language) -> String {
    both!(
        language,
        "{route}: まだ結果が分かりません。show {probe} で確かめてください",
        "{route}: the attempt has not ended yet; see show {probe}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_that_is_left_out_is_named_in_japanese() {
        let told = |language| {
            let each = Hindrance::ALL.map(|reason| left_out("staff", reason, language));
            each.to_vec()
        };
        let message = Hindrance::ALL.map(|reason| format!("staff: {}", reason.message()));
        let message = message.join("; ");
        let japanese = told(Language::Ja).join("\n");
        assert_eq!(left_out_in_japanese(&message), Some(japanese));
        assert_eq!(left_out_in_japanese("staff: something else"), None);
    }
}
