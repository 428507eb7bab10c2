//! `[alerts.thresholds]`: from where on conditions hold.

use super::super::Expected;
use super::super::reader::{Document, Section, whole};
use crate::incident::Thresholds;

pub(super) fn read(document: &mut Document<'_>, alerts: &mut Section<'_>) -> Thresholds {
    let mut section = alerts.section(document, "thresholds");
    let defaults = Thresholds::default();
    let many = 1..=1_000_000;
    let percent = 0..=100;
    let mut number = |key, default, range| section.number(document, key, default, range);
    let mut thresholds = Thresholds {
        exhausted: number("exhausted", defaults.exhausted, &many),
        refused: number("refused", defaults.refused, &many),
        missing: number("missing", defaults.missing, &many),
        reconcile_age_hours: number("reconcile_age_hours", defaults.reconcile_age_hours, &many),
        away_minutes: number("away_minutes", defaults.away_minutes, &(1..=10_080)),
        success_percent: number("success_percent", defaults.success_percent, &percent),
        success_min_sends: number("success_min_sends", defaults.success_min_sends, &many),
        queue: number("queue", defaults.queue, &many),
        overdue_minutes: number("overdue_minutes", defaults.overdue_minutes, &many),
        failed_logins_per_hour: number(
            "failed_logins_per_hour",
            defaults.failed_logins_per_hour,
            &many,
        ),
        statistics_p95_ms: number("statistics_p95_ms", defaults.statistics_p95_ms, &many),
        statistics_error_percent: number(
            "statistics_error_percent",
            defaults.statistics_error_percent,
            &percent,
        ),
        backup_age_hours: number("backup_age_hours", defaults.backup_age_hours, &many),
        disk_free_percent: number("disk_free_percent", defaults.disk_free_percent, &percent),
        disk_free_mib: number("disk_free_mib", defaults.disk_free_mib, &(0..=1_000_000)),
        database_mib: number("database_mib", defaults.database_mib, &many),
        clock_seconds: number("clock_seconds", defaults.clock_seconds, &many),
        certificate_days: defaults.certificate_days,
        token_days: defaults.token_days,
    };
    thresholds.certificate_days = section.list(
        document,
        "certificate_days",
        thresholds.certificate_days,
        Expected::Days,
        |entry| whole(entry, &(1..=365)),
    );
    thresholds.token_days = section.list(
        document,
        "token_days",
        thresholds.token_days,
        Expected::Days,
        |entry| whole(entry, &(1..=365)),
    );
    section.finish(document);
    thresholds
}
