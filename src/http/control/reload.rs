//! The configuration is read again.

use hyper::StatusCode;

use crate::config::Note;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::Query;
use crate::http::wing::Call;
use crate::reload::ReloadRefused;

/// `POST /control/reload?drop=true`: the daemon reads configuration and secrets again. The answer says
/// what came of it, in the person's language; a refusal is an answer too.
///
/// # Errors
/// `InvalidParameter`; `Conflict` when it was tried and failed.
pub(super) async fn reload(call: Call<'_>) -> Result<Reply, ApiError> {
    let language = call.locale().language;
    let mut query = Query::parse(call.query())?;
    let drop = query.take_as("drop", "must be true or false", |text| text.parse().ok())?;
    query.finish("drop")?;
    let Call { api, actor, .. } = call;
    let told =
        |notes: &[Note]| -> Vec<String> { notes.iter().map(|n| n.describe(language)).collect() };
    let answer = match api.reloads.ask(drop.unwrap_or(false), actor).await {
        Ok(done) => serde_json::json!({
            "done": true,
            "needsRestart": done.needs_restart,
            "new": done.changes.new,
            "changed": done.changes.changed,
            "values": done.changes.values,
            "gone": done.changes.gone,
            "dropped": done.changes.lost,
            "noLongerPrivate": done.changes.shown,
            "notes": told(&done.notes),
        }),
        Err(ReloadRefused::ConfigErrors(mistakes)) => serde_json::json!({
            "done": false,
            "mistakes": mistakes.list.iter().map(|m| m.describe(language)).collect::<Vec<_>>(),
            "notes": told(&mistakes.notes),
        }),
        Err(ReloadRefused::Loses(names)) => serde_json::json!({"done": false, "loses": names}),
        Err(ReloadRefused::Failed(why)) => return Err(ApiError::Conflict(why)),
    };
    success(StatusCode::OK, &answer, api.clock.now())
}
