//! The names of columns and fields, in three spellings: `employeeId`, `employee_id`, 職員ID.

use std::collections::HashMap;

use crate::interview::field::Field;

/// Further columns of the staff system's table of interviews, which the relay does not use.
const UNUSED: [&str; 12] = [
    "duration",
    "typespecificnotes",
    "overallevaluation",
    "potentialevaluation",
    "turnoverrisk",
    "developmentplan",
    "nextactionitems",
    "notes",
    "createdat",
    "updatedat",
    "rescheduledfrom",
    "rescheduledto",
];
/// More unused columns begin so: `motivation_type`, `motivation_reason`.
const UNUSED_BEGINNING: &str = "motivation";

/// The meaning of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// A field of a record.
    Field(Field),
    /// A field of the staff system that the relay does not use.
    Unused,
    /// Not known.
    Unknown,
}

impl Column {
    /// The column with this name, in any of the spellings.
    pub(super) fn named(name: &str) -> Self {
        let plain = plain(name);
        let field = Field::ALL
            .into_iter()
            .find(|field| is_called(*field, &plain));
        match field {
            Some(field) => Self::Field(field),
            None if UNUSED.contains(&plain.as_str()) => Self::Unused,
            None if plain.starts_with(UNUSED_BEGINNING) => Self::Unused,
            None => Self::Unknown,
        }
    }
}

fn is_called(field: Field, plain_name: &str) -> bool {
    plain_name == plain(field.name())
        || plain_name == plain(field.japanese())
        || field.more_names().contains(&plain_name)
}

/// A byte order mark; some programs write two of them before the first name.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Normalises a name: lower case, half width, without blanks, underscores and brackets.
fn plain(name: &str) -> String {
    name.chars()
        .map(half_width)
        .filter(|c| !c.is_whitespace() && !matches!(*c, '_' | '-' | BYTE_ORDER_MARK))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The half-width form of a full-width letter, digit or sign of ASCII.
fn half_width(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        c => c,
    }
}

/// A cache of names and their columns: every record of a JSON file repeats its names.
#[derive(Debug, Default)]
pub(super) struct Columns(HashMap<String, Column>);

impl Columns {
    pub(super) fn named(&mut self, name: &str) -> Column {
        if let Some(column) = self.0.get(name) {
            return *column;
        }
        let column = Column::named(name);
        // Unknown names are refused; a file with many of them must not fill the memory.
        if column != Column::Unknown {
            self.0.insert(name.to_owned(), column);
        }
        column
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_has_three_spellings() {
        for (field, names) in [
            (
                Field::Id,
                vec!["id", "ID", "面談ID", "面談ＩＤ", "\u{feff}id"],
            ),
            (
                Field::EmployeeId,
                vec![
                    "employeeId",
                    "employee_id",
                    "EMPLOYEE_ID",
                    "職員ID",
                    " 職員 id ",
                ],
            ),
            (Field::EmployeeName, vec!["employee_name", "職員名"]),
            (Field::InterviewType, vec!["interview_type", "種別"]),
            (Field::InterviewDate, vec!["interview_date", "面談日時"]),
            (Field::InterviewStatus, vec!["interview_status", "状態"]),
            (
                Field::DurationMinutes,
                vec!["duration_minutes", "時間(分)", "時間（分）"],
            ),
            (Field::FacilityId, vec!["facility_id", "施設"]),
            (Field::DepartmentId, vec!["department_id", "部署"]),
            (
                Field::RescheduledFromId,
                vec!["rescheduled_from_id", "元の面談ID"],
            ),
            (
                Field::VoicedriveSyncId,
                vec!["voicedrive_sync_id", "VoiceDrive ID", "voicedriveSyncId"],
            ),
        ] {
            for name in names {
                assert_eq!(Column::named(name), Column::Field(field), "{name}");
            }
        }
    }

    #[test]
    fn no_two_fields_share_a_name() {
        for field in Field::ALL {
            for name in [field.name(), field.japanese()]
                .iter()
                .chain(field.more_names())
            {
                assert_eq!(Column::named(name), Column::Field(field), "{name}");
            }
        }
    }

    #[test]
    fn what_the_staff_system_has_besides_is_unused_and_the_rest_unknown() {
        for name in [
            "duration",
            "motivation_type",
            "motivationReason",
            "next_action_items",
            "notes",
        ] {
            assert_eq!(Column::named(name), Column::Unused, "{name}");
        }
        for name in ["colour", "", "note", "date"] {
            assert_eq!(Column::named(name), Column::Unknown, "{name}");
        }
    }
}
