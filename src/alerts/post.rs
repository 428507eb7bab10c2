//! Webhooks of the alerts, and the dead man's switch. Their URLs are secrets: no error names them, and no
//! answer is repeated, because it may.

use std::time::Duration;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::Serialize;
use url::Url;

use super::answer::{Contradiction, contradiction};
use crate::channel::objection::Objection;
use crate::channel::outcome::ChannelOutcome;
use crate::config::Hook;
use crate::delivery::address::Resolver;
use crate::delivery::client::{Outgoing, Reply};
use crate::delivery::failure::Failure;
use crate::delivery::second_look::explained;

/// The longest that one call may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most of an answer that is read, in bytes. JSON that is cut off cannot be understood.
const ANSWER_READ: usize = 64 * 1024;
/// How Teams begins to say in a 200 that it failed.
const TEAMS_FAILED: &str = "Webhook message delivery failed with error";
/// How Slack says that it will never take a message.
const SLACK_NEVER: [&str; 5] = [
    "invalid_payload",
    "invalid_blocks",
    "missing_text_or_fallback_or_attachments",
    "no_text",
    "too_many_attachments",
];
/// How Slack says that a person has to mend something.
const SLACK_LATER: [&str; 12] = [
    "action_prohibited",
    "channel_is_archived",
    "channel_not_found",
    "invalid_token",
    "no_active_hooks",
    "no_service",
    "no_service_id",
    "no_team",
    "posting_to_general_channel_denied",
    "rollup_error",
    "team_disabled",
    "user_not_found",
];

/// Posts `body` as JSON to the hook. `title` stands in it.
pub(super) async fn post(hook: &Hook, title: &str, body: &impl Serialize) -> ChannelOutcome {
    let body = match serde_json::to_string(body) {
        Ok(body) => body,
        Err(error) => {
            return ChannelOutcome::RefusedForGood(Objection::Unwritable(error.to_string()));
        }
    };
    let url = match address(hook) {
        Ok(url) => url,
        Err(why) => return ChannelOutcome::TryLater(why),
    };
    match asked(hook, Method::POST, &url, body).await {
        Ok(answer) => {
            let status = answer.status.as_u16();
            judged(status, &beginning(answer).await, title)
        }
        Err(why) => ChannelOutcome::TryLater(why),
    }
}

/// Calls the hook.
///
/// # Errors
/// Why nobody took the call.
pub(super) async fn call(hook: &Hook) -> Result<(), Objection> {
    let answer = asked(hook, Method::GET, &address(hook)?, String::new()).await?;
    let status = answer.status;
    if !status.is_success() {
        return Err(Objection::Answer(status.as_u16()));
    }
    // A page may be what such a service answers; that it did not count the call is said otherwise.
    match contradiction(&beginning(answer).await, None) {
        Some(Contradiction::Failed) => Err(Objection::SaysFailure(status.as_u16())),
        Some(Contradiction::Page) | None => Ok(()),
    }
}

/// Connects to the hook's server as a message would, by its proxy and with TLS. Nothing is posted, and the path is
/// left out: some receivers take any request to it for a call.
///
/// # Errors
/// Why the server cannot be reached.
pub(super) async fn reach(hook: &Hook) -> Result<(), Objection> {
    let mut url = address(hook)?;
    url.set_path("/");
    url.set_query(None);
    let answer = asked(hook, Method::HEAD, &url, String::new());
    answer.await.map(|_| ())
}

fn address(hook: &Hook) -> Result<Url, Objection> {
    Url::parse(hook.url.expose()).map_err(|_| Objection::NoUrl)
}

async fn asked(hook: &Hook, method: Method, url: &Url, body: String) -> Result<Reply, Objection> {
    let client = Outgoing::to(url, &hook.proxies, Resolver::of_any());
    let client = client.map_err(Objection::NoClient)?;
    let mut headers = HeaderMap::new();
    if method == Method::POST {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    match client.ask(method, url, headers, body, TIMEOUT).await {
        Ok(answer) => match client.answer_of_proxy(&Failure::Status(answer.status.as_u16())) {
            Some(failure) => Err(Objection::Failed(failure)),
            None => Ok(answer),
        },
        Err(Failure::TimedOut(limit)) => Err(Objection::NoAnswer(limit)),
        Err(failure) => {
            let failure = explained(&client, url, failure, TIMEOUT).await;
            Err(Objection::Failed(failure))
        }
    }
}

/// The beginning of an answer's body.
async fn beginning(mut answer: Reply) -> String {
    let (body, _) = answer.beginning(ANSWER_READ).await;
    String::from_utf8_lossy(&body).into_owned()
}

/// What an answer means. Some say 200, and that it failed in the body.
fn judged(status: u16, body: &str, title: &str) -> ChannelOutcome {
    let body = body.trim();
    if SLACK_NEVER.contains(&body) {
        return ChannelOutcome::RefusedForGood(Objection::AnswerSaid(status, body.to_owned()));
    }
    if SLACK_LATER.contains(&body) {
        return ChannelOutcome::TryLater(Objection::AnswerSaid(status, body.to_owned()));
    }
    if let Some((_, words)) = body.split_once(TEAMS_FAILED) {
        return failed_at_teams(words);
    }
    match status {
        200..=299 => match contradiction(body, Some(title)) {
            None => ChannelOutcome::SENT,
            Some(Contradiction::Failed) => ChannelOutcome::TryLater(Objection::SaysFailure(status)),
            Some(Contradiction::Page) => ChannelOutcome::TryLater(Objection::Page(status)),
        },
        400 | 413 | 422 => ChannelOutcome::RefusedForGood(Objection::Answer(status)),
        _ => ChannelOutcome::TryLater(Objection::Answer(status)),
    }
}

/// Teams' words, which name the status that a part of it answered to another.
fn failed_at_teams(words: &str) -> ChannelOutcome {
    let status = words.split_once("HTTP error ").and_then(|(_, rest)| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse::<u16>().ok()
    });
    match status {
        Some(status @ (400 | 413 | 422)) => {
            ChannelOutcome::RefusedForGood(Objection::Teams(Some(status)))
        }
        other => ChannelOutcome::TryLater(Objection::Teams(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> ChannelOutcome {
        super::judged(status, body, "a title")
    }

    #[test]
    fn a_failure_in_a_200_is_one() {
        let teams = |code: u16| {
            format!(
                "{TEAMS_FAILED}: Microsoft Teams endpoint returned HTTP error {code} with ContextId tcid=0"
            )
        };
        let later = |outcome| matches!(outcome, ChannelOutcome::TryLater(_));
        let never = |outcome| matches!(outcome, ChannelOutcome::RefusedForGood(_));
        for good in ["ok", "1", "", "{\"success\":true}", "{\"errors\":0}"] {
            assert_eq!(judged(200, good), ChannelOutcome::SENT, "{good}");
        }
        assert_eq!(judged(202, ""), ChannelOutcome::SENT);
        assert!(never(judged(200, &teams(413))));
        assert!(later(judged(200, &teams(429))));
        assert!(later(judged(200, TEAMS_FAILED)));
        assert!(never(judged(200, "invalid_payload\n")));
        assert!(later(judged(200, "channel_is_archived")));
        for failed in [
            "{\"ok\":false}",
            "{\"errors\":[\"no such channel\"]}",
            "{\"errcode\":40001}",
            "{\"status\":\"error\"}",
            "{\"code\":19001}",
        ] {
            let said = Objection::SaysFailure(200);
            assert_eq!(
                judged(200, failed),
                ChannelOutcome::TryLater(said),
                "{failed}"
            );
        }
        let page = judged(200, "<!doctype html><html><title>Login</title></html>");
        assert_eq!(page, ChannelOutcome::TryLater(Objection::Page(200)));
        assert!(never(judged(400, "Bad Request")));
        for status in [401, 403, 404, 410, 429, 500, 503, 301] {
            assert!(later(judged(status, "")), "{status}");
        }
    }

    #[test]
    fn an_answer_is_not_repeated() {
        let words = judged(404, "Cannot POST /hook/very-secret-path");
        assert_eq!(words, ChannelOutcome::TryLater(Objection::Answer(404)));
    }
}
