//! A message for an admin. Event ids and types stand in it, never a payload, a name or a secret.

use serde::Serialize;
use utoipa::ToSchema;

use crate::language::Language;
use crate::timestamp::Timestamp;

/// A message, ready to be told. As JSON it is what the plain webhook gets (contract, section 10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Words)]
pub struct Message {
    /// The word of the condition; `test` for a test.
    pub kind: &'static str,
    /// `opened`, `ongoing`, `resolved` or `test`.
    pub state: &'static str,
    /// The same for all messages about one incident.
    pub incident_id: String,
    /// When it began.
    pub opened_at: Timestamp,
    /// One line.
    pub title: String,
    /// Everything, in lines.
    pub text: String,
    /// Deliveries that are counted, or the number that was found.
    pub count: u64,
    /// The oldest event that waits for its end.
    #[schema(required)]
    pub oldest_event_id: Option<String>,
    /// What to type.
    pub actions: Vec<String>,
    /// Where the page shows it; null without a `server.public_url`.
    #[schema(required)]
    pub link: Option<String>,
    /// In which it is written.
    #[serde(skip)]
    pub language: Language,
}

impl Message {
    /// The same with `place` in its title: with several clinics or servers, the reader sees which one it is about.
    #[must_use]
    pub fn labelled(&self, place: &str) -> Self {
        let title = format!("[{place}] {}", self.title);
        Self {
            title,
            ..self.clone()
        }
    }
}
