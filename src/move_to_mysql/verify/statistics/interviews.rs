//! Counts and lists of interviews.

use std::collections::BTreeMap;

use super::{Counted, LAST, Range, shown};
use crate::interview::Interview;
use crate::interview_stats::{
    InterviewChange, InterviewCounts, InterviewRange, RECENTLY_RESCHEDULED, ReportLimits,
};
use crate::move_to_mysql::MoveError;
use crate::shared_database::SharedDatabase;
use crate::shared_database::statistics::{Listed, Question};
use crate::store::CarriedCopy;
use crate::timestamp::Timestamp;

/// Facility and department.
type Place = (Option<String>, Option<String>);

/// A range, and of that what a filter leaves.
#[derive(Clone, Copy)]
struct Filtered<'a> {
    range: &'a Range,
    place: &'a Place,
    interview_type: Option<&'a str>,
}

impl Filtered<'_> {
    /// As it is asked for here.
    fn here(&self) -> InterviewRange {
        InterviewRange {
            from: self.range.from,
            to: Some(self.range.to).filter(|_| !self.range.is_open()),
            facility: self.place.0.clone(),
            department: self.place.1.clone(),
            interview_type: self.interview_type.map(str::to_owned),
        }
    }

    /// And there.
    fn there(&self) -> Question<'_> {
        let sends = self.range.of_sends();
        Question {
            to: if self.range.is_open() { LAST } else { sends.to },
            facility: self.place.0.as_deref(),
            department: self.place.1.as_deref(),
            interview_type: self.interview_type,
            ..sends
        }
    }

    /// And in words.
    fn asked(&self, statistics: &str) -> String {
        let (facility, department) = (self.place.0.as_deref(), self.place.1.as_deref());
        let filters = [facility, department, self.interview_type].map(shown);
        format!("{statistics} {} {}", self.range.name, filters.join(" "))
    }
}

pub(super) async fn compare(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    ranges: &[Range],
    (types, pairs): (&[Option<String>], Vec<Place>),
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let everywhere = (None, None);
    let mut places = vec![everywhere.clone()];
    for (facility, department) in pairs {
        places.push((facility.clone(), None));
        places.push((None, department.clone()));
        places.push((facility, department));
    }
    places.sort();
    places.dedup();
    let types: Vec<_> = types.iter().map(Option::as_deref).collect();
    for range in ranges {
        for place in &places {
            for interview_type in types.iter().copied() {
                let filtered = Filtered {
                    range,
                    place,
                    interview_type,
                };
                counts(target, copy, filtered, counted).await?;
            }
            let filtered = Filtered {
                range,
                place,
                interview_type: None,
            };
            rescheduled(target, copy, filtered, counted).await?;
        }
        for interview_type in types.iter().copied() {
            let filtered = Filtered {
                range,
                place: &everywhere,
                interview_type,
            };
            lists(target, copy, filtered, counted).await?;
        }
    }
    Ok(())
}

async fn counts(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    filtered: Filtered<'_>,
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let here = copy.interview_statistics(&filtered.here())?;
    let mut by_type: BTreeMap<String, InterviewCounts> = BTreeMap::new();
    let mut total = InterviewCounts::default();
    for (of, counts) in target.interviews(&filtered.there()).await? {
        let change = change(counts);
        total.add(&change, 1);
        by_type.entry(of).or_default().add(&change, 1);
    }
    let (here, there) = ((here.total, here.by_type), (total, by_type));
    counted.take(|| filtered.asked("completion-stats"), &here, &there);
    Ok(())
}

/// Which were rescheduled.
async fn rescheduled(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    filtered: Filtered<'_>,
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let here = copy.rescheduled(&filtered.here(), RECENTLY_RESCHEDULED)?;
    let here = here
        .into_iter()
        .map(|one| vec![Some(one.id), Some(one.origin), Some(in_sql(one.date))]);
    let there = target.rescheduled(&filtered.there()).await?;
    let asked = || filtered.asked("completion-stats") + " rescheduling.recent";
    counted.take(asked, &here.collect(), &there);
    Ok(())
}

/// The lists of VoiceDrive's page.
async fn lists(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    filtered: Filtered<'_>,
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let report = copy.interview_report(&filtered.here(), ReportLimits::OF_THE_PAGE)?;
    let here = [
        ("completed", report.completed),
        ("missed", report.missed),
        ("pending", report.pending),
    ];
    let here = here
        .into_iter()
        .flat_map(|(list, interviews)| interviews.into_iter().map(move |one| listed(list, one)));
    let there = target.interview_lists(&filtered.there()).await?;
    let asked = || {
        let (name, of) = (filtered.range.name, shown(filtered.interview_type));
        format!("interview-completion-stats {name} {of}")
    };
    counted.take(asked, &here.collect(), &there);
    Ok(())
}

/// A moment as the other side writes it, also one that is too early for its tables.
fn in_sql(moment: Timestamp) -> String {
    let text = moment.to_string();
    text.trim_end_matches('Z').replace('T', " ")
}

/// An interview as the other side's statement lists it.
fn listed(list: &str, interview: Interview) -> Listed {
    vec![
        Some(list.to_owned()),
        Some(interview.id),
        Some(interview.employee_id),
        interview.employee_name,
        Some(interview.interview_type),
        Some(in_sql(interview.date)),
        Some(interview.status.as_str().to_owned()),
        interview.completed_at.map(|moment| moment.to_string()),
        interview
            .duration_minutes
            .map(|minutes| minutes.to_string()),
        interview.status_reason,
    ]
}

fn change(
    [
        completed,
        scheduled,
        cancelled,
        no_show,
        rescheduled,
        synced,
        timed,
        minutes,
    ]: [i64; 8],
) -> InterviewChange {
    InterviewChange {
        scheduled,
        completed,
        cancelled,
        no_show,
        rescheduled,
        synced,
        timed,
        minutes,
    }
}
