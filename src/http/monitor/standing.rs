//! What is, and what to do next, the worst first: pure of what was read.

use std::time::Duration;

use super::urgency::{self, Urgency};
use super::{Visit, error::PageError, fit};
use crate::hold::EVERY_ROUTE;
use crate::incident::{Kind, Report, State};
use crate::language::Locale;
use crate::notification::advice::AdviceContext;
use crate::overview::{Overview, RouteOverview};
use crate::route::DEFAULT;
use crate::timestamp::Timestamp;
use crate::words::audits;
use crate::words::monitor::causes;
use crate::words::monitor::standing::{self, Standing as W};

/// Without a send for so long it is said when the last one was.
const QUIET: Duration = Duration::from_hours(24);

/// A sentence, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sentence {
    pub(super) urgency: Urgency,
    /// What is.
    pub(super) text: String,
    /// What to do.
    pub(super) next: Option<String>,
    /// What whoever looks after the server has to know.
    pub(super) technical: Option<String>,
    /// How bad it is among others: the smallest comes first.
    rank: u8,
}

impl Sentence {
    fn new(rank: u8, urgency: Urgency, text: impl Into<String>) -> Self {
        Self {
            urgency,
            text: text.into(),
            next: None,
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

    /// What it takes in a list of others.
    pub(super) fn bytes(&self) -> usize {
        let more = [&self.next, &self.technical];
        let more = more.into_iter().flatten().map(String::as_str);
        350 + fit::bytes(more.chain([&*self.text]))
    }

    fn technical(self, technical: Option<String>) -> Self {
        Self { technical, ..self }
    }
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
    /// The default route leads somewhere.
    has_url: bool,
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
            Ok((overview, api.store.route_overviews(names, moment).await?))
        };
        let known = visit.shared.standing.get(visit, read).await?;
        let (mut overview, mut routes) = (*known).clone();
        let of_all = routes.len();
        routes.retain(|route| visit.may_see(&route.route));
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
        Ok(Self {
            overview,
            routes,
            now: api.clock.now(),
            hides,
            last_sent,
            disk_full: file.disk_full(),
            trouble: trouble
                .map(|trouble| trouble.describe(visit.locale.language, &api.advice.commands)),
            has_url: api.routes.sends_on(DEFAULT),
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

    /// Whether sending again what did not arrive can help now: not what is refused, and not during a hold.
    pub(super) fn may_recover(&self) -> bool {
        let refused = self.report(Kind::PartnerRefuses).is_some();
        self.exhausted() > 0 && !refused && self.overview.holds.is_empty()
    }

    fn is_away(&self) -> bool {
        let mut incidents = self.overview.incidents.iter();
        incidents.any(|incident| incident.report.kind == Kind::PartnerAway)
    }

    /// Everything that there is to say, the worst first. One sentence at least.
    pub(super) fn sentences(&self, locale: Locale, advice: &AdviceContext) -> Vec<Sentence> {
        let mut said: Vec<Sentence> = [
            self.of_database(locale),
            self.of_url(locale, advice),
            self.of_exhausted(locale, advice),
            self.of_retrying(locale),
        ]
        .into_iter()
        .flatten()
        .chain(self.of_holds(locale))
        .collect();
        let incidents = self.overview.incidents.iter();
        let reports = incidents.map(|incident| &incident.report);
        said.extend(reports.filter_map(|report| self.of_incident(report, locale, advice)));
        if said.is_empty() {
            said.push(self.of_nothing(locale, advice));
        }
        said.sort_by_key(|sentence| sentence.rank);
        said
    }

    fn of_database(&self, locale: Locale) -> Option<Sentence> {
        if self.disk_full {
            let told = Sentence::new(0, Urgency::Act, locale.phrase(W::DiskFull));
            return Some(told.next(locale.phrase(W::DiskFullNext)));
        }
        let trouble = self.trouble.clone()?;
        let told = Sentence::new(0, Urgency::Act, locale.phrase(W::Trouble));
        let told = told.next(locale.phrase(W::TroubleNext));
        Some(told.technical(Some(trouble)))
    }

    fn of_url(&self, locale: Locale, advice: &AdviceContext) -> Option<Sentence> {
        if self.has_url {
            return None;
        }
        let waiting = self.accepted() + self.retrying();
        let told = standing::no_url(waiting, locale.language);
        let [check, reload] = ["check", "reload"].map(|command| advice.commands.typed(command));
        let technical = standing::set_url(&check, &reload, locale.language);
        let told = Sentence::new(4, Urgency::Act, told).next(locale.phrase(W::NoUrlNext));
        Some(told.technical(Some(technical)))
    }

    /// The incident, of which the finding has the cause, is told with the number that is true now.
    fn of_exhausted(&self, locale: Locale, advice: &AdviceContext) -> Option<Sentence> {
        let exhausted = self.exhausted();
        if exhausted == 0 {
            return None;
        }
        let of_exhausted = self.report(Kind::DeliveriesExhausted);
        let cause = of_exhausted.and_then(Report::cause);
        let why = cause.map(|cause| locale.phrase(causes::why(cause)));
        let told = standing::exhausted(exhausted, why, locale.language);
        let next = match of_exhausted {
            _ if self.is_away() => locale.phrase(W::ExhaustedAwayNext).to_owned(),
            Some(report) if !report.is_of_outage() => cause.map_or_else(
                || locale.todo(report),
                |cause| locale.phrase(causes::ask(cause)).to_owned(),
            ),
            _ => locale.phrase(W::ExhaustedNext).to_owned(),
        };
        let technical = of_exhausted.and_then(|report| self.technical(report, locale, advice));
        let told = Sentence::new(2, Urgency::Act, told).next(next);
        Some(told.technical(technical))
    }

    fn of_retrying(&self, locale: Locale) -> Option<Sentence> {
        let retrying = self.retrying();
        if retrying == 0 || self.is_away() {
            return None;
        }
        let tried = self.routes.iter().filter(|route| route.retrying > 0);
        let due = tried.filter_map(|route| route.due_at).min();
        let due = due.map(|due| locale.near(due, self.now));
        let told = standing::retrying(retrying, due.as_deref(), locale.language);
        Some(Sentence::new(5, Urgency::Wait, told).next(locale.phrase(W::WaitNext)))
    }

    fn of_holds(&self, locale: Locale) -> Vec<Sentence> {
        let holds = self.overview.holds.iter();
        let told = holds.map(|hold| {
            let held = self.routes.iter().filter(|route| hold.holds(&route.route));
            let waiting = held.map(|route| route.accepted + route.retrying).sum();
            let until = locale.near(hold.until, self.now);
            let who = audits::who(&hold.who, locale.language);
            let told = standing::held((&until, &who, &hold.reason), waiting, locale);
            let told = if hold.route == EVERY_ROUTE || hold.route == DEFAULT {
                told
            } else {
                format!("{}: {told}", hold.route)
            };
            Sentence::new(6, Urgency::Hold, told).next(locale.phrase(W::HoldNext))
        });
        told.collect()
    }

    fn of_incident(
        &self,
        report: &Report,
        locale: Locale,
        advice: &AdviceContext,
    ) -> Option<Sentence> {
        let is_told_anyway = match report.kind {
            // Told with the number that is true now.
            Kind::DeliveriesExhausted | Kind::OnHold => true,
            Kind::DiskLow => self.disk_full,
            Kind::DatabaseDamaged => self.trouble.is_some(),
            Kind::SuccessRateLow | Kind::QueueLong => self.is_away(),
            _ => false,
        };
        if is_told_anyway {
            return None;
        }
        let (rank, urgency) = urgency::of(report.kind);
        let told = Sentence::new(rank, urgency, self.what(State::Ongoing, report, locale));
        let technical = self.technical(report, locale, advice);
        Some(told.next(locale.todo(report)).technical(technical))
    }

    fn report(&self, kind: Kind) -> Option<&Report> {
        let mut reports = self.overview.incidents.iter().map(|one| &one.report);
        reports.rfind(|report| report.kind == kind)
    }

    fn of_nothing(&self, locale: Locale, advice: &AdviceContext) -> Sentence {
        let last = self.last_sent;
        if last.is_none() && self.accepted() == 0 {
            let told = Sentence::new(10, Urgency::Begin, locale.phrase(W::Starting));
            let send = advice.commands.typed("send employee.created");
            let send = standing::first_event(&send, locale.language);
            let told = told.next(locale.phrase(W::StartingNext));
            return told.technical(Some(send));
        }
        if last.is_some_and(|last| self.now.since(last) > QUIET) {
            let last = last.map(|last| locale.day_and_time(last));
            let told = standing::quiet(last.as_deref(), locale.language);
            return Sentence::new(10, Urgency::Fine, told).next(locale.phrase(W::QuietNext));
        }
        Sentence::new(10, Urgency::Fine, locale.phrase(W::Fine))
    }
}

#[cfg(test)]
mod tests;
