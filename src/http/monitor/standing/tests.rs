//! What comes first at the top of the page.

use super::*;
use std::collections::{BTreeMap, HashMap};

use crate::attempt::Outcome;
use crate::hold::Hold;
use crate::language::Language;
use crate::overview::EventTotals;
use crate::send_stats::QueueCounts;
use crate::zone::Zone;

fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_761_489_000_000)
}

fn seen(route: RouteOverview) -> Seen {
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
        routes: vec![route],
        now: now(),
        hides: false,
        last_sent: Some(now()),
        disk_full: false,
        trouble: None,
        has_url: true,
    }
}

fn said(seen: &Seen) -> Vec<(Urgency, String)> {
    let locale = Locale {
        language: Language::Ja,
        timezone: Zone::TOKYO,
    };
    let said = seen
        .sentences(locale, &AdviceContext::default())
        .into_iter();
    said.map(|one| (one.urgency, one.text)).collect()
}

#[test]
fn the_worst_comes_first_and_nothing_is_left_out() {
    let mut all = seen(RouteOverview {
        route: DEFAULT.to_owned(),
        exhausted: 7,
        retrying: 3,
        ..RouteOverview::default()
    });
    all.disk_full = true;
    all.has_url = false;
    all.overview.holds.push(Hold {
        route: EVERY_ROUTE.to_owned(),
        until: now(),
        begun_at: now(),
        reason: "why".to_owned(),
        who: "root".to_owned(),
    });
    let urgencies: Vec<Urgency> = said(&all).into_iter().map(|(urgency, _)| urgency).collect();
    let (act, wait, hold) = (Urgency::Act, Urgency::Wait, Urgency::Hold);
    assert_eq!(urgencies, [act, act, act, wait, hold]);
    assert!(said(&all)[1].1.contains("7 件"), "{:?}", said(&all));
    assert!(!all.may_recover());
    all.overview.holds.clear();
    assert!(all.may_recover());
}

#[test]
fn where_nothing_needs_anybody_one_sentence_says_so() {
    let fine = seen(RouteOverview::default());
    assert_eq!(
        said(&fine),
        [(
            Urgency::Fine,
            "正常に動いています。対応は必要ありません。".to_owned()
        )]
    );
    let mut quiet = seen(RouteOverview::default());
    quiet.now = now().after(QUIET + Duration::from_secs(1));
    assert!(
        said(&quiet)[0]
            .1
            .starts_with("正常です。24 時間、送信するものがありませんでした")
    );
    let mut new = seen(RouteOverview::default());
    new.last_sent = None;
    assert_eq!(said(&new)[0].0, Urgency::Begin);
}
