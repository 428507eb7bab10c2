//! The view of the server: backup, disk, clocks, holds, who may look, and who did what.

use askama::Template;

use super::error::PageError;
use super::fit::{bytes, fit};
use super::form;
use super::frame::{self, Frame, View};
use super::standing::Seen;
use super::urgency::Urgency;
use super::{Visit, address};
use crate::audit::{self, AuditFilter};
use crate::day;
use crate::http::reply::Reply;
use crate::http::request::Query;
use crate::incident::Kind;
use crate::language::Locale;
use crate::session::{Role, Sessions, id_of};
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;
use crate::words::audits;
use crate::words::clocks;
use crate::words::monitor::Frame as T;
use crate::words::monitor::login;
use crate::words::monitor::server::{self, Server as W};
use crate::words::monitor::{more, size};

/// Actions of a page, at most.
const ACTIONS: usize = 20;
/// What each list may take, in bytes.
const ROOM: usize = 5_500;
/// A receiver's clock that differs by no more, in seconds, is right.
const CLOCK_FINE: i64 = 1;

#[derive(Template)]
#[template(path = "server.html")]
struct ServerPage<'a> {
    frame: &'a Frame,
    told: Option<&'static str>,
    facts: Vec<Fact>,
    more_facts: Option<String>,
    holds: Vec<(String, String)>,
    more_holds: Option<String>,
    routes: Vec<(String, String)>,
    /// The time until which a hold may last, and from which on, as the field for it takes them.
    hold_from: String,
    hold_to: String,
    sessions: Vec<SessionRow>,
    more_sessions: Option<String>,
    tokens: Vec<(String, String, String)>,
    more_tokens: Option<String>,
    /// What was done, for operators: whom and what it names, others may not know.
    actions: Vec<Action>,
    newest: bool,
    next: Option<String>,
    operates: bool,
}

/// Something of the server.
struct Fact {
    name: &'static str,
    urgency: Option<Urgency>,
    text: String,
}

/// Somebody who is logged in.
struct SessionRow {
    id: String,
    name: String,
    role: &'static str,
    since: String,
    until: String,
    is_own: bool,
}

/// A row of the audit.
struct Action {
    when: String,
    who: String,
    what: String,
    subject: String,
    reason: String,
}

impl Fact {
    fn bytes(&self) -> usize {
        130 + bytes([self.name, &self.text])
    }
}

impl SessionRow {
    fn bytes(&self) -> usize {
        420 + 2 * bytes([&*self.name]) + bytes([&*self.id, self.role, &self.since, &self.until])
    }
}

impl Action {
    fn bytes(&self) -> usize {
        let texts = [
            &*self.when,
            &self.who,
            &self.what,
            &self.subject,
            &self.reason,
        ];
        190 + bytes(texts)
    }
}

/// `GET /monitor/server`
///
/// # Errors
/// The store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let mut query = Query::parse(visit.head.uri.query())?;
    let before = query.take("cursor").and_then(|text| text.parse().ok());
    let told = visit.told().and_then(done);
    let moment = api.clock.moment();
    let seen = Seen::of(&visit).await?;
    let (actions, next) = if visit.operates() {
        let everything = AuditFilter::default();
        api.store.audit(everything, before, ACTIONS).await?
    } else {
        (Vec::new(), None)
    };
    let sessions = api.store.sessions(moment).await?;
    let tokens = api.store.tokens().await?;
    let frame = Frame::of(&visit, View::Server, locale.phrase(W::Title), &seen);
    let field = |at: Timestamp| {
        let local = locale.timezone.local(at);
        local.strftime("%Y-%m-%dT%H:%M").to_string()
    };
    let names = api.routes.routing.names();
    let names = names.filter(|name| visit.may_see(name));
    let mut facts = facts(&visit, &seen);
    let more_facts = fit(&mut facts, ROOM, Fact::bytes);
    let mut holds = holds(&visit, &seen);
    let more_holds = fit(&mut holds, ROOM / 2, |(route, told)| {
        380 + bytes([&**route, told])
    });
    let mut sessions = sessions_of(&visit, sessions);
    let more_sessions = fit(&mut sessions, ROOM, SessionRow::bytes);
    let mut tokens: Vec<_> = tokens_in_force_first(tokens, api.store.earliest_time(moment))
        .iter()
        .map(|one| token(&visit, one))
        .collect();
    let more_tokens = fit(&mut tokens, ROOM / 2, |(name, allows, until)| {
        130 + bytes([&**name, allows, until])
    });
    let mut shown: Vec<_> = actions.iter().map(|one| action(&visit, one)).collect();
    let next = match fit(&mut shown, ROOM, Action::bytes) {
        0 => next,
        _ => actions.get(shown.len() - 1).map(|last| last.seq),
    };
    let left = |number: usize| (number > 0).then(|| more(number as u64, locale.language));
    let mut routes: Vec<_> = names
        .map(|name| (name.to_owned(), locale.receiver(name)))
        .collect();
    fit(&mut routes, ROOM / 3, |(name, shown)| {
        40 + bytes([&**name, shown])
    });
    let page = ServerPage {
        told: told.map(|phrase| locale.phrase(phrase)),
        facts,
        more_facts: left(more_facts),
        holds,
        more_holds: left(more_holds),
        routes,
        hold_from: field(moment.wall),
        hold_to: field(moment.wall.after(crate::hold::LONGEST)),
        sessions,
        more_sessions: left(more_sessions),
        tokens,
        more_tokens: left(more_tokens),
        actions: shown,
        newest: before.is_some(),
        next: next.map(|next| form::address(address::SERVER, &format!("cursor={next}"))),
        operates: visit.operates(),
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

fn done(word: &str) -> Option<W> {
    match word {
        "held" => Some(W::HoldBegun),
        "resumed" => Some(W::HoldEnded),
        "ended" => Some(W::SessionEnded),
        _ => None,
    }
}

fn facts(visit: &Visit<'_>, seen: &Seen) -> Vec<Fact> {
    let (api, locale) = (visit.api, visit.locale);
    let judged = |kind: Kind, subject: &str| {
        let mut reports = seen.overview.incidents.iter().map(|one| &one.report);
        let told = reports.any(|report| report.kind == kind && report.subject == subject);
        Some(if told { Urgency::Look } else { Urgency::Fine })
    };
    let fact = |name: W, urgency, text: String| Fact {
        name: locale.phrase(name),
        urgency,
        text,
    };
    let mut facts = vec![
        backup(visit, seen.now),
        fact(
            W::BackupPlace,
            None,
            api.backup.path().display().to_string(),
        ),
        disk(visit, seen, judged(Kind::DiskLow, "")),
        fact(W::Database, None, size(seen.overview.database_bytes)),
    ];
    if let Some(seconds) = api.store.clock_off(api.clock.moment()) {
        let text = clocks::told(seconds, locale.language);
        facts.push(fact(W::Clock, Some(Urgency::Act), text));
    }
    let certificate = |ends: Timestamp| {
        let days = day::whole_days(seen.now, ends);
        server::certificate(&locale.date(ends), days, locale.language)
    };
    for (route, receiver) in api.observations.receivers() {
        if !visit.may_see(&route) {
            continue;
        }
        let of = |text: String| format!("{} ({})", text, locale.receiver(&route));
        if let Some(ahead) = receiver.clock_ahead {
            let text = if ahead.abs() <= CLOCK_FINE {
                locale.phrase(W::ClockFine).to_owned()
            } else {
                server::clock(ahead, locale.language)
            };
            facts.push(fact(W::Clock, judged(Kind::ClockOff, &route), of(text)));
        }
        if let Some(ends) = receiver.certificate_ends {
            let judged = judged(Kind::CertificateExpiring, &route);
            facts.push(fact(W::Certificate, judged, of(certificate(ends))));
        }
    }
    if let Some((_, pair)) = &api.listeners.secured {
        let judged = judged(Kind::CertificateExpiring, "");
        let text = certificate(pair.about().ends);
        facts.push(fact(W::OwnCertificate, judged, text));
    }
    facts.push(fact(W::Version, None, Frame::VERSION.to_owned()));
    facts.push(fact(W::Started, None, locale.day_and_time(api.started_at)));
    facts
}

fn backup(visit: &Visit<'_>, now: Timestamp) -> Fact {
    let (api, locale) = (visit.api, visit.locale);
    let last = api.backup.last();
    let text = match last.at {
        None => locale.phrase(W::NoBackup).to_owned(),
        Some(at) => {
            let ago = locale.span_of(now.since(at).as_secs());
            server::backup(&locale.near(at, now), &ago, locale.language)
        }
    };
    let failed = last
        .error
        .map(|error| server::backup_failed(&error.happened(locale.language), locale.language));
    Fact {
        name: locale.phrase(W::Backup),
        urgency: Some(match (&failed, last.at) {
            (Some(_), _) => Urgency::Act,
            (None, None) => Urgency::Wait,
            (None, Some(_)) => Urgency::Fine,
        }),
        text: failed.map_or(text.clone(), |failed| format!("{text}. {failed}")),
    }
}

fn disk(visit: &Visit<'_>, seen: &Seen, judged: Option<Urgency>) -> Fact {
    let locale = visit.locale;
    let file = visit.api.store.file();
    let (urgency, text) = match file.disk_bytes() {
        _ if file.disk_full() => (Some(Urgency::Act), locale.phrase(W::DiskFull).to_owned()),
        None => (None, locale.phrase(W::Unknown).to_owned()),
        Some((free, _)) => {
            let days = seen.overview.full_in_days(free);
            (judged, server::disk(&size(free), days, locale.language))
        }
    };
    Fact {
        name: locale.phrase(W::Disk),
        urgency,
        text,
    }
}

/// The holds that last: the route's name for the button, and a sentence.
fn holds(visit: &Visit<'_>, seen: &Seen) -> Vec<(String, String)> {
    let locale = visit.locale;
    let holds = seen.overview.holds.iter().map(|hold| {
        let name = locale.receivers(&hold.route);
        let until = hold.until.map(|until| locale.day_and_time(until));
        let who = audits::who(&hold.who, locale.language);
        let told = server::hold(&name, until.as_deref(), &who, &hold.reason, locale.language);
        (hold.route.clone(), told)
    });
    holds.collect()
}

fn sessions_of(visit: &Visit<'_>, sessions: Vec<crate::session::Session>) -> Vec<SessionRow> {
    let locale = visit.locale;
    let own = visit.secret().map(|secret| id_of(&secret.digest()));
    let rows = sessions.into_iter().map(|session| SessionRow {
        is_own: own.as_ref() == Some(&session.id),
        role: locale.role(session.role),
        since: locale.day_and_time(session.opened_at),
        until: locale.day_and_time(session.ends_at),
        name: session.name,
        id: session.id,
    });
    rows.collect()
}

/// Those that still open something, before those that do not any more.
fn tokens_in_force_first(mut tokens: Vec<TokenRecord>, now: Timestamp) -> Vec<TokenRecord> {
    let is_over = |token: &TokenRecord| {
        token.revoked_at.is_some() || token.expires_at.is_some_and(|end| end <= now)
    };
    tokens.sort_by_key(is_over);
    tokens
}

fn token(visit: &Visit<'_>, token: &TokenRecord) -> (String, String, String) {
    let locale = visit.locale;
    let until = match (token.revoked_at, token.expires_at) {
        (Some(_), _) => locale.phrase(W::Revoked).to_owned(),
        (None, Some(at)) => server::token_until(&locale.date(at), locale.language),
        (None, None) => String::new(),
    };
    let name = token.subject.clone().unwrap_or_else(|| token.jti.clone());
    let scope = token.scope.as_deref().unwrap_or_default();
    (name, server::allows(scope, locale.language), until)
}

fn action(visit: &Visit<'_>, done: &crate::audit::Record) -> Action {
    let locale = visit.locale;
    let language = locale.language;
    let mut what = server::action(done.action.as_str(), language);
    if let Some(count) = done.count {
        // A recovery sends one, and the rest when that has arrived.
        let count = match done.action {
            audit::Action::Recover => server::at_most(count, language),
            _ => audits::count(count, language),
        };
        what = format!("{what} ({count})");
    }
    Action {
        when: locale.day_and_time(done.at),
        who: audits::who(&done.who, language),
        what,
        subject: subject(locale, done.subject.as_deref().unwrap_or_default()),
        reason: done.reason.clone().unwrap_or_default(),
    }
}

/// What something was done to, where people have a word for it.
fn subject(locale: Locale, kept: &str) -> String {
    if let Some(role) = Role::from_word(kept) {
        return login::role(role, locale.language).to_owned();
    }
    // A login names somebody, and the role in parentheses.
    let person = kept
        .strip_suffix(')')
        .and_then(|kept| kept.rsplit_once(" ("));
    let person = person.and_then(|(name, role)| Some((name, Role::from_word(role)?)));
    person.map_or_else(
        || locale.receivers(kept),
        |(name, role)| format!("{name} ({})", login::role(role, locale.language)),
    )
}

/// `POST /monitor/sessions/{id}/end`
///
/// # Errors
/// `NotFound`, or the store's.
pub(super) async fn end_session(visit: Visit<'_>) -> Result<Reply, PageError> {
    let api = visit.api;
    let which = Sessions::Id(visit.id.clone());
    let ended = api
        .store
        .end_sessions(which, visit.actor(), api.clock.moment());
    if ended.await? == 0 {
        return Err(PageError::NotFound);
    }
    Ok(visit.tell(address::SERVER, "ended"))
}
