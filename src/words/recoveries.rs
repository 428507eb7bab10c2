//! Recovery: what an outage left behind is sent again.

use crate::language::Language;

phrases! {
    /// Short texts about recovery.
    Recovering {
        ByItself: "自動復旧が有効です。VoiceDrive が回復したかどうかを 15、30、60 分後、そのあとは 1 時間ごとに最長 72 時間確かめ、回復したら古いものから順に自動で送信します", "Recovery is automatic: whether VoiceDrive is back is tried after 15, 30 and 60 minutes and then every hour for up to 72 hours, and then everything is sent by itself, in order";
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
