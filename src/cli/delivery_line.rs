//! One delivery in one line: aligned, within 80 columns, with an id that `show` takes.

use std::collections::HashSet;

use serde_json::Value;

use super::paint::{Color, Paint};
use super::words::{Locale, text};
use crate::timestamp::Timestamp;
use crate::words::deliveries::Delivery;
use crate::words::harmless;

/// The columns of a terminal that nobody has made wider.
pub(super) const COLUMNS: usize = 80;
/// What stands between two cells.
const GAP: &str = "  ";
/// The most columns of a staff id.
const STAFF: usize = 16;
/// As much of an id as tells the events of two milliseconds apart.
const SHORT_ID: usize = "0199e2f3-1a2b".len();
/// The fewest columns that are left to an event's name.
const FEWEST: usize = 8;

/// What is told of a delivery, in the order of the cells.
pub(super) struct Line {
    at: String,
    id: String,
    event: String,
    staff: String,
    result: String,
    color: Option<Color>,
}

impl Line {
    /// A delivery as it stands, at the moment of its acceptance.
    pub(super) fn of_delivery(locale: Locale, event: &Value) -> Self {
        let at = clock(locale, &event["acceptedAt"], "%m-%d %H:%M:%S");
        Self::of(locale, at, event, None)
    }

    /// What happened to one, just now.
    pub(super) fn of_change(locale: Locale, change: &Value) -> Self {
        let at = clock(locale, &change["at"], "%H:%M:%S");
        Self::of(locale, at, &change["event"], Some(&change["attempt"]))
    }

    fn of(locale: Locale, at: String, event: &Value, attempt: Option<&Value>) -> Self {
        let status = text(&event["status"]);
        let state = match (status, event["waitsFor"].as_str()) {
            (_, Some(ahead)) => behind(locale, ahead),
            ("retrying", None) => retry(locale, event),
            (status, None) => locale.status(status).to_owned(),
        };
        let result = match attempt.and_then(|attempt| failure(locale, attempt)) {
            Some(failure) => format!("{failure} → {state}"),
            None => state,
        };
        Self {
            at,
            id: text(&event["shortId"]).to_owned(),
            event: text(&event["event"]).to_owned(),
            staff: harmless(text(&event["staffId"])),
            result,
            color: match status {
                "delivered" => Some(Color::Green),
                "retrying" => Some(Color::Yellow),
                "exhausted" => Some(Color::Red),
                _ => None,
            },
        }
    }
}

/// Behind which event of the same person it waits.
fn behind(locale: Locale, ahead: &str) -> String {
    let short = ahead.get(..SHORT_ID).unwrap_or(ahead);
    format!("{} {short}", locale.phrase(Delivery::Behind))
}

/// When it is sent again; with its day when that is another.
fn retry(locale: Locale, event: &Value) -> String {
    let day = |name: &str| clock(locale, &event[name], "%m-%d");
    let pattern = if day("acceptedAt") == day("nextRetryAt") {
        "%H:%M"
    } else {
        "%m-%d %H:%M"
    };
    let next = clock(locale, &event["nextRetryAt"], pattern);
    format!("{} {next}", locale.phrase(Delivery::Retry))
}

/// How an attempt failed, in a word; none for a success and where there was none.
fn failure(locale: Locale, attempt: &Value) -> Option<String> {
    let word = match attempt["outcome"].as_str()? {
        "success" => return None,
        "timeout" => locale.phrase(Delivery::TimedOut),
        _ => locale.phrase(Delivery::Failed),
    };
    let code = attempt["httpStatusCode"].as_u64();
    Some(code.map_or_else(|| word.to_owned(), |code| code.to_string()))
}

fn clock(locale: Locale, value: &Value, pattern: &str) -> String {
    let moment = value.as_str().and_then(|text| Timestamp::parse(text).ok());
    moment.map_or_else(
        || "-".to_owned(),
        |moment| locale.timezone.local(moment).strftime(pattern).to_string(),
    )
}

/// How wide the cells are, and in which colours.
#[derive(Clone, Copy)]
pub(super) struct Table {
    id: usize,
    event: usize,
    staff: usize,
    result: usize,
    paint: Paint,
}

impl Table {
    /// For lines that are all there.
    pub(super) fn of(lines: &[Line], paint: Paint) -> Self {
        let widest = |cell: fn(&Line) -> &str| {
            let widths = lines.iter().map(|line| width(cell(line)));
            widths.max().unwrap_or(0)
        };
        Self {
            id: widest(|line| &line.id),
            event: widest(|line| &line.event),
            staff: widest(|line| &line.staff).min(STAFF),
            result: widest(|line| &line.result),
            paint,
        }
    }

    /// For lines that are still to come, whose moments have no day.
    pub(super) fn of_changes(paint: Paint) -> Self {
        Self {
            id: "0199e2f3-1a2b".len(),
            event: 22,
            staff: 12,
            result: "503 → retry 14:35".len(),
            paint,
        }
    }

    /// The line; the name of the event gives way when it would be too long, and then the staff id.
    pub(super) fn write(&self, line: &Line) -> String {
        let id = pad(&line.id, self.id);
        let result = self.result.max(width(&line.result));
        let taken = width(&line.at) + width(&id) + result + 4 * GAP.len();
        let room = COLUMNS.saturating_sub(taken);
        let event = room.saturating_sub(self.staff).max(FEWEST).min(self.event);
        let staff = self.staff.min(room.saturating_sub(event));
        [
            line.at.clone(),
            id,
            fit(&line.event, event),
            fit(&line.staff, staff),
            self.paint.paint(&line.result, line.color),
        ]
        .join(GAP)
    }
}

/// The columns of a text: characters that are not ASCII count as the wide ones that most of them are here, but for
/// the signs of these lines.
pub(super) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(character: char) -> usize {
    let is_narrow = character.is_ascii() || matches!(character, '…' | '→');
    if is_narrow { 1 } else { 2 }
}

pub(super) fn pad(text: &str, to: usize) -> String {
    format!("{text}{}", missing(text, to))
}

/// The same with the blanks before it, as numbers have them.
pub(super) fn pad_left(text: &str, to: usize) -> String {
    format!("{}{text}", missing(text, to))
}

fn missing(text: &str, to: usize) -> String {
    " ".repeat(to.saturating_sub(width(text)))
}

/// The text in exactly so many columns; one that is cut off ends in `…`.
pub(super) fn fit(text: &str, to: usize) -> String {
    if width(text) <= to {
        return pad(text, to);
    }
    let mut left = to.saturating_sub(columns('…'));
    let kept = text.chars().take_while(|character| {
        let fits = columns(*character) <= left;
        left = left.saturating_sub(columns(*character));
        fits
    });
    pad(&format!("{}…", kept.collect::<String>()), to)
}

/// Of what happened, the last of each delivery: one that was accepted and sent at once is one line.
pub(super) fn last_of_each(changes: &Value) -> Vec<&Value> {
    let changes = changes["changes"].as_array().map_or(&[][..], Vec::as_slice);
    let mut seen = HashSet::new();
    let newest_first = changes.iter().rev();
    let mut last: Vec<_> = newest_first
        .filter(|change| seen.insert(change["event"]["id"].as_str()))
        .collect();
    last.reverse();
    last
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::zone::Zone;
    use serde_json::json;

    fn locale(language: Language) -> Locale {
        Locale {
            language,
            timezone: Zone::TOKYO,
        }
    }

    fn event(short_id: &str, name: &str, staff_id: &str, status: &str) -> Value {
        json!({"id": short_id, "shortId": short_id, "event": name, "staffId": staff_id, "status": status,
               "acceptedAt": "2025-10-26T05:30:00.000Z",
               "nextRetryAt": if status == "retrying" { json!("2025-10-26T05:35:00.000Z") } else { Value::Null }})
    }

    fn written(language: Language, events: &[Value]) -> Vec<String> {
        let of = |event| Line::of_delivery(locale(language), event);
        let lines: Vec<_> = events.iter().map(of).collect();
        let table = Table::of(&lines, Paint::PLAIN);
        lines.iter().map(|line| table.write(line)).collect()
    }

    #[test]
    fn lines_are_aligned() {
        let events = [
            event(
                "0199e2f3-1a2b",
                "employee.created",
                "EMP-2025-001",
                "delivered",
            ),
            event("0199e2f3-1a2b-7c", "test.ping", "職員1", "retrying"),
        ];
        assert_eq!(
            written(Language::En, &events),
            [
                "10-26 14:30:00  0199e2f3-1a2b     employee.created  EMP-2025-001  delivered",
                "10-26 14:30:00  0199e2f3-1a2b-7c  test.ping         職員1         retry 14:35",
            ]
        );
        let japanese = written(Language::Ja, &events);
        assert!(japanese[0].ends_with("EMP-2025-001  送信済み"));
        assert!(japanese[1].ends_with("職員1         再送 14:35"));
    }

    #[test]
    fn no_line_is_longer_than_eighty_columns() {
        let long = "x".repeat(100);
        let wide = "職".repeat(191);
        let events = [
            event("0199e2f3-1a2b-7c4d-8e5f-01", &long, &wide, "exhausted"),
            event("0199e2f3-1a2b", "a", "E", "retrying"),
        ];
        for language in [Language::Ja, Language::En] {
            for line in written(language, &events) {
                assert!(width(&line) <= COLUMNS, "{line}");
            }
            for attempt in [
                json!({"outcome": "timeout"}),
                json!({"outcome": "failed", "httpStatusCode": 503}),
                json!({"outcome": "success", "httpStatusCode": 200}),
                Value::Null,
            ] {
                let change = json!({"at": "2025-10-26T05:30:01.000Z", "attempt": attempt,
                                    "event": event("0199e2f3-1a2b", &long, &wide, "retrying")});
                let line = Line::of_change(locale(language), &change);
                let line = Table::of_changes(Paint::PLAIN).write(&line);
                assert!(width(&line) <= COLUMNS, "{line}");
            }
        }
    }

    #[test]
    fn a_failed_attempt_says_how_and_when_it_is_tried_again() {
        let change = json!({"at": "2025-10-26T05:30:01.000Z",
                            "attempt": {"outcome": "failed", "httpStatusCode": 503},
                            "event": event("0199e2f3-1a2b", "a.b", "E", "retrying")});
        let line = Line::of_change(locale(Language::En), &change);
        assert_eq!(line.result, "503 → retry 14:35");
        let mut tomorrow = event("0199e2f3-1a2b", "a.b", "E", "retrying");
        tomorrow["nextRetryAt"] = json!("2025-10-26T15:00:00.000Z");
        let line = Line::of_delivery(locale(Language::En), &tomorrow);
        assert_eq!(line.result, "retry 10-27 00:00");
    }

    #[test]
    fn what_waits_behind_another_says_behind_which() {
        let mut event = event(
            "0199e2f3-1a2c",
            "employee.photo.updated",
            "EMP-2025-001",
            "accepted",
        );
        event["waitsFor"] = json!("0199e2f3-1a2b-7c4d-8e5f-0123456789ab");
        let lines = written(Language::En, &[event]);
        assert!(lines[0].ends_with("  behind 0199e2f3-1a2b"), "{lines:?}");
    }

    #[test]
    fn what_happened_to_one_delivery_at_a_time_is_one_line() {
        let change = |id: &str, at: u64| json!({"at": at, "event": {"id": id}});
        let changes = json!({"changes": [change("a", 1), change("b", 2), change("a", 3)]});
        let at: Vec<_> = last_of_each(&changes)
            .iter()
            .map(|change| change["at"].as_u64())
            .collect();
        assert_eq!(at, [Some(2), Some(3)]);
    }
}
