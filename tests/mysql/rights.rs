//! A user who may do less than the page says: what is lacking is said, and nothing is written.

use serde_json::{Value, json};

use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::HAND_WRITTEN;
use crate::server::{Databases, way};

const TABLES: [&str; 3] = ["webhook_send_logs", "webhook_retry_queue", "interviews"];

fn found<'a>(plan: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let findings = plan["findings"].as_array().unwrap().iter();
    findings.filter(move |found| found["kind"] == kind)
}

#[tokio::test]
async fn what_a_user_may_not_do_is_said_right_by_right_and_nothing_is_written() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    databases.run(&[EMPLOYEES]).await;
    let (own, shared) = (&databases.own, &databases.shared);
    let user = format!("'{own}'@'%'");
    let made = format!("CREATE USER {user} IDENTIFIED BY 'a-password-of-the-test'");
    databases.run(&[&made]).await;
    let way = format!("{}\npassword = \"RESTRICTED\"", way());
    let relay = Relay::by_way(&databases, &way).await;
    databases.restricted(relay.directory(), &way, "a-password-of-the-test");
    relay.deliveries(1, 50);
    relay.change(INTERVIEWS).await;
    let (own_all, all) = (format!("{own}.*"), format!("{shared}.*"));
    // What the user may do more each time, and what is lacking then.
    let steps: [(&str, &str, &[&str]); 4] = [
        ("SELECT", &all, &["INSERT", "UPDATE", "DELETE"]),
        ("INSERT, UPDATE", &all, &["DELETE"]),
        ("DELETE", &all, &[]),
        (
            "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP",
            &own_all,
            &[],
        ),
    ];
    for (rights, on, lacking) in steps {
        let granted = format!("GRANT {rights} ON {on} TO {user}");
        databases.run(&[&granted]).await;
        let said = relay.run(&["plan"]);
        assert_eq!(
            said.code,
            Some(1),
            "{granted}: {} {}",
            said.json,
            said.error
        );
        for table in TABLES {
            let on = format!("{shared}.{table}");
            let of_table = found(&said.json, "not_granted").filter(|found| found["on"] == on);
            let of_table: Vec<_> = of_table
                .map(|found| found["privilege"].as_str().unwrap())
                .collect();
            assert_eq!(of_table, lacking, "{granted}");
        }
        let mut of_own = found(&said.json, "not_granted").filter(|found| found["on"] == own_all);
        assert!(of_own.next().is_some(), "{granted}: {}", said.json);
        let copy = relay.run(&["copy"]);
        assert!(
            copy.error.contains("nothing was written"),
            "{granted}: {}",
            copy.error
        );
        let made =
            format!("SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = '{own}'");
        assert_eq!(databases.ask::<u64>(&made).await, [0], "{granted}");
    }
    // With the last rights of its own database it goes, though it may not see who works there.
    databases
        .run(&[
            &format!("REVOKE ALL PRIVILEGES, GRANT OPTION FROM {user}"),
            &format!("GRANT ALL PRIVILEGES ON {own}.* TO {user}"),
        ])
        .await;
    let said = relay.run(&["plan"]);
    assert!(
        found(&said.json, "no_database").next().is_some(),
        "{}",
        said.json
    );
    for table in TABLES {
        let granted = format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {shared}.{table} TO {user}");
        databases.run(&[&granted]).await;
    }
    let read = relay.read("en", &["plan"]);
    assert!(
        read.contains("employees, or this user may not read it"),
        "{read}"
    );
    let plan = relay.good(&["plan"]);
    let unknown = found(&plan, "no_such_employee").next().unwrap();
    assert_eq!(unknown["count"], json!(5), "{plan}");
    // Who refers to an interview must be seen by whoever takes one out.
    databases
        .run(&[
            "CREATE TABLE answers (id INT PRIMARY KEY, of_interview VARCHAR(191),
               FOREIGN KEY (of_interview) REFERENCES interviews (id) ON DELETE CASCADE) ENGINE=InnoDB",
            &format!("GRANT INSERT ON {shared}.answers TO {user}"),
        ])
        .await;
    let said = relay.run(&["plan"]);
    let lacking = found(&said.json, "not_granted").map(|found| found["on"].as_str().unwrap());
    assert_eq!(lacking.collect::<Vec<_>>(), [format!("{shared}.answers")]);
    databases.run(&[&format!("DROP USER {user}")]).await;
    databases.drop().await;
}
