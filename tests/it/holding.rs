//! A route that a person pauses: nothing of it is sent, nothing is spent, and afterwards everything goes in order.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::alerts::{AlertConfig, Evaluator, Sources};
use voicedrive_relay::testing::event::Status;
use voicedrive_relay::testing::hold::{EVERY_ROUTE, NewHold};
use voicedrive_relay::testing::incident::Thresholds;
use voicedrive_relay::testing::observations::Observations;
use voicedrive_relay::testing::token::Scope;
use voicedrive_relay::testing::upkeep::backup::BackupFile;

use crate::commands::{Daemon, program};
use crate::harness::{ApiAnswer, Bench, Clock, Partner, TestRelay, noon, somebody, status, token};

const HOUR: Duration = Duration::from_hours(1);

impl Bench {
    async fn hold(&self, lasts: Duration) {
        let hold = NewHold {
            route: EVERY_ROUTE.to_owned(),
            lasts: Some(lasts),
            reason: "maintenance".to_owned(),
            by: somebody(),
        };
        self.store.hold(hold, self.clock.moment()).await.unwrap();
    }
}

impl TestRelay {
    async fn send(&self, method: Method, path: &str, body: &Value) -> ApiAnswer {
        let token = format!("Bearer {}", token(&[Scope::Admin], self.clock.now()));
        let headers = [
            ("authorization", token.as_str()),
            ("content-type", "application/json"),
        ];
        self.call(method, path, &headers, body.to_string()).await
    }

    async fn hold(&self, route: &str, lasts: Duration) -> u16 {
        let until = self.clock.now().after(lasts);
        let wanted = json!({"until": until, "reason": "maintenance"});
        let path = format!("/api/holds/{route}");
        self.send(Method::PUT, &path, &wanted).await.status
    }

    /// Pauses every route.
    pub async fn hold_all(&self) {
        assert_eq!(self.hold("*", HOUR).await, 201);
    }

    pub async fn end_hold(&self, route: &str) -> u16 {
        let path = format!("/api/holds/{route}");
        self.send(Method::DELETE, &path, &Value::Null).await.status
    }

    /// Hands in so many events of one name, and answers their ids in the order of acceptance.
    async fn accept_many(&self, event: &str, events: usize) -> Vec<String> {
        let event = |n| json!({"event": event, "data": {"n": n}});
        let events: Vec<_> = (0..events).map(event).collect();
        let answer = self
            .post("/api/events/batch", json!(events).to_string())
            .await;
        assert_eq!(answer.status, 202);
        let accepted = answer.data()["events"].as_array().unwrap().iter();
        accepted
            .map(|e| e["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn ids(partner: &Partner) -> Vec<String> {
    let received = partner.received();
    let ids = received.iter().map(|one| one.header("x-request-id"));
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn a_hold_outlives_a_restart_and_a_step_of_the_clock_and_spends_nothing() {
    let mut bench = Bench::new(&[60, 60], Duration::from_secs(5)).await;
    bench.partner.will_answer([status(503)]);
    let failed = bench.accept("a.b").await;
    assert_eq!(bench.dispatcher.step().await, 1);
    let due = async |bench: &Bench| {
        let event = bench.store.event(&failed, bench.clock.moment()).await;
        event.unwrap().unwrap().summary
    };
    let before = due(&bench).await;
    bench.hold(HOUR).await;
    for _ in 0..20 {
        bench.accept("a.b").await;
    }
    bench.clock.advance(Duration::from_mins(10));
    assert_eq!(bench.dispatcher.step().await, 0, "a retry is due, and held");
    assert_eq!(due(&bench).await, before, "its moment stays");
    let day = Duration::from_hours(24);
    for wall in [bench.clock.now().after(day), noon().before(day)] {
        bench.clock.set(wall);
        assert_eq!(bench.dispatcher.step().await, 0, "by {wall}");
    }
    bench.store.clone().close(bench.clock.moment()).await;
    let mut bench = bench.restarted();
    bench.accept("a.b").await;
    bench
        .clock
        .advance(Duration::from_mins(50) - Duration::from_millis(1));
    assert_eq!(bench.dispatcher.step().await, 0);
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(bench.dispatcher.step().await, 22);
    let after = due(&bench).await;
    assert_eq!((after.status, after.retry_count), (Status::Delivered, 1));
    assert_eq!(bench.partner.received().len(), 23);
}

#[tokio::test]
async fn what_is_on_hold_is_not_late_and_no_failure() {
    let mut bench = Bench::new(&[3600, 60], Duration::from_secs(5)).await;
    bench.partner.always_answers(Some(status(503)));
    for _ in 0..60 {
        bench.accept("a.b").await;
    }
    let evaluated = async |bench: &Bench| {
        let backup = BackupFile::new(bench.store.clone(), bench.clock.clone(), bench.directory());
        let sources = Sources {
            store: bench.store.clone(),
            clock: bench.clock.clone(),
            observations: Observations::default(),
            backup,
            liveness: Vec::new(),
            routes: Vec::new(),
            pair: None,
        };
        let rules = AlertConfig {
            thresholds: Thresholds::default(),
            digests: vec![HOUR],
            automatic_recovery: false,
            retention_days: 90,
            heartbeat: None,
        };
        Evaluator::new(sources, rules).step().await;
        let moment = bench.clock.moment();
        let open = bench.store.incidents(Some(true), None, 9, moment).await;
        let open = open.unwrap().0.into_iter();
        let kinds = open.map(|one| one.report.kind.as_str());
        kinds.filter(|kind| *kind != "disk_low").collect::<Vec<_>>()
    };
    bench.hold(HOUR * 2).await;
    bench.clock.advance(HOUR);
    assert_eq!(evaluated(&bench).await, ["on_hold"], "60 wait");
    bench.clock.advance(HOUR);
    bench
        .store
        .tell_of_ended_holds(bench.clock.moment())
        .await
        .unwrap();
    let vitals = async |bench: &Bench| {
        let vitals = bench
            .store
            .vitals(Vec::new(), bench.clock.moment())
            .await
            .unwrap();
        let routes = vitals.routes.into_iter();
        routes
            .map(|route| (route.sends, route.waiting, route.overdue))
            .collect::<Vec<_>>()
    };
    assert_eq!(vitals(&bench).await, [((0, 0), 60, Duration::ZERO)]);
    let minutes = Duration::from_mins(6);
    bench.clock.advance(minutes);
    let late = [((0, 0), 60, minutes)];
    assert_eq!(vitals(&bench).await, late, "since the end of the hold");
    // They fail, and then the route is on hold: nobody is told that.
    assert_eq!(bench.dispatcher.step().await, 60);
    bench.hold(HOUR).await;
    assert_eq!(evaluated(&bench).await, ["on_hold"]);
    assert_eq!(vitals(&bench).await, []);
    let ended = bench
        .store
        .end_hold(EVERY_ROUTE, somebody(), bench.clock.moment());
    assert!(ended.await.unwrap());
    assert_eq!(vitals(&bench).await, [((60, 0), 60, Duration::ZERO)]);
}

/// What was taken before and waits for its turn in memory stays too.
#[tokio::test]
async fn nothing_of_a_route_is_sent_once_it_is_on_hold() {
    let partner = Partner::start(Clock::System).await;
    let other = Partner::expecting("unsigned", "EMPLOYEE_SECRET").await;
    let more = format!(
        "max_per_second = 20\nconcurrency = 1\n\
         [[route]]\nname = \"other\"\nevents = [\"other.*\"]\nurl = \"{}\"\nprofile = \"unsigned\"\nmax_per_second = 20\n",
        other.url()
    );
    let relay = TestRelay::start_with(&partner.url(), &more, Clock::System).await;
    let mut wanted = relay.accept_many("a.b", 12).await;
    partner.wait_until(|all| !all.is_empty()).await;
    assert_eq!(relay.hold("default", HOUR).await, 201);
    assert_eq!(relay.hold("default", HOUR).await, 200);
    let before = ids(&partner);
    assert!(before.len() < 8, "{} were sent before", before.len());
    wanted.extend(relay.accept_many("a.b", 3).await);
    // As many as would have arrived there meanwhile, at the same pace.
    relay.accept_many("other.b", 12).await;
    other.wait_until(|all| all.len() == 12).await;
    // One may have been under way.
    assert!(ids(&partner).len() <= before.len() + 1);
    let again = relay
        .post(&format!("/api/events/{}/resend", wanted[0]), "")
        .await;
    assert_eq!(again.status, 202);
    let health = relay.get("/api/health").await;
    assert_eq!(
        (health.status, &health.data()["delivery"]),
        (200, &json!("on hold"))
    );
    assert_eq!(relay.end_hold("default").await, 204);
    assert_eq!(relay.end_hold("default").await, 404);
    partner.wait_until(|all| all.len() == 16).await;
    let mut arrived = ids(&partner);
    // The one that was sent again waited too, and is due since then.
    let resent = arrived.iter().rposition(|id| *id == wanted[0]).unwrap();
    assert!(resent > before.len(), "{resent}");
    arrived.remove(resent);
    assert_eq!(arrived, wanted);
    let shown = relay.get(&format!("/api/events/{}", wanted[14])).await;
    assert_eq!(shown.data()["attempts"].as_array().unwrap().len(), 1);
    let audit = relay.get("/api/audit").await;
    let told: Vec<_> = audit.data()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            assert_eq!(one["who"], "test");
            ["action", "subject", "reason"].map(|name| one[name].clone())
        })
        .collect();
    let (default, why) = (json!("default"), json!("maintenance"));
    let hold = [json!("hold"), default.clone(), why];
    let end = [json!("end_hold"), default, Value::Null];
    let sent_again = [json!("resend"), json!(wanted[0]), Value::Null];
    assert_eq!(told, [end, sent_again, hold.clone(), hold]);
    relay.stop().await;
}

#[tokio::test]
async fn a_hold_ends_by_itself_after_a_restart_and_both_ends_are_told() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let directory = Arc::new(TempDir::new().unwrap());
    let start = async || {
        let directory = Arc::clone(&directory);
        TestRelay::start_in(directory, &partner.url(), "", clock.clone()).await
    };
    let mut relay = start().await;
    assert_eq!(relay.hold("*", HOUR).await, 201);
    relay.reload(&partner.url(), "timeout_seconds = 4").await;
    relay.accept("a.b").await;
    relay.stop().await;
    let relay = start().await;
    relay.accept("a.b").await;
    let list = relay.get("/api/holds").await;
    let hold = &list.data()["items"][0];
    assert_eq!(
        (&hold["route"], &hold["reason"]),
        (&json!("*"), &json!("maintenance"))
    );
    assert_eq!(hold["until"], json!(noon().after(HOUR)));
    let incident = async || relay.get("/api/incidents").await.data()["items"][0].clone();
    let told = incident().await;
    assert_eq!(
        (&told["kind"], &told["state"]),
        (&json!("on_hold"), &json!("ongoing"))
    );
    assert_eq!(told["count"], 2, "so many wait");
    assert_eq!(partner.received().len(), 0);
    clock.advance(HOUR);
    partner.wait_until(|all| all.len() == 2).await;
    let told = incident().await;
    assert_eq!(told["state"], "resolved");
    let text = told["text"].as_str().unwrap();
    assert!(text.contains("has ended by itself, as planned"), "{text}");
    assert_eq!(relay.get("/api/holds").await.data()["items"], json!([]));
    relay.stop().await;
}

#[tokio::test]
async fn what_makes_no_hold_is_refused() {
    let relay = TestRelay::start("").await;
    let put = async |route: &str, until: &str, reason: &str| {
        let wanted = json!({"until": until, "reason": reason});
        let answer = relay
            .send(Method::PUT, &format!("/api/holds/{route}"), &wanted)
            .await;
        (answer.status, answer.error().1.to_owned())
    };
    let after = |span| relay.clock.now().after(span).to_string();
    let soon = after(HOUR);
    for (route, until, reason, code, why) in [
        (
            "default",
            noon().to_string(),
            "x",
            400,
            "until: must be later than now",
        ),
        ("default", after(HOUR * 73), "x", 400, "at most 72 hours"),
        (
            "default",
            "06:00".to_owned(),
            "x",
            400,
            "until: must be an ISO 8601",
        ),
        ("default", soon.clone(), " ", 400, "reason: must say why"),
        (
            "nobody",
            soon.clone(),
            "x",
            404,
            "The configuration has: default",
        ),
        ("%FF", soon.clone(), "x", 404, "not UTF-8"),
    ] {
        let (status, message) = put(route, &until, reason).await;
        assert_eq!(status, code, "{message}");
        assert!(message.contains(why), "{message}");
    }
    assert_eq!(put("%2A", &soon, "x").await.0, 201);
    let body = json!({"until": soon});
    assert_eq!(
        relay.send(Method::PUT, "/api/holds/*", &body).await.status,
        400
    );
    assert_eq!(
        relay.end_hold("default").await,
        404,
        "only every route is on hold"
    );
    assert_eq!(relay.end_hold("*").await, 204);
    let reader = format!("Bearer {}", token(&[Scope::EventsRead], relay.clock.now()));
    let headers = [("authorization", reader.as_str())];
    let listed = relay.call(Method::GET, "/api/holds", &headers, "").await;
    assert_eq!(listed.status, 200);
    let ended = relay
        .call(Method::DELETE, "/api/holds/*", &headers, "")
        .await;
    assert_eq!(ended.status, 403);
    relay.stop().await;
}

#[tokio::test]
async fn a_person_pauses_looks_and_goes_on() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let run = async |arguments: &[&str]| {
        let output = daemon.run(arguments).await;
        let [out, err] = [&output.stdout, &output.stderr].map(|b| String::from_utf8_lossy(b));
        (output.status.code().unwrap(), format!("{out}{err}"))
    };
    let until = Clock::System.now().after(HOUR).to_string();
    let (code, told) = run(&["hold", "--until", &until, "VoiceDrive is replaced"]).await;
    assert_eq!(code, 0, "{told}");
    assert!(
        told.starts_with("every route: nothing is sent until"),
        "{told}"
    );
    let id = daemon.json(&["send", "a.b"]).await["id"].clone();
    let shown = run(&["show", id.as_str().unwrap()]).await.1;
    assert!(shown.contains("on hold: nothing is sent until"), "{shown}");
    for command in [&["status"][..], &["hold", "list"]] {
        let (code, told) = run(command).await;
        assert_eq!(code, 0, "{told}");
        assert!(told.contains("VoiceDrive is replaced"), "{told}");
    }
    let mut check = program();
    let check = check.args(["check", "--config"]).arg(&daemon.config);
    let checked = check.output().await.unwrap().stdout;
    let checked = String::from_utf8_lossy(&checked);
    assert!(
        checked.contains("note  hold: every route: until"),
        "{checked}"
    );
    let (code, told) = run(&["status", "--exit-code"]).await;
    assert_eq!(code, 0, "a hold needs nobody: {told}");
    for (wrong, exit, why) in [
        (
            &["--until", "2020-01-01 00:00", "x"][..],
            2,
            "later than now",
        ),
        (&["--until", "soon", "x"], 2, "time of day such as 06:00"),
        (&["--until", "06:00", " "], 2, "say why"),
        (&["--until", "06:00"], 2, "REASON"),
        (&["x"], 2, "--until"),
        (
            &["--route", "nobody", "--until", &until, "x"],
            1,
            "No route",
        ),
        (&["end", "--route", "default"], 1, "no hold of its own"),
    ] {
        let (code, told) = run(&[&["hold"], wrong].concat()).await;
        assert_eq!(code, exit, "{told}");
        assert!(told.contains(why), "{told}");
    }
    assert_eq!(partner.received().len(), 0);
    assert_eq!(run(&["hold", "end"]).await.0, 0);
    partner.wait_until(|all| all.len() == 1).await;
    assert_eq!(run(&["hold", "list"]).await.1, "nothing is on hold\n");
    daemon.stop().await;
}

#[tokio::test]
async fn a_person_who_reads_japanese_is_told_in_japanese() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "language = \"ja\"\n").await;
    for (arguments, code, told) in [
        (
            &["hold", "list"][..],
            0,
            "一時停止している送り先はありません",
        ),
        (&["hold", "--until", "soon", "x"], 2, "06:00"),
        (&["hold", "--until", "2020-01-01 00:00", "x"], 2, "今より後"),
        (
            &["hold", "--route", "a", "--until", "06:00", "x"],
            1,
            "設定にある送り先: default",
        ),
        (&["hold", "end"], 1, "hold list で確かめてください"),
        (
            &["hold", "--until", "06:00", "入れ替え"],
            0,
            "送信を一時停止します",
        ),
        (&["hold", "list"], 0, "すべての送り先"),
        (&["status"], 0, "一時停止: すべての送り先"),
        (&["hold", "end"], 0, "一時停止を終了しました"),
        (&["recover"], 0, "送れなかったイベントはありません"),
        (&["recover", "--route", "a"], 1, "設定にある送り先: default"),
    ] {
        let output = daemon.run(arguments).await;
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
    }
    daemon.stop().await;
}
