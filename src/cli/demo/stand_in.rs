//! What the stand-in VoiceDrive answers: it takes most webhooks at once, and refuses, drops or stalls some the first times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;

use crate::receiver::{ReceivedWebhook, Script, ScriptedAnswer};

/// Longer than the relay waits for an answer.
const STALL: Duration = Duration::from_secs(3);

pub(super) fn script() -> Script {
    let attempts: Mutex<HashMap<String, u32>> = Mutex::default();
    Arc::new(move |received: &ReceivedWebhook| {
        let id = received.header("x-request-id").to_owned();
        let attempt = {
            let mut attempts = attempts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = attempts.entry(id).or_default();
            *count += 1;
            *count
        };
        let scripted = match (received.event_type.as_str(), attempt) {
            ("interview.completed", 1 | 2) => Some(ScriptedAnswer::json(
                StatusCode::SERVICE_UNAVAILABLE,
                r#"{"success":false,"error":"maintenance"}"#,
            )),
            ("health.checkup.recorded", 1) => Some(ScriptedAnswer::After(
                STALL,
                Box::new(received.default_answer()),
            )),
            ("employee.retired", 1) => Some(ScriptedAnswer::Drop),
            // The first attempt and every retry.
            ("training.completed", 1..=4) => Some(ScriptedAnswer::json(
                StatusCode::BAD_GATEWAY,
                r#"{"success":false}"#,
            )),
            _ => None,
        };
        scripted.unwrap_or_else(|| received.default_answer())
    })
}
