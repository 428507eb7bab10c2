//! What is kept of a person, and what was erased of it, in JSON.

use std::path::PathBuf;

use serde::Serialize;
use utoipa::ToSchema;

use crate::event::Status;
use crate::event_record::EventDetail;
use crate::http::api::Api;
use crate::http::api::event_answer::EventAnswer;
use crate::http::api::interviews::InterviewAnswer;
use crate::http::reply::ApiError;
use crate::interview::InterviewRecord;
use crate::person::{Cleaned, EndedTexts, Mentions, Notes, Person};
use crate::timestamp::Timestamp;
use crate::upkeep::erasure::{Done, Sought};

/// Everything that is kept about a person.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Person)]
pub(super) struct PersonAnswer<'a> {
    staff_id: &'a str,
    /// What the audit shows in the place of the staff id.
    label: &'a str,
    /// When the person's data were erased last; null: never.
    #[schema(required)]
    erased_at: Option<Timestamp>,
    /// That was broken off in the middle, and has to be done again.
    half_erased: bool,
    events: Vec<EventAnswer<'a>>,
    interviews: Vec<InterviewAnswer<'a>>,
    /// Interview records of others that the person held.
    held: u64,
    /// The ingest would know the person's last events again. An erasure forgets that.
    remembered: bool,
    ended_texts: EndedTextsAnswer<'a>,
    mentioned_in: MentionsAnswer<'a>,
    noted_in: NotesAnswer<'a>,
}

impl<'a> PersonAnswer<'a> {
    /// # Errors
    /// When a kept event cannot be read.
    pub(super) fn of(
        staff_id: &'a str,
        person: &'a Person,
        events: &'a [EventDetail],
        interviews: &'a [InterviewRecord],
    ) -> Result<Self, ApiError> {
        let events = events.iter().map(EventAnswer::with_everything);
        Ok(Self {
            staff_id,
            label: &person.label,
            erased_at: person.erased_at,
            half_erased: person.is_half_erased,
            events: events.collect::<Result<_, _>>()?,
            interviews: interviews.iter().map(InterviewAnswer::of).collect(),
            held: person.held,
            remembered: person.is_remembered,
            ended_texts: (&person.ended).into(),
            mentioned_in: (&person.mentioned).into(),
            noted_in: (&person.notes).into(),
        })
    }
}

/// Texts of what is over, in which the staff id stands. An erasure takes it out of them.
#[derive(Serialize, ToSchema)]
#[schema(as = EndedTexts)]
pub(super) struct EndedTextsAnswer<'a> {
    /// Incidents of holds that have it in their reason, by their ids.
    holds: MentionsAnswer<'a>,
    /// Tokens that have it in their subject, by their `jti`.
    tokens: MentionsAnswer<'a>,
}

impl<'a> From<&'a EndedTexts> for EndedTextsAnswer<'a> {
    fn from(ended: &'a EndedTexts) -> Self {
        Self {
            holds: (&ended.holds).into(),
            tokens: (&ended.tokens).into(),
        }
    }
}

/// What people have written about something else, or named, and in which the staff id stands. It is not changed.
#[derive(Serialize, ToSchema)]
#[schema(as = Notes)]
pub(super) struct NotesAnswer<'a> {
    /// Interview records of others, by their ids.
    interviews: MentionsAnswer<'a>,
    /// Holds that last, by their routes.
    holds: MentionsAnswer<'a>,
    /// Incidents that last, or whose name has it, by their ids.
    incidents: MentionsAnswer<'a>,
    /// Actions of the audit, by their times, and who read payloads, by the day.
    audit: MentionsAnswer<'a>,
    /// Valid tokens, by their `jti`, and those whose `jti` has it.
    tokens: MentionsAnswer<'a>,
    /// Who is logged in to the monitor page, by name.
    sessions: MentionsAnswer<'a>,
    /// Names of events, routes, facilities, departments, kinds of interviews and alert channels.
    names: MentionsAnswer<'a>,
}

impl<'a> From<&'a Notes> for NotesAnswer<'a> {
    fn from(notes: &'a Notes) -> Self {
        Self {
            interviews: (&notes.interviews).into(),
            holds: (&notes.holds).into(),
            incidents: (&notes.incidents).into(),
            audit: (&notes.audit).into(),
            tokens: (&notes.tokens).into(),
            sessions: (&notes.sessions).into(),
            names: (&notes.names).into(),
        }
    }
}

/// Rows of others in which the staff id stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Mentions)]
pub(super) struct MentionsAnswer<'a> {
    count: u64,
    /// What they are called, 1000 at most.
    ids: &'a [String],
}

impl<'a> From<&'a Mentions> for MentionsAnswer<'a> {
    fn from(mentions: &'a Mentions) -> Self {
        Self {
            count: mentions.count,
            ids: &mentions.ids,
        }
    }
}

/// What was erased, or would be.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Erased)]
pub(super) struct ErasedAnswer<'a> {
    dry_run: bool,
    label: &'a str,
    events: u64,
    /// Events that did not arrive and are not sent any more.
    given_up: u64,
    interviews: u64,
    /// Interview records of others, from which the person's id is taken.
    held: u64,
    /// Reasons of holds and subjects of tokens that are over, in which the staff id stood.
    texts: u64,
    ended_texts: EndedTextsAnswer<'a>,
    /// Events that have to be delivered or given up first.
    open: Vec<OpenAnswer<'a>>,
    /// They are listed, and not changed.
    mentioned_in: MentionsAnswer<'a>,
    noted_in: NotesAnswer<'a>,
    /// What became of the database's files; null: nothing was done.
    #[schema(required, value_type = Option<Cleaned>)]
    files: Option<&'static str>,
    /// When no row had the staff id: the files that had it. An erasure clears them, and deletes copies when it is told to.
    #[schema(value_type = Vec<String>)]
    found_in: &'a [PathBuf],
    /// Why the backup file could not be written anew; null: it was, or nothing was done.
    #[schema(required)]
    backup_error: Option<String>,
    /// Other copies in the data directory, which may have the person's data.
    #[schema(value_type = Vec<String>)]
    copies: Vec<PathBuf>,
    /// Those that were deleted.
    #[schema(value_type = Vec<String>)]
    deleted_copies: Vec<PathBuf>,
}

/// An event that did not arrive.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenDelivery)]
pub(super) struct OpenAnswer<'a> {
    id: &'a str,
    event: &'a str,
    #[schema(value_type = Status)]
    status: &'a str,
}

impl<'a> ErasedAnswer<'a> {
    /// What would be done.
    pub(super) fn counted(api: &Api, sought: &'a Sought) -> Self {
        let person = &sought.person;
        let open = person.open.iter().map(|one| OpenAnswer {
            id: &one.id,
            event: &one.event_type,
            status: one.status.as_str(),
        });
        Self {
            dry_run: true,
            label: &person.label,
            events: person.events,
            given_up: 0,
            interviews: person.interviews,
            held: person.held,
            texts: person.ended.count(),
            ended_texts: (&person.ended).into(),
            open: open.collect(),
            mentioned_in: (&person.mentioned).into(),
            noted_in: (&person.notes).into(),
            files: None,
            found_in: &sought.files,
            backup_error: None,
            copies: api.store.file().other_copies(),
            deleted_copies: Vec::new(),
        }
    }

    pub(super) fn done(done: &'a Done, backup_error: Option<String>) -> Self {
        let person = &done.sought.person;
        Self {
            dry_run: false,
            label: &person.label,
            events: done.erased.events,
            given_up: done.erased.given_up,
            interviews: done.erased.interviews,
            held: done.erased.held,
            texts: done.erased.texts,
            ended_texts: (&person.ended).into(),
            open: Vec::new(),
            mentioned_in: (&person.mentioned).into(),
            noted_in: (&done.notes).into(),
            files: Some(done.cleaned.as_str()),
            found_in: &done.sought.files,
            backup_error,
            copies: done.copies.clone(),
            deleted_copies: done.deleted.clone(),
        }
    }
}
