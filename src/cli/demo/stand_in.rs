//! The stand-in VoiceDrive: what it answers, and what it keeps of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;

use crate::receiver::{ReceivedWebhook, Script, ScriptedAnswer};

/// Longer than the relay waits for an answer.
const STALL: Duration = Duration::from_secs(3);

/// The request ids that it has kept.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    /// All of them.
    pub(super) fn ids(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn add(&self, id: String) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ids.push(id);
    }
}

/// Most webhooks are taken at once. Some are refused, dropped or left waiting the first times, and one is answered with
/// 200 and forgotten.
pub(super) fn script(log: Log) -> Script {
    let attempts: Mutex<HashMap<String, u32>> = Mutex::default();
    Arc::new(move |received: &ReceivedWebhook| {
        let id = received.header("x-request-id").to_owned();
        let attempt = {
            let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = attempts.entry(id.clone()).or_default();
            *count += 1;
            *count
        };
        match (received.event_type.as_str(), attempt) {
            ("interview.completed", 1 | 2) => ScriptedAnswer::json(
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"success":false,"error":"maintenance"}"#,
            ),
            ("health.checkup.recorded", 1) => {
                log.add(id);
                ScriptedAnswer::After(STALL, Box::new(received.default_answer()))
            }
            // The first attempt and every retry.
            ("training.completed", 1..=4) => {
                ScriptedAnswer::json(StatusCode::BAD_GATEWAY, r#"{"success":false}"#)
            }
            ("employee.retired", 1) => ScriptedAnswer::Drop,
            ("employee.transferred", 1) => received.default_answer(),
            _ => {
                log.add(id);
                received.default_answer()
            }
        }
    })
}
