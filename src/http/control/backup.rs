//! Writing the backup file now, and recounting the statistics.

use hyper::StatusCode;

use crate::audit::Action;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::wing::Call;
use crate::trouble::Trouble;

/// `POST /control/backup`: the backup file holds everything that was committed before this. `error` says why it could
/// not be written; the database can be read then.
///
/// # Errors
/// `DatabaseInTrouble`: why the database itself is no source for a copy.
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
    // Checked now, because another file may be at the database's path. A full disk does not prevent reading.
    let _ = file.look();
    let trouble = file.trouble();
    let trouble = trouble.filter(|trouble| !matches!(trouble, Trouble::DiskFull(_)));
    if let (Some(_), Some(trouble)) = (&error, trouble) {
        return Err(ApiError::DatabaseInTrouble(
            trouble.describe(locale.language, &api.advice.commands),
        ));
    }
    let answer = serde_json::json!({
        "path": api.backup.path(),
        "error": error.map(|error| error.describe(locale)),
    });
    success(StatusCode::OK, &answer, api.clock.now())
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
