//! What follows from a copy that was made or put in the place of the database.

use std::path::Path;

use crate::language::{Language, Locale};
use crate::store::file::difference::{Difference, Incomplete};
use crate::store::file::snapshot::Verified;
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;
use crate::words::counted;
use crate::words::harmless;

phrases! {
    /// Short texts of a restore.
    Copied {
        Restored: "復元しました", "restored";
        HoldReason: "コピーから復元したため", "restored from a copy";
        NothingLater: "コピー後に受け付けたものはありません", "nothing was accepted after the copy";
    }
}

/// What is in a copy.
pub(crate) fn good_copy(locale: Locale, file: &Path, verified: Verified) -> String {
    let Verified {
        events,
        waiting,
        newest_event,
        ..
    } = verified;
    let (file, newest) = (file.display(), clock(locale, newest_event));
    let counted = counted(events, "event");
    both!(
        locale.language,
        "{file}: 正常です。イベント {events} 件、未送信 {waiting} 件、最新の受付 {newest}",
        "{file}: good; {counted}, {waiting} still to be sent, the newest accepted {newest}"
    )
}

/// Nobody but the daemon writes its own copy.
pub(crate) fn kept_by_the_daemon(locale: Locale, file: &Path) -> String {
    let file = file.display();
    both!(
        locale.language,
        "{file}: リレー自身が作るコピーです。リレーに接続できないため、新しくできません。何も書き込んでいません。別のファイル名を指定すると、データベースから直接コピーします",
        "{file}: this is the copy that the daemon itself keeps, and the daemon cannot be reached. Nothing was written. Name another file, and the database itself is copied"
    )
}

/// The open database was received again and again, and changed each time.
pub(crate) fn never_still(locale: Locale) -> String {
    both!(
        locale.language,
        "コピー中にデータベースの変更が続いたため、何も書き込んでいません。少し待ってから、もう一度実行してください",
        "the database changed again and again while it was copied, and nothing was written. Wait a little and try again"
    )
}

fn clock(locale: Locale, at: Option<Timestamp>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| locale.clock(at))
}

pub(crate) fn as_it_is(locale: Locale, written: Option<Timestamp>) -> String {
    let at = written.map_or_else(|| "-".to_owned(), |at| locale.clock(at));
    match locale.language {
        Language::Ja => {
            format!("live/relay.db のコピーのため、{at} より後の内容が欠けているおそれがあります")
        }
        Language::En => {
            format!("it was a copy of live/relay.db: what was kept after {at} may be missing in it")
        }
    }
}

/// What is sent at the start, or when everything is `held` after that, and how much of it VoiceDrive has already.
pub(crate) fn sent_first(locale: Locale, waiting: u64, again: Option<u64>, held: bool) -> String {
    let (ja, en) = if held {
        ("一時停止の終了後に", "when the hold has ended")
    } else {
        ("起動後に", "at the start")
    };
    if waiting == 0 {
        return both!(
            locale.language,
            "{ja}送信するものはありません",
            "nothing is to be sent {en}"
        );
    }
    let told = both!(
        locale.language,
        "{ja} {waiting} 件を送信します (再送待ちはその時刻に)",
        "sent {en} (retries when they are due): {waiting}"
    );
    let repeated = match again {
        Some(0) => String::new(),
        Some(again) => both!(
            locale.language,
            "。うち {again} 件は送信済みで、同じ ID で再び送られます。VoiceDrive は同じ X-Request-ID の重複を捨てます",
            ". Of these, {again} had been delivered already and are sent again with the same ids: VoiceDrive drops repeats by X-Request-ID"
        ),
        None => locale
            .say(
                "。コピー後に送信済みのものも、同じ ID で再び送られます。VoiceDrive は同じ X-Request-ID の重複を捨てます",
                ". What had been delivered after the copy is sent again with the same ids: VoiceDrive drops repeats by X-Request-ID",
            )
            .to_owned(),
    };
    told + &repeated
}

/// Nothing is sent for now; `end` is the command that ends that.
pub(crate) fn held(locale: Locale, end: &str) -> String {
    both!(
        locale.language,
        "起動しても、一時停止を終了するまで何も送信しません (受け付けは続きます)。送信を始める場合: {end}",
        "nothing is sent after the start until somebody ends the hold; accepting goes on. To begin to send: {end}"
    )
}

pub(crate) fn unreadable(locale: Locale, why: &str, newest: Option<Timestamp>) -> String {
    let at = newest.map_or_else(|| "-".to_owned(), |at| locale.clock(at));
    match locale.language {
        Language::Ja => format!(
            "元のデータベースは読めません。コピー後に受け付けたものと、コピー後に失効させたトークンは分かりません。スタッフシステムから {at} 以降のイベントを同じ Idempotency-Key で入れ直し、起動後に token list を確かめて、失効させるべきトークンを再び失効させてください"
        ),
        Language::En => format!(
            "the previous database cannot be read ({why}): what was accepted after the copy, and which tokens were revoked after it, is not known. Let the staff system hand in everything since {at} again, with the same Idempotency-Key; after the start, look at token list and revoke again what must stay revoked"
        ),
    }
}

pub(crate) fn incomplete(locale: Locale, incomplete: &Incomplete) -> String {
    let at = incomplete
        .newest
        .map_or_else(|| "-".to_owned(), |at| locale.clock(at));
    let why = &incomplete.why;
    let other = incomplete.compared_with.as_deref();
    let happened = if let Some(other) = other.and_then(Path::file_name) {
        let other = other.display();
        both!(
            locale.language,
            "元のデータベースは読めないため、{other} と比べました",
            "the previous database cannot be read ({why}); the copy was compared with {other}"
        )
    } else {
        both!(
            locale.language,
            "元のデータベースは一部が失われています",
            "a part of the previous database is lost ({why})"
        )
    };
    both!(
        locale.language,
        "{happened}。{at} より後に受け付けたものは分かりません。スタッフシステムから {at} 以降のイベントを同じ Idempotency-Key で入れ直してください",
        "{happened}. What was accepted after {at} is not known: let the staff system hand in everything since {at} again, with the same Idempotency-Key"
    )
}

/// A copy in the data directory is of a later state than what was restored; `restore` is the command that takes it instead.
pub(crate) fn further(locale: Locale, file: &Path, verified: Verified, restore: &str) -> String {
    let (file, newest) = (file.display(), clock(locale, verified.newest_event));
    let (count, counted) = (verified.events, counted(verified.events, "event"));
    both!(
        locale.language,
        "{file} は、復元したものより後の状態のコピーです (イベント {count} 件、最新の受付 {newest})。代わりにこれを復元する場合: {restore}",
        "{file} is a copy of a later state than what was restored ({counted}, the newest accepted {newest}). To take it instead: {restore}"
    )
}

pub(crate) fn not_in_copy(locale: Locale, difference: &Difference) -> Vec<String> {
    let mut lines = Vec::new();
    let clock = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| locale.clock(at));
    let events = difference.events;
    if events.count > 0 {
        let (count, since, until) = (events.count, clock(events.since), clock(events.until));
        let delivered = difference.events_delivered;
        lines.push(match locale.language {
            Language::Ja => format!("コピー後に受け付けた {count} 件のイベント ({since} から {until} まで、うち送信済み {delivered} 件) は含まれていません。スタッフシステムから {since} 以降のイベントを同じ Idempotency-Key で入れ直してください。コピーにあるものは重複になりません。送信済みのものを入れ直すと、新しい ID でもう一度送られます"),
            Language::En => format!("events that were accepted after the copy and are not in it: {count}, from {since} to {until}; delivered: {delivered}. Let the staff system hand in everything since {since} again, with the same Idempotency-Key: what is in the copy is recognised. What had been delivered gets a new id then, and is sent once more"),
        });
    }
    let interviews = difference.interviews;
    if interviews.count > 0 {
        let (count, since) = (interviews.count, clock(interviews.since));
        lines.push(match locale.language {
            Language::Ja => format!("コピー後に登録または変更された面談記録 {count} 件 ({since} 以降) も含まれていません。登録し直すか、取り込み直してください"),
            Language::En => format!("interview records that came or changed after the copy and are not in it: {count}, since {since}. Hand them in or import them again"),
        });
    }
    if lines.is_empty() && difference.incomplete.is_none() {
        let nothing = locale.phrase(Copied::NothingLater);
        lines.push(nothing.to_owned());
    }
    if !difference.set_aside.is_empty() {
        let aside = difference.set_aside.iter().map(|path| path.display());
        let aside = aside.map(|path| path.to_string()).collect::<Vec<_>>();
        let aside = aside.join(", ");
        lines.push(both!(
            locale.language,
            "以前の復元で取り分けたデータベースの内容も数えています: {aside}",
            "what earlier restores have set aside was counted too: {aside}"
        ));
    }
    lines
}

pub(crate) fn stay_revoked(locale: Locale, revoked: &[TokenRecord]) -> Vec<String> {
    if revoked.is_empty() {
        return Vec::new();
    }
    let count = revoked.len();
    let mut lines = vec![match locale.language {
        Language::Ja => format!("コピー後に失効させたトークン {count} 件は、失効したままです"),
        Language::En => {
            format!("tokens that were revoked after the copy, and stay revoked: {count}")
        }
    }];
    lines.extend(revoked.iter().map(|token| {
        let subject = token.subject.as_deref().map_or("-".to_owned(), harmless);
        format!("  {}  {subject}", token.jti)
    }));
    lines
}

pub(crate) fn kept_aside(locale: Locale, aside: &Path) -> String {
    let aside = aside.display();
    match locale.language {
        Language::Ja => format!(
            "元のデータベースはここにあります: {aside}\n個人情報が含まれます。上の入れ直しが済み、数日問題がなければ削除してください: sudo rm -r {aside}"
        ),
        Language::En => format!(
            "the previous database is in {aside}\nit holds personal data: when the above was handed in again and nothing was missed for some days, delete it: sudo rm -r {aside}"
        ),
    }
}

/// The copy had data of people that were erased since.
pub(crate) fn erased_again(locale: Locale, rows: u64) -> String {
    both!(
        locale.language,
        "コピー後に消去した人のデータ {rows} 件を、復元したデータベースからも消去しました",
        "the copy had {rows} rows of people whose data were erased since; they are erased again"
    )
}
