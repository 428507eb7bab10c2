//! `X-VoiceDrive-System-ID`, which VoiceDrive's client always sends (contract, section 11). Nothing depends on it. Each
//! id is logged once, because the client calls every few seconds.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use hyper::HeaderMap;

/// The most ids that are remembered; further ones are not logged.
const REMEMBERED: usize = 16;
/// The longest id that is logged, in characters.
const LONGEST: usize = 100;

/// The ids that were seen since the start.
#[derive(Default)]
pub struct SystemIds(Mutex<BTreeSet<String>>);

impl SystemIds {
    /// Logs the id of a request if it is a new one.
    pub fn note(&self, headers: &HeaderMap) {
        let Some(name) = headers.get("x-voicedrive-system-id") else {
            return;
        };
        let name: String = name.to_str().unwrap_or("?").chars().take(LONGEST).collect();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < REMEMBERED && seen.insert(name.clone()) {
            tracing::info!(system = %name, "a system asks for statistics");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn names_are_remembered_up_to_a_bound() {
        let systems = SystemIds::default();
        for number in 0..100 {
            let mut headers = HeaderMap::new();
            let name = format!("{}{number}", "x".repeat(200));
            headers.insert(
                "x-voicedrive-system-id",
                HeaderValue::try_from(name).unwrap(),
            );
            systems.note(&headers);
        }
        let seen = systems.0.into_inner().unwrap();
        assert_eq!(seen.len(), 1, "cut to the same hundred characters");
    }
}
