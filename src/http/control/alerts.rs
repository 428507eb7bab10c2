//! What `alert` asks for: an incident is dismissed, and every channel is tried.

use hyper::StatusCode;
use uuid::Uuid;

use crate::alerts::notifier::tell;
use crate::channel::outcome::Outcome;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::wing::Call;
use crate::incident::DismissResult;

/// `POST /control/incidents/{id}/dismiss`
///
/// # Errors
/// `NotFound`; `Conflict` for an incident that ends by itself; or the store's.
pub(super) async fn dismiss(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call { api, id, actor, .. } = call;
    let moment = api.clock.moment();
    match api.store.dismiss_incident(&id, actor, moment).await? {
        DismissResult::Done => {
            let answer = serde_json::json!({"id": id, "dismissed": true});
            success(StatusCode::OK, &answer, moment.wall)
        }
        DismissResult::Unknown => Err(ApiError::NotFound(
            "No open incident has this id (alert history shows them)".to_owned(),
        )),
        DismissResult::EndsByItself => Err(ApiError::Conflict(
            "An incident of this kind ends by itself when its condition does not hold any more"
                .to_owned(),
        )),
    }
}

/// `POST /control/alerts/test`: a test message to every channel, and what came of each. `status` and `check` tell of
/// a channel that did not take it until one gets through.
///
/// # Errors
/// `Internal` only.
pub(super) async fn test(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let now = api.clock.now();
    let locale = call.locale();
    let words = locale.test(&Uuid::now_v7().to_string(), now);
    let mut results = Vec::new();
    for channel in &api.channels {
        let outcome = tell(channel, &words, now).await;
        let objection = outcome.objection();
        let sent = matches!(outcome, Outcome::Sent { .. });
        let error = objection
            .as_ref()
            .map(|objection| objection.describe(locale.language));
        let objection = objection.map(|objection| objection.kept());
        let kept = api.store.channel_tried(&channel.key(), objection).await;
        if let Err(why) = kept {
            tracing::warn!(%why, channel = %channel.name, "what came of a test message could not be kept");
        }
        results.push(serde_json::json!({"channel": channel.name, "sent": sent, "error": error}));
    }
    success(
        StatusCode::OK,
        &serde_json::json!({"channels": results}),
        now,
    )
}
