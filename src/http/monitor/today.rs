//! The interviews of today, as the view of the state now has them.

use super::Visit;
use super::error::PageError;
use super::interview_view::{self, InterviewView};
use super::interviews::{self, TabLink};
use crate::interview_stats::InterviewCounts;
use crate::language::Locale;
use crate::timestamp::Timestamp;

/// All of today, and those of them whose time is over.
pub(super) async fn counts(
    visit: &Visit<'_>,
    now: Timestamp,
) -> Result<[InterviewCounts; 2], PageError> {
    let range = InterviewView::of_today().range(visit.locale.timezone, now);
    let past = interview_view::past(range.clone(), now);
    let mut counts = [InterviewCounts::default(); 2];
    for (counts, range) in counts.iter_mut().zip([Some(range), past]) {
        if let Some(range) = range {
            let (counted, _) = visit.api.store.interview_statistics(range, 0).await?;
            *counts = counted.total;
        }
    }
    Ok(counts)
}

/// Links to them by their status, without those that nothing is behind.
pub(super) fn links(locale: Locale, [all, past]: &[InterviewCounts; 2]) -> Vec<TabLink> {
    let mut links = interviews::tabs(locale, all, past, &InterviewView::of_today());
    links.retain(|link| link.count > 0);
    links
}
