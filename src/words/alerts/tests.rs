//! What alerts say and advise.

use std::path::Path;

use super::*;
use crate::cause::Cause;
use crate::command_line::CommandLine;
use crate::incident::StatusCount;
use crate::trouble::Trouble;
use crate::zone::Zone;

fn report(finding: Finding, kind: Kind) -> Report {
    Report {
        id: "0199e2f3".to_owned(),
        kind,
        subject: String::new(),
        opened_at: Timestamp::from_unix_ms(0),
        at: Timestamp::from_unix_ms(0),
        count: 0,
        exhausted: 0,
        delivered: 0,
        dismissed: 0,
        purged: 0,
        oldest_event_id: None,
        event_types: Vec::new(),
        finding,
        clear_since: None,
    }
}

fn told(commands: &CommandLine, finding: Finding, kind: Kind) -> String {
    let report = report(finding, kind);
    let locale = Locale {
        language: Language::En,
        timezone: Zone::TOKYO,
    };
    let context = AdviceContext {
        commands: commands.clone(),
        ..AdviceContext::default()
    };
    locale.message(State::Opened, &report, &context).text
}

#[test]
fn what_an_outage_has_left_needs_a_person_unless_it_follows_by_itself() {
    let locale = Locale {
        language: Language::En,
        timezone: Zone::TOKYO,
    };
    let away = Finding::Away {
        cause: Cause::TimedOut,
        http_status: None,
        waiting: 0,
        exhausted: 10,
        route_is_gone: false,
    };
    let over = Report {
        exhausted: 10,
        ..report(away, Kind::PartnerAway)
    };
    for recovers in [false, true] {
        let context = AdviceContext {
            recovers,
            ..AdviceContext::default()
        };
        let message = locale.message(State::Resolved, &over, &context);
        assert_eq!(message.actions.is_empty(), recovers);
        assert_eq!(message.text.contains("need a person: 10"), !recovers);
        assert_eq!(message.text.contains("sent again by themselves"), recovers);
    }
}

#[test]
fn an_outage_says_who_sends_what_has_used_up_its_retries() {
    let away = Finding::Away {
        cause: Cause::TimedOut,
        http_status: None,
        waiting: 2,
        exhausted: 10,
        route_is_gone: false,
    };
    let lasts = Report {
        count: 12,
        exhausted: 10,
        ..report(away, Kind::PartnerAway)
    };
    for (language, person, itself) in [
        (
            Language::En,
            "10 with their retries used up wait for a person",
            "Recovery is automatic",
        ),
        (
            Language::Ja,
            "10 件は、担当者の操作を待っています",
            "回復後の自動送信が有効です",
        ),
    ] {
        let timezone = Zone::TOKYO;
        let locale = Locale { language, timezone };
        for recovers in [false, true] {
            let context = AdviceContext {
                recovers,
                ..AdviceContext::default()
            };
            let text = locale.message(State::Opened, &lasts, &context).text;
            assert_eq!(text.contains(person), !recovers, "{text}");
            assert_eq!(text.contains(itself), recovers, "{text}");
        }
    }
}

#[test]
fn what_was_purged_before_it_was_settled_is_told_at_the_end() {
    let missing = Finding::Missing { ids: Vec::new() };
    let failed = Finding::Deliveries {
        cause: Cause::TimedOut,
        http_status: None,
        statuses: Vec::new(),
    };
    for (finding, kind, english, japanese) in [
        (
            missing,
            Kind::DeliveriesMissing,
            "Never confirmed",
            "届いたことを確かめられないまま保存期間が過ぎ",
        ),
        (
            failed,
            Kind::DeliveriesExhausted,
            "Never delivered",
            "届けられないまま保存期間が過ぎ",
        ),
    ] {
        for purged in [0, 2] {
            let over = Report {
                count: 7,
                delivered: 7 - purged,
                purged,
                ..report(finding.clone(), kind)
            };
            for (language, told, title) in [
                (Language::En, english, "has ended unsettled"),
                (Language::Ja, japanese, "未解決のまま終了しました"),
            ] {
                let timezone = Zone::TOKYO;
                let locale = Locale { language, timezone };
                let message = locale.message(State::Resolved, &over, &AdviceContext::default());
                assert_eq!(message.text.contains(told), purged > 0, "{}", message.text);
                assert_eq!(message.title.ends_with(title), purged > 0);
            }
        }
    }
}

#[test]
fn different_refusals_are_told_with_their_numbers() {
    let count = |(http_status, deliveries)| StatusCount {
        http_status,
        deliveries,
    };
    let refused = Finding::Deliveries {
        cause: Cause::of_status(401),
        http_status: Some(401),
        statuses: [(401, 37), (413, 2)].map(count).to_vec(),
    };
    let text = told(&CommandLine::default(), refused, Kind::PartnerRefuses);
    assert!(text.contains("(HTTP 401 ×37, 413 ×2)"), "{text}");
}

#[test]
fn an_alert_has_the_commands_of_the_relay_that_sends_it() {
    let damaged = || Finding::Database {
        trouble: Trouble::Overwritten {
            copy: Some("/data/relay-backup.db".into()),
        },
    };
    let packaged = CommandLine::default();
    let text = told(&packaged, damaged(), Kind::DatabaseDamaged);
    for line in [
        "    sudo systemctl stop voicedrive-relay",
        "    sudo voicedrive-relay restore /data/relay-backup.db",
        "    sudo systemctl start voicedrive-relay",
    ] {
        assert!(text.lines().any(|told| told == line), "{line}: {text}");
    }
    let other = CommandLine::of(Path::new("/srv/relay.toml"));
    let text = told(&other, damaged(), Kind::DatabaseDamaged);
    let line = "    voicedrive-relay restore /data/relay-backup.db --config /srv/relay.toml";
    assert!(text.lines().any(|told| told == line), "{text}");
    // The service of the package is another relay.
    assert!(!text.contains("systemctl"), "{text}");
    let disk = Finding::Disk {
        free_percent: 3,
        free_mib: 1,
        database_mib: 1,
    };
    let text = told(&other, disk, Kind::DiskLow);
    let line = "    voicedrive-relay status --config /srv/relay.toml";
    assert!(text.lines().any(|told| told == line), "{text}");
    assert!(!text.contains("journalctl"), "{text}");
}

#[test]
fn what_clears_is_told_with_the_moment_at_which_it_is_over() {
    let at = |text: &str| Timestamp::parse(text).unwrap();
    let report = Report {
        id: "id".to_owned(),
        kind: Kind::LoginsFailing,
        subject: String::new(),
        opened_at: at("2025-10-26T05:00:00.000Z"),
        at: at("2025-10-26T05:30:00.000Z"),
        finding: Finding::Logins { failed: 1 },
        count: 1,
        delivered: 0,
        dismissed: 0,
        purged: 0,
        exhausted: 0,
        oldest_event_id: None,
        event_types: Vec::new(),
        clear_since: Some(at("2025-10-26T05:28:00.000Z")),
    };
    let told = |language, state| {
        let locale = Locale {
            language,
            timezone: Zone::TOKYO,
        };
        let message = locale.message(state, &report, &AdviceContext::default());
        message.text.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        told(Language::En, State::Ongoing),
        "In the last hour, 1 login failed. But it has been good since 2025-10-26 14:28:00, \
         and is over when that lasts until 2025-10-26 14:33:00."
    );
    assert_eq!(
        told(Language::Ja, State::Ongoing),
        "直近 1 時間に、正しくない鍵やコードでの接続が 1 回ありました。ただし 2025/10/26 (日) 14:28 からは正常です。\
         このまま 2025/10/26 (日) 14:33 まで続けば終了とします。"
    );
    let over = told(Language::En, State::Resolved);
    assert_eq!(
        over,
        "It is over. Before that: In the last hour, 1 login failed."
    );
}
