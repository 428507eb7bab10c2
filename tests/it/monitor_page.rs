//! The page for people, as a browser asks for it.

mod files;
mod links;
mod privacy;
mod script;
mod sizes;
pub mod views;

use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::receiver::ScriptedAnswer;
use voicedrive_relay::testing::timestamp::Timestamp;
use voicedrive_relay::testing::zone::Zone;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, TestRelay, client, control_client, noon, status};

/// An answer of the page.
pub struct Page {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }
}

/// A browser at the server itself, with its cookies.
pub struct Browser<'r> {
    relay: &'r TestRelay,
    client: reqwest::Client,
    cookies: Vec<String>,
}

impl<'r> Browser<'r> {
    pub fn new(relay: &'r TestRelay) -> Self {
        voicedrive_relay::testing::crypto::install();
        let client = reqwest::Client::builder();
        let client = client.redirect(reqwest::redirect::Policy::none());
        Self {
            relay,
            client: client.build().unwrap(),
            cookies: vec!["lang=en".to_owned()],
        }
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Page {
        let mut request = self.client.request(method, self.relay.url(path));
        request = request.header("cookie", self.cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !form.is_empty() {
            let mut body = form_urlencoded::Serializer::new(String::new());
            request = request.body(body.extend_pairs(form).finish());
        }
        let answer = request.send().await.unwrap();
        Page {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    pub async fn get(&self, path: &str) -> Page {
        let navigation = [("sec-fetch-site", "none")];
        self.call(Method::GET, path, &navigation, &[]).await
    }

    /// As a form of the page's own is sent.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Page {
        let own = [("sec-fetch-site", "same-origin")];
        self.call(Method::POST, path, &own, form).await
    }

    /// The same in another language.
    pub fn reading(mut self, language: &str) -> Self {
        self.cookies[0] = format!("lang={language}");
        self
    }

    /// Goes where an answer leads, with the cookie that it sets.
    pub async fn follow(&self, page: &Page) -> Page {
        let set = page.header("set-cookie").split(';').next().unwrap();
        let next = Browser {
            relay: self.relay,
            client: self.client.clone(),
            cookies: [&self.cookies[..], &[set.to_owned()]].concat(),
        };
        next.get(page.header("location")).await
    }

    pub async fn use_code(&mut self, code: &str) -> Page {
        let page = self.post("/monitor/login", &[("code", code)]).await;
        if page.status == 303 {
            let cookie = page.header("set-cookie").split(';').next().unwrap();
            self.cookies.push(cookie.to_owned());
        }
        page
    }

    /// One that is logged in.
    pub async fn logged_in(relay: &'r TestRelay, role: &str) -> Self {
        let mut browser = Self::new(relay);
        let code = login(relay, "山田", role).await["code"].clone();
        let page = browser.use_code(code.as_str().unwrap()).await;
        assert_eq!(page.status, 303, "{}", page.text);
        browser
    }
}

/// What a person at the server has: a code for somebody.
pub async fn login(relay: &TestRelay, name: &str, role: &str) -> Value {
    let client = control_client(relay.directory.path());
    let asked = json!({"name": name, "role": role, "hours": 12});
    let request = client.post("http://relay/control/monitor/logins");
    let request = request.header("content-type", "application/json");
    let answer = request.body(asked.to_string()).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(answer["success"], true, "{answer}");
    answer["data"].clone()
}

async fn relay() -> TestRelay {
    TestRelay::start_with("", "", Clock::manual(noon())).await
}

#[tokio::test]
async fn a_link_is_good_once_and_a_look_at_it_does_not_spend_it() {
    let relay = relay().await;
    let login = login(&relay, "山田", "operator").await;
    let (link, code) = (
        login["link"].as_str().unwrap(),
        login["code"].as_str().unwrap(),
    );
    assert!(link.ends_with(&format!("/monitor/login#{code}")), "{link}");
    let mut browser = Browser::new(&relay);
    // As a program that looks at links in mails does.
    for _ in 0..3 {
        assert_eq!(browser.get("/monitor/login").await.status, 200);
    }
    assert_eq!(browser.get("/monitor").await.status, 401);
    let page = browser.use_code(&code.to_lowercase()).await;
    assert_eq!((page.status, page.header("location")), (303, "/monitor"));
    let cookie = page.header("set-cookie");
    assert!(
        cookie.contains("; HttpOnly; SameSite=Strict; Path=/monitor"),
        "{cookie}"
    );
    assert!(!cookie.contains("Max-Age"), "{cookie}");
    let page = browser.get("/monitor").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("山田 (may operate)"), "{}", page.text);
    assert!(!page.text.contains(code));
    let again = Browser::new(&relay).use_code(code).await;
    assert_eq!(again.status, 401);
    assert!(
        again.text.contains("This code is not good"),
        "{}",
        again.text
    );
    let audit = relay.get("/api/audit").await;
    let items = audit.data()["items"].as_array().unwrap().clone();
    let done: Vec<_> = items
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(done, ["login", "issue_login"]);
    assert_eq!(
        (&items[0]["who"], &items[0]["via"]),
        (&json!("山田"), &json!("page"))
    );
}

#[tokio::test]
async fn a_login_ends_by_itself_by_leaving_and_by_a_command() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "viewer").await;
    let minutes = |minutes| relay.clock.advance(Duration::from_mins(minutes));
    minutes(59);
    // The script of an open page is no person.
    let script = [("x-refresh", "1"), ("sec-fetch-site", "same-origin")];
    assert_eq!(
        browser
            .call(Method::GET, "/monitor", &script, &[])
            .await
            .status,
        200
    );
    // Nor is a browser without script that loads an open page again.
    let page = browser.get("/monitor?reload=1").await;
    assert!(
        page.text.contains(
            "<noscript><meta http-equiv=\"refresh\" content=\"60;url=/monitor?reload=1\">"
        )
    );
    assert!(
        page.text.contains("href=\"/monitor?lang=ja\""),
        "{}",
        page.text
    );
    minutes(1);
    assert_eq!(browser.get("/monitor").await.status, 401);

    let browser = Browser::logged_in(&relay, "viewer").await;
    let page = browser.post("/monitor/logout", &[]).await;
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/monitor/login?left=1")
    );
    assert!(page.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(browser.get("/monitor").await.status, 401);

    let browser = Browser::logged_in(&relay, "viewer").await;
    let client = control_client(relay.directory.path());
    let request = client.post("http://relay/control/monitor/logout");
    let request = request.header("content-type", "application/json");
    let answer = request
        .body(json!({"name": "山田"}).to_string())
        .send()
        .await;
    assert!(
        answer
            .unwrap()
            .text()
            .await
            .unwrap()
            .contains("\"ended\":1")
    );
    assert_eq!(browser.get("/monitor").await.status, 401);
}

#[tokio::test]
async fn wrong_codes_are_limited_and_a_right_one_always_works() {
    let relay = relay().await;
    let mut browser = Browser::new(&relay);
    for wrong in ["", "x", "AAAA-AAAA-AAAA-AAAA", "BBBB-BBBB-BBBB-BBBB", "0"] {
        assert_eq!(browser.use_code(wrong).await.status, 401, "{wrong}");
    }
    let page = browser.use_code("CCCC-CCCC-CCCC-CCCC").await;
    assert_eq!((page.status, page.header("retry-after")), (429, "900"));
    assert!(page.text.contains("15 min"), "{}", page.text);
    let code = login(&relay, "山田", "viewer").await["code"].clone();
    assert_eq!(browser.use_code(code.as_str().unwrap()).await.status, 303);
}

#[tokio::test]
async fn what_no_page_of_its_own_asks_for_changes_nothing() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let own = relay.url("");
    let other = own.replace("127.0.0.1", "localhost");
    for forged in [
        vec![],
        vec![("sec-fetch-site", "cross-site")],
        vec![("sec-fetch-site", "same-site")],
        vec![("origin", "https://evil.example")],
        vec![("origin", other.as_str())],
        vec![("origin", own.as_str()), ("sec-fetch-site", "cross-site")],
    ] {
        let page = browser
            .call(Method::POST, "/monitor/logout", &forged, &[])
            .await;
        assert_eq!(page.status, 403, "{forged:?}");
        assert_eq!(browser.get("/monitor").await.status, 200);
    }
    let by_origin = [("origin", own.as_str())];
    let page = browser
        .call(Method::POST, "/monitor/logout", &by_origin, &[])
        .await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn another_host_and_plain_http_from_elsewhere_are_turned_away() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await;
    for (headers, expected) in [
        (vec![("host", "evil.example")], 421),
        (vec![("host", "127.0.0.1.evil.example")], 421),
        (vec![("x-forwarded-for", "203.0.113.7")], 403),
        (vec![("x-forwarded-proto", "https")], 403),
    ] {
        for path in ["/monitor", "/monitor/login"] {
            let page = browser.call(Method::GET, path, &headers, &[]).await;
            assert_eq!(page.status, expected, "{path} {headers:?}");
            assert!(!page.text.contains("山田"));
        }
    }
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_cookie_is_one_of_https() {
    let more = "[server]\ntrusted_proxies = [\"127.0.0.1\"]\npublic_url = \"https://relay.clinic.example\"\n";
    let relay = TestRelay::start_with("", more, Clock::manual(noon())).await;
    let login = login(&relay, "山田", "viewer").await;
    let link = login["link"].as_str().unwrap();
    assert!(
        link.starts_with("https://relay.clinic.example/monitor/login#"),
        "{link}"
    );
    let browser = Browser::new(&relay);
    let passed_on = [
        ("host", "relay.clinic.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-for", "203.0.113.7"),
        ("sec-fetch-site", "same-origin"),
    ];
    let form = [("code", login["code"].as_str().unwrap())];
    let page = browser
        .call(Method::POST, "/monitor/login", &passed_on, &form)
        .await;
    assert_eq!(page.status, 303, "{}", page.text);
    let cookie = page.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-monitor=") && cookie.contains("Path=/; Secure"),
        "{cookie}"
    );
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin");
    let audit = relay.get("/api/audit").await;
    assert_eq!(audit.data()["items"][0]["client"], "203.0.113.7");
}

#[tokio::test]
async fn a_link_from_elsewhere_is_asked_for_once_more_because_the_cookie_comes_only_then() {
    let relay = relay().await;
    let browser = Browser::new(&relay);
    let from_mail = [("sec-fetch-site", "cross-site")];
    let page = browser
        .call(Method::GET, "/monitor?a=1", &from_mail, &[])
        .await;
    assert_eq!(page.status, 200);
    assert!(
        page.text
            .contains("content=\"0;url=/monitor?a=1&#38;again=1\""),
        "{}",
        page.text
    );
    // It does not go on for ever.
    let page = browser
        .call(Method::GET, "/monitor?a=1&again=1", &from_mail, &[])
        .await;
    assert_eq!(page.status, 401);
    assert!(
        page.text.contains("value=\"/monitor?a=1\""),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn every_answer_is_guarded_and_an_unchanged_page_is_not_sent_again() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "viewer").await;
    let page = browser.get("/monitor").await;
    let policy = page.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("referrer-policy"), "same-origin");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.text.len() < 30_000, "{}", page.text.len());
    let tag = page.header("etag").to_owned();
    let known = [("if-none-match", tag.as_str())];
    let same = browser.call(Method::GET, "/monitor", &known, &[]).await;
    assert_eq!((same.status, same.text.len()), (304, 0));
    assert!(!same.header("x-as-of").is_empty());
    relay.accept("employee.created").await;
    let changed = browser.call(Method::GET, "/monitor", &known, &[]).await;
    assert_eq!(changed.status, 200);
    // Style sheet and script come from the relay too, and are kept for good.
    for part in page
        .text
        .split('"')
        .filter(|part| part.starts_with("/monitor/assets/"))
    {
        let asset = Browser::new(&relay).get(part).await;
        assert_eq!(asset.status, 200, "{part}");
        assert!(asset.header("cache-control").contains("immutable"));
    }
    assert_eq!(browser.get("/monitor/nowhere").await.status, 404);
    let wrong = browser.post("/monitor", &[("a", "b")]).await;
    assert_eq!((wrong.status, wrong.header("allow")), (405, "GET, HEAD"));
}

#[tokio::test]
async fn the_reader_chooses_the_language() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "viewer").await;
    let page = browser.get("/monitor?lang=ja&a=1").await;
    assert_eq!(
        (page.status, page.header("location")),
        (303, "/monitor?a=1")
    );
    assert!(page.header("set-cookie").starts_with("lang=ja; "));
    assert!(
        browser
            .get("/monitor")
            .await
            .text
            .contains("<html lang=\"en\">")
    );
}

#[tokio::test]
async fn the_sentence_says_what_is_and_what_to_do() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [3600]";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let first = async || {
        let text = browser.get("/monitor").await.text;
        let from = text.split("class=\"first\"").nth(1).unwrap_or_default();
        from.split("</section>").next().unwrap().to_owned()
    };
    assert!(first().await.contains("The relay has started."));
    let id = relay.accept("employee.created").await;
    relay.wait_for_status(&id, "delivered").await;
    let fine = first().await;
    assert!(
        fine.contains("Everything works. Nothing needs to be done now."),
        "{fine}"
    );
    partner.will_answer([status(503)]);
    let id = relay.accept("employee.created").await;
    relay.wait_for_status(&id, "retrying").await;
    let waits = first().await;
    assert!(
        waits.contains("Being sent again by itself: 1 (next at "),
        "{waits}"
    );
}

/// What somebody may write who means no good.
const MARKUP: &str = "<img src=x onerror=alert(1)>\"'&";
const ESCAPED: &str = "&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#38;";

/// A relay with one delivery that needs somebody.
async fn with_exhausted(partner: &Partner, more: &str) -> (TestRelay, String) {
    let more = format!("[retry]\nintervals_seconds = [1]\n{more}");
    let relay = TestRelay::start_with(&partner.url(), &more, Clock::System).await;
    let answer = ScriptedAnswer::json(StatusCode::UNPROCESSABLE_ENTITY, MARKUP);
    partner.will_answer([answer.clone(), answer]);
    let id = relay.accept_of(MARKUP, "employee.created").await;
    relay.wait_for_status(&id, "exhausted").await;
    (relay, id)
}

#[tokio::test]
async fn what_others_have_written_is_text_on_every_view() {
    let partner = Partner::start(Clock::System).await;
    let (relay, id) = with_exhausted(&partner, "").await;
    let code = login(&relay, MARKUP, "operator").await["code"].clone();
    let mut browser = Browser::new(&relay);
    browser.use_code(code.as_str().unwrap()).await;
    let until = Timestamp::from_unix_ms(relay.clock.now().unix_ms() + 3_600_000);
    let until = Zone::TOKYO
        .local(until)
        .strftime("%Y-%m-%dT%H:%M")
        .to_string();
    let held = [
        ("route", "*"),
        ("until", until.as_str()),
        ("reason", MARKUP),
    ];
    assert_eq!(browser.post("/monitor/hold", &held).await.status, 303);
    let filter = form_urlencoded::Serializer::new(String::new())
        .append_pair("staffId", MARKUP)
        .append_pair("eventType", MARKUP)
        .append_pair("first", MARKUP)
        .finish();
    for path in [
        "/monitor".to_owned(),
        format!("/monitor/deliveries?{filter}"),
        "/monitor/deliveries?status=exhausted".to_owned(),
        format!("/monitor/deliveries/{id}"),
        "/monitor/resend?status=exhausted".to_owned(),
        "/monitor/incidents".to_owned(),
        "/monitor/server".to_owned(),
    ] {
        let page = browser.get(&path).await;
        assert!(page.text.contains(ESCAPED), "{path}: {}", page.text);
        assert!(!page.text.contains("<img"), "{path}: {}", page.text);
        assert!(page.text.len() < 30_000, "{path}: {}", page.text.len());
    }
}

#[tokio::test]
async fn one_delivery_is_sent_again_or_dismissed_by_an_operator_only() {
    let partner = Partner::start(Clock::System).await;
    let (relay, id) = with_exhausted(&partner, "").await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let place = format!("/monitor/deliveries/{id}");
    assert!(
        !viewer
            .get(&place)
            .await
            .text
            .contains("<form method=\"post\" action=\"/monitor/d")
    );
    let paths = ["resend", "dismiss"].map(|what| format!("{place}/{what}"));
    let others = [
        "/monitor/resend",
        "/monitor/recover",
        "/monitor/hold",
        "/monitor/hold/end",
    ];
    for path in paths.iter().map(String::as_str).chain(others) {
        assert_eq!(
            viewer.post(path, &[("reason", "x")]).await.status,
            403,
            "{path}"
        );
    }
    let operator = Browser::logged_in(&relay, "operator").await;
    assert_eq!(operator.post(&paths[1], &[]).await.status, 409);
    relay.wait_for_status(&id, "exhausted").await;
    let page = operator.post(&paths[1], &[("reason", "退職済み")]).await;
    assert!(
        operator
            .follow(&page)
            .await
            .text
            .contains("It is dismissed.")
    );
    relay.wait_for_status(&id, "dismissed").await;
    let page = operator.post(&paths[0], &[]).await;
    assert_eq!(page.header("location"), place);
    let told = operator.follow(&page).await.text;
    assert!(told.contains("It is sent again."), "{told}");
    relay.wait_for_status(&id, "delivered").await;
    let text = operator.get(&place).await.text;
    for told in [
        "dismissed (山田)",
        "退職済み",
        "sent again (山田)",
        "Attempt 3: delivered",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
}

#[tokio::test]
async fn many_are_sent_again_after_a_question_that_counts_and_a_press_that_counts_anew() {
    let partner = Partner::start(Clock::System).await;
    let (relay, id) = with_exhausted(&partner, "").await;
    let operator = Browser::logged_in(&relay, "operator").await;
    let list = operator
        .get("/monitor/deliveries?status=exhausted")
        .await
        .text;
    assert!(
        list.contains("Matching: 1<") && list.contains("Send 1 again"),
        "{list}"
    );
    let asked = operator.get("/monitor/resend?status=exhausted").await.text;
    assert!(
        asked.contains("1 will be sent.") && asked.contains("name=\"counted\" value=\"1\""),
        "{asked}"
    );
    assert!(asked.contains("refuses"), "{asked}");
    let form = [
        ("status", "exhausted"),
        ("counted", "3"),
        ("reason", "復旧"),
    ];
    let page = operator.post("/monitor/resend", &form).await;
    assert_eq!(page.status, 303, "{}", page.text);
    relay.wait_for_status(&id, "delivered").await;
    let told = operator.follow(&page).await.text;
    assert!(
        told.contains("1 are sent again.") && told.contains("(2 did not match any more)"),
        "{told}"
    );
    let audit = relay.get("/api/audit").await;
    let done = &audit.data()["items"][0];
    let found = [
        &done["action"],
        &done["who"],
        &done["reason"],
        &done["count"],
    ];
    assert_eq!(
        found,
        [&json!("resend"), &json!("山田"), &json!("復旧"), &json!(1)]
    );
    // Without a status it would be everything, and a GET changes nothing.
    assert_eq!(operator.get("/monitor/resend").await.status, 409);
    assert_eq!(
        operator
            .get("/monitor/resend?status=exhausted")
            .await
            .status,
        409
    );
}

#[tokio::test]
async fn what_is_private_is_shown_to_operators_only() {
    let partner = Partner::start(Clock::System).await;
    let more = format!(
        "[[route]]\nevents = [\"report.*\"]\nurl = \"{}\"\nprofile = \"medical-system\"\nprivate = true\n",
        partner.url()
    );
    let (relay, _) = with_exhausted(&partner, &more).await;
    let answer = ScriptedAnswer::json(StatusCode::UNPROCESSABLE_ENTITY, "{}");
    partner.will_answer([answer.clone(), answer]);
    let id = relay.accept("report.whistle").await;
    relay.wait_for_status(&id, "exhausted").await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let operator = Browser::logged_in(&relay, "operator").await;
    for path in [
        "/monitor",
        "/monitor/deliveries?status=exhausted",
        "/monitor/incidents",
    ] {
        let hidden = viewer.get(path).await.text;
        assert!(!hidden.contains("report."), "{path}: {hidden}");
        assert!(operator.get(path).await.text.contains("report."), "{path}");
    }
    let place = format!("/monitor/deliveries/{id}");
    assert_eq!(viewer.get(&place).await.status, 404);
    assert_eq!(operator.get(&place).await.status, 200);
    let list = |text: String| text.contains("Matching: 1<");
    assert!(list(
        viewer
            .get("/monitor/deliveries?status=exhausted")
            .await
            .text
    ));
    assert!(!list(
        operator
            .get("/monitor/deliveries?status=exhausted")
            .await
            .text
    ));
}

#[tokio::test]
async fn a_full_page_stays_small_and_leads_to_the_next() {
    let relay = relay().await;
    for _ in 0..60 {
        relay.accept("employee.personal_information.updated").await;
    }
    let browser = Browser::logged_in(&relay, "operator").await;
    let page = browser.get("/monitor/deliveries").await;
    assert!(page.text.len() < 30_000, "{}", page.text.len());
    assert_eq!(page.text.matches("<th scope=\"row\">").count(), 50);
    let next = page
        .text
        .split("cursor=")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let page = browser
        .get(&format!("/monitor/deliveries?cursor={next}"))
        .await;
    assert_eq!(page.text.matches("<th scope=\"row\">").count(), 10);
    assert!(page.text.contains("Matching: 60<"), "{}", page.text);
}

/// Logs in at a daemon, and answers the cookie.
async fn log_in_at(daemon: &Daemon) -> (String, String) {
    let login = ["monitor", "login", "--name", "山田", "--role", "operator"];
    let login = daemon.json(&login).await;
    let code = login["code"].as_str().unwrap().to_owned();
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    let request = client.build().unwrap();
    let request = request.post(format!("{}/monitor/login", daemon.url));
    let request = request.header("sec-fetch-site", "same-origin");
    let answer = request.body(format!("code={code}")).send().await.unwrap();
    assert_eq!(answer.status(), 303);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    (code, cookie.split(';').next().unwrap().to_owned())
}

async fn status_with(daemon: &Daemon, cookie: &str) -> u16 {
    let request = client().get(format!("{}/monitor", daemon.url));
    let request = request.header("cookie", cookie);
    let request = request.header("sec-fetch-site", "none");
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_login_outlives_a_restart_and_no_restore_and_no_code_is_logged() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    let (code, cookie) = log_in_at(&daemon).await;
    let copy = directory.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    daemon.json(&["backup", copy]).await;
    let sessions = daemon.json(&["monitor", "sessions"]).await;
    assert_eq!(sessions["items"][0]["name"], "山田");
    daemon.signal("-TERM");
    let mut logged = daemon.log_before_ready.join("\n");
    while let Some(line) = daemon.log.next_line().await {
        logged.push_str(&line);
    }
    let secret = cookie.split('=').nth(1).unwrap();
    for unwanted in [code.as_str(), &code.replace('-', ""), secret, "山田"] {
        assert!(!logged.contains(unwanted), "{unwanted}: {logged}");
    }
    assert!(
        logged.contains("somebody has logged in to the page"),
        "{logged}"
    );
    daemon.stop().await;
    let daemon = Daemon::start(directory.path(), "", "").await;
    assert_eq!(status_with(&daemon, &cookie).await, 200);
    let config = daemon.config.clone();
    daemon.stop().await;
    let mut restore = program();
    restore.args(["restore", copy, "--config"]).arg(&config);
    assert!(restore.output().await.unwrap().status.success());
    let daemon = Daemon::start(directory.path(), "", "").await;
    assert_eq!(status_with(&daemon, &cookie).await, 401);
    daemon.stop().await;
}
