//! The load: raw HTTP/1.1 over kept connections, from bytes that are made once. It shares two cores
//! with the relay and the sink, so it does as little as it can.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::wire;

/// One kept connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: &str) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: vec![0; 64 * 1024],
        }
    }

    /// Sends a request and reads its answer to the end; gives its status.
    pub async fn call(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).await.unwrap();
        let mut filled = 0;
        loop {
            let read = self.stream.read(&mut self.buffer[filled..]).await.unwrap();
            assert!(
                read > 0,
                "the relay closed a connection in the middle of an answer"
            );
            filled += read;
            if let Some(head) = wire::head(&self.buffer[..filled])
                && filled >= head.length + head.body
            {
                let status = std::str::from_utf8(&self.buffer[9..12]).unwrap();
                return status.parse().unwrap();
            }
            if filled == self.buffer.len() {
                self.buffer.resize(filled * 2, 0);
            }
        }
    }
}

impl Connection {
    /// A header of the last answer.
    pub fn header(&self, name: &str) -> Option<String> {
        let head = wire::head(&self.buffer)?;
        let head = std::str::from_utf8(&self.buffer[..head.length]).ok()?;
        let mut fields = head.lines().filter_map(|line| line.split_once(": "));
        let (_, value) = fields.find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value.to_owned())
    }
}

/// When a load ends.
#[derive(Clone, Copy)]
pub enum Until {
    Passed(Duration),
    Done(u64),
}

/// What a load did.
pub struct Load {
    pub began: Instant,
    pub took: Duration,
    /// Requests that were answered with 2xx.
    pub good: u64,
    /// Requests that were answered with anything else.
    pub refused: u64,
    /// Of the good ones, sorted.
    pub times: Vec<Duration>,
}

impl Load {
    pub fn per_second(&self) -> f64 {
        self.good as f64 / self.took.as_secs_f64()
    }
}

/// The value that a `share` of the sorted times does not exceed, in milliseconds.
pub fn percentile(times: &[Duration], share: f64) -> f64 {
    assert!(!times.is_empty(), "nothing was measured");
    let rank = (times.len() as f64 * share).ceil() as usize;
    times[rank.clamp(1, times.len()) - 1].as_secs_f64() * 1000.0
}

/// Sends the requests, in turn and from the front again, over so many connections at a time, until
/// the time has passed or so many were answered with 2xx.
pub async fn load(address: &str, requests: &[Vec<u8>], connections: usize, until: Until) -> Load {
    let requests: Arc<[Vec<u8>]> = requests.into();
    let left = Arc::new(AtomicU64::new(match until {
        Until::Passed(_) => u64::MAX,
        Until::Done(count) => count,
    }));
    let mut opened = Vec::new();
    for _ in 0..connections {
        opened.push(Connection::open(address).await);
    }
    let began = Instant::now();
    let end = match until {
        Until::Passed(time) => Some(began + time),
        Until::Done(_) => None,
    };
    let mut callers = JoinSet::new();
    for connection in opened {
        callers.spawn(caller(
            connection,
            Arc::clone(&requests),
            Arc::clone(&left),
            end,
        ));
    }
    let (mut times, mut refused) = (Vec::new(), 0);
    while let Some(done) = callers.join_next().await {
        let (of_one, refused_of_one) = done.unwrap();
        times.extend(of_one);
        refused += refused_of_one;
    }
    let took = began.elapsed();
    if refused > 0 {
        eprintln!("  {refused} requests were refused");
    }
    times.sort_unstable();
    Load {
        began,
        took,
        good: times.len() as u64,
        refused,
        times,
    }
}

async fn caller(
    mut connection: Connection,
    requests: Arc<[Vec<u8>]>,
    left: Arc<AtomicU64>,
    end: Option<Instant>,
) -> (Vec<Duration>, u64) {
    let (mut times, mut refused) = (Vec::new(), 0);
    let one_more = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1));
    while end.is_none_or(|end| Instant::now() < end)
        && let Ok(number) = one_more()
    {
        let request = &requests[number as usize % requests.len()];
        loop {
            let began = Instant::now();
            if connection.call(request).await < 300 {
                times.push(began.elapsed());
                break;
            }
            refused += 1;
            // A relay that says that it is busy is given a moment, as a good client would.
            tokio::time::sleep(Duration::from_millis(1)).await;
            if end.is_some_and(|end| Instant::now() >= end) {
                break;
            }
        }
    }
    (times, refused)
}
