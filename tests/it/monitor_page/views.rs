//! What each view says, to whom, and in which order.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use tempfile::TempDir;
use voicedrive_relay::testing::timestamp::Timestamp;
use voicedrive_relay::testing::token::Scope;
use voicedrive_relay::testing::zone::Zone;

use super::{Browser, login, relay, with_exhausted};
use crate::encrypting::{beside, write_pair};
use crate::harness::{Clock, Partner, TestRelay, noon, status, token};

/// In an hour, as the field for it takes a time.
pub fn in_an_hour(relay: &TestRelay) -> String {
    let until = Timestamp::from_unix_ms(relay.clock.now().unix_ms() + 3_600_000);
    let local = Zone::TOKYO.local(until);
    local.strftime("%Y-%m-%dT%H:%M").to_string()
}

async fn hold(operator: &Browser<'_>, relay: &TestRelay, route: &str, reason: &str) {
    let until = in_an_hour(relay);
    let form = [("route", route), ("until", &until), ("reason", reason)];
    let page = operator.post("/monitor/hold", &form).await;
    assert_eq!(page.status, 303, "{}", page.text);
}

/// The title that a browser shows.
fn title(page: &str) -> &str {
    let rest = page.split("<title>").nth(1).unwrap();
    rest.split("</title>").next().unwrap()
}

#[tokio::test]
async fn who_did_what_and_holds_of_private_routes_are_for_operators() {
    let more = "[[route]]\nevents = [\"report.*\"]\nname = \"whistle\"\nurl = \"http://127.0.0.1:9/\"\nprofile = \"medical-system\"\nprivate = true\n";
    let relay = TestRelay::start_with("", more, Clock::System).await;
    let operator = Browser::logged_in(&relay, "operator").await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    hold(&operator, &relay, "whistle", "内部通報").await;
    hold(&operator, &relay, "*", "入れ替え").await;
    for path in ["/monitor", "/monitor/incidents", "/monitor/server"] {
        let [seen, hidden] = [operator.get(path).await.text, viewer.get(path).await.text];
        assert!(
            seen.contains("whistle") && seen.contains("内部通報"),
            "{path}: {seen}"
        );
        for private in ["whistle", "内部通報", "Who did what"] {
            assert!(!hidden.contains(private), "{path}: {private}: {hidden}");
        }
    }
    assert!(
        operator
            .get("/monitor/server")
            .await
            .text
            .contains("Who did what")
    );
    let hidden = viewer.get("/monitor/server").await.text;
    assert!(hidden.contains("入れ替え"), "{hidden}");
}

#[tokio::test]
async fn who_is_not_logged_in_sees_a_title_and_neither_version_nor_path() {
    let relay = relay().await;
    let browser = Browser::new(&relay);
    let page = browser.get("/monitor/login").await.text;
    assert!(title(&page).starts_with("Log in - "), "{}", title(&page));
    assert!(
        page.contains("<code>sudo voicedrive-relay monitor login --name NAME</code>"),
        "{page}"
    );
    let path = relay.directory.path().to_str().unwrap();
    for unwanted in [path, "--config", env!("CARGO_PKG_VERSION")] {
        assert!(!page.contains(unwanted), "{unwanted}: {page}");
    }
    let from_mail = [("sec-fetch-site", "cross-site")];
    let again = browser.call(Method::GET, "/monitor", &from_mail, &[]).await;
    assert!(title(&again.text).starts_with("Looking at your login - "));
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let page = viewer.get("/monitor").await.text;
    assert!(
        page.contains(concat!("voicedrive-relay ", env!("CARGO_PKG_VERSION"))),
        "{page}"
    );
}

#[tokio::test]
async fn what_is_refused_is_asked_about_before_it_is_sent_again() {
    let partner = Partner::start(Clock::System).await;
    let (relay, refused) = with_exhausted(&partner, "").await;
    partner.will_answer([status(503), status(503)]);
    let left = relay.accept("employee.created").await;
    relay.wait_for_status(&left, "exhausted").await;
    let operator = Browser::logged_in(&relay, "operator").await;
    let list = operator
        .get("/monitor/deliveries?status=exhausted")
        .await
        .text;
    for (id, next) in [(&refused, "Ask VoiceDrive"), (&left, "Send again")] {
        let link = format!("<a href=\"/monitor/deliveries/{id}\">{next}</a>");
        assert!(list.contains(&link), "{link}: {list}");
    }
    let plain = "<button class=\"second\" aria-describedby=\"useless\">Send again";
    let page = operator
        .get(&format!("/monitor/deliveries/{refused}"))
        .await
        .text;
    let [sentence, button] =
        ["Ask VoiceDrive whether they take this type", plain].map(|part| page.find(part));
    assert!(sentence.is_some() && sentence < button, "{page}");
    assert!(page.contains("will refuse it again"), "{page}");
    let page = operator
        .get(&format!("/monitor/deliveries/{left}"))
        .await
        .text;
    assert!(
        page.contains("<button>Send again") && !page.contains("useless"),
        "{page}"
    );
}

#[tokio::test]
async fn incidents_stand_in_the_order_of_the_first_page_with_its_marks_and_their_receivers() {
    let partner = Partner::start(Clock::System).await;
    let more = format!(
        "[[route]]\nevents = [\"shift.*\"]\nname = \"roster\"\nurl = \"{}\"\nprofile = \"medical-system\"\n",
        partner.url()
    );
    let (relay, _) = with_exhausted(&partner, &more).await;
    let operator = Browser::logged_in(&relay, "operator").await;
    hold(&operator, &relay, "roster", "why").await;
    let page = operator.get("/monitor/incidents").await.text;
    let open = page.split("id=\"closed\"").next().unwrap();
    let cards: Vec<&str> = open.split("<article").skip(1).collect();
    assert!(cards.len() >= 2, "{page}");
    let act = cards.iter().position(|card| card.contains("standing act"));
    let held = cards.iter().position(|card| card.contains("standing hold"));
    assert!(act.is_some() && act < held, "{page}");
    assert!(
        cards[0].contains("Receiver: VoiceDrive") && cards[0].contains("action needed"),
        "{page}"
    );
    assert!(cards[held.unwrap()].contains("Receiver: roster"), "{page}");
}

#[tokio::test]
async fn the_server_says_when_its_own_certificate_ends() {
    let pair = TempDir::new().unwrap();
    write_pair(pair.path(), 2100);
    let relay = TestRelay::start_with("", &beside(pair.path()), Clock::System).await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let page = viewer.get("/monitor/server").await.text;
    let fact = page.split("own certificate</dt>").nth(1).unwrap();
    let fact = fact.split("</dd>").next().unwrap();
    assert!(
        fact.contains("until 2100-01-01 (") && fact.contains(" days)"),
        "{fact}"
    );
}

#[tokio::test]
async fn the_server_says_when_its_clock_may_be_wrong() {
    let clock = Clock::manual(noon());
    let relay = TestRelay::start_with("", "", clock.clone()).await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let page = viewer.get("/monitor/server").await.text;
    assert!(!page.contains("timedatectl"), "{page}");
    clock.set(noon().after(Duration::from_hours(24 * 9)));
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let page = viewer.get("/monitor/server").await.text;
    let fact = page.split("Clock</dt>").nth(1).unwrap();
    let fact = fact.split("</dd>").next().unwrap();
    assert!(
        fact.contains("9 days ahead of") && fact.contains("timedatectl"),
        "{fact}"
    );
}

#[tokio::test]
async fn interviews_of_today_are_counted_and_those_of_earlier_days_are_missed() {
    let relay = TestRelay::start_with("", "", Clock::manual(noon())).await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let now = async || viewer.get("/monitor").await.text;
    assert!(!now().await.contains("today-title"));
    let hours = |hours: i64| {
        Timestamp::from_unix_ms(relay.clock.now().unix_ms() + hours * 3_600_000).to_string()
    };
    // It is 21:00 in Japan.
    let records = [
        ("earlier", hours(-48), "scheduled"),
        ("too-early", hours(-24 * 40), "scheduled"),
        ("held", hours(-47), "completed"),
        ("this-morning", hours(-10), "scheduled"),
        ("today", hours(-9), "completed"),
        ("tonight", hours(2), "scheduled"),
        ("tomorrow", hours(24), "scheduled"),
    ];
    let records = records.map(|(id, date, status)| {
        json!({"id": id, "employeeId": id, "interviewType": "regular",
               "interviewDate": date, "interviewStatus": status})
    });
    let bearer = token(&[Scope::InterviewsWrite], relay.clock.now());
    let bearer = format!("Bearer {bearer}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!(records).to_string();
    let path = "/api/interviews/batch";
    let kept = relay.call(Method::POST, path, &headers, body).await;
    assert_eq!(kept.status, 200, "{:?}", kept.body);
    let page = now().await;
    let sentence = page
        .split("without a record of what came of them: 1.")
        .nth(1);
    let missed = link(sentence.expect(&page));
    let today = page.split("id=\"today\"").nth(1).unwrap();
    let today = today.split("</p>").next().unwrap();
    let words = |text: &str| {
        let seen = seen_text(text);
        seen.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let told: Vec<String> = today.split("</a>").map(words).collect();
    assert_eq!(
        told,
        ["All 3", "Waits for its record 1", "To come 1", "Held 1", ""],
        "{today}"
    );
    let waiting = today.split("</a>").nth(1).map(link).unwrap();
    for (address, id) in [(missed, "earlier"), (waiting, "this-morning")] {
        let rows = viewer.get(&address).await.text;
        let rows = rows.split("id=\"rows\"").nth(1).unwrap().to_owned();
        assert_eq!(rows.matches("scope=\"row\"").count(), 1, "{rows}");
        assert!(rows.contains(id), "{rows}");
    }
}

/// Where the first link of this text leads.
fn link(text: &str) -> String {
    let address = text.split("href=\"").nth(1).unwrap();
    address.split('"').next().unwrap().replace("&#38;", "&")
}

#[tokio::test]
async fn what_was_done_is_told_once_and_by_no_link_of_others() {
    let relay = relay().await;
    let operator = Browser::logged_in(&relay, "operator").await;
    for forged in [
        "/monitor/deliveries?done=resent&sent=999&fewer=0&follows=0",
        "/monitor/server?done=held",
        "/monitor?done=begun",
    ] {
        let page = operator.get(forged).await;
        assert_eq!(page.status, 200);
        assert!(
            !page.text.contains("class=\"told\""),
            "{forged}: {}",
            page.text
        );
    }
    let until = in_an_hour(&relay);
    let form = [("route", "*"), ("until", until.as_str()), ("reason", "why")];
    let done = operator.post("/monitor/hold", &form).await;
    assert_eq!(done.header("location"), "/monitor/server");
    let told = operator.follow(&done).await;
    assert!(told.text.contains("Sending is on hold."), "{}", told.text);
    let over = told.header("set-cookie");
    assert!(
        over.starts_with("told=; ") && over.contains("Max-Age=0"),
        "{over}"
    );
}

#[tokio::test]
async fn the_address_with_a_stroke_at_its_end_leads_to_the_page() {
    let relay = relay().await;
    let page = Browser::new(&relay).get("/monitor/").await;
    assert_eq!((page.status, page.header("location")), (303, "/monitor"));
}

#[tokio::test]
async fn in_japanese_numbers_have_their_counter_and_roles_their_word() {
    let partner = Partner::start(Clock::System).await;
    let (relay, _) = with_exhausted(&partner, "").await;
    login(&relay, "鈴木", "viewer").await;
    let operator = Browser::logged_in(&relay, "operator").await.reading("ja");
    let asked = operator.get("/monitor/resend?status=exhausted").await.text;
    assert!(
        asked.contains("<strong>1 件</strong>: VoiceDrive"),
        "{asked}"
    );
    let server = operator.get("/monitor/server").await.text;
    assert!(
        server.contains("鈴木 (閲覧)") && !server.contains("(viewer)"),
        "{server}"
    );
    let now = operator.get("/monitor").await.text;
    assert!(now.contains("1 件の受け取りを断りました"), "{now}");
    // It is told once.
    assert!(!now.contains("届けられなかったものが"), "{now}");
    let incidents = operator.get("/monitor/incidents").await.text;
    assert!(
        incidents.contains("VoiceDrive に断られたイベント"),
        "{incidents}"
    );
}

/// What a reader sees of a page, without the parts that are folded away for administrators.
fn seen_text(page: &str) -> String {
    let mut text = String::new();
    for (number, part) in page.split("<details class=\"technical\"").enumerate() {
        let shown = match number {
            0 => part,
            _ => part.split_once("</details>").unwrap().1,
        };
        let nodes = shown.split('<').filter_map(|tag| tag.split_once('>'));
        text.extend(nodes.map(|(_, node)| format!("{node}\n")));
    }
    text
}

/// Words of administrators and developers, which an office does not have.
const FOREIGN: [&str; 15] = [
    "HTTP",
    "トークン",
    "署名",
    "X-Request-ID",
    "MiB",
    "GiB",
    "employee.",
    "delivery.",
    "VOICEDRIVE_",
    "ペイロード",
    "キュー",
    "エンドポイント",
    "レイテンシ",
    "API",
    "401",
];

#[tokio::test]
async fn in_japanese_every_view_speaks_as_an_office_does() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [1]\n";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    partner.always_answers(Some(status(401)));
    let id = relay.accept_of("E-1", "employee.photo.updated").await;
    relay.wait_for_status(&id, "exhausted").await;
    // Somebody tries keys.
    for _ in 0..20 {
        let wrong = [("authorization", "Bearer wrong")];
        relay.call(Method::GET, "/api/events", &wrong, "").await;
    }
    let operator = Browser::logged_in(&relay, "operator").await.reading("ja");
    hold(&operator, &relay, "*", "入れ替え").await;
    let paths = [
        "/monitor".to_owned(),
        "/monitor/deliveries".to_owned(),
        format!("/monitor/deliveries/{id}"),
        "/monitor/resend?status=exhausted".to_owned(),
        "/monitor/incidents".to_owned(),
        "/monitor/reconcile".to_owned(),
        "/monitor/interviews".to_owned(),
        "/monitor/server".to_owned(),
    ];
    for path in paths {
        let page = operator.get(&path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.text);
        let text = seen_text(&page.text);
        for foreign in FOREIGN {
            assert!(!text.contains(foreign), "{path}: {foreign}: {text}");
        }
    }
    let page = operator
        .get(&format!("/monitor/deliveries/{id}"))
        .await
        .text;
    let text = seen_text(&page);
    for told in [
        "職員の写真の変更",
        "送り主を確認できない",
        "サーバーの担当者に連絡",
    ] {
        assert!(text.contains(told), "{told}: {text}");
    }
    // Whoever looks after the server finds what to mend.
    for told in ["VOICEDRIVE_WEBHOOK_SECRET", "HTTP 401", "X-Request-ID"] {
        assert!(page.contains(told), "{told}: {page}");
    }
}

/// What somebody sends again during a hold has neither failed nor arrived twice.
#[tokio::test]
async fn what_is_sent_again_during_a_hold_is_no_failure() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start_with(&partner.url(), "", Clock::System).await;
    for _ in 0..2 {
        let id = relay.accept("employee.created").await;
        relay.wait_for_status(&id, "delivered").await;
    }
    let id = relay.accept("employee.created").await;
    relay.wait_for_status(&id, "delivered").await;
    let operator = Browser::logged_in(&relay, "operator").await.reading("ja");
    hold(&operator, &relay, "*", "入れ替え").await;
    let place = format!("/monitor/deliveries/{id}");
    let sent = operator.post(&format!("{place}/resend"), &[]).await;
    assert_eq!(sent.status, 303, "{}", sent.text);
    let now = operator.get("/monitor").await.text;
    assert!(!now.contains("送り直しています"), "{now}");
    let arrived = "status=delivered&amp;period=24h\">";
    let arrived = now.split(arrived).nth(1).unwrap();
    assert!(arrived.starts_with("2<"), "{now}");
    let one = operator.get(&place).await.text;
    assert!(!one.contains("回送信"), "{one}");
    assert!(one.contains("もう一度送るところです"), "{one}");
    let list = operator.get("/monitor/deliveries?status=retrying").await;
    assert!(list.text.contains("指定されました"), "{}", list.text);
}

/// A condition that nobody knows is told, and is no reason to send more than was meant.
#[tokio::test]
async fn a_condition_that_is_not_known_is_told_and_nothing_is_sent() {
    let partner = Partner::start(Clock::System).await;
    let (relay, _) = with_exhausted(&partner, "").await;
    let operator = Browser::logged_in(&relay, "operator").await;
    for unknown in ["period=99d", "status=lost", "sender=x"] {
        let page = operator
            .get(&format!("/monitor/deliveries?{unknown}"))
            .await
            .text;
        let name = unknown.split('=').next().unwrap();
        let told = format!("They were not used: {name}");
        assert!(page.contains(&told), "{unknown}: {page}");
        let asked = format!(
            "/monitor/resend?status=exhausted&{}",
            unknown.replace("status", "x")
        );
        assert_eq!(operator.get(&asked).await.status, 409, "{unknown}");
        let page = operator
            .get(&format!("/monitor/interviews?{unknown}"))
            .await;
        assert!(page.text.contains(&told), "{unknown}: {}", page.text);
    }
    let form = [("status", "exhausted"), ("period", "99d"), ("counted", "1")];
    assert_eq!(operator.post("/monitor/resend", &form).await.status, 409);
}

/// Whoever may only look is told whom to ask, and whoever operates what a press does to how many.
#[tokio::test]
async fn a_viewer_is_told_whom_to_ask_and_a_button_how_many() {
    let partner = Partner::start(Clock::System).await;
    let (relay, id) = with_exhausted(&partner, "").await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let page = viewer.get("/monitor").await.text;
    assert!(
        page.contains("Nobody who may do this is logged in"),
        "{page}"
    );
    let operator = Browser::logged_in(&relay, "operator").await;
    let page = viewer.get("/monitor").await.text;
    assert!(page.contains("Logged in, and may do this: "), "{page}");
    assert!(!page.contains("/monitor/recover"), "{page}");
    let page = operator.get("/monitor/incidents").await.text;
    assert!(page.contains("Dismiss 1</button>"), "{page}");
    let list = operator.get("/monitor/deliveries?status=exhausted").await;
    let row = list.text.split(&id[..]).next().unwrap();
    assert!(row.contains("VoiceDrive refused this type"), "{row}");
}
