//! After an outage: what waited for VoiceDrive goes out in order, at its pace, as soon as VoiceDrive is back.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;
use voicedrive_relay::testing::command_line::CommandLine;
use voicedrive_relay::testing::delivery::Context;
use voicedrive_relay::testing::delivery::dispatcher::Dispatcher;
use voicedrive_relay::testing::delivery::handoff::mailbox;
use voicedrive_relay::testing::delivery::recovery::{Recoverer, RecoveryRules};
use voicedrive_relay::testing::delivery::route::Route;
use voicedrive_relay::testing::event::{NewEvent, Status};
use voicedrive_relay::testing::observations::Observations;
use voicedrive_relay::testing::recovery::ProbeResult;
use voicedrive_relay::testing::route::Routing;
use voicedrive_relay::testing::submission::Submission;
use voicedrive_relay::testing::under_way::UnderWay;

use crate::alerting::Night;
use crate::commands::Daemon;
use crate::harness::{Bench, Clock, Partner, TestRelay, somebody, status};

const MINUTE: Duration = Duration::from_mins(1);

impl Bench {
    /// One attempt at a time, so that what is sent in order arrives in order.
    fn one_at_a_time(mut self) -> Self {
        let route = Route {
            concurrency: 1,
            ..self.route.clone()
        };
        let context = Context {
            store: self.store.clone(),
            clock: self.clock.clone(),
            rules: self.rules.subscribe(),
            observations: Observations::default(),
            under_way: UnderWay::default(),
            commands: CommandLine::default(),
        };
        let (way, inbox) = mailbox();
        self.handoff.install(&route.name, way);
        self.dispatcher = Dispatcher::new(route, context, inbox).unwrap();
        self
    }

    /// What goes on with a recovery, with so many deliveries in a second.
    fn recoverer(&self, automatic: bool, pace: u32) -> Recoverer {
        self.rules
            .send_modify(|rules| rules.automatic_recovery = automatic);
        let rules = RecoveryRules {
            paces: BTreeMap::from([("default".to_owned(), pace)]),
            routing: Routing::default(),
        };
        let (store, clock) = (self.store.clone(), self.clock.clone());
        Recoverer::new(
            store,
            clock,
            rules,
            self.rules.subscribe(),
            self.handoff.clone(),
        )
    }

    /// Keeps events about nobody, and answers their ids.
    async fn accept_about_nobody(&self, events: usize) -> Vec<String> {
        self.accept_about(vec![None; events]).await
    }

    /// Keeps an event about each of these persons, and answers their ids.
    async fn accept_about(&self, persons: Vec<Option<String>>) -> Vec<String> {
        let submission = |staff_id| Submission {
            event: NewEvent {
                event_type: "a.b".to_owned(),
                data: "{}".into(),
                staff_id,
                event_timestamp: None,
            },
            route: "default".to_owned(),
            idempotency: None,
            memory: None,
        };
        let submissions = persons.into_iter().map(submission).collect();
        let accepted = self.store.accept_events(submissions, self.clock.moment());
        accepted
            .await
            .unwrap()
            .into_iter()
            .map(|one| one.id)
            .collect()
    }

    async fn probe(&self) -> ProbeResult {
        let policy = self.rules.borrow().policy.clone();
        let (routing, moment) = (Routing::default(), self.clock.moment());
        let probed = self
            .store
            .probe_route("default", Some(somebody()), policy, routing, moment);
        probed.await.unwrap()
    }

    async fn exhausted(&self) -> u64 {
        let left = self.store.left_behind("default").await.unwrap();
        left.map_or(0, |left| left.exhausted)
    }

    /// How many are sent in each of the next seconds, one after another.
    async fn in_each_second(&mut self, recoverer: &mut Recoverer, seconds: usize) -> Vec<usize> {
        let mut sent = vec![0; seconds];
        let mut passed = Duration::ZERO;
        while let Some(in_this) = sent.get_mut(usize::try_from(passed.as_secs()).unwrap()) {
            let wait = recoverer.step().await;
            let at_once = self.dispatcher.step().await;
            assert!(at_once <= 1, "{at_once} at once");
            *in_this += at_once;
            self.clock.advance(wait);
            passed += wait;
        }
        sent
    }

    /// The ids of what arrived since so many had.
    fn arrived_since(&self, before: usize) -> Vec<String> {
        let received = self.partner.received();
        let ids = received.iter().skip(before);
        ids.map(|one| one.header("x-request-id").to_owned())
            .collect()
    }
}

#[tokio::test]
async fn after_an_outage_of_two_hours_everything_arrives_in_order_by_itself() {
    let bench = Bench::new(&[60, 300, 1800], Duration::from_secs(5)).await;
    let mut night = Night::of(bench.one_at_a_time(), true).await;
    let mut recoverer = night.bench.recoverer(true, 20);
    night.bench.partner.always_answers(Some(status(503)));
    let mut wanted = Vec::new();
    for minute in 0..120 {
        if minute < 50 {
            wanted.extend(night.bench.accept_about_nobody(10).await);
        }
        night.bench.dispatcher.step().await;
        recoverer.step().await;
        night.minute().await;
    }
    assert_eq!(night.bench.exhausted().await, 500);
    night.bench.partner.always_answers(None);
    let before = night.bench.partner.received().len();
    // The next probe is due an hour after the last exhaustion.
    let mut passed = Duration::ZERO;
    while night.bench.partner.received().len() == before {
        night.minute().await;
        passed += MINUTE;
        recoverer.step().await;
        night.bench.dispatcher.step().await;
    }
    assert!(passed <= Duration::from_mins(30), "{passed:?}");
    let sent = night.bench.in_each_second(&mut recoverer, 60).await;
    assert!(sent.iter().all(|sent| *sent <= 20), "{sent:?}");
    assert_eq!(sent.iter().sum::<usize>(), 499, "but for the probe");
    assert_eq!(night.bench.arrived_since(before), wanted);
    assert_eq!(night.bench.exhausted().await, 0);
    recoverer.step().await;
    let left = night.bench.store.recoveries(night.bench.clock.moment());
    assert_eq!(left.await.unwrap(), []);
    for _ in 0..60 {
        night.minute().await;
    }
    let messages = night.messages();
    let told = messages.iter().map(|told| (&told["kind"], &told["state"]));
    let away = json!("partner_away");
    assert_eq!(
        told.collect::<Vec<_>>(),
        [(&away, &json!("opened")), (&away, &json!("resolved"))]
    );
}

/// 500 events about 120 persons, of which many are exhausted, others wait for a retry, and others behind those. VoiceDrive
/// is back after so many minutes, which a retry finds out before any probe does.
#[tokio::test]
async fn after_an_outage_no_person_gets_newer_data_before_older() {
    for minutes in [113, 120] {
        let bench = Bench::new(&[60, 300, 1800], Duration::from_secs(5)).await;
        let mut night = Night::of(bench.one_at_a_time(), true).await;
        let mut recoverer = night.bench.recoverer(true, 20);
        night.bench.partner.always_answers(Some(status(503)));
        let mut accepted: Vec<(String, usize)> = Vec::new();
        for minute in 0..minutes {
            if minute < 50 {
                let persons: Vec<usize> = (0..10).map(|n| (minute * 10 + n) * 7 % 120).collect();
                let staff_ids = persons.iter().map(|person| Some(format!("EMP-{person}")));
                let ids = night.bench.accept_about(staff_ids.collect()).await;
                accepted.extend(ids.into_iter().zip(persons));
            }
            night.bench.dispatcher.step().await;
            recoverer.step().await;
            night.minute().await;
        }
        assert!(
            night.bench.exhausted().await > 100,
            "the oldest of most persons"
        );
        night.bench.partner.always_answers(None);
        let before = night.bench.partner.received().len();
        while night.bench.partner.received().len() == before {
            night.minute().await;
            recoverer.step().await;
            night.bench.dispatcher.step().await;
        }
        let returned = night.bench.clock.moment().monotonic;
        let all_delivered = async |bench: &Bench| {
            let queue = bench.store.overview(bench.clock.moment()).await.unwrap();
            queue.events.delivered == 500
        };
        while !all_delivered(&night.bench).await {
            let wait = recoverer.step().await;
            night.bench.dispatcher.step().await;
            night.bench.clock.advance(wait);
            let passed = night.bench.clock.moment().monotonic - returned;
            assert!(passed <= MINUTE, "not within a minute of the return");
        }
        // The very first one is what shows that VoiceDrive is back, and may be newer than what its person lacks.
        let place = |id: &String| accepted.iter().position(|one| one.0 == *id).unwrap();
        let arrived: Vec<usize> = night
            .bench
            .arrived_since(before)
            .iter()
            .map(place)
            .collect();
        for (at, event) in arrived.iter().enumerate().skip(1) {
            let older = (0..*event).filter(|older| accepted[*older].1 == accepted[*event].1);
            for older in older {
                assert!(arrived[..at].contains(&older), "{event} overtakes {older}");
            }
        }
        let is_last = |event: &usize| {
            let person = accepted[*event].1;
            accepted[event + 1..].iter().all(|later| later.1 != person)
        };
        for last in (0..500).filter(is_last) {
            let of_person = |event: &&usize| accepted[**event].1 == accepted[last].1;
            assert_eq!(arrived.iter().rfind(of_person), Some(&last));
        }
        for _ in 0..60 {
            night.minute().await;
        }
        let messages = night.messages();
        let told = messages.iter().map(|told| (&told["kind"], &told["state"]));
        let away = json!("partner_away");
        assert_eq!(
            told.collect::<Vec<_>>(),
            [(&away, &json!("opened")), (&away, &json!("resolved"))],
            "{minutes}: {messages:#?}"
        );
    }
}

#[tokio::test]
async fn without_automatic_recovery_what_is_exhausted_waits_for_a_person() {
    let mut bench = Bench::new(&[60], Duration::from_secs(5))
        .await
        .one_at_a_time();
    let mut recoverer = bench.recoverer(false, 20);
    bench.partner.always_answers(Some(status(503)));
    let wanted = bench.accept_about_nobody(5).await;
    for _ in 0..200 {
        bench.dispatcher.step().await;
        recoverer.step().await;
        bench.clock.advance(MINUTE);
    }
    assert_eq!(bench.partner.received().len(), 10);
    bench.partner.always_answers(None);
    assert_eq!(bench.accept_about_nobody(1).await.len(), 1);
    assert_eq!(bench.dispatcher.step().await, 1);
    recoverer.step().await;
    assert_eq!(bench.dispatcher.step().await, 0);
    assert_eq!(bench.probe().await, ProbeResult::Begun);
    assert_eq!(bench.dispatcher.step().await, 1);
    assert_eq!(bench.in_each_second(&mut recoverer, 1).await, [4]);
    assert_eq!(bench.arrived_since(11), wanted);
}

#[tokio::test]
async fn retries_that_wait_do_not_wait_any_longer_when_it_is_back() {
    let mut bench = Bench::new(&[7200], Duration::from_secs(5))
        .await
        .one_at_a_time();
    let mut recoverer = bench.recoverer(false, 2);
    bench.partner.always_answers(Some(status(503)));
    let wanted = bench.accept_about_nobody(5).await;
    assert_eq!(bench.dispatcher.step().await, 5);
    bench.clock.advance(MINUTE * 11);
    recoverer.step().await;
    assert_eq!(bench.dispatcher.step().await, 0, "it is still away");
    bench.partner.always_answers(None);
    bench.accept_about_nobody(1).await;
    assert_eq!(bench.dispatcher.step().await, 1);
    let sent = bench.in_each_second(&mut recoverer, 4).await;
    assert_eq!(sent, [2, 2, 1, 0]);
    assert_eq!(bench.arrived_since(6), wanted);
}

/// The probe stands in the database before it is made, and what follows with how far it has come.
#[tokio::test]
async fn a_kill_at_any_moment_leaves_nothing_half_done() {
    let mut bench = Bench::new(&[60], Duration::from_secs(5))
        .await
        .one_at_a_time();
    bench.partner.always_answers(Some(status(503)));
    let wanted = bench.accept_about_nobody(6).await;
    assert_eq!(bench.dispatcher.step().await, 6);
    bench.clock.advance(MINUTE);
    assert_eq!(bench.dispatcher.step().await, 6);
    assert_eq!(bench.exhausted().await, 6);
    bench.partner.always_answers(None);
    assert_eq!(bench.probe().await, ProbeResult::Begun);
    let mut bench = bench.crashed().one_at_a_time();
    assert_eq!(bench.probe().await, ProbeResult::UnderWay);
    assert_eq!(
        bench.dispatcher.step().await,
        1,
        "the probe, and nothing else"
    );
    let bench = bench.crashed().one_at_a_time();
    let mut recoverer = bench.recoverer(false, 2);
    recoverer.step().await;
    // What it has opened is due after the next crash.
    let mut bench = bench.crashed().one_at_a_time();
    let mut recoverer = bench.recoverer(false, 2);
    assert_eq!(bench.dispatcher.step().await, 1);
    let sent = bench.in_each_second(&mut recoverer, 3).await;
    assert_eq!(sent, [2, 2, 0]);
    assert_eq!(bench.arrived_since(12), wanted);
    assert_eq!(bench.exhausted().await, 0);
}

#[tokio::test]
async fn a_person_recovers_and_a_poisoned_event_is_left_aside() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(503)));
    let more = "concurrency = 1\nmax_per_second = 100\n[retry]\nintervals_seconds = [1]";
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let run = async |arguments: &[&str]| {
        let output = daemon.run(arguments).await;
        let [out, err] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b));
        (output.status.code().unwrap(), format!("{out}{err}"))
    };
    let (code, told) = run(&["recover"]).await;
    assert_eq!((code, told.as_str()), (0, "nothing is left of an outage\n"));
    for staff in ["EMP-1", "EMP-2", "EMP-3"] {
        let (code, told) = run(&["send", "a.b", "--staff-id", staff, "--wait"]).await;
        assert_eq!(code, 1, "{told}");
    }
    assert_eq!(partner.received().len(), 6);
    let counted = daemon.json(&["recover", "--dry-run"]).await;
    assert_eq!(counted["routes"][0]["exhausted"], 3);
    let oldest = partner.received()[0].header("x-request-id").to_owned();
    assert_eq!(counted["routes"][0]["probe"], oldest);
    let (code, told) = run(&["recover"]).await;
    assert_eq!(code, 1, "{told}");
    assert!(
        told.contains("nothing else was sent") && told.contains("HTTP 503"),
        "{told}"
    );
    assert_eq!(partner.received().len(), 7, "a probe is one attempt");
    partner.always_answers(None);
    partner.will_answer([status(422)]);
    let (code, told) = run(&["recover", "--route", "default"]).await;
    assert_eq!(code, 0, "{told}");
    assert!(
        told.contains("VoiceDrive is back; the other 2 events"),
        "{told}"
    );
    let received = partner.wait_until(|all| all.len() == 10).await;
    let ids: Vec<_> = received[7..]
        .iter()
        .map(|one| one.header("x-request-id"))
        .collect();
    assert_eq!(
        ids,
        [
            &oldest,
            received[2].header("x-request-id"),
            received[4].header("x-request-id")
        ]
    );
    let left = daemon.json(&["resend", "--dry-run"]).await;
    assert_eq!(left["matched"], 1, "the poisoned one waits for a person");
    assert_eq!(run(&["recover"]).await.0, 0);
    let audit = daemon.json(&["audit"]).await;
    let kept = audit["items"].as_array().unwrap().iter();
    let kept = kept.map(|one| (&one["action"], &one["subject"], &one["count"]));
    let (recover, default) = (json!("recover"), json!("default"));
    let three = json!(3);
    assert_eq!(
        kept.collect::<Vec<_>>(),
        [(&recover, &default, &three), (&recover, &default, &three)]
    );
    let (code, told) = run(&["recover", "--route", "nobody"]).await;
    assert_eq!(code, 1);
    assert!(told.contains("No route has this name"), "{told}");
    daemon.stop().await;
}

#[tokio::test]
async fn what_cannot_be_recovered_now_is_refused() {
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(503)));
    let more = "[retry]\nintervals_seconds = [1]";
    let mut relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let recover = async |relay: &TestRelay, body: &str| {
        let answer = relay.post("/api/recovery", body.to_owned()).await;
        (
            answer.status,
            answer.error().1.to_owned(),
            answer.body["data"]["routes"].clone(),
        )
    };
    let nothing = recover(&relay, "{}").await;
    assert_eq!((nothing.0, nothing.2), (202, json!([])));
    let id = relay.accept("a.b").await;
    relay.wait_for_status(&id, Status::Exhausted.as_str()).await;
    assert_eq!(
        recover(&relay, r#"{"dryRun": true}"#).await.2[0]["exhausted"],
        1
    );
    assert_eq!(recover(&relay, r#"{"route": "nobody"}"#).await.0, 404);
    assert_eq!(recover(&relay, r#"{"routes": 1}"#).await.0, 400);
    let told = async |relay: &TestRelay| relay.get("/api/incidents").await.body.to_string();
    assert!(!told(&relay).await.contains("Recovery is automatic"));
    let automatic = format!("{more}\n[recovery]\nautomatic = true");
    relay.reload(&partner.url(), &automatic).await;
    assert!(told(&relay).await.contains("Recovery is automatic"));
    relay.reload(&partner.url(), more).await;
    relay.hold_all().await;
    for body in ["{}", r#"{"route": "default"}"#] {
        let (status, why, _) = recover(&relay, body).await;
        assert_eq!(status, 409);
        assert!(why.contains("on hold"), "{why}");
    }
    relay.end_hold("*").await;
    // Nobody sends on it.
    relay.reload("", more).await;
    let (status, why, _) = recover(&relay, "{}").await;
    assert_eq!(status, 409);
    assert!(why.contains("has no URL"), "{why}");
    relay.stop().await;
}
