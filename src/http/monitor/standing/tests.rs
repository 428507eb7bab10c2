//! What comes first at the top of the page, and what is done about it.

use super::*;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::attempt::Outcome;
use crate::cause::Cause;
use crate::hold::{EVERY_ROUTE, Hold};
use crate::incident::{Finding, Incident};
use crate::language::Language;
use crate::overview::{EventTotals, LeftByOutage, RecoveryStep, Resent};
use crate::send_stats::QueueCounts;
use crate::zone::Zone;

const JA: Locale = Locale {
    language: Language::Ja,
    timezone: Zone::TOKYO,
};

fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_761_489_000_000)
}

fn seen(routes: Vec<RouteOverview>) -> Seen {
    Seen {
        overview: Overview {
            events: EventTotals::default(),
            queue: QueueCounts::default(),
            queues: BTreeMap::new(),
            waiting: Vec::new(),
            last_attempt: Some((now(), Outcome::Success)),
            database_bytes: 0,
            sent: (9, 9),
            repeats: 0,
            incidents: Vec::new(),
            open_incidents: HashMap::new(),
            failing_channels: Vec::new(),
            holds: Vec::new(),
            comparisons: Vec::new(),
        },
        routes,
        now: now(),
        hides: false,
        last_sent: Some(now()),
        disk_full: false,
        trouble: None,
        without_url: Vec::new(),
        operates: true,
        gaps: Vec::new(),
    }
}

fn route(name: &str) -> RouteOverview {
    RouteOverview {
        route: name.to_owned(),
        ..RouteOverview::default()
    }
}

/// A route on which an outage has left so many.
fn left(name: &str, exhausted: u64, is_away: bool) -> RouteOverview {
    RouteOverview {
        exhausted,
        left: LeftByOutage {
            exhausted,
            tried_at: Some(now()),
            is_away,
            recovery: RecoveryStep::None,
        },
        ..route(name)
    }
}

fn incident(kind: Kind, subject: &str, count: u64, finding: Finding) -> Incident {
    Incident {
        report: Report {
            id: "019a1dd0-9400-7000-8000-000000000000".to_owned(),
            kind,
            subject: subject.to_owned(),
            opened_at: now(),
            at: now(),
            finding,
            count,
            delivered: 0,
            dismissed: 0,
            purged: 0,
            exhausted: 0,
            oldest_event_id: None,
            event_types: Vec::new(),
            clear_since: None,
        },
        closed_at: None,
    }
}

fn refused(subject: &str, count: u64) -> Incident {
    let finding = Finding::Deliveries {
        cause: Cause::UnknownEvent,
        http_status: Some(422),
        statuses: Vec::new(),
    };
    incident(Kind::PartnerRefuses, subject, count, finding)
}

fn hold(name: &str) -> Hold {
    Hold {
        route: name.to_owned(),
        until: Some(now().after(Duration::from_hours(1))),
        begun_at: now(),
        reason: "why".to_owned(),
        who: "root".to_owned(),
    }
}

fn said(seen: &Seen) -> Vec<Sentence> {
    seen.sentences(JA, &AdviceContext::default())
}

fn urgencies(seen: &Seen) -> Vec<Urgency> {
    said(seen).into_iter().map(|one| one.urgency).collect()
}

fn doors(sentence: &Sentence) -> Vec<&str> {
    sentence.doors.iter().map(|door| &*door.address).collect()
}

#[test]
fn the_worst_comes_first_and_nothing_is_left_out() {
    use Urgency::{Act, Hold, Look, Wait};
    let mut all = seen(vec![
        RouteOverview {
            exhausted: 7,
            ..route(DEFAULT)
        },
        RouteOverview {
            retrying: 3,
            ..route("roster")
        },
    ]);
    all.disk_full = true;
    all.without_url = vec![DEFAULT.to_owned()];
    all.gaps.push(Gap::NoChannel);
    all.overview.holds.push(hold(DEFAULT));
    assert_eq!(urgencies(&all), [Act, Act, Act, Wait, Hold, Look]);
    assert!(said(&all)[1].text.contains("7 件"), "{:?}", said(&all));
}

#[test]
fn where_nothing_needs_anybody_one_sentence_says_so() {
    let fine = said(&seen(vec![route(DEFAULT)]));
    assert_eq!(fine.len(), 1);
    assert_eq!(fine[0].urgency, Urgency::Fine);
    assert_eq!(fine[0].text, "正常に動いています。対応は必要ありません。");
    let mut quiet = seen(vec![route(DEFAULT)]);
    quiet.now = now().after(Duration::from_hours(25));
    let told = &said(&quiet)[0].text;
    assert!(
        told.starts_with("正常です。24 時間、送信するものがありませんでした"),
        "{told}"
    );
    let mut new = seen(vec![route(DEFAULT)]);
    new.last_sent = None;
    assert_eq!(urgencies(&new), [Urgency::Begin]);
}

/// A green sentence does not say that nothing is to be done beside something that should be done.
#[test]
fn what_could_be_better_is_told_with_what_is_well() {
    let mut well = seen(vec![route(DEFAULT)]);
    well.gaps = vec![Gap::NeverCompared, Gap::ChannelFails, Gap::Unrecorded(3)];
    let told = said(&well);
    assert_eq!(
        urgencies(&well),
        [Urgency::Fine, Urgency::Look, Urgency::Look, Urgency::Look]
    );
    assert!(told[3].text.contains("3 件"), "{}", told[3].text);
    let days = "?status=past_due&first=2025-09-26&last=2025-10-25";
    assert_eq!(doors(&told[3]), [format!("{}{days}", address::INTERVIEWS)]);
    assert!(told[0].text.contains("今すぐの対応"), "{}", told[0].text);
    assert_eq!(doors(&told[1]), [address::RECONCILE]);
    assert_eq!(doors(&told[2]), [address::INCIDENTS]);
}

/// One route that is refused or on hold hides no button of the others.
#[test]
fn what_can_be_sent_again_is_what_is_left_where_nothing_hinders() {
    let mut some = seen(vec![
        left(DEFAULT, 5, false),
        left("roster", 3, false),
        RouteOverview {
            exhausted: 2,
            ..route("shift")
        },
    ]);
    assert_eq!(said(&some)[0].recovers, Some(8));
    some.overview.incidents.push(refused("shift", 2));
    some.overview.holds.push(hold("roster"));
    let told = said(&some);
    let exhausted = told.iter().find(|one| one.recovers.is_some()).unwrap();
    assert_eq!(exhausted.recovers, Some(5));
    assert!(exhausted.text.contains("8 件"), "{}", exhausted.text);
    some.without_url = vec![DEFAULT.to_owned()];
    assert!(said(&some).iter().all(|one| one.recovers.is_none()));
    some.without_url.clear();
    some.operates = false;
    assert!(said(&some).iter().all(|one| one.recovers.is_none()));
}

#[test]
fn during_a_hold_it_is_said_why_nothing_can_be_sent_and_where_that_ends() {
    let mut held = seen(vec![left(DEFAULT, 7, true)]);
    held.overview.holds.push(hold(EVERY_ROUTE));
    let told = said(&held);
    assert_eq!(told[0].recovers, None);
    let next = told[0].next.as_deref().unwrap();
    assert!(next.starts_with("送信の一時停止が終わってから"), "{next}");
    assert_eq!(doors(&told[1]), [address::HOLDS]);
}

/// A person who has asked is told what came of it.
#[test]
fn the_result_of_a_probe_is_told() {
    let at = |is_away, recovery| {
        let mut of_route = left(DEFAULT, 7, is_away);
        of_route.left.recovery = recovery;
        said(&seen(vec![of_route])).remove(0)
    };
    let probing = at(true, RecoveryStep::Probing);
    assert_eq!(probing.urgency, Urgency::Wait);
    assert!(probing.text.contains("確かめています"), "{}", probing.text);
    let failed = at(true, RecoveryStep::None);
    assert_eq!((failed.urgency, failed.recovers), (Urgency::Act, Some(7)));
    let next = failed.next.unwrap();
    assert!(
        next.contains("23:30 には、まだつながりませんでした"),
        "{next}"
    );
    let back = at(false, RecoveryStep::Following);
    assert!(back.text.contains("つながりました"), "{}", back.text);
    assert_eq!((back.urgency, back.recovers), (Urgency::Wait, None));
    let next = at(false, RecoveryStep::None).next.unwrap();
    assert!(next.contains("今はつながります"), "{next}");
}

/// What somebody sends again during a hold has not failed.
#[test]
fn what_is_held_or_had_arrived_is_no_failure() {
    let resent = |retrying| RouteOverview {
        retrying,
        resent: Resent { all: 1, of_day: 1 },
        ..route(DEFAULT)
    };
    let mut held = seen(vec![resent(1)]);
    held.overview.holds.push(hold(EVERY_ROUTE));
    assert_eq!(urgencies(&held), [Urgency::Hold]);
    held.overview.holds.clear();
    let told = said(&held).remove(0);
    assert_eq!(told.urgency, Urgency::Wait);
    assert!(told.text.contains("指定された 1 件"), "{}", told.text);
    let told = said(&seen(vec![resent(3)])).remove(0);
    assert!(told.text.contains("届いていない 2 件"), "{}", told.text);
}

#[test]
fn a_refusal_is_told_once() {
    let of_route = |exhausted| RouteOverview {
        exhausted,
        ..route(DEFAULT)
    };
    let mut some = seen(vec![of_route(4)]);
    some.overview.incidents.push(refused(DEFAULT, 4));
    let told = said(&some);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].text.contains("4 件の受け取りを断りました"));
    assert_eq!(doors(&told[0]), [address::EXHAUSTED]);
    // What it does not count is told.
    some.routes = vec![of_route(6)];
    assert!(said(&some)[1].text.contains("2 件"), "{:?}", said(&some));
}

/// What is missing leads to where it is sent again, and whoever may only look is told whom to ask.
#[test]
fn whoever_may_only_look_is_told_to_ask() {
    let mut some = seen(vec![left(DEFAULT, 7, false)]);
    let missing = Finding::Missing { ids: Vec::new() };
    let missing = incident(Kind::DeliveriesMissing, DEFAULT, 5, missing);
    some.overview.incidents.push(missing);
    let operator = said(&some);
    assert_eq!(doors(&operator[1]), [address::RECONCILE]);
    assert_eq!(operator[1].text.matches('5').count(), 1);
    some.operates = false;
    for told in said(&some).into_iter().take(2) {
        let next = told.next.unwrap();
        assert!(next.starts_with("操作できる人に"), "{next}");
        assert!(!told.doors.is_empty());
    }
}

/// What to do begins with that, and not with what has happened.
#[test]
fn what_to_do_comes_first() {
    let mut some = seen(vec![route(DEFAULT)]);
    some.overview.incidents.push(refused(DEFAULT, 4));
    let told = said(&some).remove(0);
    let told_why = "この内容は受け付けられないとして、4 件の受け取りを断りました";
    assert!(told.text.contains(told_why), "{}", told.text);
    let next = told.next.unwrap();
    assert!(next.starts_with("VoiceDrive の担当者に"), "{next}");
}
