//! Posts the webhooks of an examination, each with its fault.

use std::time::Duration;

use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;
use uuid::Uuid;

use crate::cli::CliError;
use crate::clock::Clock;
use crate::delivery::answer_text::as_text;
use crate::delivery::client::Outgoing;
use crate::delivery::failure::Failure;
use crate::delivery::partner::{SetupError, client};
use crate::delivery::profile::{Body, Profile};
use crate::delivery::proxy::Proxies;
use crate::delivery::route::Route;
use crate::delivery::signature;
use crate::examination::Examination;
use crate::examination::posted::{Posted, PostedAnswer};
use crate::language::Language;
use crate::order::Order;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// The longest that a receiver may take to answer: as long as the relay waits.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A timestamp this far away is stale everywhere: receivers allow five minutes.
const STALE: Duration = Duration::from_mins(20);
/// Characters of one to four bytes in UTF-8, and what JSON escapes.
const NON_ASCII: &str = r#""髙橋 花子 é 😀「引用」\n\t\"\\/""#;
/// The most bytes of an answer's body that are shown.
const SHOWN: usize = 300;

/// What is examined, and with what.
pub(super) struct Setup {
    pub(super) url: Url,
    pub(super) profile: Profile,
    pub(super) secret: Option<Secret>,
    pub(super) bearer: Option<Secret>,
    pub(super) event: String,
    /// A JSON object, in the spelling that survives JavaScript.
    pub(super) data: String,
}

/// A webhook before it is signed.
struct Webhook {
    event: String,
    data: String,
    id: String,
    happened_at: Timestamp,
}

pub(super) struct Examiner {
    client: Outgoing,
    setup: Setup,
    clock: Clock,
}

impl Examiner {
    pub(super) fn new(setup: Setup, language: Language) -> Result<Self, CliError> {
        let client = client_for(&setup);
        let client = client.map_err(|error| CliError::Failed(error.describe(language)))?;
        Ok(Self {
            client,
            setup,
            clock: Clock::System,
        })
    }

    /// Every examination that the profile has, with the receiver's answer. A receiver that does not
    /// take the good webhook is not asked what it does with more of the kind.
    pub(super) async fn examine(&self) -> Vec<Posted> {
        let good = self.webhook(&self.setup.event, &self.setup.data);
        let first = self.ask(Examination::Good, &good).await;
        let mut posted = Vec::new();
        let unanswered = first.answer.is_err();
        if first.is_taken() {
            posted.push(self.ask(Examination::Repeated, &good).await);
            for examination in self.about_data() {
                let webhook = self.of_examination(examination);
                posted.push(self.ask(examination, &webhook).await);
            }
        }
        posted.insert(0, first);
        if unanswered {
            return posted;
        }
        for examination in self.about_verification() {
            let webhook = self.of_examination(examination);
            posted.push(self.ask(examination, &webhook).await);
        }
        posted
    }

    fn about_data(&self) -> Vec<Examination> {
        // A body that is the data itself does not say which event it is.
        match self.setup.profile.body {
            Body::Data => vec![Examination::NonAscii],
            Body::Envelope(_) => vec![Examination::NonAscii, Examination::UnknownEvent],
        }
    }

    fn about_verification(&self) -> Vec<Examination> {
        use Examination::{
            Altered, NoBearer, NoSignature, OtherBearer, OtherSecret, TooFarAhead, TooOld,
        };
        let mut found = Vec::new();
        if self.setup.profile.signature.is_some() {
            found.extend([OtherSecret, NoSignature, Altered]);
        }
        if self.setup.profile.timestamp.is_some() {
            found.extend([TooOld, TooFarAhead]);
        }
        if self.setup.bearer.is_some() {
            found.extend([OtherBearer, NoBearer]);
        }
        found
    }

    fn of_examination(&self, examination: Examination) -> Webhook {
        let (event, data) = (&self.setup.event, &self.setup.data);
        match examination {
            Examination::NonAscii => {
                self.webhook(event, &with_member(data, "relayTest", NON_ASCII))
            }
            Examination::UnknownEvent => self.webhook("relay.receiver-test", data),
            _ => self.webhook(event, data),
        }
    }

    fn webhook(&self, event: &str, data: &str) -> Webhook {
        let (id, happened_at) = (Uuid::now_v7().to_string(), self.clock.now());
        let data = data.replace("{uuid}", &id);
        Webhook {
            event: event.to_owned(),
            data: data.replace("{now}", &happened_at.to_string()),
            id,
            happened_at,
        }
    }

    async fn ask(&self, examination: Examination, webhook: &Webhook) -> Posted {
        let body = |data: &str| {
            let profile = &self.setup.profile;
            profile.body(&webhook.event, webhook.happened_at, data)
        };
        let signed = body(&webhook.data);
        let headers = self.headers(examination, webhook, &signed);
        let sent = match examination {
            Examination::Altered => body(&with_member(&webhook.data, "altered", "true")),
            _ => signed,
        };
        Posted {
            examination,
            answer: self.post(headers, sent).await,
        }
    }

    fn headers(&self, examination: Examination, webhook: &Webhook, body: &str) -> HeaderMap {
        let setup = &self.setup;
        let now = self.clock.now();
        let at = match examination {
            Examination::TooOld => now.before(STALE),
            Examination::TooFarAhead => now.after(STALE),
            _ => now,
        };
        let attempt = match examination {
            Examination::Repeated => "2",
            _ => "1",
        };
        let key = key(
            setup.secret.as_ref(),
            examination == Examination::OtherSecret,
        );
        let mut all = signature::headers(&setup.profile, &[&key], &webhook.id, at, body);
        if examination == Examination::NoSignature {
            let signature = setup.profile.signature.as_ref().map(|form| &form.header);
            all.retain(|(name, _)| Some(name) != signature);
        }
        all.push(("x-request-id".to_owned(), webhook.id.clone()));
        all.push(("x-webhook-attempt".to_owned(), attempt.to_owned()));
        let mut headers = header_map(all);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(bearer) = self.bearer(examination) {
            headers.insert(AUTHORIZATION, bearer);
        }
        headers
    }

    fn bearer(&self, examination: Examination) -> Option<HeaderValue> {
        let bearer = self.setup.bearer.as_ref()?;
        let token = match examination {
            Examination::NoBearer => return None,
            Examination::OtherBearer => "not-the-token",
            _ => bearer.expose(),
        };
        HeaderValue::try_from(format!("Bearer {token}")).ok()
    }

    /// Posts one webhook and reads the beginning of the answer.
    async fn post(&self, headers: HeaderMap, body: String) -> Result<PostedAnswer, Failure> {
        let url = &self.setup.url;
        let asked = self.client.ask(Method::POST, url, headers, body, TIMEOUT);
        let mut reply = asked.await?;
        let (mut shown, is_whole) = reply.beginning(SHOWN).await;
        if !is_whole {
            return Err(Failure::unfinished(reply.status.as_u16()));
        }
        shown.truncate(SHOWN);
        Ok(PostedAnswer {
            status: reply.status.as_u16(),
            body: as_text(&shown, &reply.headers).unwrap_or_default(),
        })
    }
}

fn client_for(setup: &Setup) -> Result<Outgoing, SetupError> {
    let route = Route {
        name: "receiver-test".to_owned(),
        url: setup.url.clone(),
        // The person who typed the URL allows it to be called.
        allow_http: true,
        profile: setup.profile.clone(),
        secrets: Vec::new(),
        bearer: None,
        headers: Vec::new(),
        timeout: TIMEOUT,
        concurrency: 1,
        max_per_second: None,
        max_body_bytes: None,
        order: Order::default(),
        counted_by_voicedrive: false,
        proxies: Proxies::default(),
    };
    client(&route)
}

/// The key that signs; a wrong one has the right one's end, so that nobody can use it.
fn key(secret: Option<&Secret>, is_wrong: bool) -> Vec<u8> {
    let right = secret.map_or(&[][..], Secret::as_bytes);
    if is_wrong {
        [b"not-the-secret-".as_slice(), right].concat()
    } else {
        right.to_vec()
    }
}

/// Names and values that make no header are left out: the profile's are fixed, and a client would
/// refuse them as well.
fn header_map(all: Vec<(String, String)>) -> HeaderMap {
    let usable = all.into_iter().filter_map(|(name, value)| {
        Some((
            HeaderName::try_from(name).ok()?,
            HeaderValue::try_from(value).ok()?,
        ))
    });
    usable.collect()
}

/// The object with one more member at its end.
fn with_member(object: &str, name: &str, value: &str) -> String {
    let inside = object.strip_suffix('}').unwrap_or(object);
    let comma = if inside == "{" { "" } else { "," };
    format!("{inside}{comma}\"{name}\":{value}}}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_added_at_the_end() {
        assert_eq!(with_member("{}", "a", "1"), r#"{"a":1}"#);
        assert_eq!(with_member(r#"{"b":{}}"#, "a", "1"), r#"{"b":{},"a":1}"#);
    }

    #[test]
    fn a_wrong_key_is_another_one_even_without_a_secret() {
        assert_ne!(key(None, true), key(None, false));
    }
}
