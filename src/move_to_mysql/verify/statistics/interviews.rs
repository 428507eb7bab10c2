//! Counts and lists of interviews.

use std::collections::BTreeMap;

use super::{Counted, Counts, LAST, OtherValue, Range, by_name, other_counts, shown};
use crate::interview::Interview;
use crate::interview_stats::{
    InterviewChange, InterviewCounts, InterviewRange, RECENTLY_RESCHEDULED, ReportLimits,
};
use crate::move_to_mysql::MoveError;
use crate::shared_database::SharedDatabase;
use crate::shared_database::statistics::{InterviewsThere, Listed, Question};
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

    /// Whether it leaves these.
    fn has(&self, row: &InterviewsThere) -> bool {
        let (facility, department) = self.place;
        (facility.is_none() || *facility == row.facility)
            && (department.is_none() || *department == row.department)
            && self
                .interview_type
                .is_none_or(|of| of == row.interview_type)
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
        let everything = Filtered {
            range,
            place: &everywhere,
            interview_type: None,
        };
        // By facility, department and type: the answer of each filter is a part of it.
        let there = target.interviews(&everything.there()).await?;
        for place in &places {
            for interview_type in types.iter().copied() {
                let filtered = Filtered {
                    range,
                    place,
                    interview_type,
                };
                counts(copy, &there, filtered, counted)?;
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

fn counts(
    copy: &CarriedCopy,
    there: &[InterviewsThere],
    filtered: Filtered<'_>,
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let here = copy.interview_statistics(&filtered.here())?;
    let mut by_type: BTreeMap<String, InterviewChange> = BTreeMap::new();
    let mut total = InterviewChange::default();
    for row in there.iter().filter(|row| filtered.has(row)) {
        let change = change(row.counts);
        total.add(&change, 1);
        by_type
            .entry(row.interview_type.clone())
            .or_default()
            .add(&change, 1);
    }
    let by_type = by_type.into_iter().map(|(of, sum)| (of, sum.into()));
    let (here, there) = (
        interviews_by_name(&here.total, &here.by_type),
        interviews_by_name(&total.into(), &by_type.collect()),
    );
    let asked = || filtered.asked("completion-stats");
    counted.take(asked, other_counts(&here, &there));
    Ok(())
}

fn interviews_by_name(
    total: &InterviewCounts,
    by_type: &BTreeMap<String, InterviewCounts>,
) -> Counts {
    by_name(total, by_type, |counts| {
        [
            ("total", counts.total),
            ("completed", counts.completed),
            ("scheduled", counts.scheduled),
            ("cancelled", counts.cancelled),
            ("no_show", counts.no_show),
            ("rescheduled", counts.rescheduled),
            ("synced", counts.synced),
            ("timed", counts.timed),
            ("minutes", counts.minutes),
        ]
    })
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
    let columns = ["id", "rescheduled_from_id", "interview_date"];
    counted.take(
        asked,
        other_places(&columns, &here.collect::<Vec<_>>(), &there),
    );
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
    counted.take(
        asked,
        other_places(&LISTED, &here.collect::<Vec<_>>(), &there),
    );
    Ok(())
}

/// The columns of VoiceDrive's lists.
const LISTED: [&str; 10] = [
    "list",
    "id",
    "employee_id",
    "employee_name",
    "interview_type",
    "interview_date",
    "interview_status",
    "completed_at",
    "duration_minutes",
    "status_reason",
];

/// The places of a list that somebody else has, or of whom something else is said. Names and reasons are not shown.
fn other_places(columns: &[&str], here: &[Listed], there: &[Listed]) -> Vec<OtherValue> {
    let id = |row: Option<&Listed>| {
        let at = columns.iter().position(|column| *column == "id")?;
        row?.get(at)?.clone()
    };
    let mut other = Vec::new();
    for place in 0..here.len().max(there.len()) {
        let (ours, theirs) = (here.get(place), there.get(place));
        if ours == theirs {
            continue;
        }
        let (our_id, other_id) = (id(ours), id(theirs));
        let mut name = format!("({})", place + 1);
        if our_id == other_id {
            let values = ours.into_iter().flatten().zip(theirs.into_iter().flatten());
            let columns = columns.iter().zip(values);
            for (column, _) in columns.filter(|(_, (here, there))| here != there) {
                name = format!("{name} {column}");
            }
        }
        other.push(OtherValue {
            name,
            here: our_id,
            there: other_id,
        });
    }
    other
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_list_each_place_is_named_that_somebody_else_has_and_no_name_of_a_person() {
        let row = |id: &str, name: &str| vec![Some(id.to_owned()), Some(name.to_owned())];
        let here = [row("INT-1", "山田"), row("INT-2", "佐藤")];
        let there = [
            row("INT-1", "山本"),
            row("INT-3", "佐藤"),
            row("INT-2", "佐藤"),
        ];
        let found = other_places(&["id", "employee_name"], &here, &there);
        let value = |name: &str, here: Option<&str>, there: &str| OtherValue {
            name: name.to_owned(),
            here: here.map(str::to_owned),
            there: Some(there.to_owned()),
        };
        assert_eq!(
            found,
            [
                value("(1) employee_name", Some("INT-1"), "INT-1"),
                value("(2)", Some("INT-2"), "INT-3"),
                value("(3)", None, "INT-2"),
            ]
        );
        assert_eq!(other_places(&["id", "employee_name"], &here, &here), []);
    }
}
