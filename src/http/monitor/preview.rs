//! A file of interview records: first what it would change, then, by another press, the same file is imported, or
//! nothing of it (contract, section 12.1).

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use askama::Template;
use tokio::task::spawn_blocking;

use super::error::PageError;
use super::fit::{bytes, fit};
use super::frame::{Frame, View};
use super::reconciliation::Said;
use super::standing::Seen;
use super::upload::{Upload, UploadError};
use super::urgency::Urgency;
use super::{Visit, address, frame};
use crate::crypto::{Sha256, hex};
use crate::http::interview_file::{self, Arrived, Arriving, BadRow, Report};
use crate::http::reply::{ApiError, Reply};
use crate::import::encoding::Encoding;
use crate::import::file::{NotTaken, Readable, Said as SaidOfFile};
use crate::import::row::Notes;
use crate::interview::{ImportChange, ImportWish, UnknownOrigin};
use crate::language::{Language, Locale};
use crate::words::harmless;
use crate::words::imports::Imported;
use crate::words::monitor::Frame as T;
use crate::words::monitor::interviews::{self, Interviews as W};
use crate::words::monitor::standing::Standing as S;
use crate::words::monitor::upload;
use crate::words::monitor::{more, thousands};
use crate::zone::Zone;

/// The longest file, in bytes: some ten thousand records. The command takes longer ones.
const LONGEST: u64 = 16 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;
/// Bad rows that are shown, at most.
const SHOWN: usize = 40;
/// What they or the changes may take, in bytes.
const ROOM: usize = 20_000;
/// What [`import`] tells the view, before its three numbers.
const TOLD_IMPORTED: &str = "imported-";
/// What it tells the preview when it has not imported it.
const TOLD_CHANGED: &str = "changed-since";

/// A file, and what it would change.
pub(super) struct Preview {
    /// What it is called at its sender.
    name: String,
    file: Arrived,
    unknown_origin: UnknownOrigin,
    report: Report,
    notes: Notes,
}

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage<'a> {
    frame: &'a Frame,
    told: Option<&'static str>,
    said: Said,
    name: &'a str,
    counts: [(W, String); 4],
    /// Where it is imported, and what the button says; none: it cannot or need not be.
    import: Option<(String, String)>,
    bad: Vec<Bad>,
    bad_left: Option<String>,
    changes: Vec<Change>,
    changes_left: Option<String>,
    notes: &'a [String],
}

/// A row with mistakes.
struct Bad {
    line: u64,
    id: String,
    reason: String,
}

/// A record that changes.
struct Change {
    id: String,
    employee: String,
    date: String,
    urgency: Urgency,
    kind: &'static str,
    what: String,
}

impl Bad {
    fn bytes(&self) -> usize {
        110 + bytes([&*self.id, &self.reason])
    }
}

impl Change {
    fn bytes(&self) -> usize {
        140 + bytes([&*self.id, &self.employee, &self.date, self.kind, &self.what])
    }
}

/// How large a file may be.
pub(super) fn at_most(locale: Locale) -> String {
    upload::at_most(LONGEST / MIB, locale.language)
}

/// `POST /monitor/interviews`
///
/// # Errors
/// `Upload` for a file that is not understood, or the store's; nothing was changed.
pub(super) async fn look(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let refused = |error| PageError::Upload(error, address::INTERVIEWS);
    let mut upload = Upload::read(&mut visit, LONGEST).await.map_err(refused)?;
    let (api, locale) = (visit.api, visit.locale);
    let zone = upload.take("zone").and_then(|name| Zone::named(&name));
    let encoding = upload.take("encoding").and_then(|word| encoding(&word));
    let unknown_origin = match upload.take("dropOrigins") {
        Some(_) => UnknownOrigin::Drop,
        None => UnknownOrigin::Refuse,
    };
    let said = SaidOfFile {
        path: PathBuf::from(&upload.name),
        format: None,
        encoding,
        columns: None,
        zone: Some(zone.unwrap_or(locale.timezone)),
    };
    let Upload { file, name, .. } = upload;
    let (arriving, language) = (Arriving::at(api, 0)?, locale.language);
    let read = spawn_blocking(move || read(file, &said, arriving)).await;
    let read = read.map_err(|_| ApiError::Internal)?;
    let (file, notes, digest) = read.map_err(|why| match why {
        NotRead::NotTaken(why) => {
            let why = interviews::at_page(&harmless(&why.describe(language)), language);
            let told = upload::not_understood(&name, &why, language);
            refused(UploadError::NotUnderstood(told))
        }
        NotRead::Api(ApiError::NoRoomForFile(_)) => {
            refused(UploadError::NoRoom(io::ErrorKind::StorageFull.into()))
        }
        NotRead::Api(error) => error.into(),
    })?;
    let actor = visit.actor();
    let report = interview_file::import(api, &file, unknown_origin, ImportWish::Try, actor);
    let preview = Preview {
        report: report.await?,
        notes,
        name,
        file,
        unknown_origin,
    };
    let id = match unknown_origin {
        UnknownOrigin::Refuse => digest,
        UnknownOrigin::Drop => format!("{digest}d"),
    };
    let now = api.clock.monotonic();
    visit.shared.previews.put(&id, now, preview);
    Ok(super::redirect(&address::preview(&id)))
}

fn encoding(word: &str) -> Option<Encoding> {
    match word {
        "utf-8" => Some(Encoding::Utf8),
        "shift-jis" => Some(Encoding::ShiftJis),
        _ => None,
    }
}

/// Why a file was not read.
enum NotRead {
    NotTaken(NotTaken),
    Api(ApiError),
}

/// Reads all rows onto the disk. What they are together is known by a digest.
fn read(
    file: File,
    said: &SaidOfFile,
    mut arriving: Arriving,
) -> Result<(Arrived, Notes, String), NotRead> {
    let readable = Readable::of_open(file, said).map_err(NotRead::NotTaken)?;
    let (mut digest, mut line) = (Sha256::default(), Vec::new());
    let mut failed = None;
    let read = readable.read_rows(&mut |row| {
        line.clear();
        row.write_json(&mut line)?;
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

/// What is told once for the whole file.
fn notes_of(notes: &Notes, language: Language) -> Vec<String> {
    let mut told = Vec::new();
    if !notes.unused.is_empty() {
        let unused: Vec<_> = notes.unused.iter().map(|name| harmless(name)).collect();
        let say = language.phrase(Imported::LeftOut);
        told.push(format!("{say} {}", unused.join(", ")));
    }
    if notes.database_key.is_some() {
        told.push(language.phrase(Imported::DatabaseKey).to_owned());
    }
    if notes.backslash.is_some() {
        told.push(language.phrase(Imported::Backslash).to_owned());
    }
    told
}

/// `GET /monitor/interviews/preview/{id}`
///
/// # Errors
/// `Contradicts` when it does not wait any more, or the store's.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, PageError> {
    let locale = visit.locale;
    let preview = waiting(&visit)?;
    let seen = Seen::of(&visit).await?;
    let title = locale.phrase(W::PreviewTitle);
    let mut frame = Frame::of(&visit, View::Interviews, title, &seen);
    frame.refreshes = false;
    let report = &preview.report;
    let counts = report.counts;
    let changing = counts.created + counts.changed;
    let bad = report.bad_rows.iter().take(SHOWN);
    let mut bad: Vec<Bad> = bad.map(|row| bad_row(row, locale.language)).collect();
    fit(&mut bad, ROOM, Bad::bytes);
    let changes = report.changes.iter().map(|one| change(locale, one));
    let mut changes: Vec<Change> = changes.collect();
    fit(&mut changes, ROOM, Change::bytes);
    let left = |all: u64, shown: usize| {
        let left = all.saturating_sub(shown as u64);
        (left > 0).then(|| more(left, locale.language))
    };
    let may_import = report.bad_row_count == 0 && changing > 0;
    let mut notes = interviews::notes(counts, locale.language);
    notes.extend(notes_of(&preview.notes, locale.language));
    let told = visit.told().filter(|told| *told == TOLD_CHANGED);
    let page = PreviewPage {
        told: told.map(|_| locale.phrase(W::ChangedSince)),
        said: said(locale, report),
        name: &preview.name,
        counts: [
            (W::New, counts.created),
            (W::Changed, counts.changed),
            (W::Unchanged, counts.unchanged),
            (W::Refused, report.bad_row_count),
        ]
        .map(|(name, number)| (name, thousands(number))),
        import: may_import.then(|| {
            let button = interviews::button(counts, locale.language);
            (address::preview(&visit.id), button)
        }),
        bad_left: left(report.bad_row_count, bad.len()),
        bad,
        changes_left: left(changing, changes.len()),
        changes,
        notes: &notes,
        frame: &frame,
    };
    frame::view(&visit, &frame, &page)
}

fn waiting(visit: &Visit<'_>) -> Result<Arc<Preview>, PageError> {
    let now = visit.api.clock.monotonic();
    let preview = visit.shared.previews.get(&visit.id, now);
    preview.ok_or_else(|| {
        let told = visit.locale.phrase(W::Expired).to_owned();
        PageError::Contradicts(told)
    })
}

fn said(locale: Locale, report: &Report) -> Said {
    let of = |urgency, text: String, next: Option<W>| Said {
        urgency,
        text,
        next: next.map(|next| locale.phrase(next)),
    };
    let phrase = |phrase: W| locale.phrase(phrase).to_owned();
    if report.bad_row_count > 0 {
        let told = interviews::refused(report.rows, report.bad_row_count, locale.language);
        return of(Urgency::Act, told, Some(W::RefusedNext));
    }
    if report.counts.created + report.counts.changed == 0 {
        return of(Urgency::Fine, phrase(W::NoChange), None);
    }
    of(Urgency::Look, phrase(W::Ready), Some(W::ReadyNext))
}

fn bad_row(row: &BadRow, language: Language) -> Bad {
    Bad {
        line: row.line,
        id: row.id.as_deref().map(harmless).unwrap_or_default(),
        reason: interviews::at_page(&harmless(row.reason.text(language)), language),
    }
}

fn change(locale: Locale, change: &ImportChange) -> Change {
    let after = &change.after;
    let name = after.employee_name.as_deref().unwrap_or_default();
    let (urgency, kind, what) = match &change.before {
        None => (Urgency::Begin, W::New, String::new()),
        Some(before) => (Urgency::Wait, W::Changed, locale.changes(before, after)),
    };
    Change {
        id: after.id.clone(),
        employee: format!("{} {name}", after.employee_id),
        date: locale.with_year(after.date),
        urgency,
        kind: locale.phrase(kind),
        what,
    }
}

/// `POST /monitor/interviews/preview/{id}`
///
/// # Errors
/// `Contradicts` when it does not wait any more, or the store's; nothing was imported then.
pub(super) async fn import(visit: Visit<'_>) -> Result<Reply, PageError> {
    let api = visit.api;
    let preview = waiting(&visit)?;
    let Preview {
        name,
        file,
        unknown_origin,
        notes,
        ..
    } = &*preview;
    if preview.report.bad_row_count > 0 {
        return Ok(super::redirect(&address::preview(&visit.id)));
    }
    let counts = preview.report.counts;
    let wish = ImportWish::KeepAs(counts);
    let actor = visit.actor();
    let report = interview_file::import(api, file, *unknown_origin, wish, actor).await?;
    let now = api.clock.monotonic();
    if report.imported {
        visit.shared.previews.forget(&visit.id, now);
        let numbers = [counts.created, counts.changed, counts.unchanged];
        let [created, changed, unchanged] = numbers;
        let told = format!("{TOLD_IMPORTED}{created}-{changed}-{unchanged}");
        return Ok(visit.tell(address::INTERVIEWS, &told));
    }
    let again = Preview {
        name: name.clone(),
        file: file.clone(),
        unknown_origin: *unknown_origin,
        report,
        notes: notes.clone(),
    };
    visit.shared.previews.put(&visit.id, now, again);
    Ok(visit.tell(&address::preview(&visit.id), TOLD_CHANGED))
}

/// What [`import`] has done, when it led to the view.
pub(super) fn done(visit: &Visit<'_>) -> Option<String> {
    let numbers = visit.told()?.strip_prefix(TOLD_IMPORTED)?;
    let mut numbers = numbers.split('-').map(str::parse);
    let mut number = || numbers.next()?.ok();
    let counts = [number()?, number()?, number()?];
    Some(interviews::imported(counts, visit.locale.language))
}
