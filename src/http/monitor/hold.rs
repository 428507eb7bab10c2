//! Putting sending on hold, and ending that (contract, section 5.2).

use jiff::civil::DateTime;

use super::error::PageError;
use super::form::{self, Form};
use super::{Visit, address};
use crate::hold::{self, EVERY_ROUTE, NewHold};
use crate::http::reply::Reply;
use crate::words::monitor::server::Server as W;

/// `POST /monitor/hold`
///
/// # Errors
/// `Contradicts` for what is not as it should be, those of a form, or the store's.
pub(super) async fn begin(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let mut fields = Form::read(&mut visit).await?;
    let (api, locale) = (visit.api, visit.locale);
    let refused = |why: W| PageError::Contradicts(locale.phrase(why).to_owned());
    let route = fields
        .take("route")
        .unwrap_or_else(|| EVERY_ROUTE.to_owned());
    if route != EVERY_ROUTE && !api.routes.routing.knows(&route) {
        return Err(refused(W::NoRoute));
    }
    let reason = fields
        .take("reason")
        .filter(|reason| hold::is_reason(reason));
    let reason = reason.ok_or_else(|| refused(W::NoReason))?;
    let moment = api.clock.moment();
    let until = fields
        .take("until")
        .and_then(|text| text.parse::<DateTime>().ok());
    let until = until.map(|shown| form::moment(shown, locale)).transpose()?;
    let lasts = until
        .flatten()
        .and_then(|until| hold::lasts(moment.wall, until).ok());
    let lasts = lasts.ok_or_else(|| refused(W::WrongEnd))?;
    let wanted = NewHold {
        route: route.clone(),
        lasts: Some(lasts),
        reason,
        by: visit.actor(),
    };
    api.store.hold(wanted, moment).await?;
    tracing::info!(%route, "nothing is sent for a while: a person has put it on hold");
    Ok(visit.tell(address::SERVER, "held"))
}

/// `POST /monitor/hold/end`
///
/// # Errors
/// `Contradicts` when it is over already, those of a form, or the store's.
pub(super) async fn end(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let mut form = Form::read(&mut visit).await?;
    let api = visit.api;
    let route = form.take("route").unwrap_or_default();
    let ended = api
        .store
        .end_hold(&route, visit.actor(), api.clock.moment());
    if !ended.await? {
        let told = visit.locale.phrase(W::NoSuchHold).to_owned();
        return Err(PageError::Contradicts(told));
    }
    tracing::info!(%route, "the hold is over: a person has ended it");
    Ok(visit.tell(address::SERVER, "resumed"))
}
