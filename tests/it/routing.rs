//! Every receiver of VoiceDrive is reached by configuration alone, and none holds up another.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::delivery::profile::{BUILT_IN, Profile};
use voicedrive_relay::testing::receiver::ScriptedAnswer;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, TestRelay, configuration, status};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn every_profile_is_verified_by_a_receiver_that_re_serialises_the_body() {
    for name in BUILT_IN {
        let partner = Partner::expecting(name, "VOICEDRIVE_WEBHOOK_SECRET").await;
        let more = format!("profile = \"{name}\"");
        let relay = TestRelay::start_with(&partner.url(), &more, Clock::System).await;
        // What JavaScript would spell in another way is brought into its spelling at the door.
        let event = r#"{"event":"employee.created","data":{"b":1.0,"2":1e2,"1":-0,"name":"\u5c71\/田 😀"}}"#;
        let accepted = relay.post("/api/events", event).await;
        assert_eq!(accepted.status, 202);
        let arrived = partner.wait_until(|all| !all.is_empty()).await;
        assert_eq!(arrived[0].verdict, Ok(()), "{name}");
        let signs = Profile::built_in(name).unwrap().signature.is_some();
        assert_eq!(signs, name != "unsigned");
    }
}

#[tokio::test]
async fn the_first_route_that_matches_takes_the_event_with_its_own_address_and_words() {
    let employees = Partner::expecting("voicedrive-employee", "EMPLOYEE_SECRET").await;
    let retired = Partner::expecting("unsigned", "PARTNER_TOKEN").await;
    let rest = Partner::start(Clock::System).await;
    let more = format!(
        "[[route]]\nevents = [\"employee.retired\"]\nurl = \"{}\"\nprofile = \"unsigned\"\nbearer = \"PARTNER_TOKEN\"\n\
         [[route]]\nevents = [\"employee.*\"]\nurl = \"{}\"\nprofile = \"voicedrive-employee\"\nsecret = \"EMPLOYEE_SECRET\"\nheaders = {{ \"X-Webhook-Version\" = \"1.0\" }}\n",
        retired.url(),
        employees.url(),
    );
    let relay = TestRelay::start_with(&rest.url(), &more, Clock::System).await;
    let mut ids = Vec::new();
    for event in ["employee.created", "employee.retired", "survey.answered"] {
        ids.push(relay.accept(event).await);
    }
    for (id, route) in ids
        .iter()
        .zip(["employee.*", "employee.retired", "default"])
    {
        let event = relay.wait_for_status(id, "delivered").await;
        assert_eq!(event["route"], route);
    }
    let at = |partner: &Partner, event: &str| {
        let received = partner.received();
        assert_eq!(received.len(), 1, "{event}");
        assert_eq!(
            (received[0].event_type.as_str(), received[0].verdict),
            (event, Ok(()))
        );
        received[0].clone()
    };
    let created = at(&employees, "employee.created");
    assert_eq!(created.header("x-webhook-version"), "1.0");
    assert_eq!(created.header("authorization"), "");
    let gone = at(&retired, "employee.retired");
    assert_eq!(
        gone.header("authorization"),
        "Bearer a-made-up-bearer-token"
    );
    at(&rest, "survey.answered");
}

#[tokio::test]
async fn a_route_that_stalls_holds_up_no_other() {
    let slow = Partner::start(Clock::System).await;
    slow.always_answers(Some(ScriptedAnswer::After(
        Duration::from_hours(1),
        Box::new(status(200)),
    )));
    let quick = Partner::start(Clock::System).await;
    let more = format!(
        "concurrency = 2\ntimeout_seconds = 300\n[[route]]\nevents = [\"quick.*\"]\nurl = \"{}\"\n",
        quick.url()
    );
    let relay = TestRelay::start_with(&slow.url(), &more, Clock::System).await;
    for _ in 0..20 {
        relay.accept("slow.one").await;
    }
    slow.wait_until(|all| all.len() == 2).await;
    for _ in 0..20 {
        let id = relay.accept("quick.one").await;
        relay.wait_for_status(&id, "delivered").await;
    }
    assert_eq!(slow.received().len(), 2, "no more than its share");
}

#[tokio::test]
async fn a_pace_is_kept_in_the_order_of_acceptance() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start_with(&partner.url(), "max_per_second = 5", Clock::System).await;
    let events: Vec<_> = (0..16)
        .map(|n| json!({"event": "a.b", "data": {"n": n}}))
        .collect();
    let begun = Clock::System.now();
    let accepted = relay
        .post("/api/events/batch", json!(events).to_string())
        .await;
    let ids: Vec<_> = accepted.data()["events"].as_array().unwrap().clone();
    let arrived = partner.wait_until(|all| all.len() == 16).await;
    for (id, webhook) in ids.iter().zip(&arrived) {
        assert_eq!(id["id"], webhook.header("x-request-id"));
    }
    // Fifteen pauses of 200 ms lie between the two; a machine that is slow makes it longer,
    // nothing makes it shorter.
    let took = arrived[15].at.since(begun);
    assert!(took >= Duration::from_millis(2900), "{took:?}");
}

#[tokio::test]
async fn while_a_secret_is_rotated_both_sides_understand_each_other() {
    for secret in ["EMPLOYEE_SECRET", "EMPLOYEE_SECRET_PREVIOUS"] {
        let partner = Partner::expecting("standard-webhooks", secret).await;
        let more = "profile = \"standard-webhooks\"\nsecret = \"EMPLOYEE_SECRET\"";
        let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
        relay.accept("employee.created").await;
        let arrived = partner.wait_until(|all| !all.is_empty()).await;
        assert_eq!(arrived[0].verdict, Ok(()), "{secret}");
        let signatures = arrived[0].header("webhook-signature");
        assert_eq!(signatures.split(' ').count(), 2, "{signatures}");
    }
}

#[tokio::test]
async fn a_route_without_a_url_is_told_as_one_and_not_as_one_that_is_gone() {
    let partner = Partner::start(Clock::System).await;
    let directory = TempDir::new().unwrap();
    let route = "[[route]]\nname = \"staff\"\nevents = [\"employee.*\"]\nurl = \"\"\n";
    let daemon = Daemon::start(directory.path(), &partner.url(), route).await;
    let sent = daemon.run(&["send", "employee.created"]).await;
    assert!(sent.status.success(), "{sent:?}");
    let state = daemon.json(&["status"]).await;
    assert_eq!(
        state["withoutRoute"],
        json!([{"route": "staff", "events": 1, "configured": true}])
    );
    let status = text(&daemon.run(&["status"]).await.stdout);
    assert!(status.contains("without a URL: staff (1): "), "{status}");
    assert!(!status.contains("not in the configuration"), "{status}");
    assert!(!status.contains("resend"), "{status}");
    let mut check = program();
    let check = check.args(["check", "--config"]).arg(&daemon.config);
    let check = check.output().await.unwrap();
    let told = text(&check.stdout);
    assert!(told.contains("note  route staff: no URL"), "{told}");
    daemon.kill().await;
}

#[tokio::test]
async fn an_event_whose_route_is_gone_waits_and_a_resend_finds_another_way() {
    let old = Partner::start(Clock::System).await;
    old.always_answers(Some(status(503)));
    let directory = TempDir::new().unwrap();
    let route = format!("[[route]]\nevents = [\"old.*\"]\nurl = \"{}\"\n", old.url());
    let new = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), &new.url(), &route).await;
    let sent = daemon.json(&["send", "old.one"]).await;
    let id = sent["id"].as_str().unwrap();
    old.wait_until(|all| !all.is_empty()).await;
    let is_retrying = |shown: &Value| shown["status"] == "retrying";
    daemon.until(&["show", id], is_retrying).await;
    daemon.kill().await;
    let mut daemon = Daemon::start(directory.path(), &new.url(), "").await;
    let warned = daemon
        .log_before_ready
        .iter()
        .any(|line| line.contains("old.*"));
    assert!(warned, "{:?}", daemon.log_before_ready);
    let state = daemon.json(&["status"]).await;
    assert_eq!(
        state["withoutRoute"],
        json!([{"route": "old.*", "events": 1, "configured": false}])
    );
    let mut check = program();
    let check = check.args(["check", "--config"]).arg(&daemon.config);
    let check = check.output().await.unwrap();
    assert!(
        text(&check.stdout).contains("old.* (1)"),
        "{}",
        text(&check.stdout)
    );
    assert!(daemon.run(&["resend", id]).await.status.success());
    let arrived = new.wait_until(|all| !all.is_empty()).await;
    assert_eq!(arrived[0].header("x-request-id"), id);
    daemon.child.kill().await.unwrap();
}

#[tokio::test]
async fn a_refusal_that_is_really_a_wrong_clock_says_so() {
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(ScriptedAnswer::Respond {
        status: StatusCode::UNAUTHORIZED,
        headers: vec![("date", "Wed, 21 Oct 2015 07:28:00 GMT".to_owned())],
        body: "{}".into(),
    }));
    let relay = TestRelay::start(&partner.url()).await;
    let id = relay.accept("a.b").await;
    let event = relay.wait_for_status(&id, "retrying").await;
    let error = event["attempts"][0]["errorMessage"].as_str().unwrap();
    assert!(
        error.starts_with("HTTP 401: Unauthorized; the receiver's clock is"),
        "{error}"
    );
}

#[tokio::test]
async fn five_mistakes_of_routes_are_reported_at_once_and_no_secret_is_shown() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("config.toml");
    let more = "[[route]]\nevents = [\"Employee\"]\nurl = \"http://169.254.169.254/latest\"\n\
                headers = { \"Host\" = \"x\" }\n\
                [[route]]\nevents = [\"a.*\"]\nurl = \"https://a.example/\"\nbearer = \"NOT_SET\"\n\
                [profile.mine]\nbody = [\"event\"]\nsigned_text = \"{body}{nonsense}\"\n";
    std::fs::write(&path, configuration(directory.path(), "", more)).unwrap();
    let mut command = program();
    command.arg("check").arg("--config").arg(&path);
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(78));
    let report = text(&output.stderr);
    for (place, key) in [
        (":10: ", "route.events"),
        (":11: ", "route.url"),
        (":12: ", "route.headers"),
        (":18: ", "profile.mine.body"),
        (":19: ", "profile.mine.signed_text"),
        ("environment variable ", "NOT_SET"),
    ] {
        let told = report
            .lines()
            .any(|line| line.contains(&format!("{place}{key}")));
        assert!(told, "{place}{key}: {report}");
    }
}

#[tokio::test]
async fn check_reaches_every_route_and_says_what_is_wrong() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let path = directory.path().join("config.toml");
    let more = "[[route]]\nevents = [\"a.*\"]\nurl = \"http://127.0.0.1:9/\"\nbearer = \"PARTNER_TOKEN\"\n";
    std::fs::write(&path, configuration(directory.path(), &partner.url(), more)).unwrap();
    let mut command = program();
    command.arg("check").arg("--config").arg(&path);
    let output = command.output().await.unwrap();
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("route default: http://127.0.0.1:"), "{told}");
    assert!(told.contains("can be reached"), "{told}");
    assert!(
        told.contains("the connection was refused; nobody listens"),
        "{told}"
    );
    assert!(!told.contains("a-made-up"), "{told}");
    assert_eq!(partner.received().len(), 0, "nothing is posted");
}

#[tokio::test]
async fn what_goes_elsewhere_is_no_gap_in_what_voicedrive_counts() {
    let employees = Partner::expecting("voicedrive-employee", "EMPLOYEE_SECRET").await;
    let rest = Partner::start(Clock::System).await;
    let more = format!(
        "[[route]]\nevents = [\"employee.*\"]\nurl = \"{}\"\nprofile = \"voicedrive-employee\"\nsecret = \"EMPLOYEE_SECRET\"\n",
        employees.url(),
    );
    let relay = TestRelay::start_with(&rest.url(), &more, Clock::System).await;
    let employee = relay.accept("employee.created").await;
    relay.wait_for_status(&employee, "delivered").await;
    let path = "/api/voicedrive/webhook-stats";
    let before = relay.get(path).await.data().clone();
    assert_eq!(before["sent24h"], 1);
    for _ in 0..25 {
        let other = relay.accept("survey.answered").await;
        relay.wait_for_status(&other, "delivered").await;
    }
    assert_eq!(*relay.get(path).await.data(), before);
    let all = relay.get("/api/integration/webhook-stats").await;
    assert_eq!(all.data()["sent24h"], 26);
    // A date without a time is that day, and the type is a filter.
    let today = relay.clock.now().to_string();
    let tomorrow = relay
        .clock
        .now()
        .after(Duration::from_hours(24))
        .to_string();
    let of = async |event_type: &str| {
        let (from, to) = (&today[..10], &tomorrow[..10]);
        let path = format!("{path}?startDate={from}&endDate={to}&eventType={event_type}");
        relay.get(&path).await.data()["sent24h"].clone()
    };
    assert_eq!(of("survey.answered").await, 0);
    // Where the clinic is, the day may have begun before or after this moment.
    assert!(of("employee.created").await.as_u64().unwrap() <= 1);
    let nonsense = relay.get(&format!("{path}?startDate=2025-13-01")).await;
    assert_eq!(nonsense.error().0, "INVALID_DATE_RANGE");
}

#[tokio::test]
async fn what_its_receiver_can_never_take_is_refused_at_the_door() {
    let partner = Partner::expecting("voicedrive-employee", "EMPLOYEE_SECRET").await;
    let more = "profile = \"voicedrive-employee\"\nsecret = \"EMPLOYEE_SECRET\"";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let event = |pad: usize| {
        let data = json!({"staffId": "EMP-1", "pad": "x".repeat(pad)});
        json!({"event": "employee.created", "data": data}).to_string()
    };
    let refused = relay.post("/api/events", event(102_400)).await;
    let (code, message) = refused.error();
    assert_eq!((refused.status, code), (413, "PAYLOAD_TOO_LARGE"));
    assert!(
        message.contains("route default") && message.contains("102400"),
        "{message}"
    );
    // The limit is of the body that is sent, to the byte.
    let said: usize = message
        .split_whitespace()
        .find_map(|word| word.parse().ok().filter(|bytes| *bytes > 102_400))
        .unwrap();
    let fits = 102_400 - (said - 102_400);
    let batch = format!("[{},{}]", event(1), event(fits + 1));
    let refused = relay.post("/api/events/batch", batch).await;
    assert!(refused.error().1.starts_with("[1]: "), "{:?}", refused.body);
    assert_eq!(relay.get("/api/events").await.data()["items"], json!([]));
    assert_eq!(relay.post("/api/events", event(fits)).await.status, 202);
    let arrived = partner.wait_until(|all| !all.is_empty()).await;
    assert_eq!(arrived[0].body.len(), 102_400);
}

#[tokio::test]
async fn a_reload_waits_for_no_route_and_touches_only_what_changed() {
    let slow = Partner::start(Clock::System).await;
    slow.always_answers(Some(ScriptedAnswer::After(
        Duration::from_hours(1),
        Box::new(status(200)),
    )));
    let quick = Partner::start(Clock::System).await;
    let more = |timeout: u32, quick_pace: u32| {
        format!(
            "timeout_seconds = {timeout}\n[[route]]\nevents = [\"quick.*\"]\nurl = \"{}\"\nmax_per_second = {quick_pace}\n",
            quick.url()
        )
    };
    let mut relay = TestRelay::start_with(&slow.url(), &more(300, 1000), Clock::System).await;
    relay.accept("slow.one").await;
    slow.wait_until(|all| all.len() == 1).await;
    // The quick route changes, then the one that stalls; neither waits for the attempt of five minutes.
    for (timeout, pace) in [(300, 1000), (300, 999), (299, 999)] {
        let (url, more) = (slow.url(), more(timeout, pace));
        let reloading = relay.reload(&url, &more);
        let reloaded = tokio::time::timeout(Duration::from_secs(20), reloading).await;
        assert!(reloaded.is_ok(), "a reload waited for an attempt");
        let id = relay.accept("quick.one").await;
        relay.wait_for_status(&id, "delivered").await;
        assert_eq!(slow.received().len(), 1, "nothing is sent twice");
    }
    let gone = relay.accept("quick.two").await;
    relay.wait_for_status(&gone, "delivered").await;
    assert_eq!(quick.received().len(), 4);
}
