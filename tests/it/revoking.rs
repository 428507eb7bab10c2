//! Tokens are taken back: the one that is named, or all of one subject, and nothing is said to be revoked that is
//! not.

use serde_json::json;
use tempfile::TempDir;

use crate::commands::Daemon;
use crate::harness::client;

async fn issue(daemon: &Daemon, subject: &str) -> (String, String) {
    let arguments = [
        "token",
        "issue",
        "--subject",
        subject,
        "--scope",
        "events:read",
    ];
    let issued = daemon.json(&arguments).await;
    let of = |key: &str| issued[key].as_str().unwrap().to_owned();
    (of("jti"), of("token"))
}

async fn answer_to(daemon: &Daemon, token: &str) -> u16 {
    let request = client()
        .get(format!("{}/api/events", daemon.url))
        .bearer_auth(token);
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_is_no_token_of_here_is_not_revoked_and_the_way_is_told() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let (jti, token) = issue(&daemon, "leaver").await;
    let capitals = jti.to_uppercase();
    let elsewhere = "01a21a84-0770-7c1e-9d3e-5f0c4b7a1e22";
    for (arguments, way) in [
        (&["leaver"][..], "a subject, and has tokens: 1"),
        (&["leaver"], "token revoke --subject"),
        (&["a b/../c"], "--issued-elsewhere"),
        (&[elsewhere], "--issued-elsewhere"),
        (&["--subject", "nobody"], "for this subject"),
        (
            &["leaver", "--issued-elsewhere"],
            "a subject, and has tokens: 1",
        ),
        (&[&capitals, "--issued-elsewhere"], &jti),
    ] {
        let output = daemon
            .run(&[&["token", "revoke"], arguments].concat())
            .await;
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains("nothing was revoked"), "{told}");
        assert!(told.contains("token list") && told.contains(way), "{told}");
    }
    let list = daemon.json(&["token", "list"]).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(answer_to(&daemon, &token).await, 200);
    // Whoever knows that it came from elsewhere says so.
    let arguments = ["token", "revoke", "--issued-elsewhere", elsewhere];
    let answer = daemon.json(&arguments).await;
    assert_eq!(answer["issuedHere"], false);
    // Again changes nothing, and nothing is kept of it.
    daemon.json(&arguments).await;
    let list = daemon.json(&["token", "list"]).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2, "{list}");
    let audit = daemon.run(&["audit", "--json"]).await;
    let audit = String::from_utf8(audit.stdout).unwrap();
    assert_eq!(audit.matches("revoke_token").count(), 1, "{audit}");
}

#[tokio::test]
async fn all_tokens_of_a_subject_are_revoked_at_once() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let (first, one) = issue(&daemon, "スタッフ システム").await;
    let (_, two) = issue(&daemon, "スタッフ システム").await;
    let (_, other) = issue(&daemon, "staff").await;
    let at_first = daemon.json(&["token", "revoke", &first]).await;
    assert_eq!(at_first["issuedHere"], true);
    let again = daemon.json(&["token", "revoke", &first]).await;
    assert_eq!(
        again["revokedAt"], at_first["revokedAt"],
        "the first one counts"
    );
    let revoke = ["token", "revoke", "--subject", "スタッフ システム"];
    let output = daemon.run(&revoke).await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("revoked, tokens: 1"), "{told}");
    assert_eq!(answer_to(&daemon, &one).await, 401);
    assert_eq!(answer_to(&daemon, &two).await, 401);
    assert_eq!(answer_to(&daemon, &other).await, 200);
    // Nothing is left of it to revoke, and that is no mistake.
    assert_eq!(daemon.json(&revoke).await["revoked"], json!([]));
    daemon.kill().await;
    let daemon = Daemon::start(directory.path(), "", "").await;
    assert_eq!(answer_to(&daemon, &two).await, 401, "for good");
}
