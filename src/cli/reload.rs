//! `reload`: the daemon reads its configuration and its secrets again.

use serde_json::Value;

use super::CliError;
use super::client::Client;

pub(super) async fn run(client: &Client) -> Result<(), CliError> {
    let answer = client.post("/control/reload", String::new()).await?;
    client.print(&answer, |speech| {
        let done = speech.say("設定を読み直しました", "the configuration was read again");
        let keys = answer["needsRestart"].as_array().into_iter().flatten();
        let keys: Vec<&str> = keys.filter_map(Value::as_str).collect();
        if keys.is_empty() {
            return done.to_owned();
        }
        let restart = speech.say("再起動が必要な項目", "these keys need a restart");
        format!("{done}; {restart}: {}", keys.join(", "))
    })
}
