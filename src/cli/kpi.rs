//! `kpi`: the five goals of the two teams.

use clap::Args;
use serde_json::Value;

use super::CliError;
use super::client::Client;
use super::delivery_line::{pad, pad_left, width};
use super::words::{Locale, text};
use crate::period::Period;
use crate::words::kpis::{self, Kpi as Words};

/// Show the five goals: sends, interviews, losses, answers, retries.
#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay kpi
  voicedrive-relay kpi --period 7d
  voicedrive-relay kpi --json
With fewer than 20 sends nothing is said about whether their goal is met. A loss is what VoiceDrive does not have
although it was delivered; nothing is known of it before the first reconciliation.")]
pub(super) struct Kpi {
    /// Which sends, retries and interviews count; the span ends now
    #[arg(long, value_parser = Period::ALL.map(Period::as_str), default_value = "30d")]
    period: String,
}

impl Kpi {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        let query = [("period", self.period.as_str())];
        let answer = client.get("/api/integration/kpis", &query).await?;
        client.print(&answer, |locale| table(locale, &answer))
    }
}

/// A goal: its name, where it stands, and whether its value may not be larger than the target.
const GOALS: [(Words, &str, Words, bool); 5] = [
    (Words::SendSuccess, "sendSuccess", Words::Percent, false),
    (
        Words::InterviewCompletion,
        "interviewCompletion",
        Words::Percent,
        false,
    ),
    (Words::GapDetection, "gapDetection", Words::Hours, true),
    (Words::ApiResponse, "apiResponse", Words::Milliseconds, true),
    (Words::RetrySuccess, "retrySuccess", Words::Percent, false),
];

/// One goal a line: its value, the target, whether it is met, and what it is made of.
fn table(locale: Locale, answer: &Value) -> String {
    let rows = GOALS.map(|(name, key, unit, at_most)| {
        let goal = &answer[key];
        let unit = locale.phrase(unit);
        let value = goal["value"].as_f64();
        let value = value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} {unit}"));
        let target = if at_most {
            kpis::at_most(&goal["target"], unit, locale.language)
        } else {
            kpis::at_least(&goal["target"], unit, locale.language)
        };
        let met = locale.phrase(match goal["met"].as_bool() {
            Some(true) => Words::Met,
            Some(false) => Words::NotMet,
            None => Words::Unknown,
        });
        [
            locale.phrase(name).to_owned(),
            value,
            target,
            met.to_owned(),
            details(locale, key, goal),
        ]
    });
    let widest = |column: usize| {
        let cells = rows.iter().map(|row: &[String; 5]| width(&row[column]));
        cells.max().unwrap_or(0)
    };
    let widths = [widest(0), widest(1), widest(2), widest(3)];
    let lines = rows.iter().map(|[name, value, target, met, details]| {
        let line = [
            pad(name, widths[0]),
            pad_left(value, widths[1]),
            pad(target, widths[2]),
            pad(met, widths[3]),
            details.clone(),
        ];
        line.join("  ").trim_end().to_owned()
    });
    let heading = kpis::heading(text(&answer["period"]), locale.language);
    let lines: Vec<_> = [heading].into_iter().chain(lines).collect();
    lines.join("\n")
}

/// What a value is made of, or why there is none.
fn details(locale: Locale, key: &str, goal: &Value) -> String {
    let language = locale.language;
    match key {
        "sendSuccess" if goal["met"].is_null() => {
            kpis::few_sends(&goal["sent"], &goal["waiting"], language)
        }
        "sendSuccess" => kpis::sends(&goal["sent"], &goal["waiting"], language),
        "interviewCompletion" => goal["noShowRate"]
            .as_f64()
            .map_or_else(String::new, |rate| kpis::no_show(rate, language)),
        "gapDetection" if goal["value"].is_null() => locale.phrase(Words::NeverCompared).to_owned(),
        "gapDetection" if goal["neverConfirmed"] != 0 => {
            kpis::never_confirmed(&goal["neverConfirmed"], language)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::language::Language;
    use crate::zone::Zone;

    #[test]
    fn a_goal_is_a_line_within_eighty_columns() {
        let answer = json!({
            "period": "30d",
            "sendSuccess": {"value": 98.7, "target": 99, "met": false, "sent": 12_345_678, "succeeded": 1, "waiting": 12_345},
            "interviewCompletion": {"value": 100.0, "target": 90, "met": true, "noShowRate": 4.0},
            "gapDetection": {"value": null, "target": 24, "met": null, "uncompared": 3, "neverConfirmed": 0},
            "apiResponse": {"value": 1.7, "target": 300, "met": true},
            "retrySuccess": {"value": null, "target": 80, "met": null},
        });
        let of = |language| {
            let locale = Locale {
                language,
                timezone: Zone::TOKYO,
            };
            table(locale, &answer)
        };
        for page in [of(Language::En), of(Language::Ja)] {
            assert_eq!(page.lines().count(), 6);
            for line in page.lines() {
                assert!(width(line) <= 80, "{}: {line}", width(line));
            }
        }
        let page = of(Language::En);
        let lines: Vec<_> = page.lines().collect();
        assert!(lines[0].starts_with("the last 30 days "), "{page}");
        assert!(
            lines[1].contains("98.7 %  at least 99 %   missed"),
            "{page}"
        );
        assert!(
            lines[3].ends_with("     -  at most 24 h    -       never reconciled"),
            "{page}"
        );
        assert!(lines[4].contains("1.7 ms  at most 300 ms  met"), "{page}");
    }
}
