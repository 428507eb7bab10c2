//! `[storage]`: the data directory, and how long what is in it is retained.

use std::path::PathBuf;
use std::time::Duration;

use super::Expected;
use super::reader::{Document, Section};

/// `[storage]`
#[derive(Clone, Debug)]
pub struct Storage {
    /// The data directory.
    pub directory: PathBuf,
    /// How long finished deliveries are kept, in days: 1 to 3650.
    pub retention_days: u64,
    /// How much older than the last write the backup file may be.
    pub backup_interval: Duration,
}

pub(super) fn read(document: &mut Document<'_>, root: &mut Section<'_>) -> Storage {
    let mut section = root.section(document, "storage");
    let directory = section.parsed(
        document,
        "directory",
        PathBuf::from("/var/lib/voicedrive-relay"),
        Expected::Directory,
        |text| (!text.is_empty()).then(|| PathBuf::from(text)),
    );
    let retention_days = section.number(document, "retention_days", 90, &(1..=3650));
    let backup = section.number(document, "backup_interval_seconds", 60, &(1..=86_400));
    section.finish(document);
    Storage {
        directory,
        retention_days,
        backup_interval: Duration::from_secs(backup),
    }
}
