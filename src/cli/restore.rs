//! `restore`: a copy takes the place of the database, and the person reads what follows from that.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Value, json};

use super::backup::{answer, of_copy};
use super::words::Locale;
use super::{CliError, Common, print_line};
use crate::clock::Clock;
use crate::config::Config;
use crate::store::file::difference::Later;
use crate::store::file::restore::{Before, RestoreError, Restored, Taken, restore};
use crate::words::restores::{self, Copied};

/// Put a copy in the place of the database; the daemon must be stopped.
#[derive(Args)]
#[command(after_help = "Example:
  sudo systemctl stop voicedrive-relay
  sudo voicedrive-relay restore /mnt/backup/relay-2025-10-26.db
  sudo systemctl start voicedrive-relay
The present database is kept beside it. What the copy says is still to be sent is sent at the start.
With --hold nothing is sent before somebody ends that: sudo voicedrive-relay hold end
The answer says what was accepted after the copy, and which tokens stay revoked.")]
pub(super) struct Restore {
    /// The copy
    file: PathBuf,
    /// Take a copy of live/relay.db too, with the relay.db-wal that lies beside it: what was kept last may
    /// be missing
    #[arg(long)]
    as_it_is: bool,
    /// Take a copy of another relay's database too, though the present one has events or interview records
    #[arg(long)]
    of_another_relay: bool,
    /// Send nothing after the start until somebody types `hold end`; accepting goes on
    #[arg(long)]
    hold: bool,
}

impl Restore {
    pub(super) fn run(
        &self,
        config: &Config,
        locale: Locale,
        common: &Common,
    ) -> Result<(), CliError> {
        let (directory, now) = (&config.storage.directory, Clock::System.now());
        let taken = Taken {
            as_it_is: self.as_it_is,
            of_another: self.of_another_relay,
        };
        let reason = || config.language.phrase(Copied::HoldReason).to_owned();
        let hold = self.hold.then(reason);
        let restored = restore(directory, &self.file, taken, hold, common.actor(), now);
        let restored = restored.map_err(|error| failed(locale, common, &error))?;
        print_line(&if common.json {
            self.for_programs(&restored).to_string()
        } else {
            self.for_people(locale, common, &restored).join("\n")
        })
    }

    fn for_programs(&self, restored: &Restored) -> Value {
        let mut answer = answer(&self.file, restored.copy);
        answer["held"] = json!(self.hold);
        answer["asItIs"] = json!(restored.as_it_is);
        let (held, sent) = if self.hold {
            (restored.waiting, 0)
        } else {
            (0, restored.waiting)
        };
        answer["sentAtTheStart"] = json!(sent);
        answer["heldBack"] = json!(held);
        answer["erasedAgain"] = json!(restored.erased);
        answer["keptAside"] = json!(restored.kept_aside);
        let further = restored.further.as_ref();
        answer["further"] = json!(further.map(|(file, verified)| self::answer(file, *verified)));
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
                    "setAsideCounted": difference.set_aside,
                    "stayRevoked": revoked.collect::<Vec<_>>(),
                    "error": difference.incomplete.as_ref().map(|incomplete| &incomplete.why),
                })
            }
        };
        answer
    }

    fn for_people(&self, locale: Locale, common: &Common, restored: &Restored) -> Vec<String> {
        let copy = restored.copy;
        let mut lines = vec![restores::good_copy(locale, &self.file, copy)];
        lines.push(locale.phrase(Copied::Restored).to_owned());
        if restored.as_it_is {
            lines.push(restores::as_it_is(locale, copy.written));
        }
        if self.hold {
            let end = common.typed("hold end");
            lines.push(restores::held(locale, &end));
        }
        let sent_first = |again| restores::sent_first(locale, restored.waiting, again, self.hold);
        match &restored.before {
            Before::Absent => lines.push(sent_first(None)),
            Before::Unreadable(why) => {
                lines.push(sent_first(None));
                lines.push(restores::unreadable(locale, why, copy.newest_event));
            }
            Before::Compared {
                difference,
                revoked,
            } => {
                lines.push(sent_first(Some(difference.delivered_since)));
                let incomplete = difference.incomplete.as_ref();
                lines.extend(incomplete.map(|incomplete| restores::incomplete(locale, incomplete)));
                lines.extend(restores::not_in_copy(locale, difference));
                lines.extend(restores::stay_revoked(locale, revoked));
            }
        }
        if let Some((file, verified)) = &restored.further {
            let restore = common.typed(&format!("restore {}", file.display()));
            lines.push(restores::further(locale, file, *verified, &restore));
        }
        if restored.erased > 0 {
            lines.push(restores::erased_again(locale, restored.erased));
        }
        if let Some(aside) = &restored.kept_aside {
            lines.push(restores::kept_aside(locale, aside));
        }
        lines
    }
}

fn failed(locale: Locale, common: &Common, error: &RestoreError) -> CliError {
    match error {
        RestoreError::Copy(error) => of_copy(locale, error),
        error => CliError::Failed(error.describe(locale, &common.commands())),
    }
}
