//! `GET /api/health` (contract, section 4.3): whether events can be stored, and whether stored events are sent.
//! Frequent calls are cheap: the database is probed every few seconds at most.

use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::Api;
use super::openapi::{Operation, samples};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::wing::Call;
use crate::language::Language;
use crate::liveness::Liveness;
use crate::route;
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;

/// How long the result of a probe is used.
const BELIEVED: Duration = Duration::from_secs(3);
/// The longest that a probe may take.
const LONGEST_PROBE: Duration = Duration::from_secs(2);

/// What the health is determined from.
#[derive(Default)]
pub struct Health {
    /// The last probe: when (monotonic), and whether the database could be written.
    probe: Mutex<Option<(Duration, bool)>>,
    /// The dispatchers' liveness.
    liveness: Vec<Liveness>,
}

impl Health {
    /// The health of a daemon whose dispatchers are these.
    #[must_use]
    pub fn of(liveness: Vec<Liveness>) -> Self {
        Self {
            liveness,
            ..Self::default()
        }
    }

    /// Whether a dispatcher hangs.
    pub(in crate::http) fn stalls(&self, now: Duration) -> bool {
        let mut liveness = self.liveness.iter();
        liveness.any(|liveness| liveness.is_overdue(now))
    }
}

/// The answer of a relay that works.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Health)]
pub(super) struct HealthAnswer {
    #[schema(pattern = "^ok$")]
    status: &'static str,
    version: &'static str,
    started_at: Timestamp,
    /// The moment that the backup file shows; null before there is one.
    #[schema(required)]
    backup_at: Option<Timestamp>,
    #[schema(pattern = "^ok$")]
    database: &'static str,
    /// `no URL` while no webhook URL is set, `on hold` while a person has paused a route: events are kept, and nothing is
    /// sent there.
    #[schema(pattern = "^(ok|no URL|on hold)$")]
    delivery: &'static str,
}

/// `GET /api/health`
///
/// # Errors
/// As [`health`].
pub(super) async fn show(call: Call<'_>) -> Result<Reply, ApiError> {
    health(call.api).await
}

/// What the description says of [`show`].
pub(super) fn describe() -> Operation {
    let works = json!({
        "status": "ok", "version": "0.1.0", "startedAt": samples::TIME,
        "backupAt": samples::TIME, "database": "ok", "delivery": "ok",
    });
    Operation::new(
        "health",
        "health",
        "Whether events can be kept, and whether what is kept moves",
    )
    .answer::<HealthAnswer>(200, "The relay works", &works)
    .also_refused([ApiError::DeliveryStalled])
}

/// Answers 200 when everything works.
///
/// # Errors
/// `DatabaseInTrouble`, `StorageUnavailable` or `DeliveryStalled`.
pub async fn health(api: &Api) -> Result<Reply, ApiError> {
    let works = can_write(api).await;
    if let Some(trouble) = api.store.file().trouble() {
        let told = trouble.describe(Language::En, &api.advice.commands);
        return Err(ApiError::DatabaseInTrouble(told));
    }
    if !works {
        let why = "a try to write failed".to_owned();
        return Err(ApiError::StorageUnavailable(Some(Trouble::Unusable(why))));
    }
    let now = api.clock.monotonic();
    if api.health.stalls(now) {
        return Err(ApiError::DeliveryStalled);
    }
    let answer = HealthAnswer {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        started_at: api.started_at,
        backup_at: api.backup.last().at,
        database: "ok",
        delivery: if !api.routes.sends_on(route::DEFAULT) {
            "no URL"
        } else if is_on_hold(api).await {
            "on hold"
        } else {
            "ok"
        },
    };
    success(StatusCode::OK, &answer, api.clock.now())
}

/// Whether a route is on hold. The read has a short limit, because a health check has to answer quickly.
async fn is_on_hold(api: &Api) -> bool {
    let holds = api.store.holds(api.clock.moment());
    let holds = tokio::time::timeout(LONGEST_PROBE, holds).await;
    matches!(holds, Ok(Ok(holds)) if !holds.is_empty())
}

/// Whether stored events are sent. A database that cannot be written is reported separately.
pub async fn moves(api: &Api) -> bool {
    !matches!(health(api).await, Err(ApiError::DeliveryStalled))
}

/// Callers that come during a probe wait for its result instead of starting another one.
async fn can_write(api: &Api) -> bool {
    let mut probe = api.health.probe.lock().await;
    let moment = api.clock.moment();
    if let Some((at, works)) = *probe
        && moment.monotonic.saturating_sub(at) < BELIEVED
    {
        return works;
    }
    let written = tokio::time::timeout(LONGEST_PROBE, api.store.probe(moment)).await;
    let works = matches!(written, Ok(Ok(())));
    *probe = Some((moment.monotonic, works));
    works
}
