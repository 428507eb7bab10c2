//! Every action at every door is one row of the audit, with the one who did it, and what is refused is none. Each door's
//! table of endpoints says which there are.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use voicedrive_relay::testing::system_user;
use voicedrive_relay::testing::token::Scope;

use crate::harness::{Clock, Partner, TestRelay, control_client, status, token};
use crate::monitor_page::views::in_an_hour;
use crate::monitor_page::{Browser, login};

/// Only a daemon reads its configuration again: `auditing` has that, and what a restore does.
const OF_A_DAEMON: &str = "/control/reload";
/// What is handed in there is no action.
const INGEST: &str = "/in";

/// A relay at which every action is watched.
struct Watched {
    relay: TestRelay,
    partner: Partner,
    /// How many rows were seen.
    rows: Cell<usize>,
    /// What was asked for: methods with paths.
    asked: RefCell<BTreeSet<(String, String)>>,
}

impl Watched {
    async fn start() -> Self {
        let partner = Partner::start(Clock::System).await;
        let more = "[retry]\nintervals_seconds = [1]\n";
        Self {
            relay: TestRelay::start_with(&partner.url(), more, Clock::System).await,
            partner,
            rows: Cell::new(0),
            asked: RefCell::default(),
        }
    }

    async fn delivered(&self) -> String {
        let id = self.relay.accept("employee.updated").await;
        self.relay.wait_for_status(&id, "delivered").await;
        id
    }

    /// An event that VoiceDrive answers with this code until it is given up.
    async fn given_up(&self, code: u16) -> String {
        self.partner.always_answers(Some(status(code)));
        let id = self.relay.accept("employee.updated").await;
        self.relay.wait_for_status(&id, "exhausted").await;
        self.partner.always_answers(None);
        id
    }

    async fn incident(&self) -> String {
        let open = self.relay.get("/api/incidents?state=ongoing").await;
        let open = open.data()["items"].as_array().unwrap().clone();
        let mut open = open.iter();
        let exhausted = open.find(|one| one["kind"] == "deliveries_exhausted");
        exhausted.unwrap()["incidentId"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn note(&self, method: &str, path: &str) {
        let path = path.split('?').next().unwrap();
        let asked = (method.to_owned(), path.to_owned());
        self.asked.borrow_mut().insert(asked);
    }

    /// Looks at the rows that are new: exactly one of this action, or none.
    async fn expect(&self, what: &str, door: &Door<'_>, action: Option<&str>) {
        let answer = self.relay.get("/api/audit?limit=200").await;
        let all = answer.data()["items"].as_array().unwrap().clone();
        let new = &all[..all.len() - self.rows.replace(all.len())];
        let found: Vec<_> = new
            .iter()
            .map(|row| [&row["action"], &row["who"], &row["via"]].map(|text| text.as_str()))
            .collect();
        let expected = action.map(|action| [Some(action), Some(door.who), Some(door.via)]);
        assert_eq!(found, Vec::from_iter(expected), "{what}");
    }

    /// Every endpoint of a door that changes something was asked for.
    fn has_asked_for(&self, endpoints: impl IntoIterator<Item = (String, String)>) {
        let asked = self.asked.borrow();
        let mut looked_at = 0;
        for (method, template) in endpoints {
            let mut asked = asked.iter();
            let is_asked = asked.any(|(by, path)| *by == method && is_of(path, &template));
            assert!(is_asked, "nobody asked for {method} {template}");
            looked_at += 1;
        }
        assert!(looked_at > 5, "the table was not found");
    }
}

/// Whether a path is one of a template such as `/api/events/{id}`.
fn is_of(path: &str, template: &str) -> bool {
    let (mut parts, mut wanted) = (path.split('/'), template.split('/'));
    loop {
        match (parts.next(), wanted.next()) {
            (None, None) => return true,
            (Some(part), Some(wanted)) if part == wanted || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// The endpoints that a table in the sources has for POST.
fn posted_to(table: &str) -> Vec<(String, String)> {
    let table = format!("{}/src/http/{table}", env!("CARGO_MANIFEST_DIR"));
    let table = fs::read_to_string(table).unwrap();
    let posts = table.split("    post(\"").skip(1);
    let paths = posts.map(|rest| rest.split('"').next().unwrap());
    let paths = paths.filter(|path| *path != OF_A_DAEMON);
    paths
        .map(|path| ("POST".to_owned(), path.to_owned()))
        .collect()
}

/// The fields of a form.
type Form<'f> = &'f [(&'f str, &'f str)];

/// Where somebody comes in.
struct Door<'d> {
    who: &'d str,
    via: &'d str,
}

/// A time in so many hours, in ISO 8601.
fn in_hours(relay: &TestRelay, hours: u64) -> Value {
    json!(relay.clock.now().after(Duration::from_hours(hours)))
}

#[tokio::test]
async fn what_a_token_does_is_one_row_and_what_it_is_refused_is_none() {
    let door = Door {
        who: "test",
        via: "api",
    };
    let watched = Watched::start().await;
    let began = watched.relay.clock.now();
    let sent = watched.delivered().await;
    let [refused, other] = [watched.given_up(500).await, watched.given_up(500).await];
    let hold = json!({"until": in_hours(&watched.relay, 1), "reason": "maintenance"});
    let longer = json!({"until": in_hours(&watched.relay, 2), "reason": "maintenance"});
    let endless = json!({"until": in_hours(&watched.relay, 999), "reason": "maintenance"});
    let range = json!({
        "from": began, "to": in_hours(&watched.relay, 1), "asOf": watched.relay.clock.now().after(Duration::from_mins(1)),
        "received": [], "only": true,
    });
    let with = |name: &str, value: Value| {
        let mut range = range.clone();
        range[name] = value;
        range
    };
    let interview = json!({
        "employeeId": "EMP-GONE", "interviewType": "regular", "interviewDate": "2025-10-26T10:00:00Z",
    });
    let event = json!({"event": "employee.updated", "data": {}});
    let mut third = interview.clone();
    third["id"] = json!("int-3");
    let of_one = |what: &str, id: &str| format!("/api/events/{id}/{what}");
    let incident = watched.incident().await;
    let incident = format!("/api/incidents/{incident}/dismiss");
    let why = json!({"reason": "known"});
    let nothing = json!({});
    let (post, put, delete) = (Method::POST, Method::PUT, Method::DELETE);
    let steps: Vec<(&Method, String, Value, u16, Option<&str>)> = vec![
        (&post, "/api/events".into(), event.clone(), 202, None),
        (&post, "/api/events/batch".into(), json!([event]), 202, None),
        (
            &post,
            of_one("resend", &sent),
            nothing.clone(),
            202,
            Some("resend"),
        ),
        (
            &post,
            of_one("resend", "nobody"),
            nothing.clone(),
            404,
            None,
        ),
        (
            &post,
            "/api/events/resend".into(),
            json!({"status": "delivered", "dryRun": true}),
            200,
            None,
        ),
        (
            &post,
            "/api/events/resend".into(),
            json!({"eventType": "nobody.knows"}),
            202,
            None,
        ),
        (
            &post,
            "/api/events/resend".into(),
            json!({"status": "delivered"}),
            202,
            Some("resend"),
        ),
        (
            &put,
            "/api/holds/default".into(),
            hold.clone(),
            201,
            Some("hold"),
        ),
        (&put, "/api/holds/default".into(), longer, 200, Some("hold")),
        (&put, "/api/holds/default".into(), endless, 400, None),
        (&put, "/api/holds/nobody".into(), hold, 404, None),
        (
            &delete,
            "/api/holds/default".into(),
            nothing.clone(),
            204,
            Some("end_hold"),
        ),
        (
            &delete,
            "/api/holds/default".into(),
            nothing.clone(),
            404,
            None,
        ),
        (&post, of_one("dismiss", &sent), why.clone(), 409, None),
        (
            &post,
            of_one("dismiss", &refused),
            why.clone(),
            200,
            Some("dismiss"),
        ),
        (&post, of_one("dismiss", "nobody"), why.clone(), 404, None),
        (
            &post,
            "/api/incidents/nobody/dismiss".into(),
            why.clone(),
            404,
            None,
        ),
        (&post, incident, why, 200, Some("dismiss")),
        (
            &post,
            "/api/integration/reconcile".into(),
            range.clone(),
            200,
            None,
        ),
        (
            &post,
            "/api/integration/reconcile".into(),
            with("route", json!("nobody")),
            404,
            None,
        ),
        (
            &post,
            "/api/integration/reconcile".into(),
            with("resend", json!(true)),
            200,
            Some("reconcile"),
        ),
        (
            &put,
            "/api/interviews/int-1".into(),
            interview.clone(),
            201,
            None,
        ),
        (
            &put,
            "/api/interviews/int-2".into(),
            interview.clone(),
            201,
            None,
        ),
        (
            &post,
            "/api/interviews/batch".into(),
            json!([third]),
            200,
            None,
        ),
        (
            &post,
            "/api/staff/NOBODY/erase".into(),
            nothing.clone(),
            404,
            None,
        ),
        (
            &post,
            "/api/staff/EMP-GONE/erase".into(),
            json!({"dryRun": true}),
            200,
            None,
        ),
        (
            &post,
            "/api/staff/EMP-GONE/erase".into(),
            nothing.clone(),
            200,
            Some("erase"),
        ),
        (
            &put,
            "/api/interviews/int-1".into(),
            interview,
            200,
            Some("hand_in_erased"),
        ),
        (
            &delete,
            "/api/interviews/int-2".into(),
            nothing.clone(),
            204,
            Some("delete_interview"),
        ),
        (
            &delete,
            "/api/interviews/int-2".into(),
            nothing.clone(),
            404,
            None,
        ),
        (
            &post,
            "/api/recovery".into(),
            json!({"dryRun": true}),
            200,
            None,
        ),
        (
            &post,
            "/api/recovery".into(),
            json!({"route": "nobody"}),
            404,
            None,
        ),
        (
            &post,
            "/api/recovery".into(),
            json!({"route": "default"}),
            202,
            Some("recover"),
        ),
    ];
    let now = watched.relay.clock.now();
    let admin = format!("Bearer {}", token(&[Scope::Admin], now));
    let reader = format!("Bearer {}", token(&[Scope::EventsRead], now));
    for (method, path, body, code, action) in steps {
        let what = format!("{method} {path} {body}");
        if action == Some("recover") {
            watched.given_up(503).await;
        }
        // Who may only look leaves no row, either.
        let call = async |bearer: &str| {
            let headers = [
                ("authorization", bearer),
                ("content-type", "application/json"),
            ];
            let body = body.to_string();
            watched
                .relay
                .call(method.clone(), &path, &headers, body)
                .await
        };
        assert_eq!(call(&reader).await.status, 403, "{what}");
        watched.note(method.as_str(), &path);
        let answer = call(&admin).await;
        assert_eq!(answer.status, code, "{what}: {:?}", answer.body);
        watched.expect(&what, &door, action).await;
        if action.is_some() {
            watched.relay.wait_for_status(&sent, "delivered").await;
        }
    }
    watched.relay.wait_for_status(&other, "dismissed").await;
    let described = watched.relay.get("/api/openapi.json").await.body;
    let mut endpoints = Vec::new();
    for (path, operations) in described["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            if ["post", "put", "delete"].contains(&method.as_str()) && path != INGEST {
                endpoints.push((method.to_uppercase(), path.clone()));
            }
        }
    }
    watched.has_asked_for(endpoints);
    watched.relay.stop().await;
}

#[tokio::test]
async fn what_is_done_at_the_server_is_one_row_and_what_is_refused_is_none() {
    let user = system_user::own_name();
    let door = Door {
        who: &user,
        via: "command_line",
    };
    let watched = Watched::start().await;
    let client = control_client(watched.relay.directory.path());
    let post = async |path: &str, body: String| {
        let request = client.post(format!("http://relay{path}"));
        let media = if path.contains("import") {
            "application/x-ndjson"
        } else {
            "application/json"
        };
        let answer = request
            .header("content-type", media)
            .body(body)
            .send()
            .await
            .unwrap();
        let code = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            code,
            serde_json::from_str::<Value>(&text).unwrap_or(Value::Null),
        )
    };
    let sent = watched.delivered().await;
    let record = json!({
        "id": "int-1", "employeeId": "EMP-1", "interviewType": "regular", "interviewDate": "2025-10-26T10:00:00Z",
    });
    let row = json!({"line": 1, "record": record});
    let bad = json!({"line": 2, "record": {"id": "int-2", "employeeId": "EMP-1"}});
    let issue = |scope: &str| json!({"subject": "s", "scope": scope, "days": 9}).to_string();
    let (code, issued) = post("/control/tokens", issue("stats:read")).await;
    assert_eq!(code, 201, "{issued}");
    watched.expect("issue", &door, Some("issue_token")).await;
    let revoke = json!({"jti": issued["data"]["jti"]}).to_string();
    let name = |name: &str| json!({"name": name, "role": "viewer", "hours": 1}).to_string();
    let everybody = || json!({"all": true}).to_string();
    for (path, body, action) in [
        ("/control/tokens", issue("everything"), None),
        (
            "/control/tokens/revoke",
            revoke.clone(),
            Some("revoke_token"),
        ),
        ("/control/tokens/revoke", revoke, None),
        ("/control/monitor/logins", name(""), None),
        ("/control/monitor/logins", name("山田"), Some("issue_login")),
        ("/control/monitor/logout", everybody(), Some("end_session")),
        ("/control/monitor/logout", everybody(), None),
        (
            "/control/interviews/import?dryRun=true",
            format!("{row}\n"),
            None,
        ),
        (
            "/control/interviews/import",
            format!("{row}\n"),
            Some("import"),
        ),
        (
            "/control/interviews/import",
            format!("{row}\n{bad}\n"),
            None,
        ),
        ("/control/backup", String::new(), Some("backup")),
        ("/control/recount", String::new(), None),
        ("/control/alerts/test", String::new(), None),
        (
            &*format!("/api/events/{sent}/resend"),
            String::new(),
            Some("resend"),
        ),
    ] {
        watched.note("POST", path);
        let (code, answer) = post(path, body).await;
        assert!(action.is_none() || code < 300, "{path}: {answer}");
        watched.expect(path, &door, action).await;
    }
    // One that is logged in, by a code that was made here.
    let code = login(&watched.relay, "佐藤", "viewer").await;
    watched.expect("login", &door, Some("issue_login")).await;
    let mut browser = Browser::new(&watched.relay);
    browser.use_code(code["code"].as_str().unwrap()).await;
    let of_page = Door {
        who: "佐藤",
        via: "page",
    };
    watched.expect("use", &of_page, Some("login")).await;
    let (code, _) = post("/control/monitor/logout", everybody()).await;
    assert_eq!(code, 200);
    watched.expect("logout", &door, Some("end_session")).await;
    watched.has_asked_for(posted_to("control.rs"));
    watched.relay.stop().await;
}

#[tokio::test]
async fn what_is_done_on_the_page_is_one_row_and_what_is_refused_is_none() {
    let door = Door {
        who: "山田",
        via: "page",
    };
    let watched = Watched::start().await;
    let sent = watched.delivered().await;
    let [refused, other] = [watched.given_up(500).await, watched.given_up(500).await];
    let incident = watched.incident().await;
    let wrong = Browser::new(&watched.relay)
        .use_code("NOBODY-HAS-THIS")
        .await;
    assert_eq!(wrong.status, 401, "{}", wrong.text);
    let viewer = Browser::logged_in(&watched.relay, "viewer").await;
    let operator = Browser::logged_in(&watched.relay, "operator").await;
    let sessions = control_client(watched.relay.directory.path());
    let sessions = sessions
        .get("http://relay/control/monitor/sessions")
        .send()
        .await;
    let sessions: Value = serde_json::from_str(&sessions.unwrap().text().await.unwrap()).unwrap();
    let sessions = sessions["data"]["items"].as_array().unwrap();
    let of_viewer = sessions.iter().find(|one| one["role"] == "viewer").unwrap();
    let of_viewer = format!(
        "/monitor/sessions/{}/end",
        of_viewer["id"].as_str().unwrap()
    );
    // Two codes and two logins, which other tests look at.
    watched.rows.set(4);
    watched.note("POST", "/monitor/login");
    watched.expect("logins", &door, None).await;
    let ids = [
        watched.delivered().await,
        watched.delivered().await,
        watched.delivered().await,
    ];
    let list = format!("requestId\n{}\n{}\n", ids[0], ids[2]);
    let records = "id,employeeId,interviewType,interviewDate\nint-1,E-1,regular,2025-10-26 10:00\n";
    let mut places = Vec::new();
    for (path, file) in [
        ("/monitor/reconcile", list.as_str()),
        ("/monitor/interviews", records),
    ] {
        watched.note("POST", path);
        assert_eq!(viewer.upload(path, "x.csv", file).await.status, 403);
        let page = operator.upload(path, "x.csv", file).await;
        assert_eq!(page.status, 303, "{}", page.text);
        watched.expect(path, &door, None).await;
        places.push(page.header("location").to_owned());
    }
    let compared = places[0].rsplit('/').next().unwrap().to_owned();
    let unsaid = [("of", compared.as_str())];
    let said = [("of", compared.as_str()), ("reason", "記録の欠落")];
    let missing = "/monitor/reconcile/resend";
    let preview = places[1].clone();
    let until = in_an_hour(&watched.relay);
    let hold = [
        ("route", "default"),
        ("until", until.as_str()),
        ("reason", "更新"),
    ];
    let past = [
        ("route", "default"),
        ("until", "2001-01-01T00:00"),
        ("reason", "更新"),
    ];
    let end = [("route", "default")];
    let why = [("reason", "退職済み")];
    let all = [
        ("status", "delivered"),
        ("counted", "4"),
        ("reason", "確認"),
    ];
    let unknown = [("status", "nobody-knows"), ("counted", "1")];
    let of_one = |what: &str, id: &str| format!("/monitor/deliveries/{id}/{what}");
    let of_incident = format!("/monitor/incidents/{incident}/dismiss");
    let steps: Vec<(String, Form<'_>, u16, Option<&str>)> = vec![
        (missing.into(), &unsaid, 409, None),
        (missing.into(), &said, 303, Some("reconcile")),
        (missing.into(), &said, 409, None),
        (preview, &[], 303, Some("import")),
        (of_one("resend", &sent), &[], 303, Some("resend")),
        (of_one("resend", "nobody"), &[], 404, None),
        (of_one("dismiss", &refused), &[], 409, None),
        (of_one("dismiss", &refused), &why, 303, Some("dismiss")),
        ("/monitor/resend".into(), &unknown, 409, None),
        ("/monitor/resend".into(), &all, 303, Some("resend")),
        ("/monitor/hold".into(), &past, 409, None),
        ("/monitor/hold".into(), &hold, 303, Some("hold")),
        ("/monitor/hold/end".into(), &end, 303, Some("end_hold")),
        ("/monitor/hold/end".into(), &end, 409, None),
        (of_incident.clone(), &[], 409, None),
        (of_incident, &why, 303, Some("dismiss")),
        ("/monitor/recover".into(), &[], 303, Some("recover")),
        (of_viewer.clone(), &[], 303, Some("end_session")),
        (of_viewer, &[], 404, None),
        ("/monitor/logout".into(), &[], 303, Some("end_session")),
    ];
    for (path, form, code, action) in steps {
        let what = format!("{path} {form:?}");
        if action == Some("recover") {
            watched.given_up(503).await;
        }
        if path != "/monitor/logout" {
            let turned_away = viewer.post(&path, form).await.status;
            assert!([401, 403].contains(&turned_away), "{what}: {turned_away}");
        }
        watched.note("POST", &path);
        let page = operator.post(&path, form).await;
        assert_eq!(page.status, code, "{what}: {}", page.text);
        watched.expect(&what, &door, action).await;
        let settled = |event: &Value| event["status"] == "delivered";
        watched
            .relay
            .get_until(&format!("/api/events/{sent}"), settled)
            .await;
    }
    watched.relay.wait_for_status(&other, "dismissed").await;
    watched.has_asked_for(posted_to("monitor.rs"));
    watched.relay.stop().await;
}
