//! `X-VoiceDrive-System-ID`: VoiceDrive's client always sends it, nothing depends on it (contract,
//! section 11). It is logged once: the client asks every few seconds, and its name stays the same.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use hyper::HeaderMap;

/// Names that are remembered; a caller that makes up more of them is not logged any more.
const REMEMBERED: usize = 16;
/// The longest name that is logged, in characters.
const LONGEST: usize = 100;

/// The names that were seen since the start.
#[derive(Default)]
pub struct SystemIds(Mutex<BTreeSet<String>>);

impl SystemIds {
    /// Logs the system that a request names, when it is a new one.
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
