//! What stands around every view, and how a view is answered: an unchanged one not at all.

use askama::Template;
use hyper::StatusCode;
use hyper::header::{ETAG, HeaderValue, IF_NONE_MATCH, SET_COOKIE};

use super::error::PageError;
use super::standing::{Seen, Sentence};
use super::urgency::Urgency;
use super::visit::RELOAD;
use super::{FIRST, Visit, address, assets, cookies, form, html};
use crate::crypto;
use crate::http::reply::Reply;
use crate::language::Locale;
use crate::session::Session;
use crate::words::monitor::{Frame as T, own_name};

/// The header of the moment of which an answer is, as the page shows it: what is unchanged has no other place for it.
const AS_OF: &str = "x-as-of";
/// The header of when the login is over.
const ENDS: &str = "x-login-ends";

/// A view in the list at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Now,
    Deliveries,
    Reconciliation,
    Interviews,
    Incidents,
    Server,
}

/// What stands around a view.
pub(super) struct Frame {
    pub(super) locale: Locale,
    /// The view's name.
    pub(super) title: String,
    /// The clinic's or server's name.
    pub(super) place: String,
    /// Which view it is; none: a page beside them.
    pub(super) view: Option<View>,
    pub(super) session: Option<Session>,
    /// Others can read along.
    pub(super) is_open: bool,
    /// The request came to a wrong host, or by a wrong way: nothing of the page is there.
    pub(super) is_wrong_place: bool,
    /// The script asks for it again.
    pub(super) refreshes: bool,
    /// Where a browser without script loads it again.
    pub(super) again: String,
    /// The same page in the other language, and what that calls itself.
    pub(super) other_language: (String, &'static str),
    /// What is and what to do, when it is not on the page anyway.
    pub(super) standing: Option<Sentence>,
    /// What was told and is not over.
    incidents: usize,
    /// The time of day of which it is.
    pub(super) as_of: String,
    /// The day of which it is, for a printed page.
    pub(super) day: String,
    /// In how many seconds the login is over, and whether using the page prevents that.
    ends: Option<(u64, bool)>,
}

impl Frame {
    /// Around a page that is none of the views.
    pub(super) fn bare(visit: &Visit<'_>) -> Self {
        let (api, locale) = (visit.api, visit.locale);
        let uri = &visit.head.uri;
        let other = locale.language.other();
        let rest = form::without(uri.query().unwrap_or_default(), cookies::LANGUAGE);
        let rest = form::without(&rest, RELOAD);
        let separator = if rest.is_empty() { "" } else { "&" };
        let query = format!("{rest}{separator}{}={}", cookies::LANGUAGE, other.code());
        let again = format!("{}?{rest}{separator}{RELOAD}=1", uri.path());
        let path = if visit.head.method.is_safe() {
            uri.path()
        } else {
            FIRST
        };
        Self {
            locale,
            title: String::new(),
            place: api.monitor.place.clone(),
            view: None,
            session: visit.session.clone(),
            is_open: visit.site.is_open() && api.monitor.allow_http,
            is_wrong_place: false,
            refreshes: false,
            standing: None,
            incidents: 0,
            again,
            other_language: (form::address(path, &query), own_name(other)),
            as_of: locale.time_of_day(api.clock.now()),
            day: locale.date(api.clock.now()),
            ends: visit.session.as_ref().map(|session| {
                let end = session.ends_at.min(session.idle_at);
                let left = end.since(api.clock.now()).as_secs();
                (left, session.idle_at < session.ends_at)
            }),
        }
    }

    /// Around a view.
    pub(super) fn of(visit: &Visit<'_>, view: View, title: &str, seen: &Seen) -> Self {
        let mut said = seen.sentences(visit.locale, &visit.api.advice).into_iter();
        let worst = said.next().filter(|_| view != View::Now);
        Self {
            // Where nothing needs anybody, nothing is said.
            standing: worst
                .filter(|worst| !matches!(worst.urgency, Urgency::Begin | Urgency::Fine)),
            incidents: seen.overview.incidents.len(),
            title: title.to_owned(),
            view: Some(view),
            refreshes: true,
            ..Self::bare(visit)
        }
    }

    /// The program's.
    pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

    /// The views, each with its address and name.
    pub(super) fn views(&self) -> [(View, &'static str, String); 6] {
        let name = |name: T| self.locale.phrase(name).to_owned();
        let incidents = match self.incidents {
            0 => name(T::Incidents),
            open => format!("{} ({open})", name(T::Incidents)),
        };
        [
            (View::Now, FIRST, name(T::Now)),
            (View::Deliveries, address::DELIVERIES, name(T::Deliveries)),
            (
                View::Reconciliation,
                address::RECONCILE,
                name(T::Reconciliation),
            ),
            (View::Interviews, address::INTERVIEWS, name(T::Interviews)),
            (View::Incidents, address::INCIDENTS, incidents),
            (View::Server, address::SERVER, name(T::Server)),
        ]
    }

    /// When the login is over, for the script.
    pub(super) fn ends(&self) -> String {
        let told = self.ends.map(|(seconds, idle)| {
            let how = if idle { " idle" } else { "" };
            format!("{seconds}{how}")
        });
        told.unwrap_or_default()
    }

    /// The code of the other language.
    pub(super) fn other_code(&self) -> &'static str {
        self.locale.say("en", "ja")
    }

    pub(super) fn asset(ending: &str) -> &'static str {
        assets::name(ending)
    }
}

/// Answers with a view, or says that it is as the reader has it. The foot, in which the time stands, does not count.
///
/// # Errors
/// `Template`
pub(super) fn view(
    visit: &Visit<'_>,
    frame: &Frame,
    page: &impl Template,
) -> Result<Reply, PageError> {
    let text = page.render()?;
    let counts = text.rfind("<footer").map_or(&*text, |foot| &text[..foot]);
    let digest = crypto::hex(&crypto::sha256(&[counts.as_bytes()])[..12]);
    let tag = format!("\"{digest}\"");
    let known = visit.head.headers.get(IF_NONE_MATCH);
    let is_known = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut reply = if is_known {
        let mut reply = Reply::default();
        *reply.status_mut() = StatusCode::NOT_MODIFIED;
        reply
    } else {
        html(StatusCode::OK, text)
    };
    if visit.told().is_some() {
        let told = cookies::told(None, visit.site.https());
        reply.headers_mut().append(SET_COOKIE, told);
    }
    let headers = reply.headers_mut();
    let ends = frame.ends();
    for (name, value) in [(ETAG.as_str(), &tag), (AS_OF, &frame.as_of), (ENDS, &ends)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(hyper::header::HeaderName::from_static(name), value);
        }
    }
    Ok(reply)
}
