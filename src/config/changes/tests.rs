//! Each kind of change, and which of them a person has to mean.

use std::path::Path;

use super::super::{Environment, Loaded, Tls, read};
use super::Changes;
use crate::key_pair::KeyPairFiles;

const JWT: (&str, &str) = ("RELAY_JWT_SECRET", "a-made-up-secret-of-32-characters");
const URL: (&str, &str) = ("VOICEDRIVE_WEBHOOK_URL", "https://a.example/");
const KEY: (&str, &str) = ("VOICEDRIVE_WEBHOOK_SECRET", "a-made-up-secret");
const OLD_KEY: (&str, &str) = ("VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS", "an-older-secret");
const TOKEN: (&str, &str) = ("VOICEDRIVE_API_TOKEN", "vd-test-api-key-0123456789");
const HOOK: (&str, &str) = ("HOOK_URL", "https://hook.example/hush");
const OTHER_HOOK: (&str, &str) = ("OTHER_HOOK_URL", "https://hook.example/other");
const BEARER: (&str, &str) = ("BEARER_TOKEN", "a-made-up-bearer-token");
const PASSWORD: (&str, &str) = ("MAIL_PASSWORD", "hush-hush-hush-hush");

fn loaded<const N: usize>(text: &str, secrets: [(&str, &str); N]) -> Loaded {
    read(text, Path::new("config.toml"), &Environment::from(secrets)).unwrap()
}

fn lost(old: &Loaded, new: &Loaded) -> Vec<String> {
    new.changes_since(old).lost
}

/// What changes from one text to another, with every secret set in both.
fn changes(old: &str, new: &str) -> Changes {
    let all = [JWT, KEY, OLD_KEY, TOKEN, HOOK, OTHER_HOOK, BEARER, PASSWORD];
    loaded(new, all).changes_since(&loaded(old, all))
}

#[test]
fn every_change_has_its_name() {
    let old = loaded("", [JWT, URL, KEY, OLD_KEY]);
    let other = ("VOICEDRIVE_WEBHOOK_SECRET", "another-secret");
    let new = loaded("", [JWT, URL, other, TOKEN]);
    let changes = new.changes_since(&old);
    assert_eq!(changes.new, ["VOICEDRIVE_API_TOKEN"]);
    assert_eq!(changes.changed, ["VOICEDRIVE_WEBHOOK_SECRET"]);
    assert_eq!(changes.gone, ["VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS"]);
    assert!(changes.lost.is_empty());
    assert_eq!(new.changes_since(&new), Changes::default());
}

#[test]
fn what_waits_for_a_restart_is_compared_with_what_is_in_force() {
    let text = |port: u16, directory: &str, days: u16| {
        let server = format!("[server]\nlisten = \"127.0.0.1:{port}\"\n");
        let storage = format!("directory = \"{directory}\"\nretention_days = {days}");
        loaded(&format!("{server}[storage]\n{storage}"), [])
    };
    let started = text(8481, "/a", 30);
    let reloaded = text(8482, "/b", 60).in_place_of(&started);
    let changes = text(8483, "/c", 60).changes_since(&reloaded);
    let shown = |name: &str| {
        let values = &changes.values[name];
        [&values.old[..], &values.new[..]]
    };
    assert_eq!(shown("server.listen"), ["127.0.0.1:8481", "127.0.0.1:8483"]);
    assert_eq!(shown("storage.directory"), ["/a", "/c"]);
    let back = text(8481, "/a", 30).changes_since(&reloaded);
    assert_eq!(back.changed, ["storage.retention_days"]);
}

#[test]
fn the_address_of_tls_waits_for_a_restart_and_its_files_do_not() {
    let text = |port: u16, file: &str| {
        let mut settings = loaded("", []);
        settings.config.server.tls = Some(Tls {
            listen: Some(([127, 0, 0, 1], port).into()),
            files: KeyPairFiles {
                certificate: file.into(),
                key: "/key".into(),
            },
        });
        settings
    };
    let reloaded = text(8444, "/b").in_place_of(&text(8443, "/a"));
    let changed = |port, file| text(port, file).changes_since(&reloaded).changed;
    assert!(changed(8443, "/b").is_empty());
    assert_eq!(changed(8444, "/b"), ["server.tls"]);
    assert_eq!(changed(8443, "/a"), ["server.tls"]);
    // It still has none until the next start.
    let begun = text(8443, "/a").in_place_of(&loaded("", []));
    assert_eq!(text(8443, "/a").changes_since(&begun).new, ["server.tls"]);
}

#[test]
fn of_addresses_and_orders_a_person_sees_what_was_and_what_is() {
    let route = |name: &str| {
        format!(
            "[[route]]\nname = \"{name}\"\nevents = [\"{name}.*\"]\nurl = \"https://{name}.example/\"\nprofile = \"unsigned\"\n"
        )
    };
    let (a, b) = (route("a"), route("b"));
    for (old, new, name, was, is) in [
        (
            "[server]\nlisten = \"127.0.0.1:8481\"",
            "[server]\nlisten = \"127.0.0.1:8482\"",
            "server.listen",
            "127.0.0.1:8481",
            "127.0.0.1:8482",
        ),
        (
            "[ingest]\npath = \"/in\"",
            "[ingest]\npath = \"/door\"",
            "ingest.path",
            "/in",
            "/door",
        ),
        (
            "[storage]\ndirectory = \"/a\"",
            "[storage]\ndirectory = \"/b\"",
            "storage.directory",
            "/a",
            "/b",
        ),
        (&(a.clone() + &b), &(b + &a), "[[route]]", "a, b", "b, a"),
    ] {
        let changes = changes(old, new);
        assert_eq!(changes.changed, [name]);
        let told = &changes.values[name];
        assert_eq!((told.old.as_str(), told.new.as_str()), (was, is));
    }
    // A URL may hold a token.
    let url = |host: &str| format!("[delivery]\nurl = \"https://{host}.example/hush\"");
    assert!(changes(&url("a"), &url("b")).values.is_empty());
}

#[test]
fn what_stops_something_is_lost_and_what_only_lets_fewer_in_is_not() {
    let old = loaded("", [JWT, URL, KEY, OLD_KEY, TOKEN]);
    assert!(lost(&old, &loaded("", [JWT, URL, KEY])).is_empty());
    assert_eq!(lost(&old, &loaded("", [URL, KEY])), ["RELAY_JWT_SECRET"]);
    let nothing = [
        "RELAY_JWT_SECRET",
        "VOICEDRIVE_WEBHOOK_SECRET",
        "VOICEDRIVE_WEBHOOK_URL",
    ];
    assert_eq!(lost(&old, &loaded("", [])), nothing);
    assert!(lost(&loaded("", []), &old).is_empty());
}

#[test]
fn a_url_may_move_into_the_configuration_and_an_older_one_may_not_show_from_under_it() {
    let old = loaded("", [URL, KEY]);
    let moved = loaded("[delivery]\nurl = \"https://a.example/\"", [KEY]);
    assert!(lost(&old, &moved).is_empty());
    let older = loaded("[delivery]\nurl = \"https://old.example/\"", [KEY]);
    assert_eq!(lost(&old, &older), ["VOICEDRIVE_WEBHOOK_URL"]);
    assert_eq!(lost(&moved, &loaded("", [KEY])), ["delivery.url"]);
    // Another one in its place is meant, and told.
    assert!(lost(&moved, &older).is_empty());
    assert_eq!(older.changes_since(&moved).changed, ["delivery.url"]);
}

#[test]
fn a_route_that_is_gone_is_lost_and_its_secret_was_given_up_with_it() {
    let route = "[[route]]\nname = \"a\"\nevents = [\"a.*\"]\nurl = \"https://a.example/\"\nsecret = \"OTHER_SECRET\"";
    let old = loaded(route, [("OTHER_SECRET", "a-made-up-secret")]);
    let changes = loaded("", []).changes_since(&old);
    assert_eq!(changes.gone, ["[[route]] a"]);
    assert_eq!(changes.lost, ["[[route]] a"]);
    let moved = route.replace("a.example", "b.example");
    let moved = loaded(&moved, [("OTHER_SECRET", "a-made-up-secret")]);
    assert!(lost(&old, &moved).is_empty());
    assert_eq!(moved.changes_since(&old).changed, ["[[route]] a: url"]);
    let closed = route.replace("https://a.example/", "");
    let closed = loaded(&closed, [("OTHER_SECRET", "a-made-up-secret")]);
    assert_eq!(lost(&old, &closed), ["[[route]] a: url"]);
    assert!(lost(&closed, &old).is_empty());
}

/// In each pair, the first text has what the second one lacks.
#[test]
fn what_the_configuration_gives_up_has_to_be_meant_while_its_secret_is_still_set() {
    let route = |more: &str| {
        format!("[[route]]\nname = \"a\"\nevents = [\"a.*\"]\nurl = \"https://a.example/\"\n{more}")
    };
    let delivery = |more: &str| format!("[delivery]\nurl = \"https://a.example/\"\n{more}");
    let mail = |more: &str| {
        format!(
            "[[alerts.channel]]\nkind = \"email\"\nfrom = \"a@a.example\"\nto = [\"b@a.example\"]\n{more}"
        )
    };
    let hook = |kind: &str, name: &str| {
        format!("[[alerts.channel]]\nkind = \"{kind}\"\nurl = \"{name}\"\n")
    };
    let (slack, teams) = (hook("slack", "HOOK_URL"), hook("teams", "OTHER_HOOK_URL"));
    let login = "encryption = \"tls\"\nusername = \"u\"\npassword = \"MAIL_PASSWORD\"\n";
    let proxy = "proxy = \"http://proxy.example:3128\"\n";
    for (had, has, name) in [
        (
            "[alerts]\nheartbeat_url = \"HOOK_URL\"".to_owned(),
            String::new(),
            "alerts.heartbeat_url",
        ),
        (
            delivery("bearer = \"BEARER_TOKEN\"\n"),
            delivery(""),
            "delivery.bearer",
        ),
        (
            route("bearer = \"BEARER_TOKEN\"\n"),
            route(""),
            "[[route]] a: bearer",
        ),
        (
            delivery(""),
            delivery("profile = \"unsigned\"\n"),
            "delivery.signature",
        ),
        (
            route(""),
            route("profile = \"unsigned\"\n"),
            "[[route]] a: signature",
        ),
        (delivery(proxy), delivery(""), "delivery.proxy"),
        (route(proxy), route(""), "[[route]] a: proxy"),
        (
            "[server]\npublic_url = \"https://relay.example\"\n".to_owned(),
            String::new(),
            "server.public_url",
        ),
        ("[ingest]\n".to_owned(), String::new(), "[ingest]"),
        (
            "[ingest]\nsecrets = [\"VOICEDRIVE_WEBHOOK_SECRET\", \"HOOK_URL\"]\n".to_owned(),
            "[ingest]\n".to_owned(),
            "ingest.secrets: HOOK_URL",
        ),
        (
            route("").replace("\"a.*\"", "\"a.*\", \"b.c\""),
            route("").replace("\"a.*\"", "\"a.b.*\", \"b.*\""),
            "[[route]] a: events: a.*",
        ),
        (
            "[server]\ncors_allowed_origins = [\"https://a.example\", \"https://b.example\"]\n"
                .to_owned(),
            "[server]\ncors_allowed_origins = [\"https://b.example\"]\n".to_owned(),
            "server.cors_allowed_origins: https://a.example",
        ),
        (
            "[ingest]\nbearers = [\"BEARER_TOKEN\"]\n".to_owned(),
            "[ingest]\n".to_owned(),
            "ingest.bearers: BEARER_TOKEN",
        ),
        (
            "[ingest]\nopen_from = [\"10.0.0.0/8\"]\n".to_owned(),
            "[ingest]\nopen_from = [\"10.1.0.0/16\"]\n".to_owned(),
            "ingest.open_from: 10.0.0.0/8",
        ),
        (
            slack.clone() + &teams,
            teams.clone(),
            "[[alerts.channel]] slack 1",
        ),
        (slack.clone(), teams.clone(), "[[alerts.channel]] slack 1"),
        (
            mail(login),
            mail(""),
            "[[alerts.channel]] email 1: password",
        ),
    ] {
        let found = changes(&had, &has);
        assert_eq!(found.lost, [name], "{had}\n{has}");
        assert!(found.gone.contains(&name.to_owned()), "{found:?}");
        // The other way round nothing is lost, and something is told.
        let found = changes(&has, &had);
        assert!(found.lost.iter().all(|lost| lost != name), "{found:?}");
        let told = found.new.len() + found.changed.len();
        assert!(told > 0, "{has}\n{had}");
    }
}

#[test]
fn what_has_only_another_value_or_another_place_needs_no_word_and_is_told() {
    let route = "[[route]]\nname = \"a\"\nevents = [\"a.*\"]\nurl = \"https://a.example/\"\n";
    let second = "[[route]]\nname = \"b\"\nevents = [\"*\"]\nurl = \"https://b.example/\"\n";
    let second = second.replace("\"*\"", "\"b.*\"");
    let with = |more: &str| format!("{route}{more}");
    let hook = |name: &str| format!("[[alerts.channel]]\nkind = \"slack\"\nurl = \"{name}\"\n");
    for (had, has, name) in [
        ("", "language = \"en\"", "language"),
        ("", "timezone = \"UTC\"", "timezone"),
        ("", "[server]\nlisten = \"127.0.0.1:1\"", "server.listen"),
        (
            "",
            "[server]\nmax_body_bytes = 2048",
            "server.max_body_bytes",
        ),
        (
            "",
            "[storage]\nretention_days = 30",
            "storage.retention_days",
        ),
        (
            "",
            "[rate_limit]\nrequests_per_minute = 1",
            "rate_limit.requests_per_minute",
        ),
        (
            "",
            "[retry]\nintervals_seconds = [1]",
            "retry.intervals_seconds",
        ),
        ("", "[recovery]\nautomatic = true", "recovery.automatic"),
        (
            "",
            "[delivery]\ntimeout_seconds = 6",
            "delivery.timeout_seconds",
        ),
        ("", "[delivery]\nallow_http = true", "delivery.allow_http"),
        (
            "",
            "[delivery]\nno_proxy = [\"a.example\"]",
            "delivery.no_proxy",
        ),
        ("", "[alerts.thresholds]\nqueue = 3", "alerts.thresholds"),
        (
            "",
            "[alerts]\ndigest_minutes = [1]",
            "alerts.digest_minutes",
        ),
        (
            "[alerts]\nheartbeat_url = \"HOOK_URL\"",
            "[alerts]\nheartbeat_url = \"OTHER_HOOK_URL\"",
            "alerts.heartbeat_url",
        ),
        ("[ingest]", "[ingest]\npath = \"/out\"", "ingest.path"),
        (
            route,
            &with("profile = \"standard-webhooks\""),
            "[[route]] a: profile",
        ),
        (route, &with("order = \"none\""), "[[route]] a: order"),
        (
            route,
            &with("headers = { \"X-A\" = \"b\" }"),
            "[[route]] a: headers",
        ),
        (
            route,
            &route.replace("\"a.*\"", "\"a.*\", \"c.*\""),
            "[[route]] a: events",
        ),
        (&with(&second), &format!("{second}{route}"), "[[route]]"),
        (
            "[delivery]\nproxy = \"http://p.example:1\"",
            "[delivery]\nproxy = \"http://p.example:2\"",
            "delivery.proxy",
        ),
        (
            &hook("HOOK_URL"),
            &hook("OTHER_HOOK_URL"),
            "[[alerts.channel]] slack 1",
        ),
    ] {
        let found = changes(had, has);
        let expected = Changes {
            changed: vec![name.to_owned()],
            values: found.values.clone(),
            ..Changes::default()
        };
        assert_eq!(found, expected, "{had}\n{has}");
    }
    // A sender's secret under another name is the same one.
    let renamed = loaded(
        "[ingest]\nsecrets = [\"B_SECRET\"]",
        [("B_SECRET", KEY.1), KEY],
    );
    let old = loaded("[ingest]\n", [KEY]);
    assert!(lost(&old, &renamed).is_empty());
    assert!(!format!("{:?}", renamed.changes_since(&old)).contains(KEY.1));
}

#[test]
fn a_secret_that_nothing_names_any_more_is_not_said_to_be_unset() {
    let heartbeat = "[alerts]\nheartbeat_url = \"HOOK_URL\"";
    assert_eq!(changes(heartbeat, "").gone, ["alerts.heartbeat_url"]);
}

#[test]
fn events_that_another_route_takes_go_on_being_sent() {
    let route = |name: &str, events: &str, more: &str| {
        format!("[[route]]\nname = \"{name}\"\nevents = [{events}]\n{more}\n")
    };
    let url = "url = \"https://a.example/\"";
    let had = route("a", "\"a.*\", \"b.c\"", url);
    let moved = route("a", "\"a.*\"", url) + &route("b", "\"b.*\"", url);
    assert!(changes(&had, &moved).lost.is_empty());
    // Nothing is sent where there is no URL.
    let nowhere = route("a", "\"a.*\"", url) + &route("b", "\"b.*\"", "url = \"\"");
    let found = changes(&had, &nowhere).lost;
    assert_eq!(found, ["[[route]] a: events: b.c"]);
}

#[test]
fn a_route_that_is_private_no_more_is_told_as_shown() {
    let route =
        |more: &str| format!("[[route]]\nname = \"a\"\nevents = [\"a.*\"]\nurl = \"\"\n{more}");
    let found = changes(&route("private = true"), &route(""));
    assert_eq!(found.shown, ["[[route]] a"]);
    assert_eq!(found.changed, ["[[route]] a: private"]);
    let found = changes(&route(""), &route("private = true"));
    assert!(found.shown.is_empty());
}

#[test]
fn everything_that_is_given_up_together_is_named() {
    let had = "[server]\npublic_url = \"https://relay.example\"\ncors_allowed_origins = [\"https://a.example\"]\n";
    let found = changes(had, "");
    let names = [
        "server.cors_allowed_origins: https://a.example",
        "server.public_url",
    ];
    assert_eq!(found.lost, names);
    let marked = [
        "server.cors_allowed_origins",
        "-server.cors_allowed_origins: https://a.example",
        "-server.public_url",
    ];
    assert_eq!(found.marked(), marked);
}

#[test]
fn a_file_of_secrets_that_is_gone_has_to_be_meant() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let secrets = directory.path().join("secrets.env");
    std::fs::write(&secrets, format!("{}={}\n", TOKEN.0, TOKEN.1)).unwrap();
    // What the process was started with may be older.
    let environment = Environment::from([TOKEN]);
    let load = || super::super::load(&config, &environment).unwrap();
    let old = load();
    assert_eq!(load().changes_since(&old), Changes::default());
    std::fs::remove_file(&secrets).unwrap();
    assert_eq!(load().changes_since(&old).lost, ["secrets.env"]);
    assert_eq!(load().changes_since(&load()), Changes::default());
}

#[test]
fn names_of_events_that_are_not_taken_any_more_have_to_be_meant() {
    let known = |names: &str| format!("[server]\nknown_events = [{names}]\n");
    let lost = |old: &str, new: &str| changes(&known(old), &known(new)).lost;
    let (both, one) = ("\"a.b\", \"c.*\"", "\"c.d\"");
    assert_eq!(
        lost(both, one),
        ["server.known_events: a.b", "server.known_events: c.*"]
    );
    assert!(lost(one, both).is_empty());
    assert!(lost(both, "").is_empty());
    // The first list of all says what is meant.
    assert!(lost("", both).is_empty());
}
