//! No page is longer than 30 kB, with many receivers, long names and full lists.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use voicedrive_relay::testing::receiver::ScriptedAnswer;
use voicedrive_relay::testing::token::Scope;

use super::{Browser, login};
use crate::harness::{Clock, Partner, TestRelay, token};

const MOST: usize = 30_000;
const ROUTES: usize = 30;

/// So long that each list is full of it, and written as several characters each.
fn long(number: usize) -> String {
    format!("{number}{}", "職'<員>".repeat(25))
}

async fn hand_in(relay: &TestRelay, events: Vec<Value>) -> Vec<String> {
    let body = json!(events).to_string();
    let answer = relay.post("/api/events/batch", body).await;
    assert_eq!(answer.status, 202, "{:?}", answer.body);
    let events = answer.data()["events"].as_array().unwrap().clone();
    let ids = events.iter().map(|one| one["id"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn no_page_is_longer_than_30_kb_whatever_stands_on_it() {
    let partner = Partner::start(Clock::System).await;
    let route = |number: usize| {
        let (url, name) = (partner.url(), "送り先".repeat(15));
        format!(
            "[[route]]\nname = \"{name}{number}\"\nevents = [\"of{number}.*\"]\nurl = \"{url}\"\n\
             profile = \"medical-system\"\ncounted_by_voicedrive = true\n"
        )
    };
    let routes: String = (0..ROUTES).map(route).collect();
    let more = format!("[retry]\nintervals_seconds = [1]\n{routes}");
    let relay = TestRelay::start_with(&partner.url(), &more, Clock::System).await;
    let operator = Browser::logged_in(&relay, "operator").await;

    let event =
        |name: String, number: usize| json!({"event": name, "staffId": long(number), "data": {}});
    let of_default = (0..120).map(|n| event(format!("employee.{}{n}", "x".repeat(n % 80)), n));
    let delivered = hand_in(&relay, of_default.collect()).await;
    relay
        .get_until("/api/events?status=delivered&limit=100", |found| {
            found["items"]
                .as_array()
                .is_some_and(|all| all.len() == 100)
        })
        .await;
    let body = "<'\">".repeat(500).leak();
    partner.always_answers(Some(ScriptedAnswer::json(StatusCode::BAD_GATEWAY, body)));
    let of_routes = (0..ROUTES).map(|n| event(format!("of{n}.a"), n));
    let exhausted = hand_in(&relay, of_routes.collect()).await;
    for id in &exhausted {
        relay.wait_for_status(id, "exhausted").await;
    }
    for _ in 0..4 {
        let again = relay
            .post(&format!("/api/events/{}/resend", exhausted[0]), "")
            .await;
        assert!(again.status < 300, "{:?}", again.body);
        relay.wait_for_status(&exhausted[0], "exhausted").await;
    }
    // Half of them are nowhere, and some comparisons more are listed.
    for part in 0..40 {
        let received: Vec<&String> = delivered[part..].iter().step_by(2).collect();
        let asked = json!({"received": received}).to_string();
        assert_eq!(
            relay.post("/api/integration/reconcile", asked).await.status,
            200
        );
    }
    for number in 0..60 {
        let record = json!({
            "employeeId": format!("E-{number}"), "employeeName": long(number), "interviewType": long(number),
            "interviewDate": "2026-01-01T10:00:00.000Z", "interviewStatus": "scheduled",
            "facilityId": long(number), "departmentId": long(number), "statusReason": long(number),
        });
        let bearer = format!("Bearer {}", token(&[Scope::Admin], relay.clock.now()));
        let headers = [
            ("authorization", bearer.as_str()),
            ("content-type", "application/json"),
        ];
        let path = format!("/api/interviews/i{number}");
        let kept = relay
            .call(Method::PUT, &path, &headers, record.to_string())
            .await;
        assert_eq!(kept.status, 201, "{:?}", kept.body);
    }
    for number in 0..40 {
        let code =
            login(&relay, &format!("{number}{}", "山'".repeat(20)), "viewer").await["code"].clone();
        let used = Browser::new(&relay).use_code(code.as_str().unwrap()).await;
        assert_eq!(used.status, 303, "{}", used.text);
    }

    let mut paths = [
        "/monitor",
        "/monitor/deliveries",
        "/monitor/deliveries?status=exhausted",
        "/monitor/resend?status=exhausted",
        "/monitor/reconcile",
        "/monitor/interviews?first=2025-12-01&last=2026-02-01",
        "/monitor/incidents",
        "/monitor/server",
    ]
    .map(str::to_owned)
    .to_vec();
    paths.push(format!("/monitor/deliveries/{}", exhausted[0]));
    let listed = operator.get("/monitor/reconcile").await.text;
    let comparison = listed.split("href=\"/monitor/reconcile/0").nth(1);
    let comparison = comparison.unwrap().split('"').next().unwrap();
    paths.push(format!("/monitor/reconcile/0{comparison}"));
    let mut too_long = Vec::new();
    for language in ["ja", "en"] {
        let reader = Browser::logged_in(&relay, "operator")
            .await
            .reading(language);
        for path in &paths {
            let page = reader.get(path).await;
            assert_eq!(page.status, 200, "{path}: {}", page.text);
            if page.text.len() >= MOST {
                too_long.push(format!("{path} in {language}: {} bytes", page.text.len()));
            }
        }
    }
    assert_eq!(too_long, [""; 0]);
    // Nothing is lost by that: the next pages have the rest.
    let (mut rows, mut path) = (0, "/monitor/deliveries?status=delivered".to_owned());
    for _ in 0..100 {
        let page = operator.get(&path).await.text;
        assert!(page.len() < MOST, "{path}");
        rows += page.matches("<th scope=\"row\">").count();
        let Some(next) = page.split("class=\"button second\" href=\"").nth(1) else {
            break;
        };
        path = next.split('"').next().unwrap().replace("&#38;", "&");
    }
    assert_eq!(rows, 120);
}
