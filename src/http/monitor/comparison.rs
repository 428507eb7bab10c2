//! The page of one comparison: what it counted, what of it is missing now, and, for a while after a file was compared,
//! what is kept nowhere.

use askama::Template;
use uuid::Uuid;

use super::error::PageError;
use super::frame::{self, Frame, View};
use super::missing::{self, FindingRow, MissingNow};
use super::reconciliation::{Compared, Known, NAMED, Said, compared, sentences};
use super::standing::Seen;
use super::urgency::Urgency;
use super::{Visit, address};
use crate::http::reply::Reply;
use crate::language::Locale;
use crate::reconciliation::comparison::Comparison;
use crate::reconciliation::ledger::{ComparisonRecord, FindingCounts};
use crate::words::monitor::Frame as T;
use crate::words::monitor::reconciliation::{self, Reconciliation as W};
use crate::words::monitor::standing::Standing as S;

#[derive(Template)]
#[template(path = "comparison.html")]
struct ComparisonPage<'a> {
    frame: &'a Frame,
    told: Option<String>,
    said: Said,
    resend: Option<(String, String)>,
    file: Option<String>,
    compared: Vec<Compared>,
    findings: Vec<FindingRow>,
    left: Option<String>,
    notes: Vec<String>,
    lists: Vec<Listed>,
}

/// Ids of a kind.
struct Listed {
    title: &'static str,
    /// Each with its address, when the relay knows it.
    ids: Vec<(String, Option<String>)>,
    left: Option<String>,
}

/// What the comparison of a file has found beside what is kept of it.
pub(super) struct Beside {
    file: String,
    arrived: (Vec<Uuid>, u64),
    waiting: (Vec<Uuid>, u64),
    unknown: (Vec<Uuid>, u64),
    not_compared: u64,
    dismissed: u64,
    erased: u64,
}

impl Beside {
    pub(super) fn of(file: String, found: &Comparison) -> Self {
        let first = |ids: &mut dyn Iterator<Item = Uuid>, all: usize| {
            (ids.take(NAMED).collect::<Vec<_>>(), all as u64)
        };
        let waiting = found.waiting.iter().map(|one| one.id);
        let arrived = found.arrived.iter().map(|(_, id)| *id);
        let unknown = found.unknown.iter().copied();
        Self {
            file,
            arrived: first(&mut { arrived }, found.arrived.len()),
            waiting: first(&mut { waiting }, found.waiting.len()),
            unknown: first(&mut { unknown }, found.unknown.len()),
            not_compared: found.not_compared,
            dismissed: found.given_up,
            erased: found.erased,
        }
    }

    fn lists(&self, locale: Locale) -> Vec<Listed> {
        let lists = [
            (W::ArrivedTitle, &self.arrived, true),
            (W::WaitingTitle, &self.waiting, true),
            (W::UnknownTitle, &self.unknown, false),
        ];
        let lists = lists.into_iter().filter(|(_, (_, all), _)| *all > 0);
        let listed = lists.map(|(title, (ids, all), is_known)| {
            let left = all - ids.len() as u64;
            let ids = ids.iter().map(ToString::to_string).map(|id| {
                let address = is_known.then(|| address::delivery(&id));
                (id, address)
            });
            Listed {
                title: locale.phrase(title),
                ids: ids.collect(),
                left: (left > 0).then(|| reconciliation::more(left, locale.language)),
            }
        });
        listed.collect()
    }

    fn notes(&self, locale: Locale) -> Vec<String> {
        let later = (self.not_compared > 0)
            .then(|| reconciliation::not_compared(self.not_compared, locale.language));
        let settled = reconciliation::settled(self.dismissed, self.erased, locale.language);
        later.into_iter().chain(settled).collect()
    }
}

/// The comparison with this id, without what the reader may not know of.
///
/// # Errors
/// `NotFound`, or the store's.
pub(super) async fn of_id(visit: &Visit<'_>, id: &str) -> Result<Vec<ComparisonRecord>, PageError> {
    let hidden = visit.hidden_routes();
    let mut records = visit.api.store.comparison(id).await?;
    records.retain(|record| !hidden.contains(&record.route));
    if records.is_empty() {
        return Err(PageError::NotFound);
    }
    Ok(records)
}

/// `GET /monitor/reconcile/{id}`
///
/// # Errors
/// `NotFound`, or the store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let (api, locale) = (visit.api, visit.locale);
    let records = of_id(&visit, &visit.id).await?;
    let missing = MissingNow::of(&visit, &records).await?;
    let counts = missing.counts();
    let then = records.iter().map(|one| one.counts.missing).sum();
    let seen = Seen::of(&visit).await?;
    let title = locale.phrase(W::ResultTitle);
    let frame = Frame::of(&visit, View::Reconciliation, title, &seen);
    let beside = visit.shared.compared.get(&visit.id, api.clock.monotonic());
    // Ids of private routes may be among them.
    let beside = beside.filter(|_| visit.operates());
    let findings = missing.rows(locale, &api.advice.routes.of(None));
    let all = counts.missing + counts.sent_again + counts.no_effect;
    let left = all - findings.len() as u64;
    let may_resend = visit.operates() && counts.missing > 0;
    let page = ComparisonPage {
        told: missing::done(&visit),
        said: said(locale, counts, then, visit.operates()),
        resend: may_resend.then(|| {
            let told = reconciliation::resend(counts.missing, locale.language);
            (missing::question(&visit.id), told)
        }),
        file: beside.as_ref().map(|beside| beside.file.clone()),
        compared: records
            .iter()
            .map(|record| compared(locale, record))
            .collect(),
        left: (left > 0).then(|| reconciliation::more(left, locale.language)),
        findings,
        notes: beside
            .as_ref()
            .map_or_else(Vec::new, |beside| beside.notes(locale)),
        lists: beside.map_or_else(Vec::new, |beside| beside.lists(locale)),
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

/// What is, and what to do; `then`: so many were missing when it was compared.
fn said(locale: Locale, counts: FindingCounts, then: u64, operates: bool) -> Said {
    if counts == FindingCounts::default() && then > 0 {
        return Said {
            urgency: Urgency::Fine,
            text: reconciliation::found_then(then, locale.language),
            next: None,
        };
    }
    let known = Known {
        counts,
        was_compared: true,
        ..Known::default()
    };
    let said = sentences(known, operates, locale);
    said.into_iter().next().unwrap_or(Said {
        urgency: Urgency::Fine,
        text: locale.phrase(W::Fine).to_owned(),
        next: None,
    })
}
