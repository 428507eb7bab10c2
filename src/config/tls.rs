//! `[server.tls]`: where the API is served over TLS, and with which certificate.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::reader::{Document, Section};
use super::{ConfigError, Expected, Kind, Location, Note, NoteKind};
use crate::key_pair::{self, Half, KeyPairError, KeyPairFiles, ServerKeyPair};

/// `[server.tls]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// An address beside the plain one; none: TLS takes its place.
    pub listen: Option<SocketAddr>,
    /// Where certificate and key stand.
    pub files: KeyPairFiles,
}

/// The section; none when it is not there, or says no files.
pub(super) fn read(
    document: &mut Document<'_>,
    server: &mut Section<'_>,
    plain: SocketAddr,
) -> Option<Tls> {
    if !server.has("tls") {
        return None;
    }
    let mut section = server.section(document, "tls");
    let listen = section.parsed(
        document,
        "listen",
        None,
        Expected::AddressOfItsOwn,
        |text| {
            let address: SocketAddr = text.parse().ok()?;
            // With the port 0 the system chooses one that is free.
            (address != plain || address.port() == 0).then_some(Some(address))
        },
    );
    let certificate = file(document, &mut section, "certificate");
    let key = file(document, &mut section, "key");
    section.finish(document);
    Some(Tls {
        listen,
        files: KeyPairFiles {
            certificate: certificate?,
            key: key?,
        },
    })
}

fn file(
    document: &mut Document<'_>,
    section: &mut Section<'_>,
    name: &'static str,
) -> Option<PathBuf> {
    if !section.has(name) {
        section.missing(document, name, Expected::WholePath);
        return None;
    }
    // Where the daemon and a command begin to look is not the same directory.
    let absolute = |text: &str| Some(Some(PathBuf::from(text))).filter(|_| text.starts_with('/'));
    section.parsed(document, name, None, Expected::WholePath, absolute)
}

impl Tls {
    /// Reads the pair.
    pub(super) fn pair(
        &self,
        errors: &mut Vec<ConfigError>,
        notes: &mut Vec<Note>,
    ) -> Option<ServerKeyPair> {
        if key_pair::is_open_to_all(&self.files.key) {
            notes.push(Note {
                place: place(&self.files.key, Half::Key),
                kind: NoteKind::open_to_all(&self.files.key),
            });
        }
        let read = self.files.read();
        let wrong = |KeyPairError { path, half, fault }| ConfigError {
            place: place(&path, half),
            kind: Kind::KeyPair(fault),
        };
        read.map_err(|error| errors.push(wrong(error))).ok()
    }
}

/// A file of the pair, by the key that names it.
fn place(path: &Path, half: Half) -> Location {
    let key = match half {
        Half::Certificate => "server.tls.certificate",
        Half::Key => "server.tls.key",
    };
    Location::line_of(path, 0, key)
}
