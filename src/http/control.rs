//! The endpoints of the command line, on the control socket. Whoever may open the socket is an admin, so callers need
//! no token. Answers and errors have the envelope of the API.

mod alerts;
mod backup;
mod daemon;
mod events;
mod export;
mod import;
mod monitor;
mod reload;
mod stats;
mod status;
mod tokens;

use hyper::{HeaderMap, Method};

use super::Api;
use super::reply::{ApiError, Reply};
use super::request;
use super::wing::{self, Answering, Call, Handler, Table, Wing};

type Endpoint = wing::Endpoint<(), Handler<ApiError>>;

/// Every endpoint that is for the command line only.
const ENDPOINTS: &[Endpoint] = &[
    get("/control/status", |call| Box::pin(status::show(call))),
    get("/control/daemon", |call| Box::pin(daemon::show(call))),
    get("/control/events", |call| Box::pin(events::list(call))),
    get("/control/events/ids", |call| Box::pin(events::ids(call))),
    get("/control/changes", |call| Box::pin(events::changes(call))),
    get("/control/stats", |call| Box::pin(stats::show(call))),
    get("/control/export/deliveries", |call| {
        Box::pin(export::deliveries(call))
    }),
    get("/control/export/interviews", |call| {
        Box::pin(export::interviews(call))
    }),
    post("/control/interviews/import", |call| {
        Box::pin(import::take(call))
    }),
    post("/control/backup", |call| Box::pin(backup::refresh(call))),
    get("/control/backup/part", |call| Box::pin(backup::part(call))),
    post("/control/recount", |call| Box::pin(backup::recount(call))),
    post("/control/reload", |call| Box::pin(reload::reload(call))),
    post("/control/alerts/test", |call| Box::pin(alerts::test(call))),
    post("/control/monitor/logins", |call| {
        Box::pin(monitor::login(call))
    }),
    get("/control/monitor/sessions", |call| {
        Box::pin(monitor::sessions(call))
    }),
    post("/control/monitor/logout", |call| {
        Box::pin(monitor::logout(call))
    }),
    get("/control/tokens", |call| Box::pin(tokens::list(call))),
    post("/control/tokens", |call| Box::pin(tokens::issue(call))),
    post("/control/tokens/revoke", |call| {
        Box::pin(tokens::revoke(call))
    }),
];

const fn get(path: &'static str, handler: Handler<ApiError>) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        rules: (),
        handler,
    }
}

const fn post(path: &'static str, handler: Handler<ApiError>) -> Endpoint {
    Endpoint {
        method: Method::POST,
        path,
        rules: (),
        handler,
    }
}

/// The endpoints of the command line.
pub(super) struct ControlWing(Table<(), Handler<ApiError>>);

impl Default for ControlWing {
    fn default() -> Self {
        Self(Table::new(ENDPOINTS))
    }
}

impl Wing for ControlWing {
    fn has(&self, _api: &Api, path: &str, _headers: &HeaderMap) -> bool {
        self.0.has(path)
    }

    fn answer<'a>(&'a self, call: Call<'a>) -> Answering<'a, Reply> {
        Box::pin(async move {
            let (api, reader) = (call.api, call.reader());
            let replied = self.reply(call).await;
            replied.unwrap_or_else(|error| error.told_to(reader, api).reply(api.clock.now()))
        })
    }

    fn panicked(&self, api: &Api) -> Reply {
        ApiError::Internal.reply(api.clock.now())
    }
}

impl ControlWing {
    async fn reply(&self, call: Call<'_>) -> Result<Reply, ApiError> {
        request::one_host(&call.request)?;
        let path = call.request.uri().path();
        let (endpoint, id) = self.0.find(call.request.method(), path)?;
        (endpoint.handler)(Call { id, ..call }).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_reached_by_its_method_and_path() {
        let table = Table::new(ENDPOINTS);
        for Endpoint { method, path, .. } in ENDPOINTS {
            let found = table.find(method, path).map(|(endpoint, _)| endpoint.path);
            assert_eq!(found, Ok(*path), "{method}");
        }
    }
}
