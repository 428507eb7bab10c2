//! How often a client may ask: a sliding window, exact to the millisecond (contract, section 4.2).
//!
//! The table of clients is bounded. When it is full of clients that are active, new ones share one
//! window for each endpoint: a flood of addresses then neither grows memory nor pushes a client
//! that is blocked out of the table.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;

/// The span in which requests are counted.
const WINDOW: Duration = Duration::from_mins(1);
/// Windows that are kept; each holds at most as many moments as requests are allowed.
const MOST_WINDOWS: usize = 4096;

/// Too many requests: seconds until the next one passes, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter(u64);

impl RetryAfter {
    /// Whole seconds, rounded up.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0
    }
}

/// Counts requests by client and endpoint.
pub struct RateLimiter<E> {
    limit: usize,
    table: Mutex<Table<E>>,
}

struct Table<E> {
    windows: HashMap<(Option<IpAddr>, E), VecDeque<Duration>>,
    /// When the table was last cleared of what is over. Once a window's length is enough: nothing
    /// is over sooner.
    swept: Duration,
}

impl<E: Copy + Eq + Hash> RateLimiter<E> {
    /// At most `limit` requests in any 60 seconds.
    #[must_use]
    pub fn new(limit: u32) -> Self {
        Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            table: Mutex::new(Table {
                windows: HashMap::new(),
                swept: Duration::ZERO,
            }),
        }
    }

    /// Counts a request at `now` (monotonic), unless it is one too many: that does not count.
    ///
    /// # Errors
    /// `RetryAfter` when it is one too many.
    pub fn check(&self, client: IpAddr, endpoint: E, now: Duration) -> Result<(), RetryAfter> {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let window = table.window((Some(counted_as(client)), endpoint), now);
        while window.front().is_some_and(|&first| is_over(first, now)) {
            window.pop_front();
        }
        match window.front() {
            Some(&first) if window.len() >= self.limit => {
                let left = (first + WINDOW).saturating_sub(now);
                let whole = left.as_secs() + u64::from(left.subsec_nanos() > 0);
                Err(RetryAfter(whole.max(1)))
            }
            _ => {
                window.push_back(now);
                Ok(())
            }
        }
    }
}

impl<E: Copy + Eq + Hash> Table<E> {
    fn window(&mut self, key: (Option<IpAddr>, E), now: Duration) -> &mut VecDeque<Duration> {
        let full = self.windows.len() >= MOST_WINDOWS;
        if full && !self.windows.contains_key(&key) && is_over(self.swept, now) {
            self.windows
                .retain(|_, window| window.back().is_some_and(|&last| !is_over(last, now)));
            self.swept = now;
        }
        let room = self.windows.len() < MOST_WINDOWS || self.windows.contains_key(&key);
        let key = if room { key } else { (None, key.1) };
        self.windows.entry(key).or_default()
    }
}

fn is_over(moment: Duration, now: Duration) -> bool {
    now.saturating_sub(moment) >= WINDOW
}

/// IPv6 clients count by their /64, because each of them has that many addresses.
fn counted_as(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(address) => {
            let network = u128::from(address) & !u128::from(u64::MAX);
            IpAddr::V6(Ipv6Addr::from(network))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// The address that counts: the peer's, or the one that `trusted` proxies vouch for, read from
/// the right. What is left of an entry that cannot be read is not looked at.
pub fn client_address<'a>(
    peer: IpAddr,
    forwarded_for: impl Iterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|net| net.contains(&address));
    let peer = peer.to_canonical();
    let entries: Vec<&str> = forwarded_for.flat_map(|line| line.split(',')).collect();
    let mut client = peer;
    for entry in entries.into_iter().rev() {
        if !is_trusted(client) {
            break;
        }
        match read_address(entry.trim()) {
            Some(address) => client = address,
            None => break,
        }
    }
    client
}

/// An address, perhaps with a port.
fn read_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let with_port = || text.parse::<SocketAddr>().ok().map(|a| a.ip());
    let address = bare.unwrap_or(text).parse().ok().or_else(with_port)?;
    Some(IpAddr::to_canonical(&address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn client(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn a_hundred_pass_and_the_next_waits_for_the_first_to_be_a_minute_old() {
        let limiter = RateLimiter::new(100);
        for n in 0..100 {
            assert!(limiter.check(client(1), 'a', seconds(n / 10)).is_ok());
        }
        assert_eq!(
            limiter.check(client(1), 'a', seconds(10)),
            Err(RetryAfter(50))
        );
        assert!(limiter.check(client(2), 'a', seconds(10)).is_ok());
        assert!(limiter.check(client(1), 'b', seconds(10)).is_ok());
        assert_eq!(
            limiter.check(client(1), 'a', Duration::from_millis(59_999)),
            Err(RetryAfter(1))
        );
        assert!(limiter.check(client(1), 'a', seconds(60)).is_ok());
    }

    #[test]
    fn a_flood_of_addresses_neither_grows_the_table_nor_unblocks_anybody() {
        let limiter = RateLimiter::new(1);
        assert!(limiter.check(client(7), 'a', seconds(0)).is_ok());
        for n in 0..100_000 {
            let _ = limiter.check(client(1_000_000 + n), 'a', seconds(1));
        }
        assert!(limiter.check(client(7), 'a', seconds(2)).is_err());
        assert!(
            limiter.check(client(8), 'a', seconds(2)).is_err(),
            "shares the last window"
        );
        let size = |limiter: &RateLimiter<char>| limiter.table.lock().unwrap().windows.len();
        assert!(size(&limiter) <= MOST_WINDOWS + 1);
        assert!(limiter.check(client(8), 'a', seconds(120)).is_ok());
        assert!(size(&limiter) < 10, "what is over was cleared away");
    }

    #[test]
    fn an_ipv6_network_is_one_client() {
        let limiter = RateLimiter::new(1);
        let check = |address: &str| limiter.check(address.parse().unwrap(), 'a', seconds(1));
        assert!(check("2001:db8::1").is_ok());
        assert!(check("2001:db8::ffff:1").is_err());
        assert!(check("2001:db8:0:1::1").is_ok());
        assert!(check("192.0.2.1").is_ok());
        assert!(check("::ffff:192.0.2.1").is_err());
    }

    #[test]
    fn forwarded_addresses_are_read_from_the_right_and_only_from_trusted_peers() {
        let trusted: Vec<IpNet> = ["10.0.0.0/8", "::1/128"]
            .map(|n| n.parse().unwrap())
            .to_vec();
        let address = |peer: &str, lines: &[&str]| {
            let found = client_address(peer.parse().unwrap(), lines.iter().copied(), &trusted);
            found.to_string()
        };
        assert_eq!(address("192.0.2.1", &["198.51.100.1"]), "192.0.2.1");
        assert_eq!(
            address("10.0.0.1", &["203.0.113.9, 198.51.100.1"]),
            "198.51.100.1"
        );
        assert_eq!(
            address("10.0.0.1", &["198.51.100.1, 10.0.0.2"]),
            "198.51.100.1"
        );
        assert_eq!(
            address("10.0.0.1", &["198.51.100.1", "198.51.100.2:5678"]),
            "198.51.100.2"
        );
        assert_eq!(address("::1", &["[2001:db8::1]:80"]), "2001:db8::1");
        assert_eq!(address("10.0.0.1", &["198.51.100.1, garbage"]), "10.0.0.1");
        assert_eq!(address("10.0.0.1", &[]), "10.0.0.1");
    }

    proptest! {
        #[test]
        fn it_decides_as_a_plain_count_does(
            limit in 1_u32..6,
            history in prop::collection::vec((0_u64..30_000, 0_u32..3, 0_u8..2), 1..120),
        ) {
            let limiter = RateLimiter::new(limit);
            let mut passed: Vec<(u64, u32, u8)> = Vec::new();
            let mut now = 0;
            for (wait, who, endpoint) in history {
                now += wait;
                let recent = passed.iter().filter(|p| p.1 == who && p.2 == endpoint && now - p.0 < 60_000).count();
                let allowed = limiter.check(client(who), endpoint, Duration::from_millis(now)).is_ok();
                prop_assert_eq!(allowed, recent < limit as usize);
                if allowed {
                    passed.push((now, who, endpoint));
                }
            }
        }
    }
}
