//! Files that a form sends (`multipart/form-data`): one file, and a few fields beside it. The file waits on the disk of
//! the database without a name, so that memory stays bounded, and is gone with whoever holds it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use http_body_util::{BodyDataStream, BodyExt};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, StatusCode};
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::Visit;
use crate::language::Locale;
use crate::words::harmless;
use crate::words::monitor::upload::{self, Upload as W};

/// The name of the file's field.
const FILE: &str = "file";
/// The longest of the other fields, in bytes: a few words.
const LONGEST_FIELD: u64 = 4 * 1024;
/// What stands around the fields, in bytes.
const FRAME: u64 = 64 * 1024;
/// More fields than any form of the page has.
const MOST_FIELDS: usize = 20;
/// The longest silence in the middle of a body.
const SILENCE: Duration = Duration::from_secs(30);
/// How long the rest of a body is read that is not wanted: a browser reads the answer when it has sent everything.
const REST: Duration = Duration::from_secs(20);
/// The longest name of a file that is shown, in characters.
const LONGEST_NAME: usize = 80;

/// A form with a file.
pub(super) struct Upload {
    /// It stands at its end.
    pub(super) file: File,
    /// What the file is called on the sender's computer, to be shown.
    pub(super) name: String,
    fields: BTreeMap<String, String>,
}

/// Why a form with a file is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum UploadError {
    /// It is none.
    #[error("the body is no form with a file: {0}")]
    NotAForm(String),
    /// It ended before its end, or nothing came for long.
    #[error("the body broke off")]
    BrokeOff,
    /// The file is longer than so many bytes.
    #[error("the file is longer than {0} bytes")]
    TooLarge(u64),
    /// No file was chosen.
    #[error("no file was chosen")]
    NoFile,
    /// It cannot wait on the disk.
    #[error("the file cannot wait on the disk: {0}")]
    NoRoom(io::Error),
    /// It is not what it should be, as this says in the reader's language.
    #[error("the file is not understood: {0}")]
    NotUnderstood(String),
}

impl UploadError {
    /// What answers it, and what the reader is told.
    pub(super) fn told(&self, locale: Locale) -> (StatusCode, String) {
        let phrase = |phrase: W| locale.phrase(phrase).to_owned();
        match self {
            Self::NotAForm(_) => (StatusCode::BAD_REQUEST, phrase(W::NotAForm)),
            Self::BrokeOff => (StatusCode::BAD_REQUEST, phrase(W::BrokeOff)),
            Self::NoFile => (StatusCode::BAD_REQUEST, phrase(W::NoFile)),
            Self::TooLarge(most) => (
                StatusCode::PAYLOAD_TOO_LARGE,
                upload::too_large(most / (1024 * 1024), locale.language),
            ),
            Self::NoRoom(_) => (StatusCode::SERVICE_UNAVAILABLE, phrase(W::NoRoom)),
            Self::NotUnderstood(why) => (StatusCode::UNPROCESSABLE_ENTITY, why.clone()),
        }
    }
}

impl Upload {
    /// Reads the form that was posted, of which the file may have `longest` bytes.
    ///
    /// # Errors
    /// `UploadError`; nothing is left of the file then.
    pub(super) async fn read(visit: &mut Visit<'_>, longest: u64) -> Result<Self, UploadError> {
        let boundary = boundary(&visit.head.headers)?;
        let Some(mut body) = visit.body.take() else {
            return Err(UploadError::BrokeOff);
        };
        let read = if body.size_hint().lower() > longest + FRAME {
            Err(UploadError::TooLarge(longest))
        } else {
            fields(visit, &mut body, boundary, longest).await
        };
        if read.is_err() {
            discard(body).await;
        }
        read
    }

    /// What stands in a field beside the file, without blanks around it; none when it is empty.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let text = self.fields.remove(name)?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}

fn boundary(headers: &HeaderMap) -> Result<String, UploadError> {
    let claimed = headers.get(CONTENT_TYPE).map(HeaderValue::to_str);
    let claimed = claimed.and_then(Result::ok).unwrap_or_default();
    multer::parse_boundary(claimed).map_err(|error| UploadError::NotAForm(error.to_string()))
}

async fn fields(
    visit: &Visit<'_>,
    body: &mut Incoming,
    boundary: String,
    longest: u64,
) -> Result<Upload, UploadError> {
    let limits = SizeLimit::new()
        .whole_stream(longest + FRAME)
        .per_field(LONGEST_FIELD)
        .for_field(FILE, longest);
    let limits = Constraints::new().size_limit(limits);
    let mut form = Multipart::with_constraints(BodyDataStream::new(body), boundary, limits);
    let (mut file, mut fields) = (None, BTreeMap::new());
    while let Some(field) = in_time(form.next_field(), longest).await? {
        let name = field.name().unwrap_or_default().to_owned();
        if fields.len() >= MOST_FIELDS || name == FILE && file.is_some() {
            return Err(UploadError::NotAForm("too many fields".to_owned()));
        }
        if name == FILE {
            file = Some(kept(visit, field, longest).await?);
        } else {
            // Not as text: whatever characters a form could claim would each need their table in the binary.
            let value = in_time(field.bytes(), longest).await?;
            let value = String::from_utf8(value.into())
                .map_err(|_| UploadError::NotAForm("a field is not UTF-8".to_owned()))?;
            fields.insert(name, value);
        }
    }
    let (file, name) = file.flatten().ok_or(UploadError::NoFile)?;
    Ok(Upload { file, name, fields })
}

/// The file on the disk, with its name; none: none was chosen.
async fn kept(
    visit: &Visit<'_>,
    mut field: Field<'_>,
    longest: u64,
) -> Result<Option<(File, String)>, UploadError> {
    let name = shown(field.file_name().unwrap_or_default());
    let disk = visit.api.store.file();
    let database = disk.path();
    let directory = database.parent().unwrap_or(database);
    let mut file = tempfile::tempfile_in(directory).map_err(UploadError::NoRoom)?;
    let mut is_empty = true;
    while let Some(chunk) = in_time(field.chunk(), longest).await? {
        is_empty &= chunk.is_empty();
        if disk.mib_missing_for(chunk.len() as u64).is_some() {
            return Err(UploadError::NoRoom(io::ErrorKind::StorageFull.into()));
        }
        file.write_all(&chunk).map_err(UploadError::NoRoom)?;
    }
    Ok((!is_empty || !name.is_empty()).then_some((file, name)))
}

/// The name of a file without a path and what plays tricks, and not endless. Browsers write a quote as `%22` there.
fn shown(name: &str) -> String {
    let name = name.replace("%22", "\"");
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    harmless(name).chars().take(LONGEST_NAME).collect()
}

/// What comes of the next part of a form, unless nothing comes for long.
async fn in_time<T>(
    part: impl Future<Output = multer::Result<T>>,
    longest: u64,
) -> Result<T, UploadError> {
    let part = tokio::time::timeout(SILENCE, part).await;
    let part = part.map_err(|_| UploadError::BrokeOff)?;
    part.map_err(|error| match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            UploadError::TooLarge(longest)
        }
        multer::Error::StreamReadFailed(_)
        | multer::Error::IncompleteStream
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteFieldData { .. } => UploadError::BrokeOff,
        other => UploadError::NotAForm(other.to_string()),
    })
}

/// Reads what is left of a body, for a while.
async fn discard(mut body: Incoming) {
    let rest = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whoever sends for longer gets its answer when the connection ends.
    let _ = tokio::time::timeout(REST, rest).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_shown_without_its_folders() {
        assert_eq!(
            shown("C:\\Users\\山田\\webhook_logs.csv"),
            "webhook_logs.csv"
        );
        assert_eq!(shown("../../etc/passwd"), "passwd");
        assert_eq!(shown("a\u{202e}\nb.csv").lines().count(), 1);
        assert_eq!(shown(&"面".repeat(500)).chars().count(), LONGEST_NAME);
    }

    #[test]
    fn only_a_form_with_a_boundary_is_one() {
        let of = |media: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_str(media).unwrap());
            boundary(&headers).is_ok()
        };
        assert!(of("multipart/form-data; boundary=x"));
        for other in [
            "multipart/form-data",
            "text/csv",
            "application/x-www-form-urlencoded",
        ] {
            assert!(!of(other), "{other}");
        }
        assert!(boundary(&HeaderMap::new()).is_err());
    }
}
