//! `alert test`: a message to every channel.

use hyper::StatusCode;
use uuid::Uuid;

use crate::alerts::notifier::tell;
use crate::channel::outcome::ChannelOutcome;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::wing::Call;

/// `POST /control/alerts/test`: a test message to every channel, and the result of each. `status` and `check` report
/// a channel that failed until a message gets through.
///
/// # Errors
/// `Internal` only.
pub(super) async fn test(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let now = api.clock.now();
    let locale = call.locale();
    let words = locale.test(&Uuid::now_v7().to_string(), now, &api.advice);
    let mut results = Vec::new();
    for channel in &api.channels {
        let outcome = tell(channel, &words, now).await;
        let objection = outcome.objection();
        let sent = matches!(outcome, ChannelOutcome::Sent { .. });
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
