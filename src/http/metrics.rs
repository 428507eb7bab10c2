//! `GET /metrics`: what Prometheus asks for, in the form of `OpenMetrics` (contract, section 12.4). Who asks shows a token with
//! `stats:read`, or comes by the control socket.
//!
//! What happened since the start is counted where it happens ([`crate::meters`]); how it is now is the same overview
//! that `status` shows. It is read every few seconds at most, however often somebody asks.

mod page;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{HeaderMap, Method};
use tokio::sync::Mutex;

use super::Api;
use super::api::callers;
use super::reply::{ApiError, Reply};
use super::request;
use super::wing::{Answering, Call, Wing};
use crate::overview::Overview;
use crate::token::Scope;

const PATH: &str = "/metrics";
/// How long an overview is shown.
const BELIEVED: Duration = Duration::from_secs(3);
const OPENMETRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// An overview, and when it was read (monotonic). None: the database could not be read.
type Seen = (Duration, Option<Arc<Overview>>);

/// The one endpoint.
#[derive(Default)]
pub(super) struct MetricsWing {
    last: Mutex<Option<Seen>>,
}

impl Wing for MetricsWing {
    fn has(&self, _api: &Api, path: &str, _headers: &HeaderMap) -> bool {
        path == PATH
    }

    fn answer<'a>(&'a self, call: Call<'a>) -> Answering<'a, Reply> {
        Box::pin(async move {
            let (api, reader) = (call.api, call.reader());
            let replied = self.reply(&call).await;
            replied.unwrap_or_else(|error| error.told_to(reader, api).reply(api.clock.now()))
        })
    }

    fn panicked(&self, api: &Api) -> Reply {
        ApiError::Internal.reply(api.clock.now())
    }
}

impl MetricsWing {
    async fn reply(&self, call: &Call<'_>) -> Result<Reply, ApiError> {
        request::one_host(&call.request)?;
        if !matches!(*call.request.method(), Method::GET | Method::HEAD) {
            return Err(ApiError::MethodNotAllowed("GET, HEAD".to_owned()));
        }
        callers::demand(call, Scope::StatsRead)?;
        let overview = self.overview(call.api).await;
        let page = page::of(call.api, overview.as_deref());
        let page = page.map_err(|_| ApiError::Internal)?;
        let mut reply = Reply::new(Bytes::from(page).into());
        reply.headers_mut().insert(CONTENT_TYPE, OPENMETRICS);
        Ok(reply)
    }

    /// Those who ask meanwhile wait for the same.
    async fn overview(&self, api: &Api) -> Option<Arc<Overview>> {
        let mut last = self.last.lock().await;
        let moment = api.clock.moment();
        if let Some((at, overview)) = &*last
            && moment.monotonic.saturating_sub(*at) < BELIEVED
        {
            return overview.clone();
        }
        let read = api.store.overview(moment).await.ok().map(Arc::new);
        *last = Some((moment.monotonic, read.clone()));
        read
    }
}
