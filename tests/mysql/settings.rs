//! Settings of the server, and of the file that says where it is.

use mysql_async::prelude::Queryable;
use serde_json::{Value, json};

use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::{Databases, connect, socket};

const COLLATION: &str = "utf8mb4_unicode_ci";

fn found<'a>(said: &'a Value, kind: &str) -> Option<&'a Value> {
    let mut findings = said["findings"].as_array().unwrap().iter();
    findings.find(|found| found["kind"] == kind)
}

/// Sets something for all connections while `work` goes on. None: the server is somebody else's.
async fn with_setting<T>(name: &str, value: &str, work: impl FnOnce() -> T) -> Option<T> {
    if socket().is_none() {
        eprintln!("{name} is not tested: the server is not on this machine");
        return None;
    }
    let mut connection = connect().await;
    let before: Option<String> = connection
        .query_first(format!("SELECT CAST(@@GLOBAL.{name} AS CHAR)"))
        .await
        .unwrap();
    let set = |value: &str| format!("SET GLOBAL {name} = {value}");
    connection.query_drop(set(value)).await.unwrap();
    let done = work();
    connection.query_drop(set(&before.unwrap())).await.unwrap();
    Some(done)
}

/// What a server may have set for all connections, and no program expects.
const OTHERWISE: [(&str, &str); 12] = [
    (
        "sql_mode",
        "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,NO_ZERO_DATE'",
    ),
    ("sql_select_limit", "1"),
    ("sql_safe_updates", "1"),
    ("autocommit", "0"),
    ("completion_type", "'CHAIN'"),
    ("tx_read_only", "1"),
    ("tx_isolation", "'SERIALIZABLE'"),
    ("max_statement_time", "0.001"),
    ("max_join_size", "1"),
    ("foreign_key_checks", "0"),
    ("sql_auto_is_null", "1"),
    ("wait_timeout", "2"),
];

#[tokio::test]
async fn whatever_is_set_for_other_connections_is_not_so_for_the_relays() {
    let databases = Databases::alone(PRISMA, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 1200);
    relay.change(INTERVIEWS).await;
    if socket().is_none() {
        eprintln!("not tested: the server is not on this machine");
        return;
    }
    // This connection has begun before, and keeps what was set for it.
    let mut connection = connect().await;
    let mut back = Vec::new();
    for (name, value) in OTHERWISE {
        let sql = format!("SELECT CAST(@@GLOBAL.{name} AS CHAR)");
        let before: Option<String> = connection.query_first(sql).await.unwrap();
        let before = before.unwrap();
        let before = match before.parse::<f64>() {
            Ok(_) => before,
            Err(_) => format!("'{before}'"),
        };
        back.push(format!("SET GLOBAL {name} = {before}"));
        let set = format!("SET GLOBAL {name} = {value}");
        connection.query_drop(set).await.unwrap();
    }
    let said = [&["plan"][..], &["copy"], &["copy"], &["verify"]].map(|command| relay.run(command));
    for set in back {
        connection.query_drop(set).await.unwrap();
    }
    for said in &said {
        assert_eq!(said.code, Some(0), "{} {}", said.json, said.error);
    }
    let again = &said[2].json;
    assert!(again["written"].as_u64() < Some(5), "{again}");
    assert_eq!(said[3].json["good"], json!(true));
    let rows = "SELECT COUNT(*) FROM webhook_send_logs";
    assert_eq!(databases.ask::<u64>(rows).await, [1200]);
    databases.drop().await;
}

#[tokio::test]
async fn a_server_that_takes_no_changes_is_found_before_anything_is_written() {
    let databases = Databases::alone(HAND_WRITTEN, COLLATION).await;
    let relay = Relay::make(&databases).await;
    let both = || (relay.run(&["plan"]), relay.run(&["copy"]));
    if let Some((plan, copy)) = with_setting("read_only", "1", both).await {
        assert_eq!((plan.code, copy.code), (Some(1), Some(1)), "{}", plan.json);
        assert_eq!(found(&plan.json, "read_only").unwrap()["weight"], "hinders");
        assert!(copy.error.contains("nothing was written"), "{}", copy.error);
    }
    databases.drop().await;
}

#[tokio::test]
async fn statements_are_as_short_as_the_server_wants_them_and_one_that_cannot_be_is_said() {
    let databases = Databases::alone(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    // 300 events of 20 KB are 6 MB.
    relay
        .change("UPDATE events SET data = '{\"a\":\"' || replace(printf('%20000s', ''), ' ', 'x') || '\"}'")
        .await;
    let all = || [&["plan"][..], &["copy"], &["verify"]].map(|command| relay.run(command));
    let mebibyte = 1024 * 1024;
    if let Some(said) =
        with_setting("max_allowed_packet", &(mebibyte * 5 / 4).to_string(), all).await
    {
        for said in &said {
            assert_eq!(said.code, Some(0), "{} {}", said.json, said.error);
        }
        assert_eq!(said[2].json["good"], json!(true));
    }
    let plan = || relay.run(&["plan"]);
    if let Some(said) = with_setting("max_allowed_packet", &(mebibyte / 2).to_string(), plan).await
    {
        assert_eq!(said.code, Some(1), "{}", said.json);
        let found = found(&said.json, "max_allowed_packet").unwrap();
        assert_eq!(found["bytes"], json!(mebibyte / 2));
        assert!(found["needed"].as_u64() > Some(mebibyte), "{found}");
    }
    // Whoever has not planned is told as well, and at once.
    relay
        .change("UPDATE events SET data = '{\"a\":\"' || replace(printf('%90000s', ''), ' ', 'x') || '\"}' WHERE seq = 7")
        .await;
    let copy = || relay.run(&["copy"]);
    if let Some(said) = with_setting("max_allowed_packet", "65536", copy).await {
        assert_eq!(said.code, Some(1), "{}", said.json);
        for words in ["1153", "max_allowed_packet is too short"] {
            assert!(said.error.contains(words), "{}", said.error);
        }
    }
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}

#[tokio::test]
async fn a_server_that_hangs_up_on_whoever_is_silent_for_a_second_is_written_all_the_same() {
    let databases = Databases::alone(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 3000);
    relay.change(INTERVIEWS).await;
    let all = || [&["plan"][..], &["copy"], &["verify"]].map(|command| relay.run(command));
    if let Some(said) = with_setting("wait_timeout", "1", all).await {
        for said in said {
            assert_eq!(said.code, Some(0), "{} {}", said.json, said.error);
        }
    }
    databases.drop().await;
}

#[tokio::test]
async fn a_server_whose_certificate_somebody_else_has_signed_is_not_talked_to() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    let relay = Relay::make(&databases).await;
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let ca = relay.directory().join("other.pem");
    std::fs::write(&ca, other.cert.pem()).unwrap();
    let way = crate::server::tls();
    let lines = way.lines().filter(|line| !line.starts_with("ca "));
    let way = lines.collect::<Vec<_>>().join("\n");
    databases.target(
        relay.directory(),
        &format!("{way}\nca = \"{}\"", ca.display()),
    );
    for command in ["plan", "copy"] {
        let said = relay.run(&[command]);
        assert_eq!(said.code, Some(69), "{} {}", said.json, said.error);
        assert!(
            said.error.to_lowercase().contains("certificate"),
            "{}",
            said.error
        );
    }
    databases.drop().await;
}

/// The operator names an employee of theirs for interviews whose interviewer is not known.
#[tokio::test]
async fn whom_the_operator_named_stands_for_missing_interviewers_and_each_is_listed() {
    let databases = Databases::make(PRISMA, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.change(INTERVIEWS).await;
    relay
        .change("UPDATE interviews SET interviewer_id = NULL WHERE id IN ('INT-1', 'INT-3')")
        .await;
    let plan = relay.good(&["plan"]);
    assert_eq!(
        found(&plan, "missing").unwrap()["ids"],
        json!(["INT-1", "INT-3"])
    );
    relay.good(&["copy"]);
    let ids = "SELECT CONCAT(id, ' ', interviewer_id) FROM interviews ORDER BY id";
    assert_eq!(
        databases.ask::<String>(ids).await,
        ["INT-2 id-of-1", "INT-5 id-of-2"]
    );

    relay.also("missing_interviewer = \"NOBODY-THERE\"");
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(1));
    let found_none = found(&said.json, "no_missing_interviewer").unwrap();
    assert_eq!(found_none["employee"], "NOBODY-THERE");

    databases.target(relay.directory(), &crate::server::way());
    relay.also("missing_interviewer = \"EMP-3\"");
    let plan = relay.good(&["plan"]);
    assert_eq!(found(&plan, "missing"), None);
    assert_eq!(
        found(&plan, "stands_in").unwrap()["ids"],
        json!(["INT-1", "INT-3"])
    );
    let copied = relay.good(&["copy"]);
    assert!(
        copied["remarks"].to_string().contains("stands_in"),
        "{copied}"
    );
    assert_eq!(
        databases.ask::<String>(ids).await,
        [
            "INT-1 id-of-3",
            "INT-2 id-of-1",
            "INT-3 id-of-3",
            "INT-5 id-of-2"
        ]
    );
    let verified = relay.good(&["verify"]);
    assert_eq!(
        (&verified["good"], &verified["keptOut"]),
        (&json!(true), &json!(1))
    );
    databases.drop().await;
}

#[tokio::test]
async fn a_row_that_somebody_else_holds_is_waited_for_and_then_said_and_the_next_copy_goes_on() {
    let databases = Databases::alone(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay.change(INTERVIEWS).await;
    relay.good(&["copy"]);
    relay
        .change("UPDATE interviews SET duration_minutes = 45 WHERE id = 'INT-1'")
        .await;
    let mut theirs = databases.connection().await;
    for sql in [
        "START TRANSACTION",
        "UPDATE interviews SET notes = 'theirs' WHERE id = 'INT-1'",
    ] {
        theirs.query_drop(sql).await.unwrap();
    }
    let copy = || relay.run(&["copy"]);
    if let Some(said) = with_setting("innodb_lock_wait_timeout", "1", copy).await {
        assert_eq!(said.code, Some(1), "{}", said.json);
        assert!(said.error.contains("1205"), "{}", said.error);
        assert!(
            said.error.contains("holds one of the rows"),
            "{}",
            said.error
        );
    }
    theirs.query_drop("COMMIT").await.unwrap();
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let there = "SELECT CONCAT(duration_minutes, ' ', notes) FROM interviews WHERE id = 'INT-1'";
    assert_eq!(databases.ask::<String>(there).await, ["45 theirs"]);
    databases.drop().await;
}

#[tokio::test]
async fn a_wrong_password_is_said_and_nothing_of_it() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    let user = &databases.own;
    let made = format!("CREATE USER '{user}'@'%' IDENTIFIED BY 'the-right-password'");
    databases.run(&[&made]).await;
    let way = format!("{}\npassword = \"RESTRICTED\"", crate::server::way());
    let relay = Relay::by_way(&databases, &way).await;
    databases.restricted(relay.directory(), &way, "the-wrong-password");
    for command in ["plan", "copy", "verify"] {
        let said = relay.run(&[command]);
        assert_eq!(said.code, Some(1), "{}", said.error);
        assert!(said.error.contains("1045"), "{}", said.error);
        assert!(said.error.contains("--target"), "{}", said.error);
        assert!(!said.error.contains("the-wrong"), "{}", said.error);
    }
    databases.run(&[&format!("DROP USER '{user}'@'%'")]).await;
    databases.drop().await;
}

/// Such a server refuses changes of transactions that lock no gaps.
#[tokio::test]
async fn a_server_whose_log_has_the_statements_is_written_as_any_other() {
    let databases = Databases::alone(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 1200);
    relay.change(INTERVIEWS).await;
    let all = || [&["plan"][..], &["copy"], &["verify"]].map(|command| relay.run(command));
    if let Some(said) = with_setting("binlog_format", "'STATEMENT'", all).await {
        for said in said {
            assert_eq!(said.code, Some(0), "{} {}", said.json, said.error);
        }
    }
    databases.drop().await;
}

/// Who looks after the server may give rights to a role, or for all databases of a name.
#[tokio::test]
async fn rights_may_come_by_a_role_or_a_pattern_and_what_is_lacking_is_said() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let (own, shared) = (&databases.own, &databases.shared);
    let (user, role) = (format!("'{own}'@'%'"), format!("role_of_{own}"));
    let version = &databases.ask::<String>("SELECT VERSION()").await[0];
    let to = if version.contains("MariaDB") {
        "FOR"
    } else {
        "TO"
    };
    let any_own = format!("{}_%", own.rsplit_once('_').unwrap().0);
    let statements = [
        format!("CREATE USER {user} IDENTIFIED BY 'a-password-of-the-test'"),
        format!("CREATE ROLE {role}"),
        format!("GRANT SELECT, INSERT, UPDATE, DELETE ON `{shared}`.* TO {role}"),
        format!("GRANT {role} TO {user}"),
        format!("SET DEFAULT ROLE {role} {to} {user}"),
        format!("GRANT ALL PRIVILEGES ON `{any_own}`.* TO {user}"),
    ];
    databases
        .run(&statements.each_ref().map(String::as_str))
        .await;
    let way = format!("{}\npassword = \"RESTRICTED\"", crate::server::way());
    let relay = Relay::by_way(&databases, &way).await;
    databases.restricted(relay.directory(), &way, "a-password-of-the-test");
    relay.deliveries(1, 100);
    let plan = relay.good(&["plan"]);
    assert_eq!(found(&plan, "not_granted"), None);
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));

    let less = format!("REVOKE DELETE ON `{shared}`.* FROM {role}");
    databases.run(&[&less]).await;
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(1), "{}", said.json);
    let lacking = said.json["findings"].as_array().unwrap().iter();
    let lacking: Vec<_> = lacking
        .filter(|found| found["kind"] == "not_granted")
        .map(|found| (found["privilege"].clone(), found["on"].clone()))
        .collect();
    let tables = ["webhook_send_logs", "webhook_retry_queue", "interviews"];
    let expected = tables.map(|table| (json!("DELETE"), json!(format!("{shared}.{table}"))));
    assert_eq!(lacking, expected);
    let gone = [format!("DROP USER {user}"), format!("DROP ROLE {role}")];
    databases.run(&gone.each_ref().map(String::as_str)).await;
    databases.drop().await;
}
