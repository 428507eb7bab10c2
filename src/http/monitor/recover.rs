//! Sending again what an outage has left: first one, to see whether VoiceDrive is back (contract, section 5.3).

use super::error::PageError;
use super::{FIRST, Visit};
use crate::http::api::recovery::recover_routes;
use crate::http::reply::{ApiError, Reply};
use crate::words::monitor::actions::Actions as W;

/// `POST /monitor/recover`
///
/// # Errors
/// `Contradicts` when nothing can be sent now, or the store's.
pub(super) async fn begin(visit: Visit<'_>) -> Result<Reply, PageError> {
    let api = visit.api;
    let names = api.routes.routing.names().map(str::to_owned).collect();
    let recovered = recover_routes(api, names, false, &visit.actor()).await;
    let done = match recovered {
        Ok(recovered) if recovered.routes.is_empty() => "nothing",
        Ok(recovered) if recovered.left_out.is_empty() => "begun",
        Ok(_) => "begun-partly",
        Err(ApiError::Conflict(_)) => {
            let told = visit.locale.phrase(W::RecoverNot).to_owned();
            return Err(PageError::Contradicts(told));
        }
        Err(error) => return Err(error.into()),
    };
    Ok(visit.tell(FIRST, done))
}

/// What [`begin`] has done, when it led to the first page.
pub(super) fn done(word: &str) -> Option<W> {
    match word {
        "begun" => Some(W::RecoverBegun),
        "begun-partly" => Some(W::RecoverBegunPartly),
        "nothing" => Some(W::RecoverNothing),
        _ => None,
    }
}
