//! What is kept of one person, for a disclosure, and erasing it (contract, section 13).

mod answer;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::interviews::decoded;
use super::openapi::{Operation, samples};
use super::{Api, audit};
use crate::event;
use crate::event_record::EventDetail;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request;
use crate::http::wing::Call;
use crate::person::{OpenDelivery, Person};
use crate::store::EraseError;
use crate::upkeep::erasure::{Eraser, Options};
use answer::{ErasedAnswer, PersonAnswer};

/// What the description says of an id in a path.
const ID: &str = "The staff id";
/// A refusal names at most so many events.
const NAMED: usize = 20;

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

/// `GET /api/staff/{staffId}`
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
    let answer = PersonAnswer::of(&staff_id, &person, &events, &interviews)?;
    success(StatusCode::OK, &answer, api.clock.now())
}

/// What the description says of [`show`].
pub(super) fn describe_show() -> Operation {
    let mut event = samples::event();
    event["data"] = samples::new_event()["data"].clone();
    event["attempts"] = json!([]);
    let person = json!({
        "staffId": "EMP-2025-001", "label": LABEL, "erasedAt": null, "halfErased": false,
        "events": [event], "interviews": [], "held": 0, "remembered": true,
        "endedTexts": ended_texts(), "mentionedIn": {"count": 0, "ids": []}, "notedIn": noted(0),
    });
    Operation::new(
        "staff",
        "showPerson",
        "Everything that is kept about one person, for a disclosure",
    )
    .path_part("staffId", ID)
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

/// For the description: no text of what is over.
fn ended_texts() -> Value {
    let none = json!({"count": 0, "ids": []});
    json!({"holds": none, "tokens": none})
}

/// What the examples show in the place of a staff id.
const LABEL: &str = "#3f9a21c70b4e";

/// `POST /api/staff/{staffId}/erase`
///
/// # Errors
/// `NotFound` when neither a row nor a file has the id; `Conflict` when something did not arrive yet and may not be given up, also when
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
    if !event::is_staff_id(&staff_id) {
        return Err(nobody());
    }
    let eraser = Eraser::new(api.store.clone(), api.clock.clone(), api.backup.clone());
    if body.dry_run {
        let sought = eraser.look_for(&staff_id).await?.ok_or_else(nobody)?;
        let answer = ErasedAnswer::counted(api, &sought);
        return success(StatusCode::OK, &answer, api.clock.now());
    }
    let options = Options {
        give_up: body.give_up,
        copies: body.copies,
    };
    let erasing = eraser.erase(staff_id, options, actor);
    let done = erasing.await.map_err(not_erased)?.ok_or_else(nobody)?;
    let backup_error = done.backup_error.as_ref();
    let backup_error = backup_error.map(|error| error.describe(api.locale));
    let answer = ErasedAnswer::done(&done, backup_error);
    success(StatusCode::OK, &answer, api.clock.now())
}

/// What the description says of [`erase`].
pub(super) fn describe_erase() -> Operation {
    let answer = |dry_run: bool| -> Value {
        json!({
            "dryRun": dry_run, "label": LABEL, "events": 12, "givenUp": 0, "interviews": 2, "held": 0, "texts": 0,
            "endedTexts": ended_texts(), "open": [], "mentionedIn": {"count": 1, "ids": [samples::ID]},
            "notedIn": noted(1),
            "files": if dry_run { Value::Null } else { json!("clean") },
            "foundIn": [], "backupError": null, "copies": [], "deletedCopies": [],
        })
    };
    Operation::new(
        "staff",
        "erasePerson",
        "Erase everything that says whose they are from a person's events and interview records",
    )
    .path_part("staffId", ID)
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
    let more = match open.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    ApiError::Conflict(format!(
        "{} events of this person did not arrive yet; send them first, or give them up (giveUp): {named}{more}",
        open.len()
    ))
}
