//! What viewers are not to know of: deliveries of private routes, also when the configuration has lost them.

use std::time::Duration;

use super::{Browser, login};
use crate::harness::{Clock, Partner, TestRelay, status};

/// A route for what only operators may know of, with a name that does not stand anywhere else.
fn whistle(url: &str) -> String {
    format!(
        "[retry]\nintervals_seconds = [1]\n\
         [[route]]\nevents = [\"report.*\"]\nname = \"whistle\"\nurl = \"{url}\"\nprofile = \"medical-system\"\nprivate = true\n"
    )
}

/// A relay on whose private route one delivery is exhausted and one has arrived.
async fn with_private(partner: &Partner) -> (TestRelay, String) {
    let relay =
        TestRelay::start_with(&partner.url(), &whistle(&partner.url()), Clock::System).await;
    let id = relay.accept("report.fraud").await;
    relay.wait_for_status(&id, "delivered").await;
    partner.will_answer([status(422), status(422)]);
    let id = relay.accept_of("EMP-SECRET", "report.fraud").await;
    relay.wait_for_status(&id, "exhausted").await;
    (relay, id)
}

/// Every view.
const VIEWS: [&str; 7] = [
    "/monitor",
    "/monitor/deliveries",
    "/monitor/deliveries?status=exhausted",
    "/monitor/deliveries?status=delivered",
    "/monitor/deliveries?first=yesterday",
    "/monitor/incidents",
    "/monitor/server",
];

/// What somebody who guesses types is answered as what is nowhere.
async fn answers_as_if_it_were_nowhere(viewer: &Browser<'_>, field: &str, guess: &str) {
    let asked = async |value: &str| {
        let page = viewer
            .get(&format!("/monitor/deliveries?{field}={value}"))
            .await;
        assert_eq!(page.status, 200, "{field}={value}");
        let (main, _) = page.text.split_once("<footer").unwrap();
        main.replace(value, "")
    };
    assert_eq!(asked(guess).await, asked("nowhere").await, "{field}");
}

/// Nothing of the private route reaches the viewer, neither what it is called nor how much there is of it.
async fn sees_nothing(viewer: &Browser<'_>, id: &str) {
    for path in VIEWS {
        let page = viewer.get(path).await;
        assert_eq!(page.status, 200, "{path}");
        for private in ["whistle", "report.", "EMP-SECRET", id, "422", "cursor="] {
            assert!(
                !page.text.contains(private),
                "{path}: {private}: {}",
                page.text
            );
        }
    }
    for (field, guess) in [
        ("route", "whistle"),
        ("eventType", "report.fraud"),
        ("staffId", "EMP-SECRET"),
        ("id", &id[..13]),
        ("id", id),
    ] {
        answers_as_if_it_were_nowhere(viewer, field, guess).await;
    }
    let list = viewer.get("/monitor/deliveries").await.text;
    assert!(list.contains("Matching: 0<"), "{list}");
    let counts: Vec<&str> = list.split("class=\"count\">").skip(1).collect();
    assert_eq!(counts.len(), 5, "{list}");
    assert!(counts.iter().all(|count| count.starts_with('0')), "{list}");
    let now = viewer.get("/monitor").await.text;
    for nothing in [
        "nothing sent",
        "no retries",
        "Nothing was sent in this time.",
    ] {
        assert!(now.contains(nothing), "{nothing}: {now}");
    }
    assert!(!now.contains("0.0 %") && !now.contains("50.0 %"), "{now}");
    let place = format!("/monitor/deliveries/{id}");
    assert_eq!(viewer.get(&place).await.status, 404);
}

#[tokio::test]
async fn a_viewer_learns_neither_names_nor_numbers_of_a_private_route() {
    let partner = Partner::start(Clock::System).await;
    let (relay, id) = with_private(&partner).await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    sees_nothing(&viewer, &id).await;
    let operator = Browser::logged_in(&relay, "operator").await;
    let now = operator.get("/monitor").await.text;
    assert!(now.contains("50.0 %") && now.contains("whistle"), "{now}");
    let incidents = relay.get("/api/incidents").await;
    for incident in incidents.data()["items"].as_array().unwrap() {
        let path = format!(
            "/monitor/incidents?id={}",
            incident["incidentId"].as_str().unwrap()
        );
        assert_eq!(viewer.get(&path).await.status, 404, "{incident}");
        assert_eq!(operator.get(&path).await.status, 200, "{incident}");
    }
}

/// What was private stays so when somebody takes the route out of the configuration: its deliveries are still kept.
#[tokio::test]
async fn a_private_route_that_is_gone_from_the_configuration_becomes_known_to_nobody() {
    let partner = Partner::start(Clock::System).await;
    let (mut relay, id) = with_private(&partner).await;
    let more = "[retry]\nintervals_seconds = [1]\n";
    relay.reload(&partner.url(), more).await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    sees_nothing(&viewer, &id).await;
    let operator = Browser::logged_in(&relay, "operator").await;
    let list = operator.get("/monitor/deliveries").await.text;
    assert!(
        list.contains("Matching: 2<") && list.contains("report.fraud"),
        "{list}"
    );
}

/// What is told of every route together has no number that a viewer could subtract from.
#[tokio::test]
async fn a_hold_of_every_route_does_not_count_what_is_private() {
    let partner = Partner::start(Clock::System).await;
    let relay =
        TestRelay::start_with(&partner.url(), &whistle(&partner.url()), Clock::System).await;
    let [operator, viewer] = [
        Browser::logged_in(&relay, "operator").await,
        Browser::logged_in(&relay, "viewer").await,
    ];
    let until = super::views::in_an_hour(&relay);
    let form = [("route", "*"), ("until", &until), ("reason", "入れ替え")];
    assert_eq!(operator.post("/monitor/hold", &form).await.status, 303);
    for _ in 0..7 {
        relay.accept("report.fraud").await;
    }
    let counted = "Events that wait: 7";
    let seen = operator.get("/monitor/incidents").await.text;
    assert!(seen.contains(counted), "{seen}");
    let hidden = viewer.get("/monitor/incidents").await.text;
    assert!(!hidden.contains(counted), "{hidden}");
    let hidden = viewer.get("/monitor").await.text;
    assert!(hidden.contains("Waiting: 0"), "{hidden}");
}

/// Who types is told in time, and may stay where an end by itself is what comes.
#[tokio::test]
async fn a_page_knows_when_its_login_is_over() {
    let relay = super::relay().await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let script = [("x-refresh", "1"), ("sec-fetch-site", "same-origin")];
    let ends = async |headers: &[(&str, &str)]| {
        let page = viewer.call(reqwest::Method::GET, "/monitor", headers, &[]);
        page.await.header("x-login-ends").to_owned()
    };
    relay.clock.advance(Duration::from_mins(58));
    assert_eq!(ends(&script).await, "120 idle");
    assert_eq!(
        ends(&[("sec-fetch-site", "same-origin")]).await,
        "3600 idle"
    );
    assert_eq!(ends(&script).await, "3600 idle");
    let wall = login(&relay, "受付", "viewer").await;
    assert!(wall["validUntil"].is_string());
    for _ in 0..12 {
        relay.clock.advance(Duration::from_mins(55));
        ends(&[("sec-fetch-site", "same-origin")]).await;
    }
    // The end of the twelve hours comes whatever somebody does.
    assert_eq!(ends(&script).await, "120");
}
