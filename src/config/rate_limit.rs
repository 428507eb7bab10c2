//! `[rate_limit]`

use super::reader::{Document, Section};

/// `[rate_limit]`
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// Requests per client address and endpoint.
    pub requests_per_minute: u32,
}

pub(super) fn read(document: &mut Document<'_>, root: &mut Section<'_>) -> RateLimit {
    let mut section = root.section(document, "rate_limit");
    let requests = section.number(document, "requests_per_minute", 100, &(1..=100_000));
    section.finish(document);
    RateLimit {
        requests_per_minute: u32::try_from(requests).unwrap_or(u32::MAX),
    }
}
