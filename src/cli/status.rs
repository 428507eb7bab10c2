//! `status`: how it is going, on one screen.

use serde_json::Value;

use super::CliError;
use super::check::nobody_is_told;
use super::client::Client;
use super::words::{Speech, text};
use crate::language::Language;

pub(super) async fn run(client: &Client) -> Result<(), CliError> {
    let status = client.get("/control/status", &[]).await?;
    client.print(&status, |speech| page(speech, &status))
}

fn page(speech: Speech, status: &Value) -> String {
    let never = speech.say("なし", "none");
    let last = match status["lastOutcome"].as_str() {
        None => never.to_owned(),
        Some(outcome) => {
            let at = speech.moment(&status["lastAttemptAt"], never);
            let outcome = match outcome {
                "success" => speech.say("成功", "success"),
                "timeout" => speech.say("時間切れ", "timeout"),
                _ => speech.say("失敗", "failed"),
            };
            format!("{at} {outcome}")
        }
    };
    let events = &status["events"];
    let queue = &status["queueStatus"];
    let rows = [
        (
            speech.say("バージョン", "version"),
            text(&status["version"]).to_owned(),
        ),
        (
            speech.say("起動", "running since"),
            speech.moment(&status["startedAt"], never),
        ),
        (
            speech.say("送信先", "sends to"),
            sends_to(speech, &status["sendsTo"]),
        ),
        (speech.status("accepted"), events["accepted"].to_string()),
        (speech.status("retrying"), events["retrying"].to_string()),
        (speech.status("delivered"), events["delivered"].to_string()),
        (
            speech.status("exhausted"),
            exhausted(speech, &events["exhausted"]),
        ),
        (
            speech.say("同じ内容の再受信", "handed in again"),
            status["repeats"].to_string(),
        ),
        (
            speech.say("再送キュー", "retry queue"),
            format!(
                "pending {} / processing {} / completed {} / failed {}",
                queue["pending"], queue["processing"], queue["completed"], queue["failed"]
            ),
        ),
        (
            speech.say("次の送信", "next attempt"),
            speech.moment(&status["nextDueAt"], never),
        ),
        (speech.say("最後の送信", "last attempt"), last),
        (
            speech.say("データベース", "database"),
            format!(
                "{} ({:.1} MiB)",
                text(&status["database"]["path"]),
                status["database"]["bytes"].as_f64().unwrap_or(0.0) / 1_048_576.0
            ),
        ),
    ];
    let more = [
        (
            speech.say("バックアップ", "backup file"),
            backup(speech, &status["backup"]),
        ),
        (
            speech.say("ディスク", "disk"),
            disk(speech, &status["disk"]),
        ),
    ];
    let trouble = status["database"]["trouble"].as_str();
    let trouble = trouble.map(|told| (speech.say("要対応", "in trouble"), told.to_owned()));
    let open = status["incidents"].as_array().into_iter().flatten();
    let open = open.map(|incident| {
        let first = text(&incident["text"]).lines().next().unwrap_or_default();
        (speech.say("要確認", "look at"), first.to_owned())
    });
    let failing = status["alerts"]["failing"].as_array().into_iter().flatten();
    let failing = failing.map(|channel| {
        let (name, error) = (text(&channel["channel"]), text(&channel["error"]));
        (
            speech.say("通知できません", "cannot tell"),
            format!("{name}: {error}"),
        )
    });
    let nobody = (status["alerts"]["channels"] == 0).then(|| {
        let name = speech.say("通知", "alerts");
        (name, nobody_is_told(speech).to_owned())
    });
    let lines: Vec<String> = rows
        .into_iter()
        .chain(trouble)
        .chain(more)
        .chain(open)
        .chain(failing)
        .chain(nobody)
        .chain(without_route(speech, status))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join("\n")
}

/// Each route that events wait for, and that the configuration does not have any more.
fn without_route(
    speech: Speech,
    status: &Value,
) -> impl Iterator<Item = (&'static str, String)> + '_ {
    let waiting = status["withoutRoute"].as_array().into_iter().flatten();
    let waiting = waiting.filter(|waiting| waiting["route"] != "default");
    waiting.map(move |waiting| {
        let (route, events) = (text(&waiting["route"]), &waiting["events"]);
        let advice = speech.say(
            "設定にない経路を待っています。経路を設定に戻すか、voicedrive-relay resend で送ってください",
            "wait for a route that is not in the configuration; bring it back, or use `voicedrive-relay resend`",
        );
        (speech.say("経路なし", "without a route"), format!("{route}: {events} {advice}"))
    })
}

fn backup(speech: Speech, backup: &Value) -> String {
    let at = speech.moment(&backup["at"], speech.say("まだありません", "not there yet"));
    let age = backup["ageSeconds"]
        .as_u64()
        .map(|age| format!(" ({age} s)"));
    let error = backup["error"].as_str().map(|error| {
        let failed = speech.say("最後の作成に失敗しました", "the last try failed");
        format!("; {failed}: {error}")
    });
    format!(
        "{} {at}{}{}",
        text(&backup["path"]),
        age.unwrap_or_default(),
        error.unwrap_or_default()
    )
}

fn disk(speech: Speech, disk: &Value) -> String {
    let free = disk["freeBytes"].as_f64().unwrap_or(0.0) / 1_073_741_824.0;
    if disk["full"] == true {
        return speech
            .say(
                "満杯です。新しいイベントは受け付けられません。空きを作ってください",
                "full: nothing new is accepted; make room",
            )
            .to_owned();
    }
    let forecast = disk["fullInDays"]
        .as_u64()
        .map(|days| match speech.language {
            Language::Ja => format!("。この1週間の量が続くと約 {days} 日で満杯"),
            Language::En => format!("; at the rate of the last week full in about {days} days"),
        });
    format!(
        "{} {free:.1} GiB{}",
        speech.say("空き", "free"),
        forecast.unwrap_or_default()
    )
}

/// Every route with the host that it leads to.
fn sends_to(speech: Speech, routes: &Value) -> String {
    let unset = speech.say(
        "未設定。受け付けたイベントは保存され、送信されません (VOICEDRIVE_WEBHOOK_URL を設定してください)",
        "not set: events are accepted and kept, nothing is sent (set VOICEDRIVE_WEBHOOK_URL)",
    );
    let default = routes["default"].as_str().unwrap_or(unset);
    let others = routes.as_object().into_iter().flatten();
    let others = others.filter(|(name, _)| *name != "default");
    let others = others.map(|(name, origin)| format!("{name} → {}", text(origin)));
    let all: Vec<String> = [default.to_owned()].into_iter().chain(others).collect();
    all.join("; ")
}

fn exhausted(speech: Speech, count: &Value) -> String {
    if count == 0 {
        return count.to_string();
    }
    format!(
        "{count}  {}",
        speech.say(
            "→ voicedrive-relay tail --status exhausted で確かめ、voicedrive-relay resend --status exhausted で再送",
            "→ look with `voicedrive-relay tail --status exhausted`, send again with `voicedrive-relay resend --status exhausted`",
        )
    )
}
