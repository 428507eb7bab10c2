//! Recognises an event that a sender has handed in before (contract, section 4.6). The staff system's retry makes a
//! new request id each time and multiplies requests, so only the content of events can be compared.

use std::time::Duration;

use crate::content::{self, Digest};
use crate::crypto;
use crate::event::NewEvent;
use crate::ingest::latest_time;
use crate::timestamp::Timestamp;

/// What is remembered of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The events that it is ordered among: those of the same person (without one: of the same name) that share the
    /// first word of the name, which ends at a `.`, `_` or `-`.
    pub family: String,
    /// The digest of name, staff id and data.
    pub content_digest: Digest,
    /// The latest time in the data; when there is one, two events with the same data are one. It is looked for
    /// first, because an index that is ordered by it grows at its end.
    pub data_time: Option<Timestamp>,
    /// The sender's request id.
    pub request_id: Option<String>,
    /// For how long a repeat is recognised; none: it is remembered, and is an event of its own whatever came
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

/// Which remembered event is the same one, if any is. All of it counts for the last [`Memory::known_for`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sameness<'a> {
    /// The newest of the same content.
    OfContent {
        /// See [`Memory::data_time`].
        data_time: Timestamp,
    },
    /// The newest of the family, when it has the same content; or else the newest of the same content that came
    /// with this request id.
    OfNewest {
        /// The sender's request id.
        request_id: Option<&'a str>,
    },
}

impl Memory {
    /// What is remembered of `event`.
    #[must_use]
    pub fn of(event: &NewEvent, request_id: Option<String>, known_for: Option<Duration>) -> Self {
        let name = event.event_type.as_str();
        let family = match (&event.staff_id, name.split_once(['.', '_', '-'])) {
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
            data_time: latest_time(&event.data),
            request_id,
            known_for,
        }
    }

    /// What makes another event the same as this one. With a time in its data, the content does. Without one, it
    /// must be the newest of its family: a second real event has something else before it.
    #[must_use]
    pub fn sameness(&self) -> Sameness<'_> {
        match self.data_time {
            Some(data_time) => Sameness::OfContent { data_time },
            None => Sameness::OfNewest {
                request_id: self.request_id.as_deref(),
            },
        }
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

    #[test]
    fn a_family_is_the_first_word_and_without_a_person_the_whole_name() {
        let family = |name, staff| Memory::of(&event(name, staff, "{}"), None, None).family;
        assert_eq!(family("employee.photo.deleted", Some("E")), "employee");
        assert_eq!(
            family("employee.photo.deleted", None),
            "employee.photo.deleted"
        );
        // Those of the built-in senders have no dots: an approval that was taken back and given again is no repeat.
        assert_eq!(family("course_change_approved", Some("E")), "course");
        assert_eq!(family("health-risk", Some("E")), "health");
        assert_eq!(family("plain", Some("E")), "plain");
    }

    #[test]
    fn a_time_in_the_data_makes_its_content_enough() {
        let of = |data| Memory::of(&event("x.a", Some("E"), data), Some("id".to_owned()), None);
        let timed = of(r#"{"at":"2025-10-26T10:00:00Z"}"#);
        let data_time = Timestamp::parse("2025-10-26T10:00:00Z").unwrap();
        assert_eq!(timed.sameness(), Sameness::OfContent { data_time });
        let request_id = Some("id");
        assert_eq!(
            of(r#"{"n":1}"#).sameness(),
            Sameness::OfNewest { request_id }
        );
    }
}
