//! VoiceDrive is away and comes back: it is told once when it begins and once when it is over, with what still needs
//! a person.

use std::time::Duration;

use serde_json::Value;
use voicedrive_relay::testing::dismissal::EventDismissal;
use voicedrive_relay::testing::event::{NewEvent, Status};
use voicedrive_relay::testing::event_record::EventFilter;
use voicedrive_relay::testing::language::Language;
use voicedrive_relay::testing::submission::Submission;

use crate::alerting::Night;
use crate::harness::{Bench, somebody, status};

/// Events that the clinic hands in each minute; in two hours they are five hundred.
const A_MINUTE: usize = 4;
const OUTAGE_MINUTES: usize = 125;

/// A clinic of which all is well for an hour.
async fn an_ordinary_hour(automatic_recovery: bool) -> Night {
    let bench = Bench::new(&[60, 300, 1800], Duration::from_secs(5)).await;
    let mut night = Night::of(bench, automatic_recovery).await;
    minutes(&mut night, 60, A_MINUTE).await;
    assert_eq!(told(&night), Vec::<(String, String)>::new());
    night
}

/// So many minutes, in each of which so many events come in.
async fn minutes(night: &mut Night, minutes: usize, events: usize) {
    for _ in 0..minutes {
        let events = vec![about_nobody(); events];
        let moment = night.bench.clock.moment();
        night
            .bench
            .store
            .accept_events(events, moment)
            .await
            .unwrap();
        night.bench.dispatcher.step().await;
        night.minute().await;
    }
}

/// An event that waits for no other one.
fn about_nobody() -> Submission {
    Submission {
        event: NewEvent {
            event_type: "employee.updated".to_owned(),
            data: "{}".into(),
            staff_id: None,
            event_timestamp: None,
        },
        route: "default".to_owned(),
        memory: None,
        idempotency: None,
    }
}

fn told(night: &Night) -> Vec<(String, String)> {
    let word = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
    let messages = night.messages();
    let told = messages.iter();
    told.map(|message| (word(message, "kind"), word(message, "state")))
        .collect()
}

fn expected(messages: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(kind, state): &(&str, &str)| ((*kind).to_owned(), (*state).to_owned());
    messages.iter().map(owned).collect()
}

async fn exhausted(night: &Night) -> Vec<String> {
    let filter = EventFilter {
        status: Some(Status::Exhausted),
        ..EventFilter::default()
    };
    let moment = night.bench.clock.moment();
    let page = night.bench.store.events(filter, None, 1000, moment);
    let items = page.await.unwrap().items.into_iter();
    items.map(|event| event.id).collect()
}

fn last_text(night: &Night) -> String {
    let last = night.messages().pop().unwrap();
    last["text"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_outage_of_two_hours_is_one_message_when_it_begins_and_one_when_it_is_over() {
    let mut night = Box::pin(an_ordinary_hour(true)).await;
    night.bench.partner.always_answers(Some(status(503)));
    minutes(&mut night, 40, A_MINUTE).await;
    night = Box::pin(night.restarted(Language::Ja)).await.reloaded();
    minutes(&mut night, OUTAGE_MINUTES - 40, A_MINUTE).await;
    let began = ("partner_away", "opened");
    assert_eq!(told(&night), expected(&[began]));
    let text = last_text(&night);
    assert!(text.contains("fails (HTTP 503)"), "{text}");
    night.bench.partner.always_answers(None);
    minutes(&mut night, 1, A_MINUTE).await;
    let over = ("partner_away", "resolved");
    assert_eq!(told(&night), expected(&[began, over]));
    let left = exhausted(&night).await;
    assert!(left.len() > 300, "only {} were exhausted", left.len());
    let title = |message: usize| {
        let title = &night.messages()[message]["title"];
        title.as_str().unwrap().to_owned()
    };
    assert_eq!(
        [title(0), title(1)],
        [
            "[clinic] voicedrive-relay: an outage on the way to VoiceDrive began",
            "[clinic] voicedrive-relay: VoiceDrive への送信が回復しました"
        ]
    );
    let text = last_text(&night);
    let resend = "voicedrive-relay resend --status exhausted --route 'default'";
    let person = format!(
        "まだ対応が必要なイベント: {} 件 → sudo {resend}",
        left.len()
    );
    assert!(text.contains(&person), "{text}");
    assert_eq!(night.messages()[1]["actions"][0], resend);
    // They are sent again within minutes, as a recovery does, while the clinic goes on.
    for id in &left {
        night.bench.resend(id).await;
    }
    minutes(&mut night, 120, A_MINUTE).await;
    assert_eq!(told(&night), expected(&[began, over]));
    assert_eq!(exhausted(&night).await, Vec::<String>::new());
}

#[tokio::test]
async fn what_nobody_sends_again_after_an_outage_is_told_and_what_is_dismissed_is_not() {
    let mut night = Box::pin(an_ordinary_hour(false)).await;
    night.bench.partner.always_answers(Some(status(503)));
    minutes(&mut night, 100, A_MINUTE).await;
    let away = |state| ("partner_away", state);
    let outage = [away("opened"), away("ongoing"), away("ongoing")];
    assert_eq!(told(&night), expected(&outage));
    let moment = night.bench.clock.moment();
    for id in exhausted(&night).await.iter().take(100) {
        let done = night
            .bench
            .store
            .dismiss_event(id, somebody(), None, moment)
            .await
            .unwrap();
        assert_eq!(done, EventDismissal::Done);
    }
    night.bench.partner.always_answers(None);
    minutes(&mut night, 14, A_MINUTE).await;
    let outage = [&outage[..], &[away("resolved")]].concat();
    assert_eq!(told(&night), expected(&outage));
    let left = exhausted(&night).await.len();
    let text = last_text(&night);
    let person = format!("Events that still need a person: {left} → sudo voicedrive-relay resend");
    assert!(text.contains(&person), "{text}");
    let title = night.messages()[3]["title"].as_str().unwrap().to_owned();
    assert_eq!(title, "[clinic] voicedrive-relay: VoiceDrive is back");
    minutes(&mut night, 3, A_MINUTE).await;
    let by_itself = ("deliveries_exhausted", "opened");
    assert_eq!(
        told(&night),
        expected(&[&outage[..], &[by_itself]].concat())
    );
    let last = night.messages().pop().unwrap();
    let waits = format!("not settled yet: {left}");
    assert!(last["text"].as_str().unwrap().contains(&waits), "{last}");
    let id = last["incidentId"].as_str().unwrap();
    let moment = night.bench.clock.moment();
    night
        .bench
        .store
        .dismiss_incident(id, somebody(), None, moment)
        .await
        .unwrap();
    minutes(&mut night, 60, A_MINUTE).await;
    let over = [by_itself, ("deliveries_exhausted", "resolved")];
    assert_eq!(told(&night), expected(&[&outage[..], &over].concat()));
    let text = last_text(&night);
    assert!(!text.contains("still need a person"), "{text}");
}

#[tokio::test]
async fn a_short_trouble_is_told_as_before() {
    let mut night = Box::pin(an_ordinary_hour(false)).await;
    night.bench.partner.always_answers(Some(status(503)));
    minutes(&mut night, 5, A_MINUTE).await;
    assert_eq!(told(&night), expected(&[]));
    // It was no outage, so what failed in it counts.
    night.bench.partner.always_answers(None);
    minutes(&mut night, 1, A_MINUTE).await;
    assert_eq!(told(&night), expected(&[("success_rate_low", "opened")]));
}
