//! `status`: how it is going, on one screen.

use serde_json::Value;

use super::CliError;
use super::client::Client;
use super::words::{Speech, text};

pub(super) async fn run(client: &Client) -> Result<(), CliError> {
    let status = client.get("/control/status", &[]).await?;
    client.print(&status, |speech| page(speech, &status))
}

fn page(speech: Speech, status: &Value) -> String {
    let never = speech.say("なし", "none");
    let sends_to = status["sendsTo"].as_str().unwrap_or_else(|| {
        speech.say(
            "未設定。受け付けたイベントは保存され、送信されません (VOICEDRIVE_WEBHOOK_URL を設定してください)",
            "not set: events are accepted and kept, nothing is sent (set VOICEDRIVE_WEBHOOK_URL)",
        )
    });
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
        (speech.say("送信先", "sends to"), sends_to.to_owned()),
        (speech.status("accepted"), events["accepted"].to_string()),
        (speech.status("retrying"), events["retrying"].to_string()),
        (speech.status("delivered"), events["delivered"].to_string()),
        (
            speech.status("exhausted"),
            exhausted(speech, &events["exhausted"]),
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
    let lines: Vec<String> = rows
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join("\n")
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
