//! Writing the backup file now, giving out the open database, and recounting the statistics.

use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::audit::Action;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::Query;
use crate::http::wing::Call;
use crate::http::{NEXT_PART, PART_STATE};
use crate::trouble::Trouble;

/// `POST /control/backup`: the backup file holds everything that was committed before this. `error` says why it could
/// not be written; the database can be read then. `open`: perhaps only the daemon can read it, and [`part`] gives it out;
/// `inPlace`: it stands at its path all the same.
///
/// # Errors
/// `DatabaseInTrouble`: what is in the database cannot be relied on.
pub(super) async fn refresh(call: Call<'_>) -> Result<Reply, ApiError> {
    let locale = call.locale();
    let Call { api, actor, .. } = call;
    let entry = actor.did(Action::Backup, api.clock.now());
    // Recorded before the copy, so that the copy contains it. A failure to record it must not prevent a rescue.
    if let Err(error) = api.store.record_action(entry).await {
        tracing::warn!(%error, "that somebody made a copy could not be kept");
    }
    let error = api.backup.refresh().await.err();
    let file = api.store.file();
    // Checked now, because another file may be at the database's path.
    let _ = file.look();
    let trouble = file.trouble();
    if let (Some(_), Some(trouble)) = (&error, trouble.as_ref().filter(|met| met.is_damage())) {
        return Err(ApiError::DatabaseInTrouble(
            trouble.describe(locale.language, &api.advice.commands),
        ));
    }
    let answer = serde_json::json!({
        "path": api.backup.path(),
        "error": error.map(|error| error.describe(locale)),
        "open": trouble.as_ref().is_some_and(Trouble::is_of_place),
        "inPlace": !matches!(trouble, Some(Trouble::Gone { .. } | Trouble::Closed { .. })),
    });
    success(StatusCode::OK, &answer, api.clock.now())
}

/// `GET /control/backup/part?from=PAGE&state=N`: the open database from this page on, as the bytes of its file.
///
/// # Errors
/// `Conflict` when it has changed since the first part, or the store's.
pub(super) async fn part(call: Call<'_>) -> Result<Reply, ApiError> {
    let mut query = Query::parse(call.query())?;
    let number = |text: &str| text.parse().ok();
    let from = query.take_as("from", "must be the next of a part", number)?;
    let state = query.take_as("state", "must be the state of a part", |text| {
        text.parse().ok()
    })?;
    query.finish("from, state")?;
    let part = call.api.store.part(from.unwrap_or(1), state).await?;
    let part = part.ok_or_else(|| {
        ApiError::Conflict("the database has changed since the first part".to_owned())
    })?;
    let mut reply = Response::new(Full::new(part.bytes.into()));
    let headers = reply.headers_mut();
    let kind = HeaderValue::from_static("application/octet-stream");
    headers.insert(CONTENT_TYPE, kind);
    headers.insert(PART_STATE, part.state.into());
    if let Some(next) = part.next {
        headers.insert(NEXT_PART, next.into());
    }
    Ok(reply)
}

/// `POST /control/recount`: what the statistics are added up from is counted anew.
///
/// # Errors
/// The store's; nothing was changed then.
pub(super) async fn recount(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    api.store.repair_counts().await?;
    tracing::warn!(
        "the counts of the statistics were made anew, because they differed from the rows"
    );
    success(StatusCode::OK, &serde_json::json!({}), api.clock.now())
}
