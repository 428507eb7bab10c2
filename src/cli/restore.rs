//! `restore`: a copy takes the place of the database, and the person reads what follows from that.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::backup::{answer, of_copy, told};
use super::words::{Speech, harmless};
use super::{CliError, print_line};
use crate::clock::Clock;
use crate::config::Config;
use crate::language::Language;
use crate::store::file::difference::{Difference, Later};
use crate::store::file::restore::{Before, RestoreError, Restored, restore};
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;

/// Put a copy in the place of the database; the daemon must be stopped.
#[derive(Args)]
#[command(after_help = "Example:
  sudo systemctl stop voicedrive-relay
  sudo voicedrive-relay restore /mnt/backup/relay-2025-10-26.db
  sudo systemctl start voicedrive-relay
The present database is kept beside it. What the copy says is still to be sent is sent at the start.
The answer says what was accepted after the copy, and which tokens stay revoked.")]
pub(super) struct Restore {
    /// The copy
    file: PathBuf,
    /// Take a copy of live/relay.db too, with the relay.db-wal that lies beside it: what was kept last may
    /// be missing
    #[arg(long)]
    as_it_is: bool,
}

impl Restore {
    pub(super) fn run(&self, config: &Config, speech: Speech, json: bool) -> Result<(), CliError> {
        let directory = &config.storage.directory;
        let restored = restore(directory, &self.file, self.as_it_is, Clock::System.now())
            .map_err(|error| failed(speech, &error))?;
        print_line(&if json {
            for_programs(&self.file, &restored).to_string()
        } else {
            for_people(speech, &self.file, &restored).join("\n")
        })
    }
}

fn failed(speech: Speech, error: &RestoreError) -> CliError {
    match error {
        RestoreError::Copy(error) => of_copy(speech, error),
        error => CliError::Failed(error.told(speech)),
    }
}

fn for_programs(file: &Path, restored: &Restored) -> Value {
    let mut answer = answer(file, restored.copy);
    answer["asItIs"] = json!(restored.as_it_is);
    answer["keptAside"] = json!(restored.kept_aside);
    answer["before"] = match &restored.before {
        Before::Absent => Value::Null,
        Before::Unreadable(why) => json!({"error": why}),
        Before::Compared {
            difference,
            revoked,
        } => {
            let later = |later: Later| json!({"count": later.count, "since": later.since, "until": later.until});
            let mut events = later(difference.events);
            events["delivered"] = json!(difference.events_delivered);
            let revoked = revoked.iter().map(|token| {
                json!({
                    "jti": token.jti,
                    "subject": token.subject,
                    "revokedAt": token.revoked_at,
                })
            });
            json!({
                "eventsNotInCopy": events,
                "interviewsNotInCopy": later(difference.interviews),
                "sentAgain": difference.delivered_since,
                "stayRevoked": revoked.collect::<Vec<_>>(),
                "error": difference.of_backup_file,
            })
        }
    };
    answer
}

fn for_people(speech: Speech, file: &Path, restored: &Restored) -> Vec<String> {
    let copy = restored.copy;
    let mut lines = vec![told(speech, file, copy)];
    lines.push(speech.say("復元しました", "restored").to_owned());
    if restored.as_it_is {
        lines.push(as_it_is(speech, copy.written));
    }
    match &restored.before {
        Before::Absent => lines.push(sent_at_the_start(speech, copy.waiting, None)),
        Before::Unreadable(why) => {
            lines.push(sent_at_the_start(speech, copy.waiting, None));
            lines.push(unreadable(speech, why, copy.newest_event));
        }
        Before::Compared {
            difference,
            revoked,
        } => {
            let again = Some(difference.delivered_since);
            lines.push(sent_at_the_start(speech, copy.waiting, again));
            let why = difference.of_backup_file.as_ref();
            lines.extend(why.map(|why| compared_with_backup_file(speech, why)));
            lines.extend(not_in_copy(speech, difference));
            lines.extend(stay_revoked(speech, revoked));
        }
    }
    if let Some(aside) = &restored.kept_aside {
        lines.push(kept_aside(speech, aside));
    }
    lines
}

fn as_it_is(speech: Speech, written: Option<Timestamp>) -> String {
    let at = written.map_or_else(|| "-".to_owned(), |at| speech.clock(at));
    match speech.language {
        Language::Ja => {
            format!("live/relay.db のコピーのため、{at} より後の内容が欠けているおそれがあります")
        }
        Language::En => {
            format!("it was a copy of live/relay.db: what was kept after {at} may be missing in it")
        }
    }
}

/// What the daemon does first, and how much of it VoiceDrive has already.
fn sent_at_the_start(speech: Speech, waiting: u64, again: Option<u64>) -> String {
    match (speech.language, again) {
        (Language::Ja, _) if waiting == 0 => "起動後に送信するものはありません".to_owned(),
        (Language::En, _) if waiting == 0 => "nothing is to be sent at the start".to_owned(),
        (Language::Ja, Some(0)) => {
            format!("起動後に {waiting} 件を送信します (再送待ちはその時刻に)")
        }
        (Language::En, Some(0)) => {
            format!("sent at the start (retries when they are due): {waiting}")
        }
        (Language::Ja, Some(again)) => format!(
            "起動後に {waiting} 件を送信します (再送待ちはその時刻に)。うち {again} 件は送信済みで、同じ ID で再び送られます。VoiceDrive は同じ X-Request-ID の重複を捨てます"
        ),
        (Language::En, Some(again)) => format!(
            "sent at the start (retries when they are due): {waiting}. Of these, {again} had been delivered already and are sent again with the same ids: VoiceDrive drops repeats by X-Request-ID"
        ),
        (Language::Ja, None) => format!(
            "起動後に {waiting} 件を送信します (再送待ちはその時刻に)。コピー後に送信済みのものも、同じ ID で再び送られます。VoiceDrive は同じ X-Request-ID の重複を捨てます"
        ),
        (Language::En, None) => format!(
            "sent at the start (retries when they are due): {waiting}. What had been delivered after the copy is sent again with the same ids: VoiceDrive drops repeats by X-Request-ID"
        ),
    }
}

fn unreadable(speech: Speech, why: &str, newest: Option<Timestamp>) -> String {
    let at = newest.map_or_else(|| "-".to_owned(), |at| speech.clock(at));
    match speech.language {
        Language::Ja => format!(
            "元のデータベースは読めません ({why})。コピー後に受け付けたものと、コピー後に失効させたトークンはわかりません。スタッフシステムから {at} 以降のイベントを同じ Idempotency-Key で入れ直し、起動後に token list を確かめて、失効させるべきトークンを再び失効させてください"
        ),
        Language::En => format!(
            "the previous database cannot be read ({why}): what was accepted after the copy, and which tokens were revoked after it, is not known. Let the staff system hand in everything since {at} again, with the same Idempotency-Key; after the start, look at token list and revoke again what must stay revoked"
        ),
    }
}

fn compared_with_backup_file(speech: Speech, why: &str) -> String {
    match speech.language {
        Language::Ja => format!(
            "元のデータベースは読めないため ({why})、relay-backup.db と比べました。relay-backup.db より後のことはわかりません"
        ),
        Language::En => format!(
            "the previous database cannot be read ({why}); the copy was compared with relay-backup.db, and what came after that one is not known"
        ),
    }
}

fn not_in_copy(speech: Speech, difference: &Difference) -> Vec<String> {
    let mut lines = Vec::new();
    let clock = |at: Option<Timestamp>| at.map_or_else(|| "-".to_owned(), |at| speech.clock(at));
    let events = difference.events;
    if events.count > 0 {
        let (count, since, until) = (events.count, clock(events.since), clock(events.until));
        let delivered = difference.events_delivered;
        lines.push(match speech.language {
            Language::Ja => format!("コピー後に受け付けた {count} 件のイベント ({since} から {until} まで、うち送信済み {delivered} 件) は含まれていません。スタッフシステムから {since} 以降のイベントを同じ Idempotency-Key で入れ直してください。コピーにあるものは重複になりません。送信済みのものを入れ直すと、新しい ID でもう一度送られます"),
            Language::En => format!("events that were accepted after the copy and are not in it: {count}, from {since} to {until}; delivered: {delivered}. Let the staff system hand in everything since {since} again, with the same Idempotency-Key: what is in the copy is recognised. What had been delivered gets a new id then, and is sent once more"),
        });
    }
    let interviews = difference.interviews;
    if interviews.count > 0 {
        let (count, since) = (interviews.count, clock(interviews.since));
        lines.push(match speech.language {
            Language::Ja => format!("コピー後に登録または変更された面談記録 {count} 件 ({since} 以降) も含まれていません。登録し直すか、取り込み直してください"),
            Language::En => format!("interview records that came or changed after the copy and are not in it: {count}, since {since}. Hand them in or import them again"),
        });
    }
    if lines.is_empty() {
        let nothing = speech.say(
            "コピー後に受け付けたものはありません",
            "nothing was accepted after the copy",
        );
        lines.push(nothing.to_owned());
    }
    lines
}

fn stay_revoked(speech: Speech, revoked: &[TokenRecord]) -> Vec<String> {
    if revoked.is_empty() {
        return Vec::new();
    }
    let count = revoked.len();
    let mut lines = vec![match speech.language {
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

fn kept_aside(speech: Speech, aside: &Path) -> String {
    let aside = aside.display();
    match speech.language {
        Language::Ja => format!(
            "元のデータベースはここにあります: {aside}\n個人情報が含まれます。上の入れ直しが済み、数日問題がなければ削除してください: rm -r {aside}"
        ),
        Language::En => format!(
            "the previous database is in {aside}\nit holds personal data: when the above was handed in again and nothing was missed for some days, delete it: rm -r {aside}"
        ),
    }
}
