//! Knowing an event again that a sender has handed in before (contract, section 4.6). The staff system's retry makes a
//! new request id each time and multiplies, so that what an event says is all that can be compared.

use std::time::Duration;

use crate::content::{self, Digest};
use crate::crypto;
use crate::event::NewEvent;
use crate::ingest::holds_a_time;

/// What is remembered of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The events among which it has its place: those of its person whose name begins with the same word. Of an
    /// event about nobody, those of its name.
    pub family: String,
    /// Of name, staff id and data.
    pub content_digest: Digest,
    /// The data holds a time: then two events with the same data are one.
    pub holds_a_time: bool,
    /// What the sender called its request.
    pub request_id: Option<String>,
    /// For how long the same is known again; none: it is remembered, and is an event of its own whatever came
    /// before.
    pub known_for: Option<Duration>,
}

/// An event that is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// Its id.
    pub event_id: String,
    /// See [`Memory::content_digest`].
    pub content_digest: Digest,
}

/// What is remembered that may be the same event, of the last [`Memory::known_for`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// The newest with the same request id.
    pub of_request: Option<Remembered>,
    /// The newest with the same content.
    pub of_content: Option<Remembered>,
    /// The newest of its family, whatever its content.
    pub of_family: Option<Remembered>,
}

impl Memory {
    /// What is remembered of `event`.
    #[must_use]
    pub fn of(event: &NewEvent, request_id: Option<String>, known_for: Option<Duration>) -> Self {
        let name = event.event_type.as_str();
        let family = match (&event.staff_id, name.split_once('.')) {
            (Some(_), Some((first, _))) => first,
            _ => name,
        };
        let staff_id = event.staff_id.as_deref().unwrap_or_default();
        let parts: [&[u8]; 5] = [
            name.as_bytes(),
            b"\n",
            staff_id.as_bytes(),
            b"\n",
            &content::digest(&event.data),
        ];
        Self {
            family: family.to_owned(),
            content_digest: crypto::sha256(&parts),
            holds_a_time: holds_a_time(&event.data),
            request_id,
            known_for,
        }
    }

    /// Which of the candidates this event repeats. With a time in its data, any of the same content. Without one,
    /// only the newest of its family: a second real event has something else before it.
    #[must_use]
    pub fn repeats(&self, candidates: Candidates) -> Option<Remembered> {
        let same = |found: &Remembered| found.content_digest == self.content_digest;
        let by_content = if self.holds_a_time {
            candidates.of_content
        } else {
            candidates.of_family
        };
        let by_request = candidates.of_request;
        [by_request, by_content].into_iter().flatten().find(same)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(name: &str, staff_id: Option<&str>, data: &str) -> NewEvent {
        NewEvent {
            event_type: name.to_owned(),
            data: data.into(),
            staff_id: staff_id.map(ToOwned::to_owned),
            event_timestamp: None,
        }
    }

    fn remembered(seq: i64, event: &NewEvent) -> Remembered {
        Remembered {
            seq,
            event_id: seq.to_string(),
            content_digest: Memory::of(event, None, None).content_digest,
        }
    }

    fn found(
        of_request: Option<Remembered>,
        of_content: Option<Remembered>,
        of_family: Remembered,
    ) -> Candidates {
        Candidates {
            of_request,
            of_content,
            of_family: Some(of_family),
        }
    }

    #[test]
    fn a_family_is_the_first_word_and_without_a_person_the_whole_name() {
        let family = |name, staff| Memory::of(&event(name, staff, "{}"), None, None).family;
        assert_eq!(family("employee.photo.deleted", Some("E")), "employee");
        assert_eq!(
            family("employee.photo.deleted", None),
            "employee.photo.deleted"
        );
        assert_eq!(family("plain", Some("E")), "plain");
    }

    #[test]
    fn without_a_time_only_the_newest_of_the_family_is_repeated() {
        let (a, b) = (
            event("x.a", Some("E"), r#"{"n":1}"#),
            event("x.a", Some("E"), r#"{"n":2}"#),
        );
        let memory = Memory::of(&a, None, None);
        let first = remembered(1, &a);
        let newest = found(None, Some(first.clone()), first.clone());
        assert_eq!(memory.repeats(newest), Some(first.clone()));
        let overtaken = found(None, Some(first), remembered(2, &b));
        assert_eq!(memory.repeats(overtaken), None);
        let timed = event("x.a", Some("E"), r#"{"at":"2025-10-26T10:00:00Z"}"#);
        let first = remembered(1, &timed);
        let overtaken = found(None, Some(first.clone()), remembered(2, &b));
        let memory = Memory::of(&timed, None, None);
        assert_eq!(memory.repeats(overtaken), Some(first));
    }

    #[test]
    fn a_request_id_counts_with_the_same_content_only() {
        let (a, b) = (
            event("x.a", None, r#"{"n":1}"#),
            event("x.a", None, r#"{"n":2}"#),
        );
        let memory = Memory::of(&a, Some("id".to_owned()), None);
        let newest = remembered(2, &b);
        let same = remembered(1, &a);
        let candidates = found(Some(same.clone()), None, newest.clone());
        assert_eq!(memory.repeats(candidates), Some(same));
        let other = remembered(1, &b);
        assert_eq!(memory.repeats(found(Some(other), None, newest)), None);
    }
}
