//! Each thing that there is to say: what is, what to do, and where.

use std::time::Duration;

use super::super::interview_view::InterviewView;
use super::super::urgency::{self, Urgency};
use super::{Gap, Seen, Sentence, address};
use crate::hold::EVERY_ROUTE;
use crate::incident::{Kind, Report, State};
use crate::language::Locale;
use crate::notification::advice::AdviceContext;
use crate::overview::{RecoveryStep, RouteOverview};
use crate::route::DEFAULT;
use crate::words::audits;
use crate::words::monitor::actions::Actions as A;
use crate::words::monitor::causes;
use crate::words::monitor::interviews::Interviews;
use crate::words::monitor::standing::{self, Standing as W};

/// Without a send for so long it is said when the last one was.
const QUIET: Duration = Duration::from_hours(24);
/// The place of what is well, and behind it that of what could be better.
const FINE: u8 = 10;
const ADVICE: u8 = 11;

/// What waits for a person, without what a refusal or a recovery tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Waiting {
    all: u64,
    /// Of these, left by an outage.
    left: u64,
    /// Of these, what can be sent now.
    ready: u64,
    /// Of these, what cannot be sent because its route is on hold.
    held: u64,
    /// The receiver of what is ready cannot be reached, as far as is known.
    is_away: bool,
}

impl Seen {
    /// Everything that there is to say, the worst first. One sentence at least.
    pub(in crate::http::monitor) fn sentences(
        &self,
        locale: Locale,
        advice: &AdviceContext,
    ) -> Vec<Sentence> {
        let mut said: Vec<Sentence> = [
            self.of_database(locale),
            self.of_url(locale, advice),
            self.of_exhausted(locale, advice),
            self.of_recovery(locale),
            self.of_retrying(locale),
        ]
        .into_iter()
        .flatten()
        .chain(self.of_holds(locale))
        .collect();
        let incidents = self.overview.incidents.iter();
        let reports = incidents.map(|incident| &incident.report);
        said.extend(reports.filter_map(|report| self.of_incident(report, locale, advice)));
        let could_be_better = self.of_setup(locale);
        if said.is_empty() {
            said.push(self.of_nothing(!could_be_better.is_empty(), locale, advice));
        }
        said.extend(could_be_better);
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
        if !self.without_url.iter().any(|route| route == DEFAULT) {
            return None;
        }
        let waiting = self.accepted() + self.retrying();
        let told = standing::no_url(waiting, locale.language);
        let [check, reload] = ["check", "reload"].map(|command| advice.commands.typed(command));
        let technical = standing::set_url(&check, &reload, locale.language);
        let told = Sentence::new(4, Urgency::Act, told).next(locale.phrase(W::NoUrlNext));
        Some(told.technical(Some(technical)))
    }

    /// What waits for a person on every route. What a refusal tells of, and what is being recovered, is not among it.
    fn waiting(&self) -> Waiting {
        let mut waiting = Waiting::default();
        for route in &self.routes {
            let left = match route.left.recovery {
                RecoveryStep::None => route.left.exhausted,
                RecoveryStep::Probing | RecoveryStep::Following => 0,
            };
            let others = route.exhausted.saturating_sub(route.left.exhausted);
            waiting.left += left;
            waiting.all += left + others.saturating_sub(self.refused(&route.route));
            if self.is_held(&route.route) {
                waiting.held += left;
            } else if left > 0 && !self.without_url.contains(&route.route) {
                waiting.ready += left;
                waiting.is_away |= route.left.is_away;
            }
        }
        waiting
    }

    /// How many the incident of refusals tells of that have not arrived.
    fn refused(&self, route: &str) -> u64 {
        let mut reports = self.overview.incidents.iter().map(|one| &one.report);
        let refused =
            reports.find(|one| one.kind == Kind::PartnerRefuses && one.route() == Some(route));
        refused.map_or(0, Report::open)
    }

    fn of_exhausted(&self, locale: Locale, advice: &AdviceContext) -> Option<Sentence> {
        let waiting = self.waiting();
        if waiting.all == 0 {
            return None;
        }
        let report = self.report_of(waiting);
        // Of several causes none is the reason of all.
        let is_mixed = waiting.left > 0 && waiting.left < waiting.all;
        let cause = report.and_then(Report::cause).filter(|_| !is_mixed);
        let is_back = waiting.ready > 0 && waiting.ready == waiting.all && !waiting.is_away;
        let why = cause
            .filter(|_| !is_back)
            .map(|cause| locale.phrase(causes::why(cause)));
        let told = standing::exhausted(waiting.all, why, locale.language);
        let by_role = |operator: W, viewer: W| {
            let phrase = if self.operates { operator } else { viewer };
            locale.phrase(phrase).to_owned()
        };
        let tried = self.routes.iter().filter_map(|route| route.left.tried_at);
        let next = match tried.max().filter(|_| waiting.is_away) {
            _ if waiting.ready > 0 && waiting.ready == waiting.all && advice.recovers => {
                locale.phrase(W::AutomaticNext).to_owned()
            }
            Some(tried) if waiting.ready > 0 => {
                let tried = locale.near(tried, self.now);
                standing::away(&tried, self.operates, locale.language)
            }
            _ if waiting.ready > 0 => by_role(W::BackNext, W::BackNextViewer),
            _ if waiting.held > 0 => by_role(W::OnHoldNext, W::OnHoldNextViewer),
            _ => cause.map_or_else(
                || locale.phrase(W::LookNext).to_owned(),
                |cause| locale.phrase(causes::ask(cause)).to_owned(),
            ),
        };
        let technical = report.and_then(|report| self.technical(report, locale, advice));
        let told = Sentence::new(2, Urgency::Act, told).next(next);
        let told = told.door(address::EXHAUSTED, A::SeeExhausted);
        let may_recover = self.operates && waiting.ready > 0;
        Some(Sentence {
            recovers: may_recover.then_some(waiting.ready),
            ..told.technical(technical)
        })
    }

    /// The incident that tells why these wait: an outage of what it has left, anything else of the rest.
    fn report_of(&self, waiting: Waiting) -> Option<&Report> {
        let is_of_outage = waiting.left == waiting.all;
        let mut reports = self.overview.incidents.iter().map(|one| &one.report);
        reports.find(|report| {
            let kinds = [Kind::DeliveriesExhausted, Kind::PartnerAway];
            kinds.contains(&report.kind) && report.is_of_outage() == is_of_outage
        })
    }

    /// What is being sent again after an outage.
    fn of_recovery(&self, locale: Locale) -> Option<Sentence> {
        let left_at = |step: RecoveryStep| {
            let routes = self.routes.iter();
            let routes = routes.filter(move |route| route.left.recovery == step);
            routes
                .map(|route| route.left.exhausted + route.retrying)
                .sum::<u64>()
        };
        let of = |told: String| {
            let told = Sentence::new(2, Urgency::Wait, told).next(locale.phrase(W::WaitNext));
            Some(told.door(address::RETRYING, A::SeeDeliveries))
        };
        match (
            left_at(RecoveryStep::Probing),
            left_at(RecoveryStep::Following),
        ) {
            (0, 0) => None,
            (0, following) => of(standing::following(following, locale.language)),
            // One of them is under way.
            (probing, _) => of(standing::probing(probing - 1, locale.language)),
        }
    }

    /// What is sent again by itself, or because a person wants it. What is on hold, and what an outage or a recovery
    /// tells of, is not among it.
    fn of_retrying(&self, locale: Locale) -> Option<Sentence> {
        let is_told = |route: &RouteOverview| {
            let is_recovered = route.left.recovery != RecoveryStep::None;
            is_recovered || self.is_held(&route.route) || self.has(Kind::PartnerAway, &route.route)
        };
        let routes = self.routes.iter().filter(|route| !is_told(route));
        let routes: Vec<&RouteOverview> = routes.collect();
        let resent: u64 = routes.iter().map(|route| route.resent.all).sum();
        let retrying: u64 = routes.iter().map(|route| route.retrying).sum();
        let told = if retrying > resent {
            let tried = routes
                .iter()
                .filter(|route| route.retrying > route.resent.all);
            let due = tried.filter_map(|route| route.due_at).min();
            let due = due.map(|due| locale.near(due, self.now));
            standing::retrying(retrying - resent, due.as_deref(), locale.language)
        } else if resent > 0 {
            standing::resending(resent, locale.language)
        } else {
            return None;
        };
        let told = Sentence::new(5, Urgency::Wait, told).next(locale.phrase(W::WaitNext));
        Some(told.door(address::RETRYING, A::SeeDeliveries))
    }

    fn of_holds(&self, locale: Locale) -> Vec<Sentence> {
        let holds = self.overview.holds.iter();
        let told = holds.map(|hold| {
            let held = self.routes.iter().filter(|route| hold.holds(&route.route));
            let waiting = held.map(|route| route.accepted + route.retrying).sum();
            let until = hold.until.map(|until| locale.near(until, self.now));
            let who = audits::who(&hold.who, locale.language);
            let told = standing::held((until.as_deref(), &who, &hold.reason), waiting, locale);
            let told = if hold.route == EVERY_ROUTE || hold.route == DEFAULT {
                told
            } else {
                format!("{}: {told}", hold.route)
            };
            let next = match hold.until {
                Some(_) => W::HoldNext,
                None => W::OpenHoldNext,
            };
            let told = Sentence::new(6, Urgency::Hold, told).next(locale.phrase(next));
            let name = if self.operates {
                A::EndHold
            } else {
                A::SeeHolds
            };
            told.door(address::HOLDS, name)
        });
        told.collect()
    }

    fn of_incident(
        &self,
        report: &Report,
        locale: Locale,
        advice: &AdviceContext,
    ) -> Option<Sentence> {
        let is_away = self.report(Kind::PartnerAway).is_some();
        let is_told_anyway = match report.kind {
            // Told with the number that is true now.
            Kind::DeliveriesExhausted | Kind::OnHold => true,
            Kind::DiskLow => self.disk_full,
            Kind::DatabaseDamaged => self.trouble.is_some(),
            Kind::SuccessRateLow | Kind::QueueLong => is_away,
            _ => false,
        };
        if is_told_anyway {
            return None;
        }
        let (rank, urgency) = urgency::of(report.kind);
        // What waits for a person is told by a sentence of its own.
        let mut shown = report.clone();
        if report.kind == Kind::PartnerAway {
            shown.count = report.count.saturating_sub(report.exhausted);
            shown.exhausted = 0;
        }
        let told = Sentence::new(rank, urgency, self.what(State::Ongoing, &shown, locale));
        let told = told.next(locale.todo(report, self.operates));
        let told = told.technical(self.technical(report, locale, advice));
        Some(match self.door_of(report.kind) {
            Some((address, name)) => told.door(address, name),
            None => told,
        })
    }

    /// Where something is done about a condition, or more is seen.
    fn door_of(&self, kind: Kind) -> Option<(&'static str, A)> {
        Some(match kind {
            Kind::PartnerRefuses if self.exhausted() > 0 => (address::EXHAUSTED, A::SeeExhausted),
            Kind::PartnerRefuses | Kind::PartnerAway => (address::RETRYING, A::SeeDeliveries),
            Kind::SuccessRateLow | Kind::QueueLong => (address::DELIVERIES, A::SeeDeliveries),
            Kind::DeliveriesMissing if self.operates => (address::RECONCILE, A::ResendMissing),
            Kind::DeliveriesMissing => (address::RECONCILE, A::SeeMissing),
            Kind::ReconcileOld => (address::RECONCILE, A::SeeReconciliation),
            Kind::BackupOld
            | Kind::DatabaseDamaged
            | Kind::DiskLow
            | Kind::CertificateExpiring
            | Kind::ClockOff
            | Kind::TokenEnding => (address::SERVER, A::SeeServer),
            Kind::DeliveriesExhausted
            | Kind::LoginsFailing
            | Kind::StatisticsSlow
            | Kind::OnHold => return None,
        })
    }

    /// What is not wrong, and would hide that something is.
    fn of_setup(&self, locale: Locale) -> Vec<Sentence> {
        let of = |told: W, next: W, address, name| {
            let told = Sentence::new(ADVICE, Urgency::Look, locale.phrase(told));
            told.next(locale.phrase(next)).door(address, name)
        };
        let said = self.gaps.iter().map(|gap| match gap {
            Gap::NeverCompared => {
                let (told, next) = (W::NeverCompared, W::NeverComparedNext);
                of(told, next, address::RECONCILE, A::SeeReconciliation)
            }
            Gap::NoChannel => {
                let (told, next) = (W::NoChannel, W::NoChannelNext);
                of(told, next, address::INCIDENTS, A::SeeIncidents)
            }
            Gap::ChannelFails => {
                let (told, next) = (W::FailingChannel, W::FailingChannelNext);
                of(told, next, address::INCIDENTS, A::SeeIncidents)
            }
            Gap::Unrecorded(number) => self.of_unrecorded(*number, locale),
        });
        said.collect()
    }

    /// Interviews of earlier days of which nobody has recorded what came of them.
    fn of_unrecorded(&self, number: u64, locale: Locale) -> Sentence {
        let told = standing::unrecorded(number, locale.language);
        let told = Sentence::new(ADVICE, Urgency::Look, told);
        let told = told.next(locale.phrase(Interviews::PastDueNext));
        match InterviewView::unrecorded(locale.timezone, self.now) {
            Some(view) => told.door(view.address(), A::SeeUnrecorded),
            None => told,
        }
    }

    fn of_nothing(&self, has_advice: bool, locale: Locale, advice: &AdviceContext) -> Sentence {
        let last = self.last_sent;
        if last.is_none() && self.accepted() == 0 {
            let told = Sentence::new(FINE, Urgency::Begin, locale.phrase(W::Starting));
            let send = advice.commands.typed("send employee.created");
            let send = standing::first_event(&send, locale.language);
            let told = told.next(locale.phrase(W::StartingNext));
            return told.technical(Some(send));
        }
        if last.is_some_and(|last| self.now.since(last) > QUIET) {
            let last = last.map(|last| locale.day_and_time(last));
            let told = standing::quiet(last.as_deref(), locale.language);
            return Sentence::new(FINE, Urgency::Fine, told).next(locale.phrase(W::QuietNext));
        }
        let fine = if has_advice {
            W::FineWithAdvice
        } else {
            W::Fine
        };
        Sentence::new(FINE, Urgency::Fine, locale.phrase(fine))
    }
}
