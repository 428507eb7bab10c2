//! Who did what: an action of a person or a token that changes something, as it is kept (contract, section 13).

use std::net::IpAddr;

use crate::event_record::EventFilter;
use crate::timestamp::Timestamp;

/// How long an action is kept, in days.
pub const KEPT_DAYS: u64 = 400;
/// The longest name of somebody, in characters; what is longer is cut off.
pub const NAME_CHARACTERS: usize = 191;
/// What follows a name that a command has stated.
pub const STATED: &str = " (as stated by ";

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Sent events again.
    Resend,
    /// Put sending off until a time.
    Hold,
    /// Ended a hold before its time.
    EndHold,
    /// Had everything sent again that an outage had left.
    Recover,
    /// Said of exhausted deliveries that they need nothing any more.
    Dismiss,
    /// Sent again what a comparison with the partner found missing.
    Reconcile,
    /// Erased a person's data.
    Erase,
    /// Handed in an interview record again of a person whose data were erased: it was taken without names.
    HandInErased,
    /// Issued a token.
    IssueToken,
    /// Revoked tokens.
    RevokeToken,
    /// Made a code with which somebody can log in to the monitor page.
    IssueLogin,
    /// Logged in to the monitor page.
    Login,
    /// Ended sessions of the monitor page.
    EndSession,
    /// Had the configuration read again.
    Reload,
    /// Put a copy in the place of the database.
    Restore,
    /// Made a copy of the database.
    Backup,
    /// Handed in a file of interview records.
    Import,
    /// Deleted an interview record.
    DeleteInterview,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 18] = [
        Self::Resend,
        Self::Hold,
        Self::EndHold,
        Self::Recover,
        Self::Dismiss,
        Self::Reconcile,
        Self::Erase,
        Self::HandInErased,
        Self::IssueToken,
        Self::RevokeToken,
        Self::IssueLogin,
        Self::Login,
        Self::EndSession,
        Self::Reload,
        Self::Restore,
        Self::Backup,
        Self::Import,
        Self::DeleteInterview,
    ];

    /// The word in the table and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resend => "resend",
            Self::Hold => "hold",
            Self::EndHold => "end_hold",
            Self::Recover => "recover",
            Self::Dismiss => "dismiss",
            Self::Reconcile => "reconcile",
            Self::Erase => "erase",
            Self::HandInErased => "hand_in_erased",
            Self::IssueToken => "issue_token",
            Self::RevokeToken => "revoke_token",
            Self::IssueLogin => "issue_login",
            Self::Login => "login",
            Self::EndSession => "end_session",
            Self::Reload => "reload",
            Self::Restore => "restore",
            Self::Backup => "backup",
            Self::Import => "import",
            Self::DeleteInterview => "delete_interview",
        }
    }

    /// The action that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }
}

/// By which way somebody did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Over the network, with a token.
    Api,
    /// With a command on the server.
    CommandLine,
    /// On the monitor page.
    Page,
}

impl Via {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Api, Self::CommandLine, Self::Page];

    /// The word in the table and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::CommandLine => "command_line",
            Self::Page => "page",
        }
    }

    /// The way that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|via| via.as_str() == word)
    }
}

/// Somebody who does something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The subject of a token, a name of the page, or a user of the server.
    pub who: String,
    /// By which way.
    pub via: Via,
    /// From where; none on the server itself.
    pub client: Option<IpAddr>,
}

impl Actor {
    /// Who calls over the network, as far as the token says.
    #[must_use]
    pub fn caller(subject: &str, client: IpAddr) -> Self {
        Self {
            who: name(subject),
            via: Via::Api,
            client: Some(client),
        }
    }

    /// Somebody at the monitor page.
    #[must_use]
    pub fn page(who: &str, client: IpAddr) -> Self {
        Self {
            who: name(who),
            via: Via::Page,
            client: Some(client),
        }
    }

    /// Who typed a command: a user of the server, and perhaps a name that the command has stated. Nobody has
    /// looked into that one, so it is marked.
    #[must_use]
    pub fn user(user: &str, stated: Option<&str>) -> Self {
        let user = name(user);
        let stated = stated.map(name).filter(|stated| !stated.is_empty());
        Self {
            who: match stated {
                Some(stated) if stated != user => format!("{stated}{STATED}{user})"),
                _ => user,
            },
            via: Via::CommandLine,
            client: None,
        }
    }

    /// That they did this at `at`.
    #[must_use]
    pub fn did(self, action: Action, at: Timestamp) -> Entry {
        Entry {
            at,
            actor: self,
            action,
            subject: Subject::None,
            count: None,
            reason: None,
        }
    }
}

/// A name in one line, and no longer than a name is.
fn name(text: &str) -> String {
    let plain = text.chars().filter(|c| !c.is_control());
    plain.take(NAME_CHARACTERS).collect()
}

/// What an action was done to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The action says it all.
    None,
    /// Something by its id or name.
    Named(String),
    /// A person by the staff id, of which a keyed hash is kept.
    Staff(String),
    /// A record of a person; when the staff id stands in its id, a keyed hash of the person is kept.
    RecordOf {
        /// The record's id.
        id: String,
        /// The staff id of the person.
        staff_id: String,
    },
    /// All events that a filter matches; of a staff id in it a keyed hash is kept.
    Events(EventFilter),
}

impl Subject {
    /// As it is kept; `label` is what stands for a staff id.
    #[must_use]
    pub fn spelled(&self, label: impl Fn(&str) -> String) -> Option<String> {
        match self {
            Self::None => None,
            Self::Named(name) => Some(name.clone()),
            Self::Staff(staff_id) => Some(label(staff_id)),
            Self::RecordOf { id, staff_id } if id.contains(staff_id.as_str()) => {
                Some(label(staff_id))
            }
            Self::RecordOf { id, .. } => Some(id.clone()),
            Self::Events(filter) => Some(spelled(filter, label)),
        }
    }

    /// Whether a staff id is in it.
    #[must_use]
    pub fn names_staff(&self) -> bool {
        match self {
            Self::None | Self::Named(_) => false,
            Self::Staff(_) | Self::RecordOf { .. } => true,
            Self::Events(filter) => filter.staff_id.is_some(),
        }
    }
}

fn spelled(filter: &EventFilter, label: impl Fn(&str) -> String) -> String {
    let moment = |moment: Option<Timestamp>| moment.map(|moment| moment.to_string());
    let parts = [
        ("status", filter.status.map(|s| s.as_str().to_owned())),
        ("eventType", filter.event_type.clone()),
        ("staffId", filter.staff_id.as_deref().map(label)),
        ("route", filter.route.clone()),
        ("since", moment(filter.since)),
        ("until", moment(filter.until)),
    ];
    let said = parts.into_iter();
    let said = said.filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    said.collect::<Vec<_>>().join(" ")
}

/// One action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who, and how.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what.
    pub subject: Subject,
    /// To how many.
    pub count: Option<u64>,
    /// Why, as the person says.
    pub reason: Option<String>,
}

impl Entry {
    /// The same with what it was done to.
    #[must_use]
    pub fn to(self, subject: Subject) -> Self {
        Self { subject, ..self }
    }

    /// The same with the number of those that it was done to.
    #[must_use]
    pub fn counting(self, count: u64) -> Self {
        Self {
            count: Some(count),
            ..self
        }
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(self, reason: Option<String>) -> Self {
        Self { reason, ..self }
    }
}

/// An action that takes several transactions: its row is written with the first, and counts on with each of the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Running {
    /// Nothing was done yet.
    Begins(Box<Entry>),
    /// Its row has this number.
    Goes(i64),
}

impl From<Entry> for Running {
    fn from(entry: Entry) -> Self {
        Self::Begins(Box::new(entry))
    }
}

/// An action as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number, in the order of the actions.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub who: String,
    /// By which way.
    pub via: Via,
    /// From where; none on the server itself.
    pub client: Option<String>,
    /// What was done.
    pub action: Action,
    /// To what; of a staff id a keyed hash.
    pub subject: Option<String>,
    /// To how many.
    pub count: Option<u64>,
    /// Why, as the person said.
    pub reason: Option<String>,
}

/// Which actions are meant; what is absent matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Only those at this moment or later.
    pub since: Option<Timestamp>,
    /// Only those at this moment or earlier.
    pub until: Option<Timestamp>,
    /// Only what this one did; a name that was stated counts too.
    pub who: Option<String>,
}

/// How many payloads somebody looked at on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayloadReads {
    /// The day of the clinic, such as `2025-10-26`.
    pub day: String,
    /// Who.
    pub who: String,
    /// Of how many events, each as often as it was looked at.
    pub events: u64,
}

#[cfg(test)]
mod tests;
