//! `receiver-test`: examines somebody else's receiver and says what it gets wrong.
//!
//! Each examination posts one webhook that a receiver must take or refuse, and looks at the status
//! of the answer. Whoever builds a receiver can use it without us: all that it needs is a URL, the
//! name of a profile, and the secret.

use std::time::Duration;

use clap::Args;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use url::Url;
use uuid::Uuid;

use super::{CliError, print_line};
use crate::clock::Clock;
use crate::config::{Environment, Secret};
use crate::delivery::client::Outgoing;
use crate::delivery::failure::Failure;
use crate::delivery::partner::client;
use crate::delivery::profile::{BUILT_IN, Body, Profile};
use crate::delivery::proxy::Proxies;
use crate::delivery::signature;
use crate::route::Route;
use crate::timestamp::Timestamp;

/// The longest that a receiver may take to answer: as long as the relay waits.
const TIMEOUT: Duration = Duration::from_secs(5);
/// A timestamp this far away is stale everywhere: receivers allow five minutes.
const STALE: Duration = Duration::from_mins(20);
/// A payload that every step of the way can take.
const PLAIN: &str = r#"{"staffId":"EMP-2025-001"}"#;
/// Characters of one to four bytes in UTF-8, and what JSON escapes.
const NON_ASCII: &str =
    r#"{"staffId":"EMP-2025-001","fullName":"髙橋 花子 é 😀","note":"「引用」\n\t\"\\/"}"#;

/// Examine somebody else's receiver.
#[derive(Args)]
#[command(after_help = "Examples:
  VOICEDRIVE_WEBHOOK_SECRET=... voicedrive-relay receiver-test https://staging.example.com/webhook --profile voicedrive-employee
  voicedrive-relay receiver-test http://127.0.0.1:9000/ --profile unsigned
It posts a handful of webhooks about a made-up member of the staff: use a receiver that is not in production.
Exit code 0 when the receiver passes everything, 1 otherwise.")]
pub(super) struct ReceiverTest {
    /// Where the receiver listens
    url: Url,
    /// How it wants to be addressed
    #[arg(long, value_parser = BUILT_IN)]
    profile: String,
    /// The name of the environment variable (or systemd credential) that holds the secret
    #[arg(long, value_name = "NAME", default_value = "VOICEDRIVE_WEBHOOK_SECRET")]
    secret: String,
    /// The event that is posted; the receiver must know it
    #[arg(long, value_name = "NAME", default_value = "employee.updated")]
    event: String,
}

/// One webhook, and what the receiver should answer.
struct Examination {
    name: &'static str,
    expected: Expected,
    /// What to do when the receiver does not.
    advice: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// A 2xx status.
    Taken,
    /// 401 or 403: not from us, or not now.
    Unauthorized,
    /// 2xx or 4xx, but no failure of the receiver.
    Judged,
}

impl Expected {
    fn is_met(self, status: u16) -> bool {
        match self {
            Self::Taken => (200..300).contains(&status),
            Self::Unauthorized => matches!(status, 401 | 403),
            Self::Judged => (200..300).contains(&status) || (400..500).contains(&status),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Taken => "a 2xx status",
            Self::Unauthorized => "401",
            Self::Judged => "2xx or 400",
        }
    }
}

impl ReceiverTest {
    pub(super) async fn run(&self, json: bool, environment: &Environment) -> Result<(), CliError> {
        let unknown = || CliError::Usage(format!("no profile is called {}", self.profile));
        let profile = Profile::built_in(&self.profile).ok_or_else(unknown)?;
        let secret = environment.secret(&self.secret)?;
        if profile.signature.is_some() && secret.is_none() {
            return Err(CliError::Usage(format!(
                "the profile {profile} is signed: set the environment variable {} to the secret",
                self.secret
            )));
        }
        let examiner = Examiner::new(self, profile, secret)?;
        let mut failed = 0;
        for (examination, answer) in examiner.examine().await {
            let passed = matches!(&answer, Ok(status) if examination.expected.is_met(*status));
            failed += usize::from(!passed);
            print_line(&told(&examination, &answer, passed, json))?;
        }
        if failed == 0 {
            return Ok(());
        }
        Err(CliError::Failed(format!(
            "{failed} of these have to be mended in the receiver"
        )))
    }
}

/// One examination in one line.
fn told(
    examination: &Examination,
    answer: &Result<u16, Failure>,
    passed: bool,
    json: bool,
) -> String {
    let Examination {
        name,
        expected,
        advice,
    } = examination;
    let got = match answer {
        Ok(status) => format!("HTTP {status}"),
        Err(failure) => failure.to_string(),
    };
    if json {
        let advice = (!passed).then_some(advice);
        return json!({"test": name, "passed": passed, "expected": expected.words(),
                      "answer": got, "advice": advice})
        .to_string();
    }
    if passed {
        format!("pass  {name}: {got}")
    } else {
        format!(
            "FAIL  {name}: {got}, expected {}. {advice}",
            expected.words()
        )
    }
}

/// Posts the webhooks.
struct Examiner {
    client: Outgoing,
    url: Url,
    profile: Profile,
    secret: Option<Secret>,
    event: String,
    clock: Clock,
}

/// What is unlike in a webhook that is not as it should be.
#[derive(Clone, Copy, Default)]
struct Fault {
    wrong_secret: bool,
    unsigned: bool,
    altered: bool,
}

impl Examiner {
    fn new(
        test: &ReceiverTest,
        profile: Profile,
        secret: Option<Secret>,
    ) -> Result<Self, CliError> {
        let route = Route {
            name: "receiver-test".to_owned(),
            url: test.url.clone(),
            // Whoever types the URL says that it may be called.
            allow_http: true,
            profile: profile.clone(),
            secrets: Vec::new(),
            bearer: None,
            headers: Vec::new(),
            timeout: TIMEOUT,
            concurrency: 1,
            max_per_second: None,
            proxies: Proxies::default(),
        };
        Ok(Self {
            client: client(&route, false).map_err(|e| CliError::Failed(e.to_string()))?,
            url: test.url.clone(),
            profile,
            secret,
            event: test.event.clone(),
            clock: Clock::System,
        })
    }

    /// Every examination with the receiver's answer.
    async fn examine(&self) -> Vec<(Examination, Result<u16, Failure>)> {
        use Expected::{Judged, Taken, Unauthorized};
        let now = || self.clock.now();
        let (good, id) = (Fault::default(), new_id());
        let mut results = Vec::new();
        let mut add = |name, expected, advice, answer| {
            let examination = Examination {
                name,
                expected,
                advice,
            };
            results.push((examination, answer));
        };
        add(
            "a good webhook",
            Taken,
            "Sign what JSON.stringify(JSON.parse(body)) gives with the secret, compare with the header of the profile, answer 200 with {\"success\":true}.",
            self.post(&self.event, PLAIN, &id, now(), good).await,
        );
        add(
            "the same webhook again, with the same X-Request-ID",
            Taken,
            "Remember X-Request-ID, do the work once, and answer 200 again: the relay repeats what it has no answer for.",
            self.post(&self.event, PLAIN, &id, now(), good).await,
        );
        add(
            "characters outside ASCII",
            Taken,
            "Read the body as UTF-8 before anything else, and sign the bytes of UTF-8.",
            self.post(&self.event, NON_ASCII, &new_id(), now(), good)
                .await,
        );
        // A body that is the data itself does not say which event it is.
        if self.profile.body != Body::Data {
            add(
                "an event that nobody knows",
                Judged,
                "Answer 400, or take it and do nothing; a 5xx status would have it sent again and again.",
                self.post("relay.receiver-test", PLAIN, &new_id(), now(), good)
                    .await,
            );
        }
        if self.profile.signature.is_some() {
            for (name, fault) in [
                (
                    "a signature with another secret",
                    Fault {
                        wrong_secret: true,
                        ..good
                    },
                ),
                (
                    "no signature",
                    Fault {
                        unsigned: true,
                        ..good
                    },
                ),
                (
                    "a body that was altered after signing",
                    Fault {
                        altered: true,
                        ..good
                    },
                ),
            ] {
                add(
                    name,
                    Unauthorized,
                    "Compute the signature over the body that arrived, compare in constant time, and answer 401 when it differs or is missing.",
                    self.post(&self.event, PLAIN, &new_id(), now(), fault).await,
                );
            }
        }
        if self.profile.timestamp.is_some() {
            for (name, at) in [
                ("a timestamp of twenty minutes ago", now().before(STALE)),
                ("a timestamp of twenty minutes ahead", now().after(STALE)),
            ] {
                add(
                    name,
                    Unauthorized,
                    "Answer 401 when the timestamp is more than 5 minutes from now: somebody may be replaying an old webhook.",
                    self.post(&self.event, PLAIN, &new_id(), at, good).await,
                );
            }
        }
        results
    }

    /// Posts one webhook and answers the status.
    async fn post(
        &self,
        event: &str,
        data: &str,
        id: &str,
        at: Timestamp,
        fault: Fault,
    ) -> Result<u16, Failure> {
        let body = self.profile.body(event, at, data);
        let wrong = [b"not-the-secret-".as_slice(), self.key()].concat();
        let key = if fault.wrong_secret {
            &wrong
        } else {
            self.key()
        };
        let signature = self.profile.signature.as_ref().map(|form| &form.header);
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let own = [("x-request-id", id), ("x-webhook-attempt", "1")];
        let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let signed = signature::headers(&self.profile, &[key], id, at, &body);
        for (name, value) in own.into_iter().chain(signed) {
            let dropped = fault.unsigned && Some(&name) == signature;
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
                && !dropped
            {
                headers.insert(name, value);
            }
        }
        let body = if fault.altered {
            body.replace("EMP-2025-001", "EMP-2025-002")
        } else {
            body
        };
        let request = self
            .client
            .post(self.url.clone())
            .headers(headers)
            .body(body);
        match tokio::time::timeout(TIMEOUT, request.send()).await {
            Err(_) => Err(Failure::TimedOut(TIMEOUT)),
            Ok(Err(error)) => Err(self.client.failure(&error)),
            Ok(Ok(answer)) => Ok(answer.status().as_u16()),
        }
    }

    fn key(&self) -> &[u8] {
        self.secret.as_ref().map_or(&[][..], |s| s.as_bytes())
    }
}

fn new_id() -> String {
    Uuid::now_v7().to_string()
}
