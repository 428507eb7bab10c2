//! What only the command line asks for, over the control socket: the state of the daemon, its reload, and
//! tokens.

use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::Deserialize;

use crate::config::Note;
use crate::http::api::stats::QueueAnswer;
use crate::http::api::{Api, revoked};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query};
use crate::incident::State;
use crate::reload::Refused;
use crate::timestamp::Timestamp;
use crate::token::{Scope, TokenRecord};
use crate::trouble::Trouble;

/// The longest that a token may live, in days.
const LONGEST_TOKEN: u32 = 3650;
/// How long a token lives when nothing is said, in days.
const USUAL_TOKEN: u32 = 365;

/// `GET /control/status`
///
/// # Errors
/// The store's.
pub async fn status(api: &Api) -> Result<Reply, ApiError> {
    let moment = api.clock.moment();
    let now = moment.wall;
    let language = api.speech.language;
    let trouble = || api.store.file().trouble().map(|t| t.told(language));
    let seen = api.store.overview(moment).await;
    // One that cannot be read any more is told by what is wrong with it.
    let seen = seen.map_err(|error| trouble().map_or(error.into(), ApiError::DatabaseInTrouble))?;
    let waiting = seen.waiting.iter();
    let without_route: Vec<_> = waiting
        .filter(|(route, _)| !api.routes.sends_on(route))
        .map(|(route, events)| serde_json::json!({"route": route, "events": events}))
        .collect();
    let file = api.store.file();
    let free = file.disk_bytes().map(|(free, _)| free);
    let full_in_days = free.and_then(|free| full_in_days(free, seen.database_bytes, seen.sent));
    let backup = api.backup.last();
    let incidents = seen.incidents.iter();
    let open: Vec<_> = incidents
        .map(|incident| api.speech.message(State::Ongoing, &incident.report))
        .collect();
    let failing = api.channels.iter().filter_map(|channel| {
        let key = channel.key();
        let (_, error) = seen.failing_channels.iter().find(|(of, _)| *of == key)?;
        Some(serde_json::json!({"channel": channel.name, "error": error}))
    });
    let failing: Vec<_> = failing.collect();
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
        },
        "repeats": seen.repeats,
        "queueStatus": QueueAnswer::of(seen.queue),
        "nextDueAt": seen.next_due_at,
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
        },
        "incidents": open,
        "alerts": {"channels": api.channels.len(), "failing": failing},
    });
    success(StatusCode::OK, &answer, now)
}

/// Nobody plans further ahead, and nothing goes on as in the last week for so long.
const FARTHEST_FORECAST_DAYS: u64 = 3650;

/// In how many days the disk is full when everything goes on as in the last seven; none when
/// nothing is known of that yet, and when it is beyond any forecast. The last two numbers are the deliveries of
/// these days and all of them.
fn full_in_days(free: u64, database: u64, (of_week, of_all): (u64, u64)) -> Option<u64> {
    let each = database.checked_div(of_all)?;
    let days = (free.saturating_mul(7)).checked_div(each.saturating_mul(of_week))?;
    (days <= FARTHEST_FORECAST_DAYS).then_some(days)
}

/// `POST /control/backup`: the backup file holds everything that was committed before this. `error` says why it could
/// not be written; the database can be read then.
///
/// # Errors
/// `DatabaseInTrouble`: why the database itself is no source for a copy.
pub async fn refresh_backup(api: &Api) -> Result<Reply, ApiError> {
    let language = api.speech.language;
    let error = api.backup.refresh().await.err();
    let file = api.store.file();
    // Looks now: what lies in the database's place need not be the database. A full disk keeps nobody from reading.
    let _ = file.is_in_place();
    let trouble = file.trouble();
    let trouble = trouble.filter(|trouble| *trouble != Trouble::DiskFull);
    if let (Some(_), Some(trouble)) = (&error, trouble) {
        return Err(ApiError::DatabaseInTrouble(trouble.told(language)));
    }
    let answer = serde_json::json!({
        "path": api.backup.path(),
        "error": error.map(|error| error.told(api.speech)),
    });
    success(StatusCode::OK, &answer, api.clock.now())
}

/// `POST /control/recount`: what the statistics are added up from is counted anew.
///
/// # Errors
/// The store's; nothing was changed then.
pub async fn recount(api: &Api) -> Result<Reply, ApiError> {
    api.store.repair_counts().await?;
    tracing::warn!(
        "the counts of the statistics were made anew, because they differed from the rows"
    );
    success(StatusCode::OK, &serde_json::json!({}), api.clock.now())
}

/// `POST /control/reload?drop=true`: the daemon reads configuration and secrets again. The answer says
/// what came of it, in the person's language; a refusal is an answer too.
///
/// # Errors
/// `InvalidParameter`; `Conflict` when it was tried and failed.
pub async fn reload(api: &Api, query: Option<&str>) -> Result<Reply, ApiError> {
    let mut query = Query::parse(query)?;
    let drop = query.take_as("drop", "must be true or false", |text| text.parse().ok())?;
    query.finish("drop")?;
    let language = api.speech.language;
    let told = |notes: &[Note]| -> Vec<String> { notes.iter().map(|n| n.told(language)).collect() };
    let answer = match api.reloads.ask(drop.unwrap_or(false)).await {
        Ok(done) => serde_json::json!({
            "done": true,
            "needsRestart": done.needs_restart,
            "new": done.changes.new,
            "changed": done.changes.changed,
            "gone": done.changes.gone,
            "notes": told(&done.notes),
        }),
        Err(Refused::Mistakes(mistakes)) => serde_json::json!({
            "done": false,
            "mistakes": mistakes.list.iter().map(|m| m.told(language)).collect::<Vec<_>>(),
            "notes": told(&mistakes.notes),
        }),
        Err(Refused::Loses(names)) => serde_json::json!({"done": false, "loses": names}),
        Err(Refused::Failed(why)) => return Err(ApiError::Conflict(why)),
    };
    success(StatusCode::OK, &answer, api.clock.now())
}

/// `POST /control/tokens`
///
/// # Errors
/// `InvalidParameter`, also when there is no key to sign with, or the store's.
pub async fn issue_token(api: &Api, request: Request<Incoming>) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Wanted {
        subject: String,
        scope: String,
        days: Option<u32>,
    }
    request::media(request.headers(), false)?;
    let wanted: Wanted = request::fields(&request::text(request, api.max_body_bytes).await?)?;
    if wanted.subject.trim().is_empty() || wanted.subject.chars().count() > 191 {
        return Err(ApiError::invalid(
            "subject",
            "must have 1 to 191 characters",
        ));
    }
    let days = wanted.days.unwrap_or(USUAL_TOKEN);
    if !(1..=LONGEST_TOKEN).contains(&days) {
        let accepted = format!("must be a number from 1 to {LONGEST_TOKEN}");
        return Err(ApiError::invalid("days", accepted));
    }
    let scopes = read_scopes(&wanted.scope)?;
    let now = api.clock.now();
    let issued = api
        .keys
        .issue(&wanted.subject, &scopes, now.unix_seconds(), days)
        .map_err(|_| {
            ApiError::invalid(
                "RELAY_JWT_SECRET",
                "is not set, so no token can be signed; set it in secrets.env, then `voicedrive-relay reload`",
            )
        })?;
    let record = TokenRecord {
        jti: issued.jti.clone(),
        subject: Some(wanted.subject),
        scope: Some(wanted.scope),
        issued_at: Some(now),
        expires_at: Some(Timestamp::from_unix_ms(issued.exp * 1000)),
        revoked_at: None,
    };
    api.store.add_token(record.clone()).await?;
    tracing::info!(jti = %record.jti, "a token was issued");
    let mut answer = token_answer(&record);
    answer["token"] = issued.token.into();
    success(StatusCode::CREATED, &answer, now)
}

/// `GET /control/tokens`
///
/// # Errors
/// The store's.
pub async fn list_tokens(api: &Api) -> Result<Reply, ApiError> {
    let tokens = api.store.tokens().await?;
    let now = api.clock.now();
    let items = tokens.iter().map(|token| {
        let mut item = token_answer(token);
        item["daysLeft"] = token.days_left(now).into();
        item
    });
    let items: Vec<_> = items.collect();
    success(StatusCode::OK, &serde_json::json!({"items": items}), now)
}

/// `POST /control/tokens/revoke`: one token by its `jti`, or all of a `subject`. One that was issued elsewhere is
/// revoked only when the request says so. `known` is false when there is none, and nothing was changed then.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub async fn revoke_token(api: &Api, request: Request<Incoming>) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Wanted {
        jti: Option<String>,
        subject: Option<String>,
        #[serde(default)]
        issued_elsewhere: bool,
    }
    request::media(request.headers(), false)?;
    let wanted: Wanted = request::fields(&request::text(request, api.max_body_bytes).await?)?;
    let now = api.clock.now();
    let answer = match (wanted.jti, wanted.subject) {
        (Some(jti), None) if wanted.issued_elsewhere => {
            if !(1..=191).contains(&jti.chars().count()) || jti.chars().any(char::is_control) {
                return Err(ApiError::invalid("jti", "must have 1 to 191 characters"));
            }
            api.store.revoke_foreign_token(&jti, now).await?;
            revoked_now(api, &jti);
            serde_json::json!({"known": true, "jti": jti, "issuedHere": false, "revokedAt": now})
        }
        (Some(jti), None) => {
            let since = api.store.revoke_token(&jti, now).await?;
            if since.is_some() {
                revoked_now(api, &jti);
            }
            serde_json::json!({
                "known": since.is_some(),
                "jti": jti,
                "issuedHere": since.is_some(),
                "revokedAt": since,
            })
        }
        (None, Some(subject)) => {
            let jtis = api.store.revoke_tokens_of(&subject, now).await?;
            for jti in jtis.iter().flatten() {
                revoked_now(api, jti);
            }
            serde_json::json!({"known": jtis.is_some(), "subject": subject, "revoked": jtis})
        }
        _ => return Err(ApiError::invalid("jti", "either this or subject is needed")),
    };
    success(StatusCode::OK, &answer, now)
}

/// The token is refused from now on.
fn revoked_now(api: &Api, jti: &str) {
    revoked::insert(&api.revoked, jti);
    tracing::info!(%jti, "a token was revoked");
}

fn read_scopes(text: &str) -> Result<Vec<Scope>, ApiError> {
    let known = || Scope::ALL.map(Scope::as_str).join(", ");
    let scopes: Option<Vec<Scope>> = text.split_whitespace().map(Scope::from_word).collect();
    scopes
        .filter(|scopes| !scopes.is_empty())
        .ok_or_else(|| ApiError::invalid("scope", format!("must be one or more of {}", known())))
}

fn token_answer(token: &TokenRecord) -> serde_json::Value {
    serde_json::json!({
        "jti": token.jti,
        "subject": token.subject,
        "scope": token.scope,
        "issuedAt": token.issued_at,
        "expiresAt": token.expires_at,
        "revokedAt": token.revoked_at,
    })
}
