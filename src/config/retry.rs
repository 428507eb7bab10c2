//! `[retry]`

use std::time::Duration;

use toml::de::DeValue;

use super::Expected;
use super::reader::{Document, Section, whole};

/// `[retry]`
#[derive(Clone, Debug)]
pub struct Retry {
    /// The waits before each retry: 1 to 10 of them, each of one second to seven days.
    pub intervals: Vec<Duration>,
}

pub(super) fn read(document: &mut Document<'_>, root: &mut Section<'_>) -> Retry {
    let mut section = root.section(document, "retry");
    let range = 1..=604_800;
    let line = section.line();
    let intervals = section.list(
        document,
        "intervals_seconds",
        [60, 300, 1800].map(Duration::from_secs).to_vec(),
        Expected::Waits,
        |entry: &DeValue<'_>| whole(entry, &range).map(Duration::from_secs),
    );
    if !(1..=10).contains(&intervals.len()) {
        document.refuse_at(line, "retry.intervals_seconds", Expected::Waits);
    }
    section.finish(document);
    Retry { intervals }
}
