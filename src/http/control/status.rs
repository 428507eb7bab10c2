//! The state of the daemon, as `status` shows it.

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::http::Api;
use crate::http::api::holds::HoldAnswer;
use crate::http::api::stats::QueueAnswer;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::wing::Call;
use crate::incident::State;
use crate::language::Language;
use crate::observations::{Asked, Question, Questions};
use crate::reload::ReloadRefused;
use crate::words::{commands, objections};

/// `GET /control/status`
///
/// # Errors
/// The store's.
pub(super) async fn show(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let moment = api.clock.moment();
    let now = moment.wall;
    let locale = call.locale();
    let language = locale.language;
    let commands = &api.advice.commands;
    let trouble = || {
        let trouble = api.store.trouble();
        trouble.map(|trouble| trouble.describe(language, commands))
    };
    let seen = api.store.overview(moment).await;
    // One that cannot be read any more is told by what is wrong with it.
    let seen = seen.map_err(|error| trouble().map_or(error.into(), ApiError::DatabaseInTrouble))?;
    let waiting = seen.waiting.iter();
    let (to_be_sent, without_route): (Vec<_>, Vec<_>) =
        waiting.partition(|waiting| api.routes.sends_on(&waiting.route));
    let next_due_at = to_be_sent.iter().filter_map(|waiting| waiting.due_at).min();
    let without_route = without_route.iter();
    let without_route: Vec<_> = without_route
        .map(|waiting| {
            let configured = api.routes.routing.knows(&waiting.route);
            serde_json::json!({"route": waiting.route, "events": waiting.events, "configured": configured})
        })
        .collect();
    let file = api.store.file();
    let free = file.disk_bytes().map(|(free, _)| free);
    let full_in_days = free.and_then(|free| seen.full_in_days(free));
    let backup = api.backup.last();
    // A hold stands for itself.
    let incidents = seen.incidents.iter();
    let open: Vec<_> = incidents
        .filter(|incident| incident.report.kind.needs_a_person())
        .map(|incident| {
            let report = &incident.report;
            let words = locale.message(State::Ongoing, report, &api.advice);
            let mut told = serde_json::json!(words);
            told["route"] = report.route().into();
            told["clearSince"] = serde_json::json!(report.clear_since);
            told
        })
        .collect();
    let holds: Vec<_> = seen.holds.iter().map(HoldAnswer::of).collect();
    let failing = api.channels.iter().filter_map(|channel| {
        let error = objections::of_channel(&seen.failing_channels, &channel.key(), language)?;
        Some(serde_json::json!({"channel": channel.name, "error": error}))
    });
    let failing: Vec<_> = failing.collect();
    let heartbeat = api.observations.heartbeat_objection();
    let heartbeat = heartbeat.map(|kept| objections::of_kept(&kept, language));
    let answer = serde_json::json!({
        "version": env!("CARGO_PKG_VERSION"),
        "processId": std::process::id(),
        "startedAt": api.started_at,
        "sendsTo": api.routes.origins,
        "withoutRoute": without_route,
        "events": {
            "accepted": seen.events.accepted,
            "retrying": seen.events.retrying,
            "delivered": seen.events.delivered,
            "exhausted": seen.events.exhausted,
            "dismissed": seen.events.dismissed,
        },
        "repeats": seen.repeats,
        "queueStatus": QueueAnswer::of(seen.queue),
        "nextDueAt": next_due_at,
        "lastAttemptAt": seen.last_attempt.map(|(at, _)| at),
        "lastOutcome": seen.last_attempt.map(|(_, outcome)| outcome.as_str()),
        "database": {"path": file.path(), "bytes": seen.database_bytes, "trouble": trouble()},
        "backup": {
            "path": api.backup.path(),
            "at": backup.at,
            "ageSeconds": backup.at.map(|at| now.since(at).as_secs()),
            "error": backup.error.map(|error| error.happened(language)),
        },
        "disk": {
            "freeBytes": free,
            "fullInDays": full_in_days,
            "full": file.disk_full(),
            "inodesUsedUp": file.lacks_inodes(),
        },
        "clock": {"offSeconds": api.store.clock_off(moment)},
        "tls": tls(api, language),
        "reloadRefused": reload_refused(api, language),
        "holds": holds,
        "incidents": open,
        "alerts": {"channels": api.channels.len(), "failing": failing, "heartbeat": heartbeat},
        "questions": questions(&api.observations.questions()),
    });
    success(StatusCode::OK, &answer, now)
}

/// When VoiceDrive has asked last, and when it was turned away.
fn questions(questions: &Questions) -> Value {
    let told = |question: &Question| {
        let (who, status) = match &question.outcome {
            Asked::By(who) => (Some(who), None),
            Asked::Unknown => (None, Some(StatusCode::UNAUTHORIZED)),
            Asked::Forbidden => (None, Some(StatusCode::FORBIDDEN)),
            Asked::TooOften => (None, Some(StatusCode::TOO_MANY_REQUESTS)),
        };
        json!({
            "at": question.at, "client": question.client, "who": who,
            "status": status.map(|status| status.as_u16()),
        })
    };
    json!({
        "answered": questions.answered.as_ref().map(told),
        "refused": questions.refused.as_ref().map(told),
    })
}

/// Why the last reload changed nothing, a sentence for each mistake; null when it was done.
fn reload_refused(api: &Api, language: Language) -> Value {
    let sentences = match api.reloads.refused() {
        None => return Value::Null,
        Some(ReloadRefused::ConfigErrors(mistakes)) => {
            let told = mistakes.list.iter().map(|one| one.describe(language));
            told.collect()
        }
        Some(ReloadRefused::Loses(names)) => {
            let drop = api.advice.commands.typed("reload --drop");
            vec![commands::would_be_lost(&names, &drop, language)]
        }
        Some(ReloadRefused::Failed(why)) => vec![why],
    };
    json!(sentences)
}

/// Where TLS is spoken, with which certificate, and why what its files have now is not in use; null without TLS.
fn tls(api: &Api, language: Language) -> Value {
    let secured = api.listeners.secured.as_ref();
    let told = secured.map(|(address, pair)| {
        let about = pair.about();
        let refused = pair.refused();
        serde_json::json!({
            "listen": address,
            "names": about.names,
            "endsAt": about.ends,
            "refused": refused.map(|error| error.describe(language)),
        })
    });
    told.unwrap_or_default()
}
