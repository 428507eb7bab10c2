//! `tail`: deliveries, the newest last, and as they happen.

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::delivery_line::{Line, Table, last_of_each};
use super::filter::{Filter, fits, tell_unknown_type};
use super::paint::Paint;
use super::value::whole;
use super::{CliError, print_line};
use crate::config::Environment;
use crate::words::commands;

/// How often the daemon is asked for what is new.
const ASK_AGAIN: Duration = Duration::from_millis(500);

/// Show deliveries, the newest last.
#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay tail -f
  voicedrive-relay tail --status exhausted --event-type employee.created
  voicedrive-relay tail --staff-id EMP-2025-001 --since 2025-10-26 --limit 100
The last line says how many there are in all. `show` takes the ids as they stand here.")]
pub(super) struct Tail {
    /// Go on, and show what happens as it happens
    #[arg(short, long)]
    follow: bool,
    /// How many are shown at first, the newest ones, from 1 to 1000
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20, allow_negative_numbers = true,
          value_parser = whole::<u16>(1..=1000))]
    limit: u16,
    #[command(flatten)]
    filter: Filter,
}

impl Tail {
    pub(super) async fn run(
        &self,
        client: &Client,
        environment: &Environment,
    ) -> Result<(), CliError> {
        let paint = Paint::on(io::stdout().is_terminal(), environment);
        let filter = self.filter.named(client.locale)?;
        // Asked for first, so that nothing falls between the list and what follows it.
        let mut position = client.changes(&Value::Null).await?;
        let limit = self.limit.to_string();
        let mut query: Vec<_> = filter
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        query.push(("limit", &limit));
        let page = client.get("/control/events", &query).await?;
        print_page(client, &page, paint)?;
        if !self.follow {
            return Ok(());
        }
        let table = Table::of_changes(paint);
        loop {
            tokio::time::sleep(ASK_AGAIN).await;
            position = client.changes(&position).await?;
            for change in last_of_each(&position) {
                if fits(&change["event"], &filter) {
                    client.print(change, |locale| {
                        table.write(&Line::of_change(locale, change))
                    })?;
                }
            }
        }
    }
}

/// The deliveries, the newest last, and how many there are in all.
fn print_page(client: &Client, page: &Value, paint: Paint) -> Result<(), CliError> {
    let items = page["items"].as_array().into_iter().flatten().rev();
    if client.json {
        for event in items {
            print_line(&event.to_string())?;
        }
        return Ok(());
    }
    let locale = client.locale;
    let lines: Vec<_> = items
        .map(|event| Line::of_delivery(locale, event))
        .collect();
    let table = Table::of(&lines, paint);
    for line in &lines {
        print_line(&table.write(line))?;
    }
    let (shown, matched) = (lines.len(), &page["matched"]);
    let more = page["more"] == Value::Bool(true);
    print_line(&commands::shown_of(shown, matched, more, locale.language))?;
    tell_unknown_type(client, page)
}
