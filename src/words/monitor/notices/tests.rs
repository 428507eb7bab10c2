//! Every kind of message, begun, going on and over, as an office in Japan reads it.

use super::*;
use crate::cause::Cause;
use crate::notification::advice::AdviceContext;
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;
use crate::zone::Zone;

/// Something of every kind.
fn findings() -> Vec<(Kind, Finding)> {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let deliveries = |status: u16| Finding::Deliveries {
        cause: Cause::of_status(status),
        http_status: Some(status),
        statuses: Vec::new(),
    };
    let away = Finding::Away {
        cause: Cause::TimedOut,
        http_status: None,
        waiting: 0,
        exhausted: 2,
        route_is_gone: false,
    };
    let token = Finding::Token {
        days: 7,
        ends_at: at("2025-11-02T05:00:00.000Z"),
        scope: "stats:read".to_owned(),
        issued_at: at("2025-10-03T05:00:00.000Z"),
    };
    let hold = Finding::Hold {
        until: Some(at("2025-10-26T21:00:00.000Z")),
        reason: "VoiceDrive のメンテナンス".to_owned(),
        ended_early: false,
    };
    let backup = Finding::Backup {
        age_hours: Some(26),
        failed: false,
    };
    let disk = Finding::Disk {
        free_percent: 4,
        free_mib: 900,
        database_mib: 120,
    };
    let statistics = Finding::Statistics {
        p95_ms: 640,
        error_percent: 0,
    };
    let queue = Finding::Queue {
        waiting: 80,
        overdue_minutes: 12,
    };
    let rate = Finding::SuccessRate {
        permille: 912,
        sends: 57,
    };
    let missing = Finding::Missing {
        ids: vec!["0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e0f".to_owned()],
    };
    let trouble = Trouble::Overwritten {
        copy: Some("/var/lib/voicedrive-relay/relay-backup.db".into()),
    };
    vec![
        (Kind::DeliveriesExhausted, deliveries(500)),
        (Kind::PartnerRefuses, deliveries(401)),
        (Kind::PartnerAway, away),
        (Kind::SuccessRateLow, rate),
        (Kind::QueueLong, queue),
        (Kind::LoginsFailing, Finding::Logins { failed: 14 }),
        (Kind::StatisticsSlow, statistics),
        (Kind::BackupOld, backup),
        (Kind::DatabaseDamaged, Finding::Database { trouble }),
        (Kind::DiskLow, disk),
        (Kind::CertificateExpiring, Finding::Certificate { days: 7 }),
        (
            Kind::CertificateExpiring,
            Finding::OwnCertificate { days: 1 },
        ),
        (Kind::ClockOff, Finding::Clock { seconds: 90 }),
        (Kind::ClockOff, Finding::OwnClock { seconds: 864_000 }),
        (Kind::TokenEnding, token),
        (Kind::DeliveriesMissing, missing),
        (Kind::ReconcileOld, Finding::Comparison { age_hours: 31 }),
        (Kind::OnHold, hold),
    ]
}

/// Whoever is woken by a message reads its subject and its first lines. (Run with `--nocapture` to read them all.)
#[test]
fn a_message_begins_with_what_is_and_what_to_do() {
    let locale = Locale {
        language: Language::Ja,
        timezone: Zone::TOKYO,
    };
    let advice = AdviceContext {
        page: Some("https://relay.clinic.example/monitor".to_owned()),
        ..AdviceContext::default()
    };
    let id = "019a1dd0-9400-7000-8000-000000000000".to_owned();
    for (kind, finding) in findings() {
        let counted = kind.counts_deliveries();
        let subject = match kind {
            Kind::TokenEnding => "01a21a84-0770-7c1e-9d3e-5f0c4b7a1e22",
            _ => "",
        };
        for state in [State::Opened, State::Ongoing, State::Resolved] {
            let is_over = state == State::Resolved;
            let settled = u64::from(is_over) * 3;
            let report = Report {
                id: id.clone(),
                kind,
                subject: subject.to_owned(),
                opened_at: Timestamp::parse("2025-10-26T05:28:00.000Z").unwrap(),
                at: Timestamp::parse("2025-10-26T06:31:00.000Z").unwrap(),
                count: 4,
                exhausted: if is_over { 0 } else { 2 },
                delivered: settled,
                dismissed: settled / 3,
                purged: 0,
                oldest_event_id: counted.then(|| id.clone()),
                event_types: if counted {
                    vec!["employee.created".to_owned(), "x.y".to_owned()]
                } else {
                    Vec::new()
                },
                finding: finding.clone(),
                clear_since: None,
            };
            let message = locale.message(state, &report, &advice);
            println!("{}\n{}\n", message.title, message.text);
            let is_back = is_over && kind == Kind::PartnerAway;
            assert!(
                is_back || message.title.contains(locale.notice(kind)),
                "{}",
                message.title
            );
            let mut lines = message.text.lines();
            let happened = lines.next().unwrap();
            assert!(happened.ends_with(['。', '件']), "{happened}");
            let second = lines.next().unwrap();
            let expected = if is_over {
                "期間: 2025/10/26 (日) 14:28"
            } else {
                "意味と対応: "
            };
            assert!(second.starts_with(expected), "{second}");
            // A day is written as in an office.
            assert!(!message.text.contains("2025-"), "{}", message.text);
            if counted && !is_over {
                let types = "種類: 職員の登録 (employee.created), x.y";
                assert!(message.text.contains(types), "{}", message.text);
            }
        }
    }
    println!(
        "{}",
        locale.test(&id, Timestamp::from_unix_ms(0), &advice).text
    );
}
