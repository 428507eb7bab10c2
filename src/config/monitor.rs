//! `[monitor]`: the page for people (contract, section 12).

use super::reader::{Document, Section};
use super::{Expected, Server};

/// The longest `contact`, in characters.
const CONTACT_CHARACTERS: usize = 200;

/// `[monitor]`
#[derive(Clone, Debug)]
pub struct Monitor {
    /// The page may be reached over plain `http://` from other machines.
    pub allow_http: bool,
    /// Whom to call at VoiceDrive, for the page.
    pub contact: Option<String>,
}

pub(super) fn read(
    document: &mut Document<'_>,
    root: &mut Section<'_>,
    server: &Server,
) -> Monitor {
    let mut section = root.section(document, "monitor");
    let line = section.line();
    let allow_http = section.flag(document, "allow_http", false);
    let contact = section.parsed(document, "contact", None, Expected::Contact, |text| {
        let fits = text.chars().count() <= CONTACT_CHARACTERS;
        let plain = !text.chars().any(char::is_control);
        let given = (!text.trim().is_empty()).then(|| text.to_owned());
        (fits && plain).then_some(given)
    });
    section.finish(document);
    if allow_http && server.public_url.is_none() {
        let expected = Expected::GivenWith("monitor.allow_http");
        document.refuse_at(line, "server.public_url", expected);
    }
    Monitor {
        allow_http,
        contact,
    }
}
