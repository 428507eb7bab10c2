//! How many wrong codes are taken (contract, section 12.3). A right one always works, so nobody can lock others out.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::http::server::client::counted_as;

/// The most of one client, within this time.
const OF_ONE: (usize, Duration) = (5, Duration::from_mins(15));
/// The most of all clients, within this time.
const OF_ALL: (usize, Duration) = (30, Duration::from_hours(1));

/// The wrong codes of the last hour: those that were taken, so that they are few.
#[derive(Debug, Default)]
pub(super) struct WrongCodes(Mutex<VecDeque<(Duration, IpAddr)>>);

impl WrongCodes {
    /// Counts a wrong code at `now` (monotonic), or says after which time another one is taken.
    pub(super) fn add(&self, client: IpAddr, now: Duration) -> Result<(), Duration> {
        let client = counted_as(client);
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|(at, _)| *at + OF_ALL.1 > now);
        let of_client = taken.iter().filter(|(_, of)| *of == client);
        let of_client: Vec<Duration> = of_client.map(|(at, _)| *at).collect();
        let of_all: Vec<Duration> = taken.iter().map(|(at, _)| *at).collect();
        let waits = [(of_client, OF_ONE), (of_all, OF_ALL)];
        let wait = waits
            .into_iter()
            .filter_map(|(of, (most, within))| {
                // The last of so many must be over.
                let first = of.iter().rev().nth(most - 1)?;
                (*first + within)
                    .checked_sub(now)
                    .filter(|wait| !wait.is_zero())
            })
            .max();
        if let Some(wait) = wait {
            return Err(wait);
        }
        taken.push_back((now, client));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    fn client(number: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, number])
    }

    #[test]
    fn one_client_has_five_in_fifteen_minutes() {
        let codes = WrongCodes::default();
        for minute in 0..5 {
            assert_eq!(codes.add(client(1), MINUTE * minute), Ok(()));
        }
        assert_eq!(codes.add(client(1), MINUTE * 5), Err(MINUTE * 10));
        assert_eq!(codes.add(client(2), MINUTE * 5), Ok(()));
        // The first one is over, and what was refused did not count.
        assert_eq!(codes.add(client(1), MINUTE * 15), Ok(()));
        assert_eq!(codes.add(client(1), MINUTE * 15), Err(MINUTE));
    }

    #[test]
    fn all_of_them_have_thirty_in_an_hour() {
        let codes = WrongCodes::default();
        for number in 0..30 {
            assert_eq!(codes.add(client(number), MINUTE), Ok(()));
        }
        assert_eq!(codes.add(client(99), MINUTE * 2), Err(MINUTE * 59));
        assert_eq!(codes.add(client(99), MINUTE * 61), Ok(()));
    }
}
