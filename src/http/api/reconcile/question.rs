//! Reads what is to be compared: a list of ids, as JSON or as lines, and what the query says of it.

use std::collections::BTreeMap;
use std::fmt;

use hyper::HeaderMap;
use hyper::header::CONTENT_TYPE;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::refused;
use crate::http::api::openapi::{query, text};
use crate::http::reply::ApiError;
use crate::http::request::{self, Query};
use crate::reconciliation::comparison::Question;
use crate::reconciliation::received::{NotReceived, Received};
use crate::timestamp::Timestamp;

const MEDIA: &str = "application/json or text/plain";
/// What a list of lines may begin with: the name of the column, as the `mysql` command writes it.
const HEADINGS: [&str; 2] = ["requestId", "request_id"];
const FIELDS: [&str; 3] = ["requestId", "processingStatus", "userFound"];
const WORD_ACCEPTED: &str = "must be true or false";

/// What a list is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListMedia {
    /// An object with `received`.
    Json,
    /// An id a line.
    Lines,
}

/// Says what the body claims to be.
///
/// # Errors
/// `UnsupportedMediaType` when it claims something else, or nothing; `UnsupportedEncoding` when it is compressed.
pub(super) fn media(headers: &HeaderMap) -> Result<ListMedia, ApiError> {
    let claimed = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = claimed
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default();
    if essence.trim().eq_ignore_ascii_case("text/plain") {
        return request::uncompressed(headers).map(|()| ListMedia::Lines);
    }
    match request::media(headers, false) {
        Err(ApiError::UnsupportedMediaType(_)) => Err(ApiError::UnsupportedMediaType(MEDIA)),
        other => other.map(|_| ListMedia::Json),
    }
}

/// What is asked for, as far as it was read.
#[derive(Debug, Default)]
pub(super) struct ReconcileQuestion {
    pub(super) route: Option<String>,
    pub(super) resend: bool,
    pub(super) only: bool,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    as_of: Option<Timestamp>,
    received: Vec<Received>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    route: Option<String>,
    from: Option<String>,
    to: Option<String>,
    as_of: Option<String>,
    resend: Option<bool>,
    only: Option<bool>,
    received: Rows,
}

/// The rows of a list, or what is wrong with the first bad one. Each is read by itself: a long list is never held as
/// JSON.
struct Rows(Result<Vec<Received>, ApiError>);

impl<'de> Deserialize<'de> for Rows {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_seq(RowsVisitor)
    }
}

struct RowsVisitor;

impl<'de> Visitor<'de> for RowsVisitor {
    type Value = Rows;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of request ids")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Rows, A::Error> {
        let (mut rows, mut index) = (Ok(Vec::new()), 0);
        while let Some(item) = items.next_element::<Value>()? {
            if let Ok(good) = &mut rows {
                match of_item(index, &item) {
                    Ok(row) => good.push(row),
                    Err(error) => rows = Err(error),
                }
            }
            index += 1;
        }
        Ok(Rows(rows))
    }
}

impl ReconcileQuestion {
    /// Reads the query.
    ///
    /// # Errors
    /// `InvalidParameter`
    pub(super) fn of_query(query: Option<&str>) -> Result<Self, ApiError> {
        let mut query = Query::parse(query)?;
        let asked = Self {
            route: query.take("route"),
            from: query.take_moment("from")?,
            to: query.take_moment("to")?,
            as_of: query.take_moment("asOf")?,
            resend: is_said(&mut query, "resend")?,
            only: is_said(&mut query, "only")?,
            received: Vec::new(),
        };
        query.finish("route, from, to, asOf, resend, only")?;
        Ok(asked)
    }

    /// Adds what the body says; what it says too, in another way than the query, is refused.
    ///
    /// # Errors
    /// `InvalidJson`, or `InvalidParameter` with the place in the list.
    pub(super) fn with_body(mut self, media: ListMedia, body: &str) -> Result<Self, ApiError> {
        match media {
            ListMedia::Lines => self.received = of_lines(body)?,
            ListMedia::Json => {
                let body: Body = request::fields(body)?;
                let moment = |name: &str, text: Option<String>| {
                    let read = text.map(|text| Timestamp::parse(&text)).transpose();
                    read.map_err(|error| ApiError::invalid(name, error.to_string()))
                };
                once("route", &mut self.route, body.route)?;
                once("from", &mut self.from, moment("from", body.from)?)?;
                once("to", &mut self.to, moment("to", body.to)?)?;
                once("asOf", &mut self.as_of, moment("asOf", body.as_of)?)?;
                self.resend |= body.resend.unwrap_or(false);
                self.only |= body.only.unwrap_or(false);
                self.received = body.received.0?;
            }
        }
        Ok(self)
    }

    /// The whole question. Without a route, all that VoiceDrive counts are meant.
    ///
    /// # Errors
    /// `InvalidParameter`, `InvalidDateRange`
    pub(super) fn question(self, counted: &[String], now: Timestamp) -> Result<Question, ApiError> {
        let routes = self
            .route
            .map_or_else(|| counted.to_vec(), |route| vec![route]);
        let range = (self.from, self.to);
        Question::of(routes, range, self.as_of, self.received, now).map_err(refused)
    }
}

fn is_said(query: &mut Query, name: &'static str) -> Result<bool, ApiError> {
    let word = query.take_as(name, WORD_ACCEPTED, |word| word.parse().ok())?;
    Ok(word.unwrap_or(false))
}

fn once<T>(name: &str, asked: &mut Option<T>, said: Option<T>) -> Result<(), ApiError> {
    if asked.is_some() && said.is_some() {
        return Err(ApiError::invalid(
            name,
            "given in the query and in the body, once is accepted",
        ));
    }
    *asked = asked.take().or(said);
    Ok(())
}

fn of_lines(body: &str) -> Result<Vec<Received>, ApiError> {
    let lines = body.lines().enumerate();
    let lines = lines.map(|(index, line)| (index + 1, line.trim()));
    let says_nothing =
        |number, line: &str| line.is_empty() || (number == 1 && HEADINGS.contains(&line));
    let lines = lines.filter(|(number, line)| !says_nothing(*number, line));
    lines
        .map(|(number, line)| {
            Received::read(line, None, None)
                .map_err(|error| ApiError::invalid(format!("line {number}"), error.to_string()))
        })
        .collect()
}

fn of_item(index: usize, item: &Value) -> Result<Received, ApiError> {
    let place = || format!("received[{index}]");
    let refused = |error: NotReceived| ApiError::invalid(place(), error.to_string());
    match item {
        Value::String(id) => Received::read(id, None, None).map_err(refused),
        Value::Object(row) => {
            if let Some(name) = row.keys().find(|name| !FIELDS.contains(&name.as_str())) {
                let accepted = format!("has {name}; accepted are {}", FIELDS.join(", "));
                return Err(ApiError::invalid(place(), accepted));
            }
            let [id, status, user_found] = FIELDS.map(|name| word(row.get(name)));
            let id = id.ok_or(NotReceived::Id).map_err(refused)?;
            Received::read(&id, status.as_deref(), user_found.as_deref()).map_err(refused)
        }
        _ => Err(refused(NotReceived::Id)),
    }
}

/// A member as a word; none when it is not there or null.
fn word(member: Option<&Value>) -> Option<String> {
    match member? {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// What the description says of the query.
pub(super) fn parameters() -> Vec<Value> {
    let moment = json!({"type": "string", "format": "date-time"});
    let word = json!({"type": "boolean", "default": false});
    vec![
        text(
            "route",
            "Only deliveries of this route; without it: of all that VoiceDrive counts",
        ),
        query(
            "from",
            "Events accepted at this moment or later; without it: from the first id on",
            &moment,
        ),
        query(
            "to",
            "Events accepted before this moment; without it: up to the last id",
            &moment,
        ),
        query(
            "asOf",
            "The list has everything that arrived until this moment; without it, with to: until shortly before now, else until its last id",
            &moment,
        ),
        query(
            "resend",
            "Send again what is missing; needs events:write",
            &word,
        ),
        query(
            "only",
            "Send it again alone: what was delivered later for the same persons does not follow",
            &word,
        ),
    ]
}

/// What the description says of the body.
pub(super) fn bodies(example: &Value) -> BTreeMap<&'static str, Value> {
    let id = json!({"type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"});
    let row = json!({
        "type": "object", "required": ["requestId"], "additionalProperties": false,
        "properties": {
            "requestId": id,
            "processingStatus": {"enum": ["success", "failed", "validation_failed", "", null]},
            "userFound": {"enum": [true, false, 0, 1, "", null]},
        },
    });
    let moment = json!({"type": "string", "format": "date-time"});
    let schema = json!({
        "type": "object", "required": ["received"], "additionalProperties": false,
        "properties": {
            "route": {"type": "string"}, "from": moment, "to": moment, "asOf": moment,
            "resend": {"type": "boolean"}, "only": {"type": "boolean"},
            "received": {"type": "array", "items": {"anyOf": [id, row]}},
        },
    });
    let lines = json!({"type": "string", "description": "One id a line"});
    [
        ("application/json", json!({"schema": schema, "example": example})),
        ("text/plain", json!({"schema": lines, "example": format!("{}\n", example["received"][0].as_str().unwrap_or_default())})),
    ]
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019a2159-2f6b-7c1e-8c1d-0d2f6e1b7a55";

    fn read(body: &Value) -> Result<ReconcileQuestion, String> {
        let asked = ReconcileQuestion::default().with_body(ListMedia::Json, &body.to_string());
        asked.map_err(|error| error.to_string())
    }

    #[test]
    fn both_forms_of_items_are_read_and_a_bad_one_is_named() {
        let asked = read(&json!({"received": [
            ID, {"requestId": ID.replace('5', "6"), "processingStatus": "failed", "userFound": 0},
        ]}));
        let asked = asked.unwrap();
        assert_eq!(asked.received.len(), 2);
        assert_eq!(asked.received[1].user_found, Some(false));
        for (bad, told) in [
            (json!("x"), "received[1]: must be a request id"),
            (json!(7), "received[1]: must be a request id"),
            (
                json!({"processingStatus": "failed"}),
                "received[1]: must be a request id",
            ),
            (
                json!({"requestId": ID, "processingStatus": "ok"}),
                "received[1]: processingStatus must be",
            ),
            (
                json!({"requestId": ID, "userFound": 2}),
                "received[1]: userFound must be",
            ),
            (
                json!({"requestId": ID, "fullPayload": "{}"}),
                "received[1]: has fullPayload",
            ),
        ] {
            let error = read(&json!({"received": [ID, bad]})).unwrap_err();
            assert!(error.starts_with(told), "{error}");
        }
    }

    #[test]
    fn lines_are_read_as_the_mysql_command_writes_them() {
        let lines = |text: &str| {
            let asked = ReconcileQuestion::default().with_body(ListMedia::Lines, text);
            asked
                .map(|asked| asked.received.len())
                .map_err(|error| error.to_string())
        };
        assert_eq!(lines(""), Ok(0));
        assert_eq!(lines(&format!("requestId\r\n{ID}\r\n\r\n{ID}\r\n")), Ok(2));
        let error = lines(&format!("{ID}\nrequestId\n")).unwrap_err();
        assert!(error.starts_with("line 2: must be a request id"), "{error}");
    }

    #[test]
    fn what_the_query_says_is_not_said_again() {
        let asked = |body: &Value| {
            let asked = ReconcileQuestion::of_query(Some("route=default&resend=true"))?;
            asked.with_body(ListMedia::Json, &body.to_string())
        };
        let found = asked(&json!({"received": [], "resend": false})).unwrap();
        assert!(found.resend && found.route.as_deref() == Some("default"));
        assert!(asked(&json!({"received": [], "route": "default"})).is_err());
        assert!(ReconcileQuestion::of_query(Some("resend=yes")).is_err());
        assert!(ReconcileQuestion::of_query(Some("rout=x")).is_err());
    }
}
