//! The server is stopped or dies in the middle, and is started again: both sides are the same in the end, and no row is
//! doubled or lost.

use std::process::Stdio;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use serde_json::json;

use crate::own_server::{OwnServer, Stop};
use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::HAND_WRITTEN;
use crate::server::Databases;

const DELIVERIES: i64 = 20_000;

/// Statements that the server has run for programs; what a test asks is not among them.
async fn statements(databases: &Databases) -> u64 {
    let mut connection = databases.connection().await;
    let sql = "SHOW GLOBAL STATUS LIKE 'Com_stmt_execute'";
    let found: Option<(String, u64)> = connection.query_first(sql).await.unwrap();
    found.unwrap().1
}

/// Waits until the server has run so many more.
async fn wait_for_more(databases: &Databases, more: u64) {
    let wanted = statements(databases).await + more;
    let came = async {
        while statements(databases).await < wanted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), came)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_started_again_in_a_copy_and_in_a_comparison_goes_on_with_both() {
    for how in [Stop::InOrder, Stop::Killed] {
        let Some(mut server) = OwnServer::start(&[]).await else {
            return;
        };
        let databases = Databases::on(&server.socket(), HAND_WRITTEN, "utf8mb4_unicode_ci").await;
        databases.run(&[EMPLOYEES]).await;
        let relay = Relay::make(&databases).await;
        relay.deliveries(1, DELIVERIES);
        relay.change(INTERVIEWS).await;
        for (command, more) in [("copy", 400), ("verify", 100)] {
            let mut under_way = relay.command(&[command]);
            let under_way = under_way.stdout(Stdio::piped()).spawn().unwrap();
            wait_for_more(&databases, more).await;
            server.stop(how).await;
            server.start_again().await;
            let ended = tokio::task::spawn_blocking(|| under_way.wait_with_output().unwrap());
            let ended = tokio::time::timeout(Duration::from_mins(5), ended).await;
            let ended = ended.unwrap().unwrap();
            let said = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(ended.status.success(), "{how:?}, {command}: {said}");
        }
        assert_eq!(relay.good(&["verify"])["good"], json!(true), "{how:?}");
        let logs = "SELECT COUNT(*) FROM webhook_send_logs";
        assert_eq!(databases.ask::<i64>(logs).await, [DELIVERIES]);
        databases.drop().await;
    }
}

/// Such a server keeps all names in small letters, and its tables in a form with shorter keys where nobody says otherwise.
#[tokio::test]
async fn a_server_without_capitals_in_names_and_with_other_forms_of_tables_is_written_as_any_other()
{
    let options = [
        "--lower-case-table-names=1",
        "--innodb-default-row-format=compact",
        "--sql-mode=ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,NO_ZERO_DATE",
        "--wait-timeout=3",
    ];
    let Some(server) = OwnServer::start(&options).await else {
        return;
    };
    let databases = Databases::on(&server.socket(), HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 600);
    relay.change(INTERVIEWS).await;
    // In the file the names have capitals.
    let text = std::fs::read_to_string(&relay.target).unwrap();
    let text = text
        .replace("\"relay_", "\"Relay_")
        .replace("\"staff_", "\"Staff_");
    std::fs::write(&relay.target, text).unwrap();
    let plan = relay.good(&["plan"]);
    assert!(plan.to_string().contains("not_strict"), "{plan}");
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    relay
        .change("DELETE FROM interviews WHERE id = 'INT-3'")
        .await;
    assert_eq!(relay.good(&["copy"])["takenOut"], json!(1));
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}
