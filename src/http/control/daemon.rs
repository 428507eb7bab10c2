//! What `check` asks the running daemon.

use hyper::StatusCode;

use crate::http::api::holds::HoldAnswer;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::wing::Call;

/// `GET /control/daemon`: where it listens, how far its clock is off when it may be wrong, which routes are on hold,
/// the names of the secrets that do not stand in `secrets.env`, and why it cannot store anything, in the person's language; null when it can. It answers even when the database is damaged or gone.
///
/// # Errors
/// None of its own.
pub(super) async fn show(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let language = call.locale().language;
    let probed = api.store.probe(api.clock.moment()).await;
    let trouble = api.store.trouble();
    let trouble = trouble.map(|trouble| trouble.describe(language, &api.advice.commands));
    let holds = api.store.holds(api.clock.moment()).await;
    let holds = holds.unwrap_or_default();
    let holds: Vec<_> = holds.iter().map(HoldAnswer::of).collect();
    let answer = serde_json::json!({
        "listen": api.listeners.plain,
        "tls": api.listeners.secured.as_ref().map(|(address, _)| address),
        "clockOffSeconds": api.store.clock_off(api.clock.moment()),
        "holds": holds,
        "secretsOutside": api.secrets_outside,
        "trouble": trouble.or_else(|| probed.err().map(|error| error.describe(language, &api.advice.commands))),
    });
    success(StatusCode::OK, &answer, api.clock.now())
}
