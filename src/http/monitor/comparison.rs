//! The page of one comparison: what it counted, what of it is missing now, and, for a while after a file was compared,
//! what is kept nowhere.

use askama::Template;

use super::Visit;
use super::beside::Listed;
use super::error::PageError;
use super::fit::fit;
use super::frame::{self, Frame, View};
use super::missing::{self, FindingRow, MissingNow, of_id};
use super::reconciliation::{Compared, Known, ROOM_OF_FINDINGS, Said, compared, sentences};
use super::standing::Seen;
use super::urgency::Urgency;
use crate::http::reply::Reply;
use crate::language::Locale;
use crate::reconciliation::ledger::FindingCounts;
use crate::words::monitor::Frame as T;
use crate::words::monitor::more;
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
    let mut findings = missing.rows(locale);
    fit(&mut findings, ROOM_OF_FINDINGS, FindingRow::bytes);
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
        left: (left > 0).then(|| more(left, locale.language)),
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
