//! Counts and lists of interviews.

use std::collections::BTreeMap;

use super::{Counted, Range, ranges, shown};
use crate::interview::Interview;
use crate::interview_stats::{
    InterviewChange, InterviewCounts, InterviewRange, RECENTLY_RESCHEDULED, ReportLimits,
};
use crate::move_to_mysql::MoveError;
use crate::shared_database::SharedDatabase;
use crate::shared_database::statistics::Listed;
use crate::store::CarriedCopy;
use crate::timestamp::Timestamp;

pub(super) async fn compare(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    moment: Timestamp,
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let filters = copy.filters()?;
    let mut places = vec![(None, None)];
    for (facility, department) in filters.places {
        places.push((facility.clone(), None));
        places.push((None, department.clone()));
        places.push((facility, department));
    }
    places.sort();
    places.dedup();
    let types: Vec<_> = std::iter::once(None)
        .chain(filters.interview_types.into_iter().map(Some))
        .collect();
    for range in ranges(moment) {
        for place in &places {
            interviews_of(target, copy, (&range, place, types.as_slice()), counted).await?;
        }
        for interview_type in &types {
            lists(target, copy, (&range, interview_type.as_ref()), counted).await?;
        }
    }
    Ok(())
}

/// Facility and department.
type Place = (Option<String>, Option<String>);

/// The counts of a range and a place, for all types together and for each, and which were rescheduled.
async fn interviews_of(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    (range, place, types): (&Range, &Place, &[Option<String>]),
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let ends = range.of_interviews();
    let all = target.interviews(ends, place, None).await?;
    let asked = |of: Option<&String>| {
        let (facility, department) = (shown(place.0.as_ref()), shown(place.1.as_ref()));
        let (name, of) = (range.name, shown(of));
        format!("completion-stats {name} {facility} {department} {of}")
    };
    let wanted = |interview_type: Option<&String>| InterviewRange {
        from: range.from,
        to: Some(range.to).filter(|_| !range.is_open()),
        facility: place.0.clone(),
        department: place.1.clone(),
        interview_type: interview_type.cloned(),
    };
    for interview_type in types {
        let here = copy.interview_statistics(&wanted(interview_type.as_ref()))?;
        let there = all
            .iter()
            .filter(|(of, _)| interview_type.as_ref().is_none_or(|wanted| wanted == *of));
        let mut there_by_type: BTreeMap<String, InterviewCounts> = BTreeMap::new();
        let mut total = InterviewCounts::default();
        for (of, counts) in there {
            let change = change(*counts);
            total.add(&change, 1);
            there_by_type.entry(of.clone()).or_default().add(&change, 1);
        }
        counted.take(
            || asked(interview_type.as_ref()),
            &(here.total, here.by_type),
            &(total, there_by_type),
        );
    }
    let here = copy.rescheduled(&wanted(None), RECENTLY_RESCHEDULED)?;
    let here = here
        .into_iter()
        .map(|one| vec![Some(one.id), Some(one.origin), Some(in_sql(one.date))]);
    let there = target.rescheduled(ends, place).await?;
    counted.take(
        || format!("{} rescheduling.recent", asked(None)),
        &here.collect(),
        &there,
    );
    Ok(())
}

/// The lists of VoiceDrive's page.
async fn lists(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    (range, interview_type): (&Range, Option<&String>),
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let wanted = InterviewRange {
        from: range.from,
        to: Some(range.to).filter(|_| !range.is_open()),
        facility: None,
        department: None,
        interview_type: interview_type.cloned(),
    };
    let report = copy.interview_report(&wanted, ReportLimits::OF_THE_PAGE)?;
    let here = [
        ("completed", report.completed),
        ("missed", report.missed),
        ("pending", report.pending),
    ];
    let here = here
        .into_iter()
        .flat_map(|(list, interviews)| interviews.into_iter().map(move |one| listed(list, one)));
    let there = target
        .interview_lists(range.of_interviews(), interview_type.map(String::as_str))
        .await?;
    counted.take(
        || {
            format!(
                "interview-completion-stats {} {}",
                range.name,
                shown(interview_type)
            )
        },
        &here.collect(),
        &there,
    );
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
