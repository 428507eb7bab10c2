//! What is kept of one person, for a disclosure, and erasing it (contract, section 13).

use std::path::PathBuf;

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::event_answer::EventAnswer;
use super::interviews::{InterviewAnswer, decoded};
use super::openapi::{Operation, samples};
use super::{Api, audit};
use crate::event::{self, Status};
use crate::event_record::EventDetail;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request;
use crate::http::wing::Call;
use crate::person::{Cleaned, Mentions, Notes, OpenDelivery, Person};
use crate::store::EraseError;
use crate::timestamp::Timestamp;
use crate::upkeep::erasure::{Done, Eraser, Options};

/// What the description says of an id in a path.
const ID: &str = "The staff id";
/// A refusal names at most so many events.
const NAMED: usize = 20;

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
    mentioned_in: MentionsAnswer<'a>,
    noted_in: NotesAnswer<'a>,
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

/// How a person's data are to be erased.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Erasure)]
pub(super) struct ErasureBody {
    /// Count, and change nothing.
    #[serde(default)]
    dry_run: bool,
    /// Give up what did not arrive yet.
    #[serde(default)]
    give_up: bool,
    /// Delete the other copies in the data directory.
    #[serde(default)]
    copies: bool,
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
    /// Events that have to be delivered or given up first.
    open: Vec<OpenAnswer<'a>>,
    /// They are listed, and not changed.
    mentioned_in: MentionsAnswer<'a>,
    noted_in: NotesAnswer<'a>,
    /// What became of the database's files; null: nothing was done.
    #[schema(required, value_type = Option<Cleaned>)]
    files: Option<&'static str>,
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
    fn counted(api: &Api, person: &'a Person) -> Self {
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
            texts: 0,
            open: open.collect(),
            mentioned_in: (&person.mentioned).into(),
            noted_in: (&person.notes).into(),
            files: None,
            backup_error: None,
            copies: api.store.file().other_copies(),
            deleted_copies: Vec::new(),
        }
    }

    fn done(person: &'a Person, done: &'a Done, backup_error: Option<String>) -> Self {
        Self {
            dry_run: false,
            label: &person.label,
            events: done.erased.events,
            given_up: done.erased.given_up,
            interviews: done.erased.interviews,
            held: done.erased.held,
            texts: done.erased.texts,
            open: Vec::new(),
            mentioned_in: (&person.mentioned).into(),
            noted_in: (&done.notes).into(),
            files: Some(done.cleaned.as_str()),
            backup_error,
            copies: done.copies.clone(),
            deleted_copies: done.deleted.clone(),
        }
    }
}

/// `GET /api/staff/{id}`
///
/// # Errors
/// `NotFound` when nothing is known, or the store's.
pub(super) async fn show(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call { api, id, actor, .. } = call;
    let staff_id = decoded(&id)?;
    let person = known(api, &staff_id).await?;
    let events = events_of(api, &staff_id).await?;
    let interviews = api.store.interviews_of_person(&staff_id).await?;
    if !events.is_empty() {
        audit::payloads_were_read(api, actor, events.len() as u64).await;
    }
    let answer = PersonAnswer {
        staff_id: &staff_id,
        label: &person.label,
        erased_at: person.erased_at,
        half_erased: person.is_half_erased,
        events: events
            .iter()
            .map(EventAnswer::with_everything)
            .collect::<Result<_, _>>()?,
        interviews: interviews.iter().map(InterviewAnswer::of).collect(),
        held: person.held,
        mentioned_in: (&person.mentioned).into(),
        noted_in: (&person.notes).into(),
    };
    success(StatusCode::OK, &answer, api.clock.now())
}

/// What the description says of [`show`].
pub(super) fn describe_show() -> Operation {
    let mut event = samples::event();
    event["data"] = samples::new_event()["data"].clone();
    event["attempts"] = json!([]);
    let person = json!({
        "staffId": "EMP-2025-001", "label": LABEL, "erasedAt": null, "halfErased": false,
        "events": [event], "interviews": [], "held": 0, "mentionedIn": {"count": 0, "ids": []},
        "notedIn": noted(0),
    });
    Operation::new(
        "staff",
        "showPerson",
        "Everything that is kept about one person, for a disclosure",
    )
    .path_id(ID)
    .answer::<PersonAnswer<'_>>(200, "What is kept", &person)
    .also_refused([nobody()])
}

/// Notes for the description: in so many holds.
fn noted(holds: usize) -> Value {
    let in_rows = |ids: &[&str]| json!({"count": ids.len(), "ids": ids});
    json!({
        "interviews": in_rows(&[]), "holds": in_rows(&["default"][..holds]), "incidents": in_rows(&[]),
        "audit": in_rows(&[]), "tokens": in_rows(&[]), "sessions": in_rows(&[]), "names": in_rows(&[]),
    })
}

/// What the examples show in the place of a staff id.
const LABEL: &str = "#3f9a21c70b4e";

/// `POST /api/staff/{id}/erase`
///
/// # Errors
/// `NotFound` when nothing is known; `Conflict` when something did not arrive yet and may not be given up, also when
/// it is opened again meanwhile; or the store's. What was erased before stays so.
pub(super) async fn erase(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        id,
        actor,
        request,
        ..
    } = call;
    let staff_id = decoded(&id)?;
    request::media(request.headers(), false)?;
    let text = request::text(request, api.max_body_bytes).await?;
    let body: ErasureBody = request::fields(&text)?;
    let person = known(api, &staff_id).await?;
    if body.dry_run {
        let answer = ErasedAnswer::counted(api, &person);
        return success(StatusCode::OK, &answer, api.clock.now());
    }
    let eraser = Eraser::new(api.store.clone(), api.clock.clone(), api.backup.clone());
    let options = Options {
        give_up: body.give_up,
        copies: body.copies,
    };
    let erasing = eraser.erase(staff_id, person.clone(), options, actor);
    let done = erasing.await.map_err(not_erased)?;
    let backup_error = done.backup_error.as_ref();
    let backup_error = backup_error.map(|error| error.describe(api.locale));
    let answer = ErasedAnswer::done(&person, &done, backup_error);
    success(StatusCode::OK, &answer, api.clock.now())
}

/// What the description says of [`erase`].
pub(super) fn describe_erase() -> Operation {
    let answer = |dry_run: bool| -> Value {
        json!({
            "dryRun": dry_run, "label": LABEL, "events": 12, "givenUp": 0, "interviews": 2, "held": 0, "texts": 0,
            "open": [], "mentionedIn": {"count": 1, "ids": [samples::ID]},
            "notedIn": noted(1),
            "files": if dry_run { Value::Null } else { json!("clean") },
            "backupError": null, "copies": [], "deletedCopies": [],
        })
    };
    Operation::new(
        "staff",
        "erasePerson",
        "Erase everything that says whose they are from a person's events and interview records",
    )
    .path_id(ID)
    .json_body::<ErasureBody>(&json!({"dryRun": true}))
    .answer::<ErasedAnswer<'_>>(200, "Erased, or only counted", &answer(false))
    .also_refused([nobody(), still_open(&[])])
}

async fn known(api: &Api, staff_id: &str) -> Result<Person, ApiError> {
    if !event::is_staff_id(staff_id) {
        return Err(nobody());
    }
    let person = api.store.person(staff_id, api.clock.moment()).await?;
    if person.is_unknown() {
        return Err(nobody());
    }
    Ok(person)
}

async fn events_of(api: &Api, staff_id: &str) -> Result<Vec<EventDetail>, ApiError> {
    let (mut all, mut after) = (Vec::new(), Some(0));
    while let Some(from) = after {
        let moment = api.clock.moment();
        let (events, next) = api.store.events_of_person(staff_id, from, moment).await?;
        all.extend(events);
        after = next;
    }
    Ok(all)
}

fn nobody() -> ApiError {
    ApiError::NotFound("Nothing is kept about anybody with this staff id".to_owned())
}

fn not_erased(error: EraseError) -> ApiError {
    match error {
        EraseError::StillOpen(open) => still_open(&open),
        EraseError::Store(error) => error.into(),
    }
}

fn still_open(open: &[OpenDelivery]) -> ApiError {
    let named = open.iter().take(NAMED).map(|one| one.id.as_str());
    let named = named.collect::<Vec<_>>().join(", ");
    ApiError::Conflict(format!(
        "{} events of this person did not arrive yet; send them first, or give them up (giveUp): {named}",
        open.len()
    ))
}
