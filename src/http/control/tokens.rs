//! Tokens are issued, listed and revoked.

use hyper::StatusCode;
use serde::Deserialize;

use crate::http::Api;
use crate::http::api::revoked;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request;
use crate::http::wing::Call;
use crate::timestamp::Timestamp;
use crate::token::{LONGEST_DAYS, SUBJECT_CHARACTERS, Scope, TokenRecord, USUAL_DAYS};

const SUBJECT_ACCEPTED: &str = "must have 1 to 191 characters, and no control characters";

/// `POST /control/tokens`
///
/// # Errors
/// `InvalidParameter`, also when there is no key to sign with, or the store's.
pub(super) async fn issue(call: Call<'_>) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Wanted {
        subject: String,
        scope: String,
        days: Option<u32>,
    }
    let Call {
        api,
        request,
        actor,
        ..
    } = call;
    request::media(request.headers(), false)?;
    let wanted: Wanted = request::fields(&request::text(request, api.max_body_bytes).await?)?;
    if !is_subject(&wanted.subject) {
        return Err(ApiError::invalid("subject", SUBJECT_ACCEPTED));
    }
    let days = wanted.days.unwrap_or(USUAL_DAYS);
    if !(1..=LONGEST_DAYS).contains(&days) {
        let accepted = format!("must be a number from 1 to {LONGEST_DAYS}");
        return Err(ApiError::invalid("days", accepted));
    }
    let scopes = read_scopes(&wanted.scope)?;
    let now = api.clock.now();
    // A clock that is behind must not shorten its life.
    let begins = api.token_time().latest;
    let issued = api
        .keys
        .issue(&wanted.subject, &scopes, begins, days)
        .map_err(|_| {
            let reload = api.advice.commands.typed("reload");
            let advice = format!(
                "is not set, so no token can be signed; set it in secrets.env, then `{reload}`"
            );
            ApiError::invalid("RELAY_JWT_SECRET", advice)
        })?;
    let record = TokenRecord {
        jti: issued.jti.clone(),
        subject: Some(wanted.subject),
        scope: Some(wanted.scope),
        issued_at: Some(now),
        expires_at: Some(Timestamp::from_unix_ms(issued.exp * 1000)),
        revoked_at: None,
        key: Some(issued.key),
    };
    api.store.add_token(record.clone(), actor).await?;
    tracing::info!(jti = %record.jti, "a token was issued");
    let mut answer = token_answer(&record);
    answer["token"] = issued.token.into();
    success(StatusCode::CREATED, &answer, now)
}

/// `GET /control/tokens`
///
/// # Errors
/// The store's.
pub(super) async fn list(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let tokens = api.store.tokens().await?;
    let moment = api.clock.moment();
    // As tokens are judged.
    let earliest = api.store.earliest_time(moment);
    let items = tokens.iter().map(|token| {
        let mut item = token_answer(token);
        item["daysLeft"] = token.days_left(earliest).into();
        let key = token.key.as_deref();
        item["ofAnotherKey"] = key.is_some_and(|key| !api.keys.believes(key)).into();
        item
    });
    let items: Vec<_> = items.collect();
    let answer = serde_json::json!({"items": items});
    success(StatusCode::OK, &answer, moment.wall)
}

/// `POST /control/tokens/revoke`: one token by its `jti`, or all of a `subject`. One that was issued elsewhere is
/// revoked only when the request says so. `known` is false when there is none, and nothing was changed then; `ofSubject` is how
/// many tokens a subject has whose name was given for a `jti`, `spelled` the `jti` that was issued here in other letters.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn revoke(call: Call<'_>) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Wanted {
        jti: Option<String>,
        subject: Option<String>,
        #[serde(default)]
        issued_elsewhere: bool,
    }
    let Call {
        api,
        request,
        actor,
        ..
    } = call;
    request::media(request.headers(), false)?;
    let wanted: Wanted = request::fields(&request::text(request, api.max_body_bytes).await?)?;
    let now = api.clock.now();
    let answer = match (wanted.jti, wanted.subject) {
        (Some(jti), None) => {
            let tokens = api.store.tokens().await?;
            let mistaken = Mistaken::of(&jti, &tokens);
            if wanted.issued_elsewhere && mistaken.is_none() {
                if !is_subject(&jti) {
                    return Err(ApiError::invalid("jti", SUBJECT_ACCEPTED));
                }
                api.store.revoke_foreign_token(&jti, actor, now).await?;
                revoked_now(api, &jti);
                let foreign = serde_json::json!({"known": true, "jti": jti, "issuedHere": false, "revokedAt": now});
                return success(StatusCode::OK, &foreign, now);
            }
            let since = api.store.revoke_token(&jti, actor, now).await?;
            if since.is_some() {
                revoked_now(api, &jti);
            }
            serde_json::json!({
                "known": since.is_some(),
                "jti": jti,
                "issuedHere": since.is_some(),
                "revokedAt": since,
                "ofSubject": mistaken.of_subject,
                "spelled": mistaken.spelled,
            })
        }
        (None, Some(subject)) => {
            let jtis = api.store.revoke_tokens_of(&subject, actor, now).await?;
            for jti in jtis.iter().flatten() {
                revoked_now(api, jti);
            }
            serde_json::json!({"known": jtis.is_some(), "subject": subject, "revoked": jtis})
        }
        _ => return Err(ApiError::invalid("jti", "either this or subject is needed")),
    };
    success(StatusCode::OK, &answer, now)
}

/// What a text that was given for a token's id is perhaps instead.
#[derive(Default)]
struct Mistaken {
    /// How many tokens the subject of this name has.
    of_subject: usize,
    /// The id of a token that differs in small and capital letters alone.
    spelled: Option<String>,
}

impl Mistaken {
    /// Nothing when a token has this id.
    fn of(jti: &str, tokens: &[TokenRecord]) -> Self {
        if tokens.iter().any(|token| token.jti == jti) {
            return Self::default();
        }
        let of_it = |token: &&TokenRecord| token.subject.as_deref() == Some(jti);
        let alike = |token: &&TokenRecord| token.jti.eq_ignore_ascii_case(jti);
        Self {
            of_subject: tokens.iter().filter(of_it).count(),
            spelled: tokens.iter().find(alike).map(|token| token.jti.clone()),
        }
    }

    fn is_none(&self) -> bool {
        self.of_subject == 0 && self.spelled.is_none()
    }
}

/// The token is refused from now on.
fn revoked_now(api: &Api, jti: &str) {
    revoked::insert(&api.revoked, jti);
    tracing::info!(%jti, "a token was revoked");
}

/// Whether a text can name a token, or whose it is.
fn is_subject(text: &str) -> bool {
    (1..=SUBJECT_CHARACTERS).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.chars().any(char::is_control)
}

fn read_scopes(text: &str) -> Result<Vec<Scope>, ApiError> {
    let known = || Scope::ALL.map(Scope::as_str).join(", ");
    let scopes: Option<Vec<Scope>> = text.split_whitespace().map(Scope::from_word).collect();
    scopes
        .filter(|scopes| !scopes.is_empty())
        .ok_or_else(|| ApiError::invalid("scope", format!("must be one or more of {}", known())))
}

fn token_answer(token: &TokenRecord) -> serde_json::Value {
    serde_json::json!({
        "jti": token.jti,
        "subject": token.subject,
        "scope": token.scope,
        "issuedAt": token.issued_at,
        "expiresAt": token.expires_at,
        "revokedAt": token.revoked_at,
    })
}
