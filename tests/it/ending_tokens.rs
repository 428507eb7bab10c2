//! The admin is told before a token that was issued here ends: once at each step, whatever clock and daemon do.

use std::time::Duration;

use serde_json::Value;
use voicedrive_relay::testing::incident::State;
use voicedrive_relay::testing::language::{Language, Locale};
use voicedrive_relay::testing::notification::advice::AdviceContext;
use voicedrive_relay::testing::timestamp::Timestamp;
use voicedrive_relay::testing::token::TokenRecord;
use voicedrive_relay::testing::zone::Zone;

use crate::alerting::Night;
use crate::harness::{noon, somebody};

const DAY: Duration = Duration::from_hours(24);

async fn issue(night: &Night, jti: &str, days: u32) -> Timestamp {
    let now = night.bench.clock.now();
    let ends_at = now.after(DAY * days);
    let token = TokenRecord {
        jti: jti.to_owned(),
        subject: Some("山田 太郎".to_owned()),
        scope: Some("stats:read".to_owned()),
        issued_at: Some(now),
        expires_at: Some(ends_at),
        revoked_at: None,
        key: None,
    };
    night
        .bench
        .store
        .add_token(token, somebody())
        .await
        .unwrap();
    ends_at
}

/// Goes on to the moment that is `days` before `end`, and a few minutes further.
async fn until(night: &mut Night, end: Timestamp, days: u32) {
    let wait = end.before(DAY * days).since(night.bench.clock.now());
    night.bench.clock.advance(wait);
    for _ in 0..8 {
        night.minute().await;
    }
}

/// What was told about tokens: which, the state, and the days.
fn told(night: &Night) -> Vec<(String, String, u64)> {
    let messages = night.messages().into_iter();
    let about_tokens = messages.filter(|message| message["kind"] == "token_ending");
    about_tokens
        .map(|message| {
            let title = message["title"].as_str().unwrap();
            let is_named = |jti: &&str| title.contains(&format!("({jti})"));
            let jti = ["long", "short"].into_iter().find(is_named);
            (
                jti.unwrap().to_owned(),
                message["state"].as_str().unwrap().to_owned(),
                message["count"].as_u64().unwrap(),
            )
        })
        .collect()
}

fn message(jti: &str, state: &str, days: u64) -> (String, String, u64) {
    (jti.to_owned(), state.to_owned(), days)
}

#[tokio::test]
async fn each_step_is_told_once_over_restarts() {
    let mut night = Night::begin(Language::En, None).await;
    let end = issue(&night, "long", 365).await;
    until(&mut night, end, 31).await;
    assert_eq!(told(&night), []);
    until(&mut night, end, 30).await;
    night = Box::pin(night.restarted(Language::En)).await;
    // It ends at the same moment, and its first step has come when it is issued.
    night.bench.clock.advance(DAY * 10);
    let left = end.since(night.bench.clock.now());
    let days = u32::try_from(left.as_secs().div_ceil(DAY.as_secs())).unwrap();
    issue(&night, "short", days).await;
    night.minute().await;
    until(&mut night, end, 8).await;
    let first = message("long", "opened", 30);
    let short = message("short", "opened", u64::from(days));
    assert_eq!(told(&night), [first.clone(), short.clone()]);
    until(&mut night, end, 7).await;
    until(&mut night, end, 6).await;
    night = Box::pin(night.restarted(Language::En)).await;
    until(&mut night, end, 1).await;
    until(&mut night, end, 0).await;
    let mut all = told(&night);
    all.sort();
    assert_eq!(
        all,
        [
            message("long", "ongoing", 1),
            message("long", "ongoing", 7),
            first,
            message("long", "resolved", 1),
            message("short", "ongoing", 1),
            message("short", "ongoing", 7),
            short,
        ]
    );
    let last = night.messages().pop().unwrap();
    let text = last["text"].as_str().unwrap();
    assert!(
        text.contains("The token long (issued on 2025-10-26, stats:read) has ended"),
        "{text}"
    );
}

#[tokio::test]
async fn one_that_ends_within_days_is_told_a_minute_after_it_was_issued() {
    let mut night = Night::begin(Language::En, None).await;
    issue(&night, "long", 6).await;
    issue(&night, "short", 1).await;
    night.minute().await;
    let mut all = told(&night);
    all.sort();
    assert_eq!(
        all,
        [message("long", "opened", 6), message("short", "opened", 1)]
    );
}

#[tokio::test]
async fn one_that_was_revoked_is_not_told_and_no_end_of_it_is_told_as_a_recovery() {
    let mut night = Night::begin(Language::Ja, None).await;
    let end = issue(&night, "long", 60).await;
    issue(&night, "short", 60).await;
    let now = night.bench.clock.now();
    night
        .bench
        .store
        .revoke_token("short", somebody(), now)
        .await
        .unwrap();
    until(&mut night, end, 30).await;
    assert_eq!(told(&night), [message("long", "opened", 30)]);
    let now = night.bench.clock.now();
    night
        .bench
        .store
        .revoke_token("long", somebody(), now)
        .await
        .unwrap();
    until(&mut night, end, 29).await;
    assert_eq!(
        told(&night),
        [
            message("long", "opened", 30),
            message("long", "resolved", 30)
        ]
    );
    let messages = night.messages().into_iter();
    let messages: Vec<Value> = messages.filter(|m| m["kind"] == "token_ending").collect();
    let of = |message: &Value, key: &str| message[key].as_str().unwrap().to_owned();
    let [opened, over] = &messages[..] else {
        panic!("{messages:#?}")
    };
    assert_eq!(
        of(opened, "title"),
        "[clinic] voicedrive-relay: 接続の許可の期限 (long) – 発生"
    );
    assert_eq!(
        opened["actions"],
        serde_json::json!(["voicedrive-relay token list"])
    );
    let which = "接続の許可 (トークン long、2025/10/26 発行、stats:read)";
    let ends = format!("{which} の期限まで 30 日です。");
    assert!(of(opened, "text").contains(&ends), "{opened:#}");
    // Whose it is may be a person's name.
    assert!(!messages.iter().any(|m| m.to_string().contains("山田")));
    assert!(of(over, "title").ends_with("終了"), "{over:#}");
    let revoked = format!("{which} は失効しました。");
    assert!(of(over, "text").contains(&revoked), "{over:#}");
}

#[tokio::test]
async fn a_clock_that_is_set_neither_hurries_a_step_for_long_nor_repeats_one() {
    let mut night = Night::begin(Language::En, None).await;
    let end = issue(&night, "long", 40).await;
    // Far ahead: the clock is doubted, and no token is called ended.
    night.bench.clock.set(noon().after(DAY * 400));
    for _ in 0..20 {
        night.minute().await;
    }
    night.bench.clock.set(noon().after(Duration::from_mins(20)));
    night.minute().await;
    assert_eq!(told(&night), []);
    // A few days ahead: told early, and not again when it is time.
    until(&mut night, end, 33).await;
    night
        .bench
        .clock
        .set(night.bench.clock.now().after(DAY * 4));
    night.minute().await;
    night
        .bench
        .clock
        .set(night.bench.clock.now().before(DAY * 4));
    let opened = message("long", "opened", 29);
    until(&mut night, end, 32).await;
    assert_eq!(told(&night), std::slice::from_ref(&opened));
    // A year ahead while it is told: it is not called over.
    night.bench.clock.set(noon().after(DAY * 400));
    for _ in 0..20 {
        night.minute().await;
    }
    night.bench.clock.set(end.before(DAY * 30));
    until(&mut night, end, 8).await;
    assert_eq!(told(&night), std::slice::from_ref(&opened));
    until(&mut night, end, 7).await;
    assert_eq!(told(&night), [opened, message("long", "ongoing", 7)]);
}

#[tokio::test]
async fn what_was_told_of_a_token_stands_in_the_status_until_it_is_over() {
    let mut night = Night::begin(Language::Ja, None).await;
    let end = issue(&night, "long", 365).await;
    until(&mut night, end, 12).await;
    let moment = night.bench.clock.moment();
    let seen = night.bench.store.overview(moment).await.unwrap();
    let locale = Locale {
        language: Language::Ja,
        timezone: Zone::TOKYO,
    };
    let lines: Vec<String> = seen
        .incidents
        .iter()
        .map(|i| {
            let words = locale.message(State::Ongoing, &i.report, &AdviceContext::default());
            words.text
        })
        .collect();
    let of_token = lines
        .iter()
        .find(|text| text.starts_with("接続の許可 (トークン long、"));
    let first = of_token.unwrap().lines().next();
    let issued = "2025/10/26 発行、stats:read";
    let words = format!("接続の許可 (トークン long、{issued}) の期限まで 12 日です。");
    assert_eq!(first, Some(words.as_str()));
    // For whom it was issued may be a person's name.
    assert!(!of_token.unwrap().contains("山田"));
}
