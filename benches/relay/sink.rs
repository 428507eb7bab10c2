//! The receiver: answers what is posted to it, on a thread of its own. The path decides how:
//! `/fast` at once, `/slow` after five seconds, `/hold` never, `/fail` with 500.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::wire;

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 16\r\ncontent-type: application/json\r\n\r\n{\"success\":true}";
const BAD: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n";
const SLOW: Duration = Duration::from_secs(5);

/// What arrived at `/fast` since the last reset, and how much elsewhere.
struct Seen {
    born: Instant,
    fast: AtomicU64,
    elsewhere: AtomicU64,
    /// Nanoseconds since `born`; zero is never.
    first: AtomicU64,
    last: AtomicU64,
    /// Whether somebody waits for single arrivals. The lock below is not touched otherwise.
    watched: AtomicBool,
    watcher: Mutex<Option<UnboundedSender<Instant>>>,
}

impl Seen {
    fn arrived(&self) {
        let now = Instant::now();
        let since = u64::try_from((now - self.born).as_nanos()).unwrap();
        if self.fast.fetch_add(1, Ordering::Relaxed) == 0 {
            self.first.store(since, Ordering::Relaxed);
        }
        self.last.store(since, Ordering::Release);
        if self.watched.load(Ordering::Relaxed)
            && let Some(watcher) = &*self.watcher.lock().unwrap()
        {
            let _ = watcher.send(now);
        }
    }

    fn instant(&self, of: &AtomicU64) -> Instant {
        self.born + Duration::from_nanos(of.load(Ordering::Acquire))
    }
}

/// The sink, seen from the benchmark. It lives as long as the process.
pub struct Sink {
    address: SocketAddr,
    seen: Arc<Seen>,
}

impl Sink {
    pub fn start() -> Self {
        let seen = Arc::new(Seen {
            born: Instant::now(),
            fast: AtomicU64::new(0),
            elsewhere: AtomicU64::new(0),
            first: AtomicU64::new(0),
            last: AtomicU64::new(0),
            watched: AtomicBool::new(false),
            watcher: Mutex::new(None),
        });
        let (tell, told) = mpsc::channel();
        let shared = Arc::clone(&seen);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    stream.set_nodelay(true).unwrap();
                    tokio::spawn(serve(stream, Arc::clone(&shared)));
                }
            });
        });
        let address = told.recv().unwrap();
        Self { address, seen }
    }

    pub fn address(&self) -> String {
        self.address.to_string()
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn reset(&self) {
        self.seen.fast.store(0, Ordering::Relaxed);
        self.seen.elsewhere.store(0, Ordering::Relaxed);
    }

    /// How many arrived at `/fast`.
    pub fn count(&self) -> u64 {
        self.seen.fast.load(Ordering::Relaxed)
    }

    /// How many arrived at the other paths.
    pub fn elsewhere(&self) -> u64 {
        self.seen.elsewhere.load(Ordering::Relaxed)
    }

    pub fn first(&self) -> Instant {
        assert!(self.count() > 0, "nothing arrived");
        self.seen.instant(&self.seen.first)
    }

    pub fn last(&self) -> Instant {
        self.seen.instant(&self.seen.last)
    }

    /// Tells of each arrival at `/fast`, until the receiver is dropped or another one asks.
    pub fn watch(&self) -> UnboundedReceiver<Instant> {
        let (tell, told) = unbounded_channel();
        *self.seen.watcher.lock().unwrap() = Some(tell);
        self.seen.watched.store(true, Ordering::Relaxed);
        told
    }

    pub fn unwatch(&self) {
        self.seen.watched.store(false, Ordering::Relaxed);
        *self.seen.watcher.lock().unwrap() = None;
    }

    /// Waits until `count` have arrived at `/fast`, as long as there is progress.
    pub async fn wait_for(&self, count: u64) {
        let mut before = (self.count(), Instant::now());
        while self.count() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
            if self.count() > before.0 {
                before = (self.count(), Instant::now());
            }
            assert!(
                before.1.elapsed() < Duration::from_secs(90),
                "{} of {count} events arrived, and then none for 90 s",
                self.count()
            );
        }
    }
}

async fn serve(mut stream: TcpStream, seen: Arc<Seen>) {
    let mut buffer = vec![0; 16 * 1024];
    let mut filled = 0;
    loop {
        let Ok(read @ 1..) = stream.read(&mut buffer[filled..]).await else {
            return;
        };
        filled += read;
        let mut used = 0;
        while let Some(head) = wire::head(&buffer[used..filled]) {
            let whole = used + head.length + head.body;
            if whole > filled {
                break;
            }
            let answer = answer(&buffer[used..filled], &seen).await;
            if stream.write_all(answer).await.is_err() {
                return;
            }
            used = whole;
        }
        buffer.copy_within(used..filled, 0);
        filled -= used;
        if filled == buffer.len() {
            buffer.resize(buffer.len() * 2, 0);
        }
    }
}

async fn answer(request: &[u8], seen: &Seen) -> &'static [u8] {
    if request.starts_with(b"POST /fast") {
        seen.arrived();
        return GOOD;
    }
    seen.elsewhere.fetch_add(1, Ordering::Relaxed);
    if request.starts_with(b"POST /slow") {
        tokio::time::sleep(SLOW).await;
        return GOOD;
    }
    if request.starts_with(b"POST /hold") {
        std::future::pending::<()>().await;
    }
    BAD
}
