//! Whatever text arrives at the door: no panic, and what is accepted stays as it is.
//!
//! The room is taken as it stands, without the rest of the relay: SQLite and TLS under a sanitizer
//! would take minutes to build, and have no part in it.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../src/stable_json.rs"]
mod stable_json;
use stable_json::stabilize;

fuzz_target!(|text: &str| {
    if let Ok(stable) = stabilize(text) {
        assert_eq!(stabilize(&stable).ok().as_deref(), Some(stable.as_str()));
        // Whatever is accepted is JSON for another reader too.
        let read: Result<serde_json::Value, _> = serde_json::from_str(text);
        assert!(read.is_ok() || text.len() > 128, "{read:?}");
    }
});
