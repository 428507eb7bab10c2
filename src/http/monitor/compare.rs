//! Comparing a file with VoiceDrive's list, as the command and the API do (contract, section 4.7).

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use tokio::task::spawn_blocking;

use super::beside::Beside;
use super::error::PageError;
use super::upload::{Upload, UploadError};
use super::{Visit, address, form, redirect};
use crate::day;
use crate::http::api::reconcile;
use crate::http::reply::{ApiError, Reply};
use crate::import::id_list;
use crate::language::Locale;
use crate::reconciliation::comparison::Question;
use crate::reconciliation::received::Received;
use crate::timestamp::Timestamp;
use crate::words::monitor::reconciliation::Reconciliation as W;
use crate::words::monitor::upload;
use crate::zone::Zone;

/// The longest file, in bytes: as long as the command takes it.
const LONGEST: u64 = 64 * 1024 * 1024;
const MIB: u64 = 1024 * 1024;

/// How large a file may be.
pub(super) fn at_most(locale: Locale) -> String {
    upload::at_most(LONGEST / MIB, locale.language)
}

/// `POST /monitor/reconcile`
///
/// # Errors
/// `Upload` for a file that is no list, `Contradicts` for a range that is none, or the store's; nothing was changed then.
pub(super) async fn take(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let api = visit.api;
    // The list was made before it began to come.
    let began = api.clock.now();
    let refused = |error| PageError::Upload(error, address::RECONCILE);
    let mut upload = Upload::read(&mut visit, LONGEST).await.map_err(refused)?;
    let asked = Asked::of(&visit, &mut upload)?;
    let Upload { file, name, .. } = upload;
    let list = received(&visit, file, &name).await?;
    let question = Question::of(asked.routes, asked.range, asked.made_at, list, began);
    let locale = visit.locale;
    let refused = |told: String| refused(UploadError::NotUnderstood(told));
    let question = question.map_err(|error| refused(locale.range_error(error)))?;
    let question = Arc::new(question);
    let moment = api.clock.moment();
    let found = reconcile::look(api, &question, moment).await?;
    let id = reconcile::keep(api, &question, &found, moment).await?;
    let id = id.ok_or_else(|| refused(locale.phrase(W::NotCompared).to_owned()))?;
    let beside = Beside::of(name, &found);
    visit.shared.compared.put(&id, moment.monotonic, beside);
    Ok(redirect(&address::comparison(&id)))
}

/// What the form says beside the file.
struct Asked {
    routes: Vec<String>,
    range: (Option<Timestamp>, Option<Timestamp>),
    made_at: Option<Timestamp>,
}

impl Asked {
    fn of(visit: &Visit<'_>, upload: &mut Upload) -> Result<Self, PageError> {
        let locale = visit.locale;
        let zone = locale.timezone;
        let refused = |why: W| PageError::Contradicts(locale.phrase(why).to_owned());
        let counted = &visit.api.routes.counted;
        let routes = match upload.take("route") {
            None => counted.clone(),
            Some(route) if counted.contains(&route) => vec![route],
            Some(_) => return Err(refused(W::NoRoute)),
        };
        let mut day = |name: &str, moment: fn(NaiveDate, Zone) -> Option<Timestamp>| {
            let text = upload.take(name);
            let read = text.map(|text| moment(text.parse().ok()?, zone).ok_or(()).ok());
            read.map(|day| day.ok_or_else(|| refused(W::WrongDay)))
                .transpose()
        };
        let first = day("first", day::start)?;
        let last = day("last", day::end)?;
        // Up to the beginning of the next day.
        let last = last.map(|last| last.after(Duration::from_millis(1)));
        let made_at = upload.take("made").map(|text| {
            let shown = text.parse().map_err(|_| refused(W::WrongMoment))?;
            form::moment(shown, locale)?.ok_or_else(|| refused(W::WrongMoment))
        });
        Ok(Self {
            routes,
            range: (first, last),
            made_at: made_at.transpose()?,
        })
    }
}

async fn received(visit: &Visit<'_>, file: File, name: &str) -> Result<Vec<Received>, PageError> {
    let read = spawn_blocking(move || id_list::read_open(file)).await;
    let read = read.map_err(|_| ApiError::Internal)?;
    let language = visit.locale.language;
    read.map_err(|why| {
        let told = upload::not_understood(name, &why.describe(language), language);
        PageError::Upload(UploadError::NotUnderstood(told), address::RECONCILE)
    })
}
