//! Calls every verb of the store, each with arguments for which it runs all of its statements.

use std::sync::Arc;
use std::time::Duration;

use crate::attempt::Outcome;
use crate::audit::{Action, AuditFilter, PayloadReads, Subject};
use crate::clock::Moment;
use crate::content::Digest;
use crate::dismissal::{EventDismissal, IncidentDismissal};
use crate::event::{NewEvent, Status};
use crate::event_record::{ChangePosition, EventFilter};
use crate::hold::{EVERY_ROUTE, NewHold};
use crate::incident::{Digests, Evaluation, Finding, Kind, Observation, Thresholds};
use crate::interview::{ImportWish, Interview, InterviewFilter, InterviewStatus, UnknownOrigin};
use crate::interview_stats::{InterviewRange, ReportLimits};
use crate::kpi::KpiQuestion;
use crate::notification::NotYet;
use crate::period::Period;
use crate::reconciliation::comparison::Question;
use crate::reconciliation::ledger::FindingsFilter;
use crate::reconciliation::received::{PartnerStatus, Received, in_order};
use crate::reconciliation::{as_of, range};
use crate::recovery::ProbeResult;
use crate::repeat::Memory;
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::send_breakdown::{BreakdownQuestion, By};
use crate::send_stats::SendFilter;
use crate::session::{NewLogin, Role, Sessions};
use crate::slot::Unit;
use crate::store::tests::{attempted, policy, somebody};
use crate::store::{BulkRules, Remains, Store};
use crate::submission::{Idempotency, Submission};
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;
use crate::zone::Zone;

/// Calls all of them, on a store that is empty.
pub(super) async fn call_all(store: &Store, moment: Moment) {
    call_ingest(store, moment).await;
    call_events(store, moment).await;
    call_outage(store, moment.after(Duration::from_hours(50))).await;
    call_interviews(store, moment.wall).await;
    call_people(store, moment).await;
    call_audit(store, moment).await;
    call_sessions(store, moment).await;
    call_reconciliation(store, moment.after(Duration::from_hours(200))).await;
    call_the_rest(store, moment).await;
}

fn submission(number: u8, staff_id: Option<&str>) -> Submission {
    let key_hash: Digest = [number; 32];
    Submission {
        event: NewEvent {
            event_type: "a.b".to_owned(),
            data: "{}".into(),
            staff_id: staff_id.map(ToOwned::to_owned),
            event_timestamp: None,
        },
        route: "default".to_owned(),
        memory: None,
        idempotency: Some(Idempotency {
            key_hash,
            position: 0,
            content_digest: key_hash,
        }),
    }
}

fn interview(id: &str, date: Timestamp) -> Interview {
    Interview {
        id: id.to_owned(),
        employee_id: "E".to_owned(),
        employee_name: None,
        interviewer_id: None,
        interview_type: "regular".to_owned(),
        date,
        status: InterviewStatus::Scheduled,
        duration_minutes: None,
        voicedrive_sync_id: Some(id.to_owned()),
        rescheduled_from_id: None,
        facility_id: Some("f".to_owned()),
        department_id: Some("d".to_owned()),
        completed_at: None,
        status_reason: None,
    }
}

fn filters(now: Timestamp) -> Vec<EventFilter> {
    let statuses = Status::ALL.map(Some).into_iter().chain([None]);
    let plain = statuses.map(|status| EventFilter {
        status,
        ..EventFilter::default()
    });
    let narrowed = |filter: EventFilter| {
        [
            EventFilter {
                event_type: Some("a.b".to_owned()),
                ..filter.clone()
            },
            EventFilter {
                staff_id: Some("E".to_owned()),
                ..filter.clone()
            },
            EventFilter {
                route: Some("default".to_owned()),
                ..filter.clone()
            },
            EventFilter {
                routes: Some(routes()),
                ..filter.clone()
            },
            EventFilter {
                since: Some(now),
                until: Some(now),
                ..filter.clone()
            },
            filter,
        ]
    };
    plain.flat_map(narrowed).collect()
}

/// Sends everything that is due, with this outcome.
async fn attempt_all(store: &Store, outcome: Outcome, moment: Moment) {
    let due = store.due_deliveries("default", [].into(), 9, moment).await;
    for due in due.unwrap().due {
        if due.attempt > 1 {
            assert!(store.begin_attempt(&due, moment).await.unwrap());
            let put_off = store.put_off(&due, Duration::ZERO, policy(), moment);
            put_off.await.unwrap();
            // Another one of the same person may be at the front meanwhile.
            store.begin_attempt(&due, moment).await.unwrap();
            store.release_retries("default", moment).await.unwrap();
        }
        let mut attempted = attempted(outcome, moment.wall, 1);
        attempted.ended = moment;
        let recorded = store.record_attempt(
            due.into(),
            attempted.into(),
            policy(),
            Thresholds::default(),
            true,
        );
        recorded.await.unwrap();
    }
}

async fn call_ingest(store: &Store, moment: Moment) {
    let plain = submission(9, Some("E"));
    let day = Duration::from_hours(24);
    let memory = Memory::of(&plain.event, Some("id".to_owned()), Some(day));
    let posted = Submission {
        idempotency: None,
        memory: Some(memory),
        ..plain
    };
    for _ in 0..2 {
        let accepted = store.accept_events(vec![posted.clone()], moment).await;
        accepted.unwrap();
    }
    let later = moment.after(day * 2);
    let next = store.forget_ingested(day, None, later).await.unwrap();
    assert!(next.is_some(), "a content was looked at");
    assert_eq!(store.forget_ingested(day, next, later).await.unwrap(), None);
}

async fn call_events(store: &Store, moment: Moment) {
    let later = moment.after(Duration::from_hours(9));
    let routing = Routing::default();
    let of_one = |number| submission(number, Some("E"));
    let submissions = vec![of_one(1), submission(2, None), of_one(3), of_one(4)];
    for _ in 0..2 {
        let accepted = store.accept_events(submissions.clone(), moment).await;
        accepted.unwrap();
    }
    attempt_all(store, Outcome::Failed, moment).await;
    attempt_all(store, Outcome::Timeout, later).await;
    for filter in filters(moment.wall) {
        for before in [None, Some(2)] {
            let page = store.events(filter.clone(), before, 9, later).await;
            let after = store.resend_candidates(&filter, &routing, None).await;
            let cursor = after.unwrap().events.into_iter().next();
            let next = store.resend_candidates(&filter, &routing, cursor).await;
            next.unwrap();
            page.unwrap();
            store.count_events(filter.clone(), 9).await.unwrap();
        }
        let first = store.export_deliveries(filter.clone(), None, None, 1, later);
        let first = first.await.unwrap();
        let next = store.export_deliveries(filter, first.next, Some(first.end), 9, later);
        next.await.unwrap();
    }
    let all = EventFilter::default();
    let page = store.events(all.clone(), None, 9, later).await.unwrap();
    let ids: Vec<String> = page.items.into_iter().map(|event| event.id).collect();
    store.event(&ids[0], later).await.unwrap().unwrap();
    store.short_ids(ids.clone()).await.unwrap();
    store.ids_that_begin("01", None, 5).await.unwrap();
    store.event_types().await.unwrap();
    let start = ChangePosition::default();
    store.changes_since(start, 9, later).await.unwrap();
    store.newest_change().await.unwrap();
    let resent = store.resend_event(&ids[0], policy(), routing.clone(), false, somebody(), later);
    resent.await.unwrap();
    for _ in 0..3 {
        attempt_all(store, Outcome::Success, later).await;
    }
    call_bulk_resend(store, later).await;
    for without_order in [["default".to_owned()].into(), [].into()] {
        store.arrange(without_order, later).await.unwrap();
    }
    for _ in 0..3 {
        attempt_all(store, Outcome::Success, later).await;
    }
    call_recovery(store, later).await;
    attempt_all(store, Outcome::Success, later).await;
    store.leave_milestone(later).await.unwrap();
    store
        .forget_milestones(Duration::ZERO, later)
        .await
        .unwrap();
    let purging = store.purge_events(Duration::ZERO, later, 0);
    purging.await.unwrap();
    store.release_pages().await.unwrap();
}

async fn call_bulk_resend(store: &Store, moment: Moment) {
    let routing = Routing::default();
    let by = BulkRules {
        policy: policy(),
        routing,
        only: false,
    };
    let action = somebody().did(Action::Resend, moment.wall);
    let mut bulk = store.bulk_resend(by, action, moment);
    let page = bulk.next(&EventFilter::default(), None).await.unwrap();
    let mut events = page.events;
    events.truncate(1);
    bulk.open(events, moment).await.unwrap();
    bulk.finish(moment).await.unwrap();
}

/// With two attempts that failed, and a receiver that is back.
async fn call_recovery(store: &Store, moment: Moment) {
    let none = RetryPolicy::new(Vec::new());
    let three = [21, 22, 23].map(|number| submission(number, None));
    let accepted = store.accept_events(three.to_vec(), moment).await.unwrap();
    let outcomes = [Outcome::Failed, Outcome::Failed, Outcome::Success];
    for (accepted, outcome) in accepted.into_iter().zip(outcomes) {
        let due = accepted.due.unwrap();
        let mut attempted = attempted(outcome, moment.wall, 1);
        attempted.ended = moment;
        let thresholds = Thresholds::default();
        let recorded = store.record_attempt(
            due.into(),
            attempted.into(),
            none.clone(),
            thresholds,
            false,
        );
        recorded.await.unwrap();
    }
    let left = store.left_behind("default").await.unwrap().unwrap();
    assert_eq!(left.exhausted, 2);
    let routing = Routing::default();
    let probed = store.probe_route("default", None, none.clone(), routing.clone(), moment);
    assert_eq!(probed.await.unwrap(), ProbeResult::Begun);
    store.let_follow("default").await.unwrap();
    assert_eq!(store.recoveries(moment).await.unwrap().len(), 1);
    let followed = store.follow("default", 9, none, routing, moment);
    assert!(followed.await.unwrap().opened > 0);
}

/// An outage in which everything is exhausted, dismissals in the middle of it, and the return.
async fn call_outage(store: &Store, moment: Moment) {
    let never = RetryPolicy::new(Vec::new());
    let mut ids = Vec::new();
    for (minutes, outcome) in [
        (0, Outcome::Failed),
        (11, Outcome::Failed),
        (12, Outcome::Success),
    ] {
        let moment = moment.after(Duration::from_mins(minutes));
        let submitted = Submission {
            idempotency: None,
            ..submission(3, None)
        };
        let accepted = store.accept_events(vec![submitted.clone(), submitted], moment);
        ids.extend(accepted.await.unwrap().into_iter().map(|one| one.id));
        store.vitals(routes(), moment).await.unwrap();
        let due = store.due_deliveries("default", [].into(), 9, moment).await;
        for due in due.unwrap().due {
            let mut attempted = attempted(outcome, moment.wall, 1);
            attempted.ended = moment;
            let limits = Thresholds::default();
            let recorded =
                store.record_attempt(due.into(), attempted.into(), never.clone(), limits, false);
            recorded.await.unwrap();
        }
        let (open, _) = store.incidents(Some(true), None, 9, moment).await.unwrap();
        assert_eq!(open.len(), [1, 2, 1][ids.len() / 2 - 1], "{minutes}");
    }
    let later = moment.after(Duration::from_mins(13));
    store.vitals(routes(), later).await.unwrap();
    assert_eq!(
        store
            .dismiss_event(&ids[0], somebody(), None, later)
            .await
            .unwrap(),
        EventDismissal::Done
    );
    let (open, _) = store.incidents(Some(true), None, 9, later).await.unwrap();
    let dismissed = store
        .dismiss_incident(&open[0].report.id, somebody(), None, later)
        .await;
    assert_eq!(dismissed.unwrap(), IncidentDismissal::Done);
}

async fn call_holds(store: &Store, moment: Moment) {
    for route in ["default", EVERY_ROUTE] {
        for lasts in [1, 2].map(Duration::from_hours) {
            let hold = NewHold {
                route: route.to_owned(),
                lasts: Some(lasts),
                reason: "because".to_owned(),
                by: somebody(),
            };
            store.hold(hold, moment).await.unwrap();
        }
    }
    assert_eq!(store.holds(moment).await.unwrap().len(), 2);
    store.vitals(routes(), moment).await.unwrap();
    assert!(store.end_hold("default", somebody(), moment).await.unwrap());
    let ended = moment.after(Duration::from_hours(3));
    store.tell_of_ended_holds(ended).await.unwrap();
}

async fn call_the_rest(store: &Store, moment: Moment) {
    store.part(1, None).await.unwrap();
    let now = moment.wall;
    store.waiting_by_route().await.unwrap();
    store.actions_on("id").await.unwrap();
    for filter in filters(moment.wall) {
        store.failure_causes(filter, 9).await.unwrap();
    }
    let names = vec!["default".to_owned()];
    store.route_overviews(names, moment).await.unwrap();
    let series = vec![(moment.wall.before(Duration::from_hours(50)), moment.wall)];
    store.send_series(series, None).await.unwrap();
    store.overview(moment).await.unwrap();
    store.vitals(routes(), moment).await.unwrap();
    store.activity().await.unwrap();
    store.probe(moment).await.unwrap();
    assert!(!store.doubts_the_clock(moment));
    store.keep_step(moment).await.unwrap();
    for event_type in [None, Some("a.b".to_owned())] {
        let from = now.before(Duration::from_hours(50));
        let filter = SendFilter {
            event_type,
            ..SendFilter::period(from, now)
        };
        store.send_statistics(filter).await.unwrap();
    }
    for by in By::ALL {
        let question = BreakdownQuestion {
            from: now.before(Duration::from_hours(50)),
            to: now,
            by,
            zone: Zone::TOKYO,
            now,
        };
        store.send_breakdown(question).await.unwrap();
    }
    let question = KpiQuestion {
        period: Period::Month,
        now,
        routes: None,
        compared_routes: vec!["default".to_owned()],
    };
    store.kpi_counts(question).await.unwrap();
    let firing = |days| Observation {
        kind: Kind::CertificateExpiring,
        subject: String::new(),
        finding: Finding::Certificate { days },
    };
    let digests = Digests {
        after: vec![Duration::from_mins(15)],
        certificate_days: vec![21, 7],
        token_days: vec![30, 7],
        automatic_recovery: false,
    };
    let look = |holding| Evaluation {
        judged: vec![Kind::CertificateExpiring],
        holding,
        ..Evaluation::default()
    };
    for firing in [vec![firing(21)], vec![firing(7)], vec![]] {
        let observed = store.observe(look(firing), digests.clone(), moment);
        observed.await.unwrap();
    }
    let gone = moment.after(Duration::from_mins(9));
    let observed = store.observe(look(vec![]), digests, gone);
    observed.await.unwrap();
    for open in [None, Some(true), Some(false)] {
        store.incidents(open, None, 9, moment).await.unwrap();
        store.incident("0199", moment).await.unwrap();
    }
    call_holds(store, moment).await;
    let dismissed = store.dismiss_incident("nobody", somebody(), None, moment);
    dismissed.await.unwrap();
    let dismissed = store.dismiss_event("nobody", somebody(), None, moment);
    dismissed.await.unwrap();
    store.begin_channel("email 0").await.unwrap();
    store
        .channels_cut_short(vec!["slack 1".to_owned()])
        .await
        .unwrap();
    store
        .keep_channels(vec!["email 1".to_owned()])
        .await
        .unwrap();
    store.next_notification("email 1", moment).await.unwrap();
    let failed = store.notification_failed("email 1", "no".to_owned(), Duration::ZERO, moment);
    failed.await.unwrap();
    call_late_recipients(store, moment).await;
    let aside = store.notification_set_aside("email 1", 1, "no".to_owned());
    aside.await.unwrap();
    store.channel_tried("email 1", None).await.unwrap();
    let over = gone.after(Duration::from_secs(1));
    let purging = store.purge_incidents(Duration::ZERO, over);
    purging.await.unwrap();
    call_tokens(store, now).await;
    store.repair_counts().await.unwrap();
}

async fn call_late_recipients(store: &Store, moment: Moment) {
    let not_yet = || NotYet {
        recipient: "a@b.example".to_owned(),
        objection: "no".to_owned(),
    };
    let late = || not_yet().recipient;
    let refused = vec![not_yet()];
    let sent = store.notification_sent("email 1", 1, None, refused, Duration::ZERO, moment);
    sent.await.unwrap();
    let found = store.late_recipient("email 1", moment).await.unwrap();
    assert_eq!(found.unwrap().recipient, late());
    let failed = store.late_recipient_failed("email 1", not_yet(), Duration::ZERO, moment);
    failed.await.unwrap();
    let told = store.late_recipient_told("email 1", late(), 1, Some("no".to_owned()));
    told.await.unwrap();
    let channels = vec!["email 2".to_owned()];
    store.keep_channels(channels).await.unwrap();
    let over = store.late_recipient_over("email 2", late(), None);
    over.await.unwrap();
    let channels = vec!["email 1".to_owned()];
    store.keep_channels(channels).await.unwrap();
}

async fn call_tokens(store: &Store, now: Timestamp) {
    let token = TokenRecord {
        jti: "jti".to_owned(),
        subject: None,
        scope: None,
        issued_at: Some(now),
        expires_at: None,
        revoked_at: None,
        key: None,
    };
    store.add_token(token, somebody()).await.unwrap();
    let by = somebody;
    store.revoke_token("jti", by(), now).await.unwrap();
    let foreign = store.revoke_foreign_token("other", by(), now);
    foreign.await.unwrap();
    store.revoke_tokens_of("subject", by(), now).await.unwrap();
    store.tokens().await.unwrap();
    store.revoked_tokens().await.unwrap();
}

async fn call_people(store: &Store, moment: Moment) {
    let mut posted = submission(7, Some("P"));
    let day = Duration::from_hours(24);
    let memory = Memory::of(&posted.event, Some("request".to_owned()), Some(day));
    posted.memory = Some(memory);
    store.accept_events(vec![posted], moment).await.unwrap();
    let of_person = Interview {
        employee_id: "P".to_owned(),
        voicedrive_sync_id: None,
        ..interview("p", moment.wall)
    };
    let held = Interview {
        interviewer_id: Some("P".to_owned()),
        voicedrive_sync_id: None,
        ..interview("q", moment.wall)
    };
    let records = vec![of_person, held];
    store
        .put_interviews(records.clone(), somebody(), moment.wall)
        .await
        .unwrap();
    store.person("P", moment).await.unwrap();
    store.notes_with("P", moment).await.unwrap();
    store.ended_texts_with("P", moment).await.unwrap();
    store.erase_texts("P", moment).await.unwrap();
    store.events_of_person("P", 0, moment).await.unwrap();
    store.interviews_of_person("P").await.unwrap();
    let held = store.interviews_held_by("P").await.unwrap();
    let range = store.begin_erasure("P", true, somebody(), moment);
    let range = range.await.unwrap();
    store.forget_contents_of("P", range).await.unwrap();
    assert_eq!(
        store.erase_events("P", range, moment).await.unwrap().events,
        1
    );
    assert_eq!(
        store.erase_interviews("P", range).await.unwrap().interviews,
        1
    );
    store.erase_interviewer("P", held, range).await.unwrap();
    assert!(store.is_to_be_ended("P", range).await.unwrap());
    store.end_erasure("P", range, moment).await.unwrap();
    assert!(store.begin_log_anew().await.unwrap());
    store.overwrite_stale_log(u64::MAX).await.unwrap();
    let remains = store.pages_with(Remains::Of(vec!["P".to_owned()]));
    remains.await.unwrap();
    store.files_with("P").await.unwrap();
    assert!(store.overwrite_unused(vec![1, 2, 3]).await.unwrap());
    assert!(store.write_anew().await.unwrap());
    store
        .put_interviews(records, somebody(), moment.wall)
        .await
        .unwrap();
}

async fn call_sessions(store: &Store, moment: Moment) {
    let login = NewLogin {
        name: "name".to_owned(),
        role: Role::Operator,
        lasts: Duration::from_hours(12),
    };
    let (code, secret) = ([1; 32], [2; 32]);
    let by = somebody;
    store.begin_login(login, code, by(), moment).await.unwrap();
    let spent = store.spend_code(code, secret, by(), moment).await;
    assert!(spent.unwrap().is_some());
    let later = moment.after(Duration::from_mins(30));
    assert!(store.session(secret, true, later).await.unwrap().is_some());
    assert_eq!(store.sessions(later).await.unwrap().len(), 1);
    for which in [
        Sessions::Own([3; 32]),
        Sessions::Id("id".to_owned()),
        Sessions::Named("other".to_owned()),
    ] {
        assert_eq!(store.end_sessions(which, by(), later).await.unwrap(), 0);
    }
    let much_later = moment.after(Duration::from_hours(2));
    store.purge_sessions(much_later).await.unwrap();
    let all = store.end_sessions(Sessions::All, by(), later).await;
    assert_eq!(all.unwrap(), 0);
}

async fn call_audit(store: &Store, moment: Moment) {
    let staff = Subject::Staff("E".to_owned());
    let action = somebody().did(Action::Backup, moment.wall).to(staff);
    store.record_action(action).await.unwrap();
    let reads = PayloadReads {
        day: "2025-10-26".to_owned(),
        who: "somebody".to_owned(),
        events: 1,
    };
    store.count_payload_reads(reads).await.unwrap();
    let everything = AuditFilter {
        since: Some(moment.wall),
        until: Some(moment.wall),
        who: Some("somebody".to_owned()),
    };
    for filter in [AuditFilter::default(), everything] {
        for before in [None, Some(9)] {
            store.audit(filter.clone(), before, 9).await.unwrap();
        }
        let days = (String::new(), "9".to_owned());
        store.payload_reads(days, filter.who).await.unwrap();
    }
    store.leave_milestone(moment).await.unwrap();
    let more = store.purge_audit(Duration::ZERO, moment.after(Duration::from_secs(1)));
    assert!(!more.await.unwrap());
}

async fn call_reconciliation(store: &Store, moment: Moment) {
    let plain = |number| Submission {
        idempotency: None,
        ..submission(number, None)
    };
    let accepted = store.accept_events(vec![plain(1), plain(2)], moment).await;
    let accepted = accepted.unwrap();
    attempt_all(store, Outcome::Success, moment).await;
    let received = accepted.iter().map(|accepted| Received {
        id: accepted.id.parse().unwrap(),
        status: Some(PartnerStatus::Success),
        user_found: None,
    });
    let mut received: Vec<_> = received.collect();
    in_order(&mut received);
    let from = Some(moment.wall.before(Duration::from_hours(1)));
    for (list, to) in [
        (
            Vec::new(),
            Some(moment.wall.after(Duration::from_hours(60))),
        ),
        (received.clone(), None),
        (received, None),
    ] {
        let question = Question {
            routes: vec!["default".to_owned()],
            range: range(from, to, &list).unwrap(),
            as_of: as_of(to, None, &list, moment.wall),
            range_was_said: to.is_some(),
            beginning_was_said: from.is_some(),
            making_was_said: false,
            received: list,
        };
        let question = Arc::new(question);
        let found = store.compare(Arc::clone(&question), moment).await.unwrap();
        let rules = BulkRules {
            policy: policy(),
            routing: Routing::default(),
            only: false,
        };
        let kept = store.keep_comparison(question, found.into(), 1, rules, moment);
        kept.await.unwrap();
    }
    store.comparisons(None, 10).await.unwrap();
    store.comparison("x").await.unwrap();
    let routes = vec!["default".to_owned()];
    store.confirmed_ranges(routes).await.unwrap();
    let everything = FindingsFilter::default();
    store.findings(everything, 10).await.unwrap();
    store.resendable(vec![1, 2]).await.unwrap();
    let routing = Routing::default();
    store.following(&[1, 2], &routing).await.unwrap();
    let later = moment.after(Duration::from_hours(48)).wall;
    let routes = ["default".to_owned()].into();
    for unit in [Unit::Day, Unit::Hour] {
        for _ in 0..2 {
            let digests = store.delivered_digests(&routes, unit, (moment.wall, later), later);
            digests.await.unwrap();
        }
    }
    let later = moment.after(Duration::from_hours(48));
    store.leave_milestone(later).await.unwrap();
    let purging = store.purge_comparisons(Duration::ZERO, later);
    assert!(!purging.await.unwrap());
}

async fn call_interviews(store: &Store, now: Timestamp) {
    let child = Interview {
        rescheduled_from_id: Some("a".to_owned()),
        ..interview("b", now)
    };
    for _ in 0..2 {
        let records = vec![interview("a", now), child.clone()];
        store
            .put_interviews(records, somebody(), now)
            .await
            .unwrap();
    }
    // One that changes what it names, one that is named before it is there, and one with an id of VoiceDrive.
    let later = Interview {
        rescheduled_from_id: Some("d".to_owned()),
        voicedrive_sync_id: Some("vd".to_owned()),
        ..interview("c", now)
    };
    let rows = [later, child, interview("a", now), interview("d", now)];
    let imported = store.import_interviews(
        (0..).zip(rows).map(Ok),
        UnknownOrigin::Refuse,
        ImportWish::Keep,
        somebody(),
        now,
    );
    imported.await.unwrap();
    drop(store.hold_imports_back().await.unwrap());
    store.clone().end_interrupted_import().await;
    store.interview("a").await.unwrap().unwrap();
    let everything = InterviewFilter {
        from: Some(now),
        to: Some(now),
        status: Some(InterviewStatus::Scheduled),
        facility: Some("f".to_owned()),
        department: Some("d".to_owned()),
        interview_type: Some("t".to_owned()),
    };
    for filter in [InterviewFilter::default(), everything] {
        let (_, next) = store.interviews(filter.clone(), None, 1).await.unwrap();
        store.interviews(filter, next, 1).await.unwrap();
    }
    let range = InterviewRange {
        from: now.before(Duration::from_hours(2000)),
        to: Some(now),
        facility: None,
        department: None,
        interview_type: None,
    };
    let of_facility = InterviewRange {
        facility: Some("f".to_owned()),
        to: None,
        ..range.clone()
    };
    let limits = ReportLimits {
        completed: 5,
        others: 50,
    };
    store.interview_report(range.clone(), limits).await.unwrap();
    for range in [range, of_facility] {
        store.interview_statistics(range, 10).await.unwrap();
    }
    store.interview_places(9).await.unwrap();
    let first = store.export_interviews(None, None, 1).await.unwrap();
    let next = store.export_interviews(first.next, Some(first.end), 9);
    next.await.unwrap();
    let deleted = store.delete_interview("b", somebody(), now);
    deleted.await.unwrap();
}

fn routes() -> Vec<String> {
    vec!["default".to_owned(), "other".to_owned()]
}
