//! What both pages tell an administrator to type is typed as it stands, with the names of the test's databases.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use serde_json::json;

use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::HAND_WRITTEN;
use crate::server::{Databases, tls};

/// The blocks of a page that are of a kind, one after the other.
fn blocks(page: &str, kind: &str) -> Vec<String> {
    let begun = format!("```{kind}\n");
    let blocks = page.split(&begun).skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default().to_owned());
    blocks.collect()
}

/// The names of the pages become those of the test.
fn of_test(text: &str, databases: &Databases) -> String {
    let (own, shared) = (&databases.own, &databases.shared);
    text.replace("'voicedrive_relay'@", &format!("'{own}'@"))
        .replace("voicedrive_relay.", &format!("{own}."))
        .replace("`voicedrive_relay`", &format!("`{own}`"))
        .replace("DATABASE voicedrive_relay", &format!("DATABASE {own}"))
        .replace("\"voicedrive_relay\"", &format!("\"{own}\""))
        .replace("staff_system.", &format!("{shared}."))
        .replace("`staff_system`", &format!("`{shared}`"))
        .replace("\"staff_system\"", &format!("\"{shared}\""))
        .replace("'...'", "'a-password-of-the-test'")
}

/// What the last of the statements of a block has found.
async fn run(connection: &mut Conn, block: &str) -> Vec<Vec<Value>> {
    let mut found = Vec::new();
    for sql in block
        .split_terminator(";\n")
        .filter(|sql| !sql.trim().is_empty())
    {
        let rows: Vec<Row> = connection
            .query(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        found = rows.into_iter().map(Row::unwrap).collect();
    }
    found
}

#[tokio::test]
async fn both_pages_can_be_typed_as_they_stand() {
    for page in [
        include_str!("../../docs/mysql.md"),
        include_str!("../../docs/mysql.ja.md"),
    ] {
        let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
        databases.run(&[EMPLOYEES]).await;
        let theirs = "INSERT INTO webhook_send_logs (id, event_type, event_timestamp, sent_at, payload_size, status, processing_time)
                      VALUES ('cuid1', 'a.b', NOW(3), NOW(3), 1, 'success', 1)";
        databases.run(&[theirs]).await;
        let sql = blocks(page, "sql")
            .into_iter()
            .map(|block| of_test(&block, &databases));
        let sql: Vec<_> = sql.collect();
        let mut admin = databases.connection().await;
        run(&mut admin, &sql[0]).await;

        // The file, and where this test's server is.
        let relay = Relay::by_way(&databases, &tls()).await;
        databases.restricted(relay.directory(), &tls(), "a-password-of-the-test");
        let secret = std::fs::read_to_string(relay.directory().join("secrets.env")).unwrap();
        let secret = secret.replace("RESTRICTED", "MYSQL_PASSWORD");
        std::fs::write(relay.directory().join("secrets.env"), secret).unwrap();
        let file = of_test(&blocks(page, "toml")[0], &databases);
        let lines = file.lines().filter(|line| {
            !["host", "port", "ca"]
                .iter()
                .any(|key| line.starts_with(key))
        });
        let file = format!("{}{}", tls(), lines.collect::<Vec<_>>().join("\n"));
        std::fs::write(&relay.target, file).unwrap();
        relay.deliveries(1, 600);
        relay.change(INTERVIEWS).await;

        let commands = blocks(page, "sh").concat();
        let commands = commands
            .lines()
            .filter(|line| line.contains("move-to-mysql"));
        let mut typed = Vec::new();
        for line in commands.filter(|line| line.contains("--target")) {
            let words = line
                .strip_prefix("sudo voicedrive-relay move-to-mysql ")
                .unwrap();
            let (command, file) = words.split_once(" --target ").unwrap();
            assert_eq!(file, "/etc/voicedrive-relay/mysql.toml");
            relay.good(&[command]);
            typed.push(command);
        }
        assert_eq!(typed, ["plan", "copy", "verify"]);

        // The same answers with the tables of the moment as without, as the relay's user.
        let (statistics, rest) = sql[1..].split_at(5);
        let (tables, undo) = rest.split_at(2);
        let mut answers = Vec::new();
        for _ in 0..2 {
            let mut found = Vec::new();
            for block in statistics {
                // All of the time, so that there is something to count.
                let block = block.replace("2025-10-25 14:30:00.000", "1000-01-01 00:00:00.000");
                let block = block.replace("2025-10-26 14:30:00.000", "9999-12-31 23:59:59.999");
                let mut rows = run(&mut admin, &block).await;
                rows.sort_by_key(|row| format!("{row:?}"));
                assert!(!rows.is_empty(), "{block}");
                found.push(rows);
            }
            answers.push(found);
            for block in tables.iter().filter(|_| answers.len() == 1) {
                run(&mut admin, block).await;
            }
        }
        assert_eq!(answers[0], answers[1]);
        let sent = answers[0][0]
            .iter()
            .map(|row| mysql_async::from_value::<u64>(row[2].clone()));
        assert_eq!(sent.sum::<u64>(), 600);

        let verified = relay.good(&["verify"]);
        assert_eq!(verified["good"], json!(true));
        let mut admin = databases.connect().await;
        run(&mut admin, &undo[0]).await;
        assert_eq!(
            databases
                .ask::<String>("SELECT id FROM webhook_send_logs")
                .await,
            ["cuid1"]
        );
        for table in ["webhook_retry_queue", "interviews"] {
            let count = format!("SELECT COUNT(*) FROM {table}");
            assert_eq!(databases.ask::<u64>(&count).await, [0], "{table}");
        }
        databases
            .run(&[&format!("DROP USER '{}'@'%'", databases.own)])
            .await;
        databases.drop().await;
    }
}
