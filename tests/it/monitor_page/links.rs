//! Ways to the page: from a message, from the relay's bare address, and from the demo.

use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use super::{Browser, with_exhausted};
use crate::alerting::Sink;
use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, WEBHOOK_SECRET, client, status};

/// Messages about a delivery that is exhausted, by a hook of each form.
async fn messages(public_url: &str) -> (Vec<Value>, Daemon, TempDir) {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(422)));
    let sink = Sink::start().await;
    let secrets = format!(
        "ALERT_URL={}\nVOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n",
        sink.url()
    );
    std::fs::write(directory.path().join("secrets.env"), secrets).unwrap();
    let channels = ["webhook", "slack", "teams"]
        .map(|kind| format!("[[alerts.channel]]\nkind = \"{kind}\"\nurl = \"ALERT_URL\"\n"));
    let more = format!(
        "[retry]\nintervals_seconds = [1]\n{}[server]\n{public_url}\n",
        channels.concat()
    );
    let daemon = Daemon::start(directory.path(), &partner.url(), &more).await;
    daemon.run(&["alert", "test"]).await;
    daemon.run(&["send", "a.b", "--wait"]).await;
    // A test, a refusal and an exhausted delivery at each.
    let messages = sink.wait_until(|all| all.len() == 9).await;
    (messages, daemon, directory)
}

#[tokio::test]
async fn each_message_leads_to_its_incident_on_the_page() {
    let (messages, daemon, _directory) =
        messages("public_url = \"https://relay.clinic.example\"").await;
    let history = daemon.json(&["alert", "history"]).await;
    let ids = history["items"].as_array().unwrap().iter();
    let ids: Vec<&str> = ids.map(|one| one["incidentId"].as_str().unwrap()).collect();
    let links = ids
        .iter()
        .map(|id| format!("https://relay.clinic.example/monitor/incidents?id={id}"));
    let page = "https://relay.clinic.example/monitor".to_owned();
    for link in links.chain([page]) {
        let of_hook = messages.iter().find(|one| one["link"] == link.as_str());
        let text = of_hook.unwrap_or_else(|| panic!("{link}: {messages:#?}"))["text"].as_str();
        let line = format!("On the page: {link}");
        assert!(text.unwrap().lines().any(|told| told == line), "{text:?}");
        let in_slack = |one: &&Value| {
            let text = one["text"].as_str().unwrap_or_default();
            one["kind"].is_null() && text.lines().any(|told| told == line)
        };
        assert!(messages.iter().any(|one| in_slack(&one)), "{messages:#?}");
        let of_teams =
            |one: &&Value| one["attachments"][0]["content"]["actions"][0]["url"] == link.as_str();
        assert!(messages.iter().any(|one| of_teams(&one)), "{messages:#?}");
    }
    daemon.stop().await;
}

#[tokio::test]
async fn without_a_public_url_no_message_has_a_link() {
    let (messages, daemon, _directory) = messages("").await;
    for message in &messages {
        let text = message.to_string();
        assert!(
            !text.contains("/monitor") && !text.contains("Action.OpenUrl"),
            "{text}"
        );
    }
    assert_eq!(
        messages.iter().filter(|one| one["link"].is_null()).count(),
        9
    );
    daemon.stop().await;
}

#[tokio::test]
async fn a_link_shows_its_incident_alone_also_when_it_is_over() {
    let partner = Partner::start(Clock::System).await;
    let (relay, id) = with_exhausted(&partner, "").await;
    let operator = Browser::logged_in(&relay, "operator").await;
    let found = relay.get("/api/incidents").await;
    let items = found.data()["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), 2, "{items:?}");
    let path = |item: &Value| {
        format!(
            "/monitor/incidents?id={}",
            item["incidentId"].as_str().unwrap()
        )
    };
    let refused = items
        .iter()
        .find(|one| one["kind"] == "partner_refuses")
        .unwrap();
    let page = operator.get(&path(refused)).await.text;
    assert_eq!(page.matches("<article").count(), 1, "{page}");
    assert!(
        page.contains("Refused by VoiceDrive") && page.contains("All incidents"),
        "{page}"
    );
    operator
        .post(&format!("/monitor/deliveries/{id}/resend"), &[])
        .await;
    relay.wait_for_status(&id, "delivered").await;
    let page = operator.get(&path(refused)).await.text;
    assert!(
        page.contains(">over</strong>") && !page.contains("What to do"),
        "{page}"
    );
    assert_eq!(operator.get("/monitor/incidents?id=0199").await.status, 404);
}

#[tokio::test]
async fn a_browser_at_the_bare_address_is_led_to_the_page_and_a_program_is_not() {
    let relay = super::relay().await;
    let browser = Browser::new(&relay);
    let shown = [
        ("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
        ("sec-fetch-site", "none"),
    ];
    let page = browser.call(Method::GET, "/", &shown, &[]).await;
    assert_eq!((page.status, page.header("location")), (303, "/monitor"));
    for headers in [
        &[][..],
        &[("accept", "*/*")],
        &[("accept", "application/json")],
    ] {
        let answer = browser.call(Method::GET, "/", headers, &[]).await;
        assert_eq!(answer.status, 404, "{headers:?}");
        assert!(answer.text.contains("\"NOT_FOUND\""), "{}", answer.text);
    }
    // As every page: at no other name.
    let elsewhere = [shown[0], ("host", "evil.example")];
    assert_eq!(
        browser.call(Method::GET, "/", &elsewhere, &[]).await.status,
        421
    );
}

/// A newcomer opens what the demo has printed, and sees what it has played.
#[tokio::test]
async fn the_demos_link_opens_the_page_while_the_demo_stays() {
    let mut command = program();
    command.env("LANG", "ja_JP.UTF-8").arg("demo");
    command.stdout(Stdio::piped()).kill_on_drop(true);
    let mut demo = command.spawn().unwrap();
    let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
    let reading = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the demo stays");
            if line.contains("/monitor/login#") {
                return line;
            }
        }
    };
    let link = tokio::time::timeout(Duration::from_mins(2), reading)
        .await
        .unwrap();
    let (address, code) = link.split_once('#').unwrap();
    let origin = address.strip_suffix("/monitor/login").unwrap();
    assert!(origin.starts_with("http://127.0.0.1:"), "{link}");
    let browser = reqwest::Client::builder();
    let browser = browser
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let login = browser.get(address).send().await.unwrap();
    assert_eq!(login.status(), 200);
    let posted = browser.post(address).header("origin", origin);
    let posted = posted.body(format!("code={code}")).send().await.unwrap();
    assert_eq!(posted.status(), 303);
    let cookie = posted.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let page = client()
        .get(format!("{origin}/monitor"))
        .header("cookie", &cookie);
    let page = page.header("sec-fetch-site", "none").send().await.unwrap();
    assert_eq!(page.status(), 200);
    let text = page.text().await.unwrap();
    assert!(
        text.contains("demoさん (操作できます)") && text.contains("正常"),
        "{text}"
    );
    demo.kill().await.unwrap();
}
