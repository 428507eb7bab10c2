//! `stats`: what was sent in a range, by day, type or route.

use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::delivery_line::{fit, pad_left, width};
use super::filter::moments;
use super::value;
use super::words::text;
use super::{CliError, words::Locale};
use crate::day::Days;
use crate::period::Period;
use crate::send_breakdown::By;
use crate::timestamp::Timestamp;
use crate::words::commands::Command;
use crate::words::harmless;
use crate::words::stats::Stats as Words;

/// The columns of a terminal that nobody has made wider.
const COLUMNS: usize = 80;
/// What stands between two cells.
const GAP: &str = "  ";

/// Show how many events were sent, and what became of them, by day, type or route.
#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay stats
  voicedrive-relay stats --month 2025-10 --by type
  voicedrive-relay stats --week 2025-W43
  voicedrive-relay stats --since 2025-10-01 --until 2025-10-15 --by route
  voicedrive-relay stats --period 24h --json
A delivery counts on the day of its first send, by what has become of it by now. Days are those of the
configured time zone. The rate is what was delivered of all that was sent.")]
pub(super) struct Stats {
    /// A span that ends now
    #[arg(long, value_parser = Period::ALL.map(Period::as_str), default_value = "7d",
          conflicts_with_all = ["since", "until", "month", "week"])]
    period: String,
    /// What was sent since then, written as `tail` takes it; a day is meant from its midnight
    #[arg(long, value_name = "TIME", conflicts_with_all = ["month", "week"])]
    since: Option<String>,
    /// What was sent until then; a day is meant to its end
    #[arg(long, value_name = "TIME", conflicts_with_all = ["month", "week"])]
    until: Option<String>,
    /// A month, such as 2025-10
    #[arg(long, value_parser = value::month, conflicts_with = "week")]
    month: Option<Days>,
    /// A week from Monday to Sunday, such as 2025-W43, or a day in it
    #[arg(long, value_parser = value::week)]
    week: Option<Days>,
    /// What makes a row
    #[arg(long, value_parser = By::ALL.map(By::as_str), default_value = "day")]
    by: String,
}

impl Stats {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        let range = self.range(client.locale)?;
        let mut query: Vec<_> = range
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        query.push(("by", &self.by));
        let answer = client.get("/control/stats", &query).await?;
        client.print(&answer, |locale| table(locale, &answer))
    }

    /// The range as the daemon calls it.
    fn range(&self, locale: Locale) -> Result<Vec<(&'static str, String)>, CliError> {
        let (since, until) = match self.month.or(self.week) {
            Some(days) => {
                let span = days.span(locale.timezone);
                let (first, last) = span
                    .ok_or_else(|| CliError::Usage(locale.phrase(Command::NoMoment).to_owned()))?;
                (Some(first), Some(last))
            }
            None => moments(locale, self.since.as_deref(), self.until.as_deref())?,
        };
        if since.is_none() && until.is_none() {
            return Ok(vec![("period", self.period.clone())]);
        }
        let named = [("since", since), ("until", until)].into_iter();
        let named = named.filter_map(|(name, moment)| Some((name, moment?.to_string())));
        Ok(named.collect())
    }
}

/// A column of numbers: its heading, and where they stand.
const NUMBERS: [(Words, &str); 7] = [
    (Words::Sent, "sent"),
    (Words::Succeeded, "succeeded"),
    (Words::Failed, "failed"),
    (Words::TimedOut, "timeout"),
    (Words::Retried, "retried"),
    (Words::Rate, "successRate"),
    (Words::Milliseconds, "avgProcessingTime"),
];

/// The rows with their total, within 80 columns; a long name gives way.
fn table(locale: Locale, answer: &Value) -> String {
    let by = text(&answer["by"]);
    let heading = match By::from_word(by) {
        Some(By::Type) => Words::Type,
        Some(By::Route) => Words::Route,
        _ => Words::Day,
    };
    let total = locale.phrase(Words::Total).to_owned();
    let items = answer["items"].as_array().into_iter().flatten();
    let rows = items.map(|row| (harmless(text(&row[by])), numbers(row)));
    let mut rows: Vec<_> = rows.collect();
    let is_empty = rows.is_empty();
    rows.push((total, numbers(&answer["total"])));
    let headings = NUMBERS.map(|(heading, _)| locale.phrase(heading).to_owned());
    rows.insert(0, (locale.phrase(heading).to_owned(), headings));
    let widths: Vec<usize> = (0..NUMBERS.len())
        .map(|column| {
            let cells = rows.iter().map(|(_, cells)| width(&cells[column]));
            cells.max().unwrap_or(0)
        })
        .collect();
    let taken: usize = widths.iter().map(|width| width + GAP.len()).sum();
    let names = rows.iter().map(|(name, _)| width(name)).max().unwrap_or(0);
    let name_width = names.min(COLUMNS.saturating_sub(taken));
    let lines = rows.iter().map(|(name, cells)| {
        let cells = cells.iter().zip(&widths);
        let cells = cells.map(|(cell, width)| pad_left(cell, *width));
        let cells: Vec<_> = [fit(name, name_width)].into_iter().chain(cells).collect();
        cells.join(GAP)
    });
    let mut lines: Vec<_> = [range(locale, answer)].into_iter().chain(lines).collect();
    if is_empty {
        lines.truncate(1);
        lines.push(locale.phrase(Words::Nothing).to_owned());
    }
    lines.join("\n")
}

/// From when to when, by the clock on the wall.
fn range(locale: Locale, answer: &Value) -> String {
    let end = |name: &str| match Timestamp::parse(text(&answer[name])) {
        Ok(moment) => locale.clock(moment),
        Err(_) => String::new(),
    };
    format!("{} – {}", end("from"), end("to"))
}

fn numbers(row: &Value) -> [String; NUMBERS.len()] {
    NUMBERS.map(|(_, name)| match &row[name] {
        Value::Null => "-".to_owned(),
        Value::Number(number) if number.is_f64() => {
            format!("{:.1}", number.as_f64().unwrap_or_default())
        }
        number => number.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::language::Language;
    use crate::zone::Zone;

    fn locale(language: Language) -> Locale {
        Locale {
            language,
            timezone: Zone::TOKYO,
        }
    }

    fn counts(sent: u64, rate: Option<f64>) -> Value {
        json!({"sent": sent, "succeeded": sent, "failed": 0, "timeout": 0, "retried": 1,
               "successRate": rate, "avgProcessingTime": 145})
    }

    fn answer(by: &str, rows: &[(&str, u64, Option<f64>)]) -> Value {
        let items = rows.iter().map(|(name, sent, rate)| {
            let mut row = counts(*sent, *rate);
            row[by] = json!(name);
            row
        });
        json!({"from": "2025-10-25T15:00:00.000Z", "to": "2025-10-26T14:59:59.999Z", "by": by,
               "items": items.collect::<Vec<_>>(), "total": counts(120, Some(100.0))})
    }

    #[test]
    fn numbers_stand_under_their_headings() {
        let answer = answer(
            "day",
            &[("2025-10-25", 0, None), ("2025-10-26", 120, Some(100.0))],
        );
        assert_eq!(
            table(locale(Language::En), &answer),
            "2025-10-26 00:00:00 – 2025-10-26 23:59:59\n\
             day         sent  success  failed  timeout  retried  % success   ms\n\
             2025-10-25     0        0       0        0        1          -  145\n\
             2025-10-26   120      120       0        0        1      100.0  145\n\
             total        120      120       0        0        1      100.0  145"
        );
    }

    #[test]
    fn no_line_is_longer_than_eighty_columns_and_all_are_aligned() {
        let long = "employee.".repeat(20);
        let rows = [(long.as_str(), 12_345_678, Some(99.9)), ("a", 1, Some(0.0))];
        for language in [Language::Ja, Language::En] {
            for by in By::ALL.map(By::as_str) {
                let page = table(locale(language), &answer(by, &rows));
                let widths: Vec<_> = page.lines().skip(1).map(width).collect();
                assert_eq!(widths.len(), 4);
                assert!(
                    widths
                        .iter()
                        .all(|one| *one == widths[0] && *one <= COLUMNS),
                    "{page}"
                );
            }
        }
    }

    #[test]
    fn where_nothing_was_sent_it_is_said() {
        let page = table(locale(Language::En), &answer("type", &[]));
        assert!(page.ends_with("\nnothing was sent"), "{page}");
    }
}
