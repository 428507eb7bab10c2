//! `[recovery]`

use super::reader::{Document, Section};

/// `[recovery]`
#[derive(Clone, Debug)]
pub struct Recovery {
    /// What is exhausted because VoiceDrive was away is sent again by itself.
    pub automatic: bool,
}

pub(super) fn read(document: &mut Document<'_>, root: &mut Section<'_>) -> Recovery {
    let mut section = root.section(document, "recovery");
    let automatic = section.flag(document, "automatic", false);
    section.finish(document);
    Recovery { automatic }
}
