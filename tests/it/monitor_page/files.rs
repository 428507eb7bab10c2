//! Files that are sent at the page: lists of VoiceDrive's, and interview records.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::Frame;
use reqwest::Body;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Browser, ESCAPED, MARKUP, Page};
use crate::harness::{Clock, Partner, TestRelay, noon};

const RECONCILE: &str = "/monitor/reconcile";
const INTERVIEWS: &str = "/monitor/interviews";
const OWN: (&str, &str) = ("sec-fetch-site", "same-origin");
const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=X");

/// A form with a file, as a browser writes it.
fn form(name: &str, content: &[u8], fields: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (field, value) in fields {
        let part =
            format!("--X\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n");
        body.extend(part.as_bytes());
    }
    let name = name.replace('"', "%22");
    let head = format!(
        "--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/csv\r\n\r\n"
    );
    body.extend(head.as_bytes());
    body.extend(content);
    body.extend(b"\r\n--X--\r\n");
    body
}

impl Browser<'_> {
    async fn send_body(&self, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Page {
        let mut request = self.client.post(self.relay.url(path));
        request = request.header("cookie", self.cookies.join("; "));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.body(body).send().await.unwrap();
        Page {
            status: answer.status().as_u16(),
            headers: answer.headers().clone(),
            text: answer.text().await.unwrap(),
        }
    }

    pub async fn upload(&self, path: &str, name: &str, content: impl AsRef<[u8]>) -> Page {
        self.send_body(path, &[OWN, FORM], form(name, content.as_ref(), &[]))
            .await
    }

    /// Sends a file, and goes where that leads.
    async fn open(&self, path: &str, name: &str, content: impl AsRef<[u8]>) -> (String, String) {
        let page = self.upload(path, name, content).await;
        assert_eq!(page.status, 303, "{}", page.text);
        let place = page.header("location").to_owned();
        (place.clone(), self.get(&place).await.text)
    }
}

async fn relay() -> TestRelay {
    TestRelay::start_with("", "", Clock::manual(noon())).await
}

/// A file of records with ids from 0, of which the first and the last have this name.
fn records(count: usize, name: &str) -> String {
    let mut text =
        "id,employeeId,employeeName,interviewType,interviewDate,interviewStatus\n".to_owned();
    for number in 0..count {
        let is_named = number == 0 || number + 1 == count;
        let name = if is_named { name } else { "x" };
        let name = name.replace('"', "\"\"");
        let row =
            format!("int-{number},E-{number},\"{name}\",regular,2025-10-26 10:00,scheduled\n");
        text.push_str(&row);
    }
    text
}

async fn kept(relay: &TestRelay) -> usize {
    let answer = relay.get("/api/interviews").await;
    answer.data()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn only_operators_send_files_and_only_from_the_page() {
    let relay = relay().await;
    let viewer = Browser::logged_in(&relay, "viewer").await;
    let operator = Browser::logged_in(&relay, "operator").await;
    for path in [RECONCILE, INTERVIEWS] {
        let page = viewer.upload(path, "x.csv", records(1, "a")).await;
        assert_eq!(page.status, 403, "{path}");
        let body = form("x.csv", records(1, "a").as_bytes(), &[]);
        let forged = [("sec-fetch-site", "cross-site"), FORM];
        let page = operator.send_body(path, &forged, body).await;
        assert_eq!(page.status, 403, "{path}");
        let shown = viewer.get(path).await.text;
        assert!(!shown.contains("multipart/form-data"), "{shown}");
    }
    // What an operator may press, a viewer may not.
    let (place, _) = operator.open(INTERVIEWS, "x.csv", records(1, "a")).await;
    assert_eq!(viewer.get(&place).await.status, 403);
    assert_eq!(viewer.post(&place, &[]).await.status, 403);
    let resend = viewer.post("/monitor/reconcile/resend", &[("reason", "x")]);
    assert_eq!(resend.await.status, 403);
    assert_eq!(kept(&relay).await, 0);
}

#[tokio::test]
async fn what_is_no_form_with_a_file_is_refused_in_the_readers_language() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await.reading("ja");
    for path in [RECONCILE, INTERVIEWS] {
        let many: Vec<(&str, &str)> = vec![("a", "b")];
        let long = "x".repeat(5000);
        for (body, media, status, told) in [
            (
                b"x".to_vec(),
                ("content-type", "text/csv"),
                400,
                "画面から送られたものでは",
            ),
            (
                b"x".to_vec(),
                ("content-type", "multipart/form-data"),
                400,
                "画面から送られたものでは",
            ),
            (b"garbage".to_vec(), FORM, 400, "途中で途切れました"),
            (
                form("", b"", &many),
                FORM,
                400,
                "ファイルが選ばれていません",
            ),
            (
                form("x.csv", b"x", &[("long", &long)]),
                FORM,
                413,
                "大きすぎます",
            ),
            (
                form("x.xlsx", b"PK\x03\x04....[Content_Types].xml", &[]),
                FORM,
                422,
                "Excel のブックです",
            ),
        ] {
            let page = browser.send_body(path, &[OWN, media], body).await;
            assert_eq!(page.status, status, "{path} {told}: {}", page.text);
            assert!(page.text.contains(told), "{path} {told}: {}", page.text);
            assert!(
                page.text.contains(&format!("href=\"{path}\"")),
                "{}",
                page.text
            );
        }
        let twice = form("a.csv", b"x", &[]);
        let twice = [&twice[..twice.len() - 7], &form("b.csv", b"y", &[])[..]].concat();
        let page = browser.send_body(path, &[OWN, FORM], twice).await;
        assert_eq!(page.status, 400, "{}", page.text);
    }
}

#[tokio::test]
async fn a_file_that_is_too_large_is_refused_whether_its_length_is_announced_or_not() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let body = form("x.csv", &vec![b'x'; 16 * 1024 * 1024 + 70_000], &[]);
    let page = browser
        .send_body(INTERVIEWS, &[OWN, FORM], body.clone())
        .await;
    assert_eq!(page.status, 413, "{}", page.text);
    assert!(page.text.contains("at most 16 MB"), "{}", page.text);
    let unannounced = Body::wrap(Pieces(body.into()));
    let page = browser
        .send_body(INTERVIEWS, &[OWN, FORM], unannounced)
        .await;
    assert_eq!(page.status, 413, "{}", page.text);
}

/// A body in pieces, whose length nobody knows.
struct Pieces(Bytes);

impl hyper::body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.len().min(64 * 1024);
        let piece = self.0.split_to(next);
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }
}

#[tokio::test]
async fn an_upload_that_is_cut_off_leaves_nothing() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let before = files(&relay);
    let body = form("x.csv", records(1, "a").as_bytes(), &[]);
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    let head = format!(
        "POST {INTERVIEWS} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\n{}: {}\r\n{}: {}\r\nContent-Length: {}\r\n\r\n",
        relay.address(),
        browser.cookies.join("; "),
        OWN.0,
        OWN.1,
        FORM.0,
        FORM.1,
        body.len(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body[..body.len() / 2]).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    // It may be told, or only cut off.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    assert_eq!((files(&relay), kept(&relay).await), (before, 0));
}

/// The names of the files beside the database, without the backup, which is made meanwhile.
fn files(relay: &TestRelay) -> Vec<String> {
    let entries = std::fs::read_dir(relay.directory.path()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names
        .filter(|name| !name.starts_with("relay-backup.db"))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_file_of_interviews_is_shown_before_it_is_imported_and_imported_once() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let (place, shown) = browser.open(INTERVIEWS, MARKUP, records(60, MARKUP)).await;
    assert!(
        shown.contains(ESCAPED) && !shown.contains("<img"),
        "{shown}"
    );
    assert!(
        shown.contains("Import 60") && shown.contains("40 more"),
        "{shown}"
    );
    assert!(shown.len() < 30_000, "{}", shown.len());
    assert_eq!(kept(&relay).await, 0);
    // Looking again changes nothing, and the same file has the same address.
    let (again, _) = browser
        .open(INTERVIEWS, "other.csv", records(60, MARKUP))
        .await;
    assert_eq!(again, place);
    let page = browser.post(&place, &[]).await;
    assert_eq!(page.header("location"), INTERVIEWS, "{}", page.text);
    let told = browser.follow(&page).await.text;
    assert!(
        told.contains("Imported: 60 new, 0 changed, 0 unchanged."),
        "{told}"
    );
    assert!(told.contains(ESCAPED) && !told.contains("<img"), "{told}");
    let audit = relay.get("/api/audit").await;
    let done = &audit.data()["items"][0];
    let found = [&done["action"], &done["who"], &done["via"], &done["count"]];
    assert_eq!(
        found,
        [&json!("import"), &json!("山田"), &json!("page"), &json!(60)]
    );
    let page = browser.post(&place, &[]).await;
    assert_eq!(page.status, 409, "{}", page.text);
    // The same file again would change nothing.
    let (_, shown) = browser.open(INTERVIEWS, "x.csv", records(60, MARKUP)).await;
    assert!(
        shown.contains("is kept already") && !shown.contains("<button>Import"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_preview_ends_by_itself_and_with_a_change_of_what_is_kept() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let (place, _) = browser.open(INTERVIEWS, "x.csv", records(2, "a")).await;
    relay.clock.advance(Duration::from_mins(30));
    for page in [browser.get(&place).await, browser.post(&place, &[]).await] {
        assert_eq!(page.status, 409, "{}", page.text);
        assert!(page.text.contains("The preview is over"), "{}", page.text);
    }
    let (place, _) = browser.open(INTERVIEWS, "x.csv", records(2, "a")).await;
    let record = json!({"id": "int-1", "employeeId": "E-1", "interviewType": "regular",
        "interviewDate": "2025-10-26T01:00:00Z", "interviewStatus": "completed"});
    let handed_in = relay.post("/api/interviews/batch", json!([record]).to_string());
    assert_eq!(handed_in.await.status, 200);
    let page = browser.post(&place, &[]).await;
    assert_eq!(page.header("location"), place, "{}", page.text);
    let told = browser.follow(&page).await.text;
    assert!(
        told.contains("Kept records have changed since the preview"),
        "{told}"
    );
    assert!(told.contains("interviewStatus: Held → Planned"), "{told}");
    assert_eq!(kept(&relay).await, 1);
    let told = browser.follow(&browser.post(&place, &[]).await).await.text;
    assert!(
        told.contains("Imported: 1 new, 1 changed, 0 unchanged."),
        "{told}"
    );
}

#[tokio::test]
async fn a_file_with_mistakes_names_them_and_cannot_be_imported() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let file = records(1, "a") + "int-7,,x,regular,2025-10-26 10:00,perhaps\n";
    let (place, shown) = browser.open(INTERVIEWS, "x.csv", file).await;
    assert!(shown.contains("Of 2 rows, 1 have mistakes"), "{shown}");
    assert!(
        shown.contains("interviewStatus: must be one of") && shown.contains(">3<"),
        "{shown}"
    );
    assert!(
        !shown.contains("<form method=\"post\" action=\"/monitor/i"),
        "{shown}"
    );
    let page = browser.post(&place, &[]).await;
    assert_eq!(page.header("location"), place);
    assert_eq!(kept(&relay).await, 0);
    // What helps on the command line is called as the form calls it.
    let file = "id,employeeId,interviewType,interviewDate,rescheduledFromId\na,E,r,2025-10-26 10:00,nowhere\n";
    let (_, shown) = browser.open(INTERVIEWS, "x.csv", file).await;
    assert!(
        shown.contains("「Leave out an origin that is nowhere」"),
        "{shown}"
    );
    let body = form("x.csv", file.as_bytes(), &[("dropOrigins", "yes")]);
    let page = browser.send_body(INTERVIEWS, &[OWN, FORM], body).await;
    let shown = browser.get(page.header("location")).await.text;
    assert!(
        shown.contains("Import 1") && shown.contains("without their origin"),
        "{shown}"
    );
}

/// The file was read in the language of the upload; whoever looks may have chosen the other one since.
#[tokio::test]
async fn the_mistakes_of_a_preview_are_told_in_the_language_of_its_reader() {
    let relay = relay().await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let file = records(1, "a") + "int-7,,x,regular,2025-10-26,perhaps\nint-8,E-8\n";
    let (place, shown) = browser.open(INTERVIEWS, "x.csv", file).await;
    assert!(shown.contains("has 2 cells"), "{shown}");
    let shown = browser.reading("ja").get(&place).await.text;
    for told in ["セルが 2 個", "時刻がありません", "予定、実施済み、中止"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    for english in ["has 2 cells", "must be", "must have"] {
        assert!(!shown.contains(english), "{english}: {shown}");
    }
}

/// A relay that has delivered so many events.
async fn with_delivered(partner: &Partner, count: usize) -> (TestRelay, Vec<String>) {
    let relay = TestRelay::start_with(&partner.url(), "", Clock::System).await;
    let mut ids = Vec::new();
    for _ in 0..count {
        let id = relay.accept("employee.updated").await;
        relay.wait_for_status(&id, "delivered").await;
        ids.push(id);
    }
    (relay, ids)
}

#[tokio::test]
async fn a_list_is_compared_and_what_is_missing_is_sent_again_with_a_reason() {
    let partner = Partner::start(Clock::System).await;
    let (relay, ids) = with_delivered(&partner, 4).await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let list = format!("requestId\n{}\n{}\n{}\n", ids[0], ids[2], ids[3]);
    let (place, shown) = browser.open(RECONCILE, MARKUP, list).await;
    assert!(
        shown.contains(ESCAPED) && !shown.contains("<img"),
        "{shown}"
    );
    assert!(shown.contains("Missing at VoiceDrive: 1."), "{shown}");
    assert!(
        shown.contains(&format!("/monitor/deliveries/{}", ids[1])),
        "{shown}"
    );
    let delivery = |id: &str| format!("/monitor/deliveries/{id}");
    let there = browser.get(&delivery(&ids[0])).await.text;
    assert!(there.contains("VoiceDrive has taken it."), "{there}");
    let absent = browser.get(&delivery(&ids[1])).await.text;
    let says = "the comparison says that VoiceDrive does not have it. Send it again.";
    assert!(absent.contains(says), "{absent}");
    assert!(!absent.contains("VoiceDrive has taken it."), "{absent}");
    let of = place.rsplit('/').next().unwrap();
    let question = format!("/monitor/reconcile/resend?of={of}");
    let asked = browser.get(&question).await.text;
    assert!(
        asked.contains("1 will be sent.") && asked.contains("required"),
        "{asked}"
    );
    let without = browser
        .post("/monitor/reconcile/resend", &[("of", of)])
        .await;
    assert_eq!(without.status, 409, "{}", without.text);
    let form = [("of", of), ("reason", "記録の欠落")];
    let page = browser.post("/monitor/reconcile/resend", &form).await;
    assert_eq!(page.header("location"), place, "{}", page.text);
    let told = browser.follow(&page).await.text;
    assert!(told.contains("1 are sent again."), "{told}");
    relay.wait_for_status(&ids[1], "delivered").await;
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
        [
            &json!("reconcile"),
            &json!("山田"),
            &json!("記録の欠落"),
            &json!(1)
        ]
    );
    // It is sent once: the next list says what came of it.
    let waits = browser.get(RECONCILE).await.text;
    assert!(waits.contains("was sent again: 1."), "{waits}");
    let again = browser.get(&delivery(&ids[1])).await.text;
    assert!(
        again.contains("The next comparison tells whether it has arrived."),
        "{again}"
    );
    assert_eq!(browser.get(&question).await.status, 409);
    let (_, shown) = browser.open(RECONCILE, "x.txt", ids.join("\r\n")).await;
    assert!(
        shown.contains("Nothing is missing of what was compared."),
        "{shown}"
    );
    assert_eq!(browser.get("/monitor/reconcile/nothing").await.status, 404);
}

#[tokio::test]
async fn a_bad_list_and_a_bad_range_change_nothing() {
    // A comparison needs a receiver that VoiceDrive counts.
    let url = "http://127.0.0.1:9/webhook";
    let relay = TestRelay::start_with(url, "", Clock::manual(noon())).await;
    let browser = Browser::logged_in(&relay, "operator").await;
    let id = "019a2076-0000-7000-8000-000000000000";
    let list = format!("{id}\n{MARKUP}\n");
    let page = browser.upload(RECONCILE, MARKUP, &list).await;
    assert_eq!(page.status, 422);
    assert!(
        page.text.contains("line 2") && page.text.contains(ESCAPED),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<img"), "{}", page.text);
    for (fields, status) in [
        (vec![("route", "nowhere")], 409),
        (vec![("first", "yesterday")], 409),
        (vec![("made", "noon")], 409),
        (vec![("first", "2025-10-27"), ("last", "2025-10-25")], 422),
        (vec![("first", "2025-01-01"), ("last", "2025-10-25")], 422),
        // Nothing could be compared, so nothing is confirmed.
        (vec![("first", "2025-10-28"), ("last", "2025-10-29")], 422),
        (vec![("last", "2025-10-01")], 422),
        (vec![], 422),
    ] {
        let body = form("x.txt", id.as_bytes(), &fields);
        let page = browser.send_body(RECONCILE, &[OWN, FORM], body).await;
        assert_eq!(page.status, status, "{fields:?}: {}", page.text);
    }
    let empty = browser.upload(RECONCILE, "x.txt", "").await;
    assert_eq!(empty.status, 422, "{}", empty.text);
    let range = [("first", "2025-10-24"), ("last", "2025-10-25")];
    let body = form("x.txt", b"", &range);
    let page = browser.send_body(RECONCILE, &[OWN, FORM], body).await;
    assert_eq!(page.status, 303, "{}", page.text);
}

#[tokio::test]
async fn what_a_private_route_misses_is_shown_to_operators_only() {
    let partner = Partner::start(Clock::System).await;
    let more = format!(
        "[[route]]\nname = \"whistle\"\nevents = [\"report.*\"]\nurl = \"{}\"\nprofile = \"medical-system\"\nprivate = true\ncounted_by_voicedrive = true\n",
        partner.url()
    );
    let relay = TestRelay::start_with(&partner.url(), &more, Clock::System).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let id = relay.accept("report.whistle").await;
        relay.wait_for_status(&id, "delivered").await;
        ids.push(id);
    }
    let operator = Browser::logged_in(&relay, "operator").await;
    let body = form(
        "x.txt",
        format!("{}\n{}", ids[0], ids[2]).as_bytes(),
        &[("route", "whistle")],
    );
    let page = operator.send_body(RECONCILE, &[OWN, FORM], body).await;
    let place = page.header("location").to_owned();
    assert!(operator.get(&place).await.text.contains("report.whistle"));
    let viewer = Browser::logged_in(&relay, "viewer").await;
    assert_eq!(viewer.get(&place).await.status, 404);
    let hidden = viewer.get(RECONCILE).await.text;
    assert!(
        !hidden.contains("report.") && !hidden.contains("whistle"),
        "{hidden}"
    );
    assert!(
        operator
            .get(RECONCILE)
            .await
            .text
            .contains("report.whistle")
    );
}
