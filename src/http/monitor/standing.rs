//! What is, and what to do next, the worst first: pure of what was read.

mod sentences;

use std::borrow::Cow;

use super::interview_view::InterviewView;
use super::urgency::Urgency;
use super::{Visit, address, error::PageError, fit};
use crate::hold::Hold;
use crate::incident::{Kind, Report, State};
use crate::language::Locale;
use crate::notification::advice::AdviceContext;
use crate::overview::{Overview, RouteOverview};
use crate::route::DEFAULT;
use crate::timestamp::Timestamp;
use crate::words::monitor::actions::Actions as A;

/// A sentence, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) urgency: Urgency,
    /// What is.
    pub(super) text: String,
    /// What to do.
    pub(super) next: Option<String>,
    /// So many can be sent again at once, once one of them has shown that VoiceDrive is back.
    pub(super) recovers: Option<u64>,
    /// Where something is done about it, or more is seen.
    pub(super) doors: Vec<Door>,
    /// What whoever looks after the server has to know.
    pub(super) technical: Option<String>,
    /// How bad it is among others: the smallest comes first.
    rank: u8,
}

/// A link to where something is done, or seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Door {
    pub(super) address: Cow<'static, str>,
    pub(super) name: A,
}

impl Sentence {
    fn new(rank: u8, urgency: Urgency, text: impl Into<String>) -> Self {
        Self {
            urgency,
            text: text.into(),
            next: None,
            recovers: None,
            doors: Vec::new(),
            technical: None,
            rank,
        }
    }

    fn next(self, next: impl Into<String>) -> Self {
        Self {
            next: Some(next.into()),
            ..self
        }
    }

    fn door(mut self, address: impl Into<Cow<'static, str>>, name: A) -> Self {
        let address = address.into();
        self.doors.push(Door { address, name });
        self
    }

    fn technical(self, technical: Option<String>) -> Self {
        Self { technical, ..self }
    }

    /// What it takes in a list of others.
    pub(super) fn bytes(&self) -> usize {
        let more = [&self.next, &self.technical];
        let more = more.into_iter().flatten().map(String::as_str);
        let button = if self.recovers.is_some() { 250 } else { 0 };
        350 + button + 120 * self.doors.len() + fit::bytes(more.chain([&*self.text]))
    }

    /// Whether VoiceDrive can help.
    pub(super) fn is_about_sending(&self) -> bool {
        self.urgency == Urgency::Act && matches!(self.rank, 1..=3)
    }
}

/// What would hide that something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// What was delivered on a route that can be compared was never compared.
    NeverCompared,
    /// Nobody is told when something is wrong.
    NoChannel,
    /// Somebody who should be told cannot be reached.
    ChannelFails,
    /// So many interviews were planned for a day that is over, and nobody recorded what came of them.
    Unrecorded(u64),
}

/// What is read for every view.
#[derive(Clone)]
pub(super) struct Known {
    overview: Overview,
    routes: Vec<RouteOverview>,
    /// See [`InterviewView::unrecorded`].
    unrecorded: u64,
}

/// What could be better, of routes that the reader may know of.
fn gaps(visit: &Visit<'_>, known: &Known) -> Vec<Gap> {
    let api = visit.api;
    let Known {
        overview,
        routes,
        unrecorded,
    } = known;
    let is_compared = |name: &str| overview.comparisons.iter().any(|(route, _)| route == name);
    let never_compared = routes.iter().any(|route| {
        let is_counted = api.routes.counted.contains(&route.route);
        is_counted && route.delivered > 0 && !is_compared(&route.route)
    });
    let failing = &overview.failing_channels;
    let fails = api.channels.iter().any(|channel| {
        let key = channel.key();
        failing.iter().any(|(one, _)| *one == key)
    });
    let gaps = [
        (never_compared, Gap::NeverCompared),
        (api.channels.is_empty(), Gap::NoChannel),
        (fails, Gap::ChannelFails),
        (*unrecorded > 0, Gap::Unrecorded(*unrecorded)),
    ];
    gaps.into_iter()
        .filter_map(|(is_there, gap)| is_there.then_some(gap))
        .collect()
}

/// How many interviews wait for a record that should have been made on an earlier day.
async fn unrecorded(visit: &Visit<'_>) -> Result<u64, PageError> {
    let (zone, now) = (visit.locale.timezone, visit.api.clock.now());
    let Some(view) = InterviewView::unrecorded(zone, now) else {
        return Ok(0);
    };
    let range = view.range(zone, now);
    let (counted, _) = visit.api.store.interview_statistics(range, 0).await?;
    Ok(counted.total.scheduled)
}

/// What was read of the relay, for whoever looks at it.
pub(super) struct Seen {
    pub(super) overview: Overview,
    /// Without those that the reader may not know of.
    pub(super) routes: Vec<RouteOverview>,
    pub(super) now: Timestamp,
    /// There is something that the reader may not know of: numbers of every route together are not shown.
    pub(super) hides: bool,
    /// When something was sent last.
    last_sent: Option<Timestamp>,
    disk_full: bool,
    /// What is wrong with the database, in words.
    trouble: Option<String>,
    /// The routes that lead nowhere.
    without_url: Vec<String>,
    /// The reader may do something about it.
    operates: bool,
    /// What could be better although nothing is wrong.
    gaps: Vec<Gap>,
}

impl Seen {
    /// Reads it.
    ///
    /// # Errors
    /// The store's.
    pub(super) async fn of(visit: &Visit<'_>) -> Result<Self, PageError> {
        let api = visit.api;
        let read = async {
            let moment = api.clock.moment();
            let overview = api.store.overview(moment).await?;
            let names = api.routes.routing.names().map(str::to_owned).collect();
            Ok(Known {
                overview,
                routes: api.store.route_overviews(names, moment).await?,
                unrecorded: unrecorded(visit).await?,
            })
        };
        let mut known = (*visit.shared.standing.get(visit, read).await?).clone();
        let of_all = known.routes.len();
        known.routes.retain(|route| visit.may_see(&route.route));
        let gaps = gaps(visit, &known);
        let Known {
            mut overview,
            routes,
            ..
        } = known;
        overview.incidents.retain(|incident| {
            let route = incident.report.route();
            route.is_none_or(|route| visit.may_see(route))
        });
        overview.holds.retain(|hold| visit.may_see(&hold.route));
        let hides = routes.len() < of_all;
        let last_sent = if hides {
            routes.iter().filter_map(|route| route.delivered_at).max()
        } else {
            overview.last_attempt.map(|(at, _)| at)
        };
        let file = api.store.file();
        let trouble = file.trouble();
        let leads_nowhere = |name: &&str| !api.routes.sends_on(name);
        let names = routes.iter().map(|route| route.route.as_str());
        let without_url = names.chain([DEFAULT]).filter(leads_nowhere);
        let without_url = without_url.map(str::to_owned).collect();
        Ok(Self {
            without_url,
            operates: visit.operates(),
            gaps,
            overview,
            routes,
            now: api.clock.now(),
            hides,
            last_sent,
            disk_full: file.disk_full(),
            trouble: trouble
                .map(|trouble| trouble.describe(visit.locale.language, &api.advice.commands)),
        })
    }

    /// Deliveries that wait for a person.
    pub(super) fn exhausted(&self) -> u64 {
        self.routes.iter().map(|route| route.exhausted).sum()
    }

    /// Deliveries that wait for a retry.
    pub(super) fn retrying(&self) -> u64 {
        self.routes.iter().map(|route| route.retrying).sum()
    }

    /// Events that wait for their first attempt.
    pub(super) fn accepted(&self) -> u64 {
        self.routes.iter().map(|route| route.accepted).sum()
    }

    /// Deliveries that have arrived.
    pub(super) fn delivered(&self) -> u64 {
        self.routes.iter().map(|route| route.delivered).sum()
    }

    /// Deliveries that a person dismissed. Those that were never sent belong to no route.
    pub(super) fn dismissed(&self) -> u64 {
        if self.hides {
            self.routes.iter().map(|route| route.dismissed).sum()
        } else {
            self.overview.events.dismissed
        }
    }

    /// What happened, without the numbers of what the reader may not know of.
    pub(super) fn what(&self, state: State, report: &Report, locale: Locale) -> String {
        if self.hides && report.counts_every_route() {
            locale.notice(report.kind).to_owned()
        } else {
            locale.noticed(state, report)
        }
    }

    /// The message about it, as an administrator gets it by mail.
    pub(super) fn technical(
        &self,
        report: &Report,
        locale: Locale,
        advice: &AdviceContext,
    ) -> Option<String> {
        let is_hidden = self.hides && report.counts_every_route();
        let message = || locale.message(State::Ongoing, report, advice).text;
        (!is_hidden).then(message)
    }

    /// Of the holds of this route, the one that ends last; none: it is not on hold.
    pub(super) fn hold_of(&self, route: &str) -> Option<&Hold> {
        Hold::last_of(&self.overview.holds, route)
    }

    /// Somebody has put this route on hold.
    pub(super) fn is_held(&self, route: &str) -> bool {
        self.hold_of(route).is_some()
    }

    /// There is such an incident on this route.
    pub(super) fn has(&self, kind: Kind, route: &str) -> bool {
        let mut reports = self.overview.incidents.iter().map(|one| &one.report);
        reports.any(|report| report.kind == kind && report.route() == Some(route))
    }

    fn report(&self, kind: Kind) -> Option<&Report> {
        let mut reports = self.overview.incidents.iter().map(|one| &one.report);
        reports.rfind(|report| report.kind == kind)
    }
}

#[cfg(test)]
mod tests;
