//! Partners whose HTTP is not that of the library: what they mean counts.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::{Clock, TestRelay};

/// A request's head, and what of its body came with it.
async fn head(stream: &mut TcpStream) -> Option<(String, usize)> {
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.ok()?;
        bytes.extend_from_slice(&chunk[..read]);
        let end = bytes.windows(4).position(|part| part == b"\r\n\r\n");
        match end {
            Some(end) => {
                let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                return Some((head, bytes.len() - end - 4));
            }
            None if read == 0 => return None,
            None => {}
        }
    }
}

fn length(head: &str) -> usize {
    let line = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    line.unwrap().parse().unwrap()
}

/// A partner that answers every request with these bytes; answers its URL.
async fn answering(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            if head(&mut stream).await.is_some() {
                let _ = stream.write_all(answer).await;
            }
        }
    });
    url
}

#[tokio::test]
async fn a_success_counts_however_old_fashioned_its_headers() {
    for answer in [
        b"HTTP/1.1 200 OK\r\nX-Note: one\r\n  two\r\nContent-Length: 2\r\n\r\nok" as &[u8],
        b"HTTP/1.1 200 OK\r\nServer : old\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nno header at all\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 \x90\xac\x8c\xf7\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200\nContent-Length: 2\n\nok",
        b"HTTP/1.0 200 OK\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-Note: a\0b\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 \x01\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1  200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.2 200\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nServer",
        b"HTTP/1.1 200 OK\r\n",
    ] {
        let relay = TestRelay::start(&answering(answer).await).await;
        let id = relay.accept("employee.created").await;
        let event = relay.wait_for_status(&id, "delivered").await;
        assert_eq!(event["attempts"].as_array().unwrap().len(), 1);
        relay.stop().await;
    }
}

/// Answers 413 to a large request without reading it, and keeps the connection; takes small ones.
async fn stops_reading(mut stream: TcpStream) {
    while let Some((head, read)) = head(&mut stream).await {
        let mut left = length(&head) - read;
        if left > 100_000 {
            let answer = b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nbig!";
            let _ = stream.write_all(answer).await;
            return std::future::pending().await;
        }
        let mut rest = [0; 4096];
        while left > 0 {
            left -= stream.read(&mut rest).await.unwrap();
        }
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        let _ = stream.write_all(answer).await;
    }
}

#[tokio::test]
async fn an_event_does_not_wait_behind_a_body_that_nobody_reads() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(stops_reading(stream));
        }
    });
    let relay = TestRelay::start(&url).await;
    let large = json!({"event": "employee.updated", "data": {"text": "x".repeat(900_000)}});
    let answer = relay.post("/api/events", large.to_string()).await;
    let id = answer.data()["id"].as_str().unwrap().to_owned();
    let refused = relay.wait_for_status(&id, "retrying").await;
    assert_eq!(refused["attempts"][0]["httpStatusCode"], 413);
    let id = relay.accept("employee.created").await;
    let delivered = relay.wait_for_status(&id, "delivered");
    let delivered = tokio::time::timeout(Duration::from_secs(10), delivered).await;
    assert_eq!(delivered.unwrap()["attempts"][0]["outcome"], "success");
    relay.stop().await;
}

/// Answers each request with 200, whose body never ends when `is_stuck`.
async fn answers_200(mut stream: TcpStream, is_stuck: bool) {
    while let Some((head, read)) = head(&mut stream).await {
        let mut rest = vec![0; length(&head) - read];
        stream.read_exact(&mut rest).await.unwrap();
        let begin = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";
        let _ = stream.write_all(begin).await;
        if is_stuck {
            return std::future::pending().await;
        }
        let _ = stream.write_all(b"ok").await;
    }
}

/// The contract, section 5: the whole attempt, the answer included, within the timeout. What is sent once more has the
/// same `X-Request-ID`.
#[tokio::test]
async fn an_answer_whose_body_never_ends_is_a_timeout_and_holds_up_no_other_event() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (accepted, mut connections) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut is_stuck = true;
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answers_200(stream, std::mem::take(&mut is_stuck)));
            accepted.send(()).unwrap();
        }
    });
    let relay = TestRelay::start_with(&url, "timeout_seconds = 3\n", Clock::System).await;
    let stuck = relay.accept("employee.created").await;
    connections.recv().await.unwrap();
    let other = relay.accept("employee.created").await;
    relay.wait_for_status(&other, "delivered").await;
    let stuck = relay.wait_for_status(&stuck, "retrying").await;
    let attempt = &stuck["attempts"][0];
    assert_eq!(attempt["outcome"], "timeout");
    let told = attempt["errorMessage"].as_str().unwrap();
    assert!(told.starts_with("HTTP 200"), "{told}");
    relay.stop().await;
}

/// What it says of the event is told, though the whole of it took too long.
#[tokio::test]
async fn a_refusal_that_never_ends_is_told_as_one() {
    let whole_head = b"HTTP/1.1 400 No\r\nContent-Length: 99\r\n\r\nno such event";
    let half_a_head = b"HTTP/1.1 400 No\r\nContent-Len";
    tokio::join!(
        is_told_as_refusal(whole_head, json!("no such event")),
        is_told_as_refusal(half_a_head, Value::Null),
    );
}

/// The answer, and what is kept of its body.
async fn is_told_as_refusal(answer: &'static [u8], body: Value) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if head(&mut stream).await.is_some() {
                let _ = stream.write_all(answer).await;
            }
            open.push(stream);
        }
    });
    let relay = TestRelay::start_with(&url, "timeout_seconds = 3\n", Clock::System).await;
    let id = relay.accept("employee.created").await;
    let refused = relay.wait_for_status(&id, "retrying").await;
    let attempt = &refused["attempts"][0];
    assert_eq!(attempt["outcome"], "timeout");
    assert_eq!(attempt["httpStatusCode"], 400);
    assert_eq!(attempt["responseBody"], body);
    let told = attempt["errorMessage"].as_str().unwrap();
    assert!(
        told.starts_with("HTTP 400") && told.contains("did not come"),
        "{told}"
    );
    relay.stop().await;
}
