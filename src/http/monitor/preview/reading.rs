//! Reading a file of interview records onto the disk, where it waits.

use std::fs::File;

use tokio::task::spawn_blocking;

use crate::crypto::{Sha256, hex};
use crate::http::Api;
use crate::http::interview_file::{Arrived, Arriving};
use crate::http::reply::ApiError;
use crate::import::file::{NotTaken, Readable, Said};
use crate::import::row::Notes;
use crate::language::Language;

/// Why a file was not read.
pub(super) enum NotRead {
    NotTaken(NotTaken),
    Api(ApiError),
}

/// Reads a file; mistakes of its rows are put into words of `language`.
pub(super) async fn read_in(
    api: &Api,
    file: File,
    said: &Said,
    language: Language,
) -> Result<(Arrived, Notes, String), NotRead> {
    let arriving = Arriving::at(api).map_err(NotRead::Api)?;
    let said = said.clone();
    let read = spawn_blocking(move || read(file, &said, arriving, language)).await;
    read.map_err(|_| NotRead::Api(ApiError::Internal))?
}

/// Reads all rows onto the disk. What they are together is known by a digest.
fn read(
    file: File,
    said: &Said,
    mut arriving: Arriving,
    language: Language,
) -> Result<(Arrived, Notes, String), NotRead> {
    let readable = Readable::of_open(file, said).map_err(NotRead::NotTaken)?;
    let (mut digest, mut line) = (Sha256::default(), Vec::new());
    let mut failed = None;
    let read = readable.read_rows(&mut |row| {
        line.clear();
        row.write_json(language, &mut line)?;
        digest.update(&line);
        arriving.push(line.trim_ascii_end()).map_err(|error| {
            failed = Some(error);
            std::io::ErrorKind::Other.into()
        })
    });
    if let Some(error) = failed {
        return Err(NotRead::Api(error));
    }
    let notes = read.map_err(|error| NotRead::NotTaken(NotTaken::Unreadable(error)))?;
    let arrived = arriving.finish().map_err(NotRead::Api)?;
    let digest = hex(&digest.finish()[..16]);
    Ok((arrived, notes, digest))
}
