//! Reading configurations, good and bad.

use std::time::Duration;

use super::*;

fn try_read(text: &str, environment: &Environment) -> Result<Loaded, ConfigErrors> {
    read(text, Path::new("config.toml"), environment)
}

fn errors(text: &str, environment: &Environment) -> String {
    try_read(text, environment).unwrap_err().to_string()
}

#[test]
fn an_empty_file_gives_the_contracts_defaults() {
    let config = try_read("", &Environment::default()).unwrap().config;
    assert_eq!(config.language, Language::Ja);
    assert_eq!(config.timezone, Zone::TOKYO);
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8480");
    assert_eq!(config.server.max_body_bytes, 1_048_576);
    assert_eq!(
        config.storage.directory,
        Path::new("/var/lib/voicedrive-relay")
    );
    assert_eq!(config.storage.retention_days, 90);
    assert_eq!(config.storage.backup_interval.as_secs(), 60);
    assert_eq!(config.rate_limit.requests_per_minute, 100);
    assert_eq!(config.delivery.url, None);
    assert_eq!(config.delivery.profile.name, "medical-system");
    assert_eq!(config.delivery.name, "default");
    assert!(config.routes.is_empty() && !config.allow_http);
    assert_eq!(config.delivery.timeout.as_secs(), 5);
    assert_eq!(config.delivery.concurrency, 8);
    let seconds: Vec<u64> = config
        .retry
        .intervals
        .iter()
        .map(Duration::as_secs)
        .collect();
    assert_eq!(seconds, [60, 300, 1800]);
}

#[test]
fn five_mistakes_are_reported_together_with_their_lines() {
    let text = "language = \"de\"\n\
                [server]\n\
                listen = \"everywhere\"\n\
                max_body_bytes = 1\n\
                colour = \"red\"\n\
                [retry]\n\
                intervals_seconds = [0]\n";
    let report = errors(text, &Environment::default());
    let lines: Vec<&str> = report.lines().collect();
    assert_eq!(lines.len(), 5, "{report}");
    for (line, start) in lines.iter().zip([
        "config.toml:1: language: must be",
        "config.toml:3: server.listen: must be",
        "config.toml:4: server.max_body_bytes: must be",
        "config.toml:5: server.colour: no such key",
        "config.toml:7: retry.intervals_seconds: must be",
    ]) {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    let nothing = Environment::default();
    for (text, word) in [
        ("x = 1", "config.toml:1: x: no such key here"),
        ("[nothing]\nx = 1", "config.toml:1: nothing: no such key"),
        ("language = ", "config.toml:1: not TOML"),
        ("server = 7", "config.toml:1: server: must be a table"),
        ("timezone = \"Mars\"", "timezone"),
        (
            "[server]\ntrusted_proxies = [\"x\"]",
            "server.trusted_proxies",
        ),
        (
            "[server]\ncors_allowed_origins = [\"https://a.example/path\"]",
            "server.cors_allowed_origins",
        ),
        (
            "[server]\ncors_allowed_origins = [\"*\"]",
            "a wildcard matches no page",
        ),
        (
            "[server]\ncors_allowed_origins = [\"https://*.example\"]",
            "a wildcard matches no page",
        ),
        (
            "[server]\ncors_allowed_origins = [\"https://a.example/\"]",
            "without a path or a / at its end",
        ),
        (
            "[server]\ncors_allowed_origins = [\"ftp://a.example\"]",
            "server.cors_allowed_origins",
        ),
        ("[storage]\nretention_days = 0", "from 1 to 3650"),
        ("[storage]\nretention_days = -1", "from 1 to 3650"),
        ("[storage]\nretention_days = \"90\"", "from 1 to 3650"),
        ("[delivery]\nurl = \"ftp://x\"", "delivery.url"),
        (
            "[delivery]\nurl = \"https://x.example:99999/\"",
            "a port from 1 to 65535",
        ),
        (
            "[server]\ntrusted_proxies = [\n  \"10.0.0.1\",\n  \"x\",\n]",
            "config.toml:4: server.trusted_proxies[2]: must be",
        ),
        (
            "[server.tls]\nkey = \"/k.pem\"",
            "config.toml:1: server.tls.certificate: must be the path of a file",
        ),
        (
            "[server.tls]\ncertificate = \"c.pem\"\nkey = \"/k.pem\"",
            "config.toml:2: server.tls.certificate: must be the path of a file",
        ),
        (
            "[server.tls]\nlisten = \"127.0.0.1:8480\"\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"",
            "another one than server.listen",
        ),
        (
            "[server.tls]\ncertificate = \"/nonexistent/c.pem\"\nkey = \"/k.pem\"",
            "/nonexistent/c.pem: server.tls.certificate: cannot be read",
        ),
        ("[delivery]\nurl = \"https://user:pass@x\"", "delivery.url"),
        (
            "[delivery]\nprofile = \"mine\"",
            "medical-system, voicedrive-employee",
        ),
        ("[delivery]\nsecret = \"hunter2\"", "the name of a secret"),
        ("[delivery]\nconcurrency = 0", "delivery.concurrency"),
        ("[retry]\nintervals_seconds = []", "1 to 10"),
        (
            "[retry]\nintervals_seconds = [1,1,1,1,1,1,1,1,1,1,1]",
            "1 to 10",
        ),
        ("[retry]\nintervals_seconds = [1.5]", "1 to 10"),
    ] {
        let report = errors(text, &nothing);
        assert!(report.contains(word), "{text}: {report}");
        assert!(
            !report.contains("hunter2") && !report.contains("pass@"),
            "{report}"
        );
    }
}

#[test]
fn a_full_width_character_is_told_with_its_place_and_alone() {
    let nothing = Environment::default();
    for (text, told) in [
        (
            "[delivery]\ntimeout_seconds = ５\n",
            "config.toml:2: has the full-width character ５ at column 19; type it again as a plain character",
        ),
        (
            "language = \"en\"\n\u{3000}timezone = \"UTC\"\n",
            "config.toml:2: has a full-width blank at column 1; type it again as a plain character",
        ),
        (
            "[delivery]\nurl = ”https://x.example/”\n",
            "config.toml:2: has the full-width character ” at column 7; type it again as a plain character",
        ),
        (
            "［delivery］\ntimeout_seconds = 6\n",
            "config.toml:1: has the full-width character ［ at column 1; type it again as a plain character",
        ),
    ] {
        assert_eq!(errors(text, &nothing), told, "{text}");
    }
}

#[test]
fn what_stands_twice_is_told_once_with_both_lines() {
    let nothing = Environment::default();
    for (text, told) in [
        (
            "[delivery]\ntimeout_seconds = 5\n# 5\ntimeout_seconds = 6\n",
            "config.toml:4: timeout_seconds stands on line 2 already; write it in one place only",
        ),
        (
            "[server]\nlisten = \"127.0.0.1:1\"\n[delivery]\n[server]\nlisten = \"127.0.0.1:2\"\n",
            "config.toml:4: [server] stands on line 1 already; write it in one place only",
        ),
        (
            "language = \"en\"\r[delivery]\rtimeout_seconds = 5\r",
            "config.toml:1: has lines that end with CR alone; save the file with LF",
        ),
    ] {
        assert_eq!(errors(text, &nothing), told, "{text}");
    }
}

#[test]
fn what_stands_under_a_heading_that_is_not_closed_is_not_judged() {
    let text = "[delivery\ntimeout_seconds = 6\nconcurrency = 4\n[server]\ncolour = 1\n";
    let report = errors(text, &Environment::default());
    let lines: Vec<&str> = report.lines().collect();
    assert!(lines[0].starts_with("config.toml:1: not TOML"), "{report}");
    assert!(
        lines[1].starts_with("config.toml:5: server.colour"),
        "{report}"
    );
    assert_eq!(lines.len(), 2, "{report}");
}

#[test]
fn a_heading_that_should_be_a_list_is_told_as_it_is_written() {
    let report = errors(
        "[alerts.channel]\nkind = \"slack\"",
        &Environment::default(),
    );
    assert!(report.contains("written [[alerts.channel]]"), "{report}");
    let report = errors("[alerts]\nthresholds = 7", &Environment::default());
    assert!(report.contains("written [alerts.thresholds]"), "{report}");
}

#[test]
fn every_key_that_is_known_is_named_whether_or_not_it_is_there() {
    let nothing = Environment::default();
    let report = errors("[delivry]", &nothing);
    assert!(report.contains("ingest"), "{report}");
    let report = errors("[delivery]\ncolour = 1", &nothing);
    for key in ["max_per_second", "max_body_bytes", "counted_by_voicedrive"] {
        assert_eq!(report.matches(key).count(), 1, "{report}");
    }
}

#[test]
fn a_route_that_signs_needs_its_secret_and_only_with_a_url() {
    let with_url = "[delivery]\nurl = \"https://voicedrive.example.com/webhook\"";
    let nothing = Environment::default();
    assert!(try_read("", &nothing).is_ok());
    assert!(errors(with_url, &nothing).contains("VOICEDRIVE_WEBHOOK_SECRET"));
    assert!(try_read(&format!("{with_url}\nprofile = \"unsigned\""), &nothing).is_ok());
    let named = format!("{with_url}\nsecret = \"OTHER_SECRET\"");
    let environment = Environment::from([("OTHER_SECRET", "x")]);
    assert!(try_read(&named, &environment).is_ok());
}

#[test]
fn the_environment_overrides_the_url_and_its_mistakes_are_named_after_it() {
    let environment = Environment::from([
        ("VOICEDRIVE_WEBHOOK_URL", "https://b.example/"),
        ("VOICEDRIVE_WEBHOOK_SECRET", "s"),
    ]);
    let loaded = try_read("[delivery]\nurl = \"https://a.example/\"", &environment).unwrap();
    assert_eq!(
        loaded.config.delivery.url.unwrap().as_str(),
        "https://b.example/"
    );
    let environment = Environment::from([("VOICEDRIVE_WEBHOOK_URL", "nowhere")]);
    assert!(errors("", &environment).starts_with("environment variable VOICEDRIVE_WEBHOOK_URL:"));
}

#[test]
fn a_route_that_leads_back_to_the_relay_is_refused_in_every_place() {
    let server =
        "[server]\nlisten = \"0.0.0.0:8480\"\npublic_url = \"https://relay.clinic.example\"\n";
    for url in [
        "http://localhost:8480/in",
        "https://relay.clinic.example/in",
    ] {
        let delivery = format!("{server}[delivery]\nprofile = \"unsigned\"\nurl = \"{url}\"");
        let report = errors(&delivery, &Environment::default());
        let place = "config.toml:6: delivery.url: must be the URL of a receiver";
        assert!(report.starts_with(place), "{report}");
        let route = format!(
            "{server}[[route]]\nevents = [\"a.*\"]\nprofile = \"unsigned\"\nurl = \"{url}\""
        );
        let report = errors(&route, &Environment::default());
        assert!(report.starts_with("config.toml:7: route.url"), "{report}");
        let environment = Environment::from([("VOICEDRIVE_WEBHOOK_URL", url)]);
        let unsigned = format!("{server}[delivery]\nprofile = \"unsigned\"");
        let report = errors(&unsigned, &environment);
        let place = "environment variable VOICEDRIVE_WEBHOOK_URL: must be the URL of a receiver";
        assert!(report.starts_with(place), "{report}");
    }
}

#[test]
fn a_url_with_a_blank_is_told_wherever_it_stands() {
    let url = "https://a.example/ hook";
    let variable =
        |name: &str| format!("environment variable {name}: must be a URL without a blank");
    let unsigned = "[delivery]\nprofile = \"unsigned\"\n";
    let environment = Environment::from([
        ("VOICEDRIVE_WEBHOOK_URL", url),
        ("HOOK_URL", url),
        ("PROXY_URL", "http://user:pass word@proxy.example:3128"),
    ]);
    let hook = format!("{unsigned}[alerts]\nheartbeat_url = \"HOOK_URL\"");
    let report = errors(&hook, &environment);
    let expected = ["VOICEDRIVE_WEBHOOK_URL", "HOOK_URL"].map(variable);
    assert_eq!(report, expected.join("\n"));
    let proxied = format!("{unsigned}proxy = \"PROXY_URL\"");
    let report = errors(&proxied, &environment);
    assert!(report.contains(&variable("PROXY_URL")), "{report}");
    let written = format!("{unsigned}url = \"{url}\"");
    let report = errors(&written, &Environment::default());
    let expected = "config.toml:3: delivery.url: must be a URL without a blank";
    assert_eq!(report, expected);
}

#[test]
fn a_key_that_says_it_is_base64_has_to_be() {
    let route = "[delivery]\nurl = \"https://a.example/\"\nprofile = \"standard-webhooks\"";
    for (secret, good) in [
        ("whsec_YS1tYWRlLXVwLXNlY3JldA==", true),
        ("a-made-up-secret", true),
        ("whsec_", false),
        ("whsec_not base64", false),
        ("whsec_YS1tYWRlLXVwLXNlY3Jl dA", false),
        ("whsec_YS1tYWRlLXVwLXNlY3JldA", false),
    ] {
        let environment = Environment::from([
            ("VOICEDRIVE_WEBHOOK_SECRET", secret),
            ("VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS", secret),
        ]);
        if good {
            assert!(try_read(route, &environment).is_ok(), "{secret}");
            continue;
        }
        let report = errors(route, &environment);
        let told = "begins with whsec_, and the rest is not base64; copy the whole value again";
        assert_eq!(report.matches(told).count(), 2, "{report}");
        assert!(!report.contains("YS1t"), "{report}");
    }
    // Elsewhere it is a text as any other.
    let other = route.replace("standard-webhooks", "medical-system");
    let environment = Environment::from([("VOICEDRIVE_WEBHOOK_SECRET", "whsec_")]);
    assert!(try_read(&other, &environment).is_ok());
}

#[test]
fn the_public_url_is_an_address_without_a_path() {
    let read = |url: &str| {
        let text = format!("[server]\npublic_url = \"{url}\"");
        try_read(&text, &Environment::default()).map(|loaded| loaded.config.server.public_url)
    };
    for good in ["https://relay.example", "http://relay.example:8443/"] {
        assert!(read(good).unwrap().is_some(), "{good}");
    }
    assert_eq!(read("").unwrap(), None);
    for bad in [
        "relay.example",
        "ftp://relay.example",
        "https://relay.example/path",
        "https://relay.example/?a",
        "https://user@relay.example",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn weak_secrets_are_refused_and_never_shown() {
    let environment = Environment::from([
        ("RELAY_JWT_SECRET", "hush-hush-short"),
        ("RELAY_JWT_SECRET_PREVIOUS", "hush-hush-old"),
        ("VOICEDRIVE_API_TOKEN", "hush hush with blanks"),
    ]);
    let report = errors("", &environment);
    assert_eq!(report.lines().count(), 3, "{report}");
    assert!(!report.contains("hush"), "{report}");
}

#[test]
fn a_file_that_is_not_there_is_one_mistake() {
    let report = load(Path::new("/nowhere/config.toml"), &Environment::default());
    let report = report.unwrap_err().to_string();
    assert!(
        report.starts_with("/nowhere/config.toml: cannot be read"),
        "{report}"
    );
}

#[test]
fn a_profile_of_ones_own_is_data() {
    let text = "[delivery]\nurl = \"https://a.example/\"\nprofile = \"mine\"\n\
                [profile.mine]\nbody = [\"type\", \"data\"]\nsignature_header = \"X-Sig\"\n\
                timestamp_header = \"X-Time\"\ntimestamp_format = \"unix-s\"\n\
                signed_text = \"{id}:{timestamp}:{body}\"\nencoding = \"base64\"\n\
                signature_prefix = \"sha256=\"\n";
    let environment = Environment::from([("VOICEDRIVE_WEBHOOK_SECRET", "s")]);
    let loaded = try_read(text, &environment).unwrap();
    let profile = &loaded.out[0].profile;
    let at = crate::timestamp::Timestamp::from_unix_ms(1_761_489_000_123);
    let body = profile.body("a.b", at, "{}");
    assert_eq!(body, r#"{"type":"a.b","data":{}}"#);
    let headers = crate::delivery::signature::headers(profile, &[b"s"], "id-1", at, &body);
    assert_eq!(headers[0], ("X-Time".to_owned(), "1761489000".to_owned()));
    assert_eq!(headers[1].0, "X-Sig");
    // echo -n 'id-1:1761489000:{"type":"a.b","data":{}}' | openssl dgst -sha256 -hmac s -binary | base64
    assert_eq!(
        headers[1].1,
        "sha256=Cp0d6n0VKuU8+LIbu6mElvbJraTlf7zbQngeETVy8uk="
    );
}

#[test]
fn a_profile_that_cannot_work_is_refused() {
    for (table, key) in [
        ("body = \"everything\"", "body"),
        ("body = [\"data\", \"data\"]", "body"),
        ("body = [\"event\"]", "body"),
        (
            "signature_header = \"X-S\"\nsigned_text = \"{body}\"",
            "body",
        ),
        (
            "body = \"data\"\nsignature_header = \"Content-Length\"\nsigned_text = \"{body}\"",
            "signature_header",
        ),
        (
            "body = \"data\"\nsignature_header = \"X S\"\nsigned_text = \"{body}\"",
            "signature_header",
        ),
        ("body = \"data\"\nsignature_header = \"X-S\"", "signed_text"),
        (
            "body = \"data\"\nsignature_header = \"X-S\"\nsigned_text = \"{body}{colour}\"",
            "signed_text",
        ),
        (
            "body = \"data\"\nsignature_header = \"X-S\"\nsigned_text = \"{id}\"",
            "signed_text",
        ),
        (
            "body = \"data\"\nsignature_header = \"X-S\"\nsigned_text = \"{timestamp}{body}\"",
            "signed_text",
        ),
        (
            "body = \"data\"\nsigned_text = \"{body}\"",
            "signature_header",
        ),
        (
            "body = \"data\"\ntimestamp_header = \"X-S\"\nsignature_header = \"x-s\"\nsigned_text = \"{body}\"",
            "signature_header",
        ),
        (
            "body = \"data\"\ntimestamp_format = \"unix-ms\"",
            "timestamp_header",
        ),
        ("body = \"data\"\nencoding = \"rot13\"", "encoding"),
        ("body = \"data\"\ncolour = \"red\"", "colour"),
    ] {
        let text = format!("[profile.mine]\n{table}");
        let report = errors(&text, &Environment::default());
        assert!(
            report.contains(&format!("profile.mine.{key}: ")),
            "{table}: {report}"
        );
        assert_eq!(report.lines().count(), 1, "{table}: {report}");
    }
    let built_in = errors(
        "[profile.unsigned]\nbody = \"data\"",
        &Environment::default(),
    );
    assert!(
        built_in.contains("profile.unsigned: must be named"),
        "{built_in}"
    );
}

#[test]
fn addresses_that_are_never_called_are_refused_in_every_place() {
    for url in [
        "http://8.8.8.8/",
        "http://169.254.169.254/",
        "https://[fe80::1]/",
    ] {
        let delivery = format!("[delivery]\nprofile = \"unsigned\"\nurl = \"{url}\"");
        assert!(errors(&delivery, &Environment::default()).contains("delivery.url"));
        let environment = Environment::from([("VOICEDRIVE_WEBHOOK_URL", url)]);
        let unsigned = "[delivery]\nprofile = \"unsigned\"";
        assert!(errors(unsigned, &environment).contains("VOICEDRIVE_WEBHOOK_URL"));
    }
    let allowed =
        "[delivery]\nallow_http = true\nprofile = \"unsigned\"\nurl = \"http://8.8.8.8/\"";
    assert!(try_read(allowed, &Environment::default()).is_ok());
}

#[test]
fn routes_need_names_of_their_own() {
    let route = "[[route]]\nevents = [\"a.*\", \"b\"]\nurl = \"https://a.example/\"\nprofile = \"unsigned\"\n";
    let twice = errors(&route.repeat(2), &Environment::default());
    assert!(
        twice.starts_with("config.toml:5: route.name: must be another name"),
        "{twice}"
    );
    let two = format!("{route}{route}name = \"second\"\n");
    let loaded = try_read(&two, &Environment::default()).unwrap();
    let names: Vec<_> = loaded.out.iter().map(|route| route.name.as_str()).collect();
    assert_eq!(names, ["a.*", "second"]);
    assert!(
        errors(
            &format!("{route}name = \"default\""),
            &Environment::default()
        )
        .contains("route.name")
    );
}

#[test]
fn a_route_that_would_be_called_default_needs_a_name() {
    let route =
        "[[route]]\nevents = [\"default\"]\nurl = \"https://a.example/\"\nprofile = \"unsigned\"\n";
    let report = errors(route, &Environment::default());
    let place = "config.toml:1: route.name: must be given";
    assert!(report.starts_with(place), "{report}");
    let named = format!("{route}name = \"other\"");
    assert!(try_read(&named, &Environment::default()).is_ok());
}

#[test]
fn mistakes_of_configuration_and_secrets_are_told_together() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    let url = "[delivery]\ncolour = 1\nurl = \"https://a.example/\"\n";
    std::fs::write(&path, url).unwrap();
    std::fs::write(directory.path().join("secrets.env"), "hush\n").unwrap();
    let environment = Environment::from([("VOICEDRIVE_WEBHOOK_SECRET", "stale")]);
    let report = load(&path, &environment).unwrap_err().to_string();
    for told in [
        "config.toml:2: delivery.colour: no such key",
        "secrets.env:1: must be a line NAME=value",
        "secrets.env: VOICEDRIVE_WEBHOOK_SECRET: is not set",
        "note: environment variable VOICEDRIVE_WEBHOOK_SECRET: does not count",
    ] {
        assert!(report.contains(told), "{told}: {report}");
    }
    std::fs::write(&path, b"# \x8c\xae").unwrap();
    let report = load(&path, &environment).unwrap_err().to_string();
    assert!(report.contains("config.toml:1: is not UTF-8"), "{report}");
    assert!(report.contains("secrets.env:1: must be"), "{report}");
}

#[test]
fn what_the_package_brings_is_read_without_a_word() {
    use std::os::unix::fs::PermissionsExt;
    let script = include_str!("../../packaging/maintainer/postinst");
    let (_, rest) = script.split_once("<<END\n").unwrap();
    let (template, _) = rest.split_once("END\n").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, include_str!("../../packaging/config.toml")).unwrap();
    let secrets = secrets_file(&config);
    let key = "0123456789abcdef".repeat(4);
    std::fs::write(&secrets, template.replace("$key", &key)).unwrap();
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    let loaded = load(&config, &Environment::default()).unwrap();
    assert_eq!(loaded.notes, []);
    assert_eq!(loaded.set.keys().collect::<Vec<_>>(), ["RELAY_JWT_SECRET"]);
    let unit = include_str!("../../systemd/voicedrive-relay.service");
    assert!(
        !unit.contains("EnvironmentFile"),
        "nothing stale comes back"
    );
}

#[test]
fn mistakes_about_secrets_are_told_in_japanese_too() {
    let environment = Environment::from([
        ("RELAY_JWT_SECRET", "hush"),
        ("VOICEDRIVE_API_TOKEN", "hush"),
    ]);
    let errors = try_read("", &environment).unwrap_err();
    let told = errors.describe(Language::Ja);
    assert!(
        told.contains("環境変数 RELAY_JWT_SECRET: 32 文字以上"),
        "{told}"
    );
    assert!(
        told.contains("環境変数 VOICEDRIVE_API_TOKEN: 16 文字以上"),
        "{told}"
    );
}

#[test]
fn channels_are_read_with_their_secrets_and_their_mistakes_are_told_together() {
    let text = "[alerts]\n\
                heartbeat_url = \"SWITCH_URL\"\n\
                [[alerts.channel]]\n\
                kind = \"email\"\n\
                from = \"中継 <relay@clinic.example>\"\n\
                to = [\"a@clinic.example\", \"b@clinic.example\"]\n\
                encryption = \"starttls\"\n\
                username = \"relay\"\n\
                password = \"MAIL_PASSWORD\"\n\
                [[alerts.channel]]\n\
                kind = \"slack\"\n\
                url = \"SLACK_URL\"\n\
                [alerts.thresholds]\n\
                queue = 7\n";
    let environment = Environment::from([
        ("SWITCH_URL", "https://switch.example/x"),
        ("MAIL_PASSWORD", "made-up"),
        ("SLACK_URL", "https://slack.example/hush"),
    ]);
    let loaded = try_read(text, &environment).unwrap();
    let names: Vec<_> = loaded.alerts.channels.iter().map(|c| &c.name).collect();
    assert_eq!(names, ["email 1", "slack 2"]);
    assert!(loaded.alerts.heartbeat.is_some());
    assert_eq!(loaded.config.alerts.thresholds.queue, 7);
    let shown = format!("{loaded:?}");
    for hidden in ["hush", "made-up", "switch.example"] {
        assert!(!shown.contains(hidden), "{hidden} is shown");
    }
    let report = errors(text, &Environment::from([("SLACK_URL", "no url: hush")]));
    assert_eq!(
        report,
        "environment variable MAIL_PASSWORD: is not set, and the configuration names it; there is no secrets.env beside the configuration: make it and set it there, or as a systemd credential\n\
         environment variable SLACK_URL: must be a URL that begins with https:// or http://\n\
         environment variable SWITCH_URL: is not set, and the configuration names it; there is no secrets.env beside the configuration: make it and set it there, or as a systemd credential"
    );
    for (channel, told) in [
        (
            "kind = \"pigeon\"",
            "alerts.channel.kind: must be \"email\"",
        ),
        ("kind = \"slack\"", "alerts.channel.url: must be the name"),
        (
            "kind = \"webhook\"\nurl = \"https://x.example\"",
            "alerts.channel.url: must be the name",
        ),
        (
            "kind = \"email\"",
            "alerts.channel.from: must be an e-mail address",
        ),
        (
            "kind = \"email\"\nfrom = \"a@b.example\"\nto = []",
            "alerts.channel.to: must be a list of e-mail addresses",
        ),
        (
            "kind = \"email\"\nfrom = \"a@b.example\"\nto = [\"a..b c@d.example\"]",
            "alerts.channel.to: must be a list of e-mail addresses",
        ),
        (
            "kind = \"email\"\nfrom = \"a@b.example\"\nto = [\"nobody\"]",
            "alerts.channel.to: must be a list of e-mail addresses",
        ),
        (
            "kind = \"email\"\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]\nusername = \"a\"\npassword = \"MAIL_PASSWORD\"",
            "alerts.channel.encryption: must be \"starttls\" or \"tls\"",
        ),
        (
            "kind = \"email\"\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]\nusername = \"a\"",
            "alerts.channel.username: must be both",
        ),
    ] {
        let report = errors(&format!("[[alerts.channel]]\n{channel}\n"), &environment);
        assert!(report.contains(told), "{channel}: {report}");
    }
}

#[test]
fn every_channel_knows_whose_alerts_it_tells() {
    let channel = "[[alerts.channel]]\nkind = \"teams\"\nurl = \"TEAMS_URL\"\n";
    let environment = Environment::from([("TEAMS_URL", "https://teams.example/x")]);
    let place = |name: &str| {
        let text = format!("[alerts]\nname = \"{name}\"\n{channel}");
        let loaded = try_read(&text, &environment).unwrap();
        loaded.alerts.channels[0].place.clone()
    };
    assert_eq!(place("北病院"), "北病院");
    let host = place("");
    assert!(!host.is_empty());
    let long = format!("[alerts]\nname = \"{}\"", "x".repeat(61));
    assert!(errors(&long, &environment).contains("alerts.name: must be a name"));
}

#[test]
fn a_route_goes_the_way_of_delivery_unless_it_has_its_own() {
    let text = "[delivery]\nurl = \"https://a.example/\"\nproxy = \"http://p.example:1\"\n\
                [[route]]\nevents = [\"b.*\"]\nurl = \"https://b.example/\"\n\
                [[route]]\nevents = [\"c.*\"]\nurl = \"https://c.example/\"\nproxy = \"http://q.example:1\"\n\
                [[route]]\nevents = [\"d.*\"]\nurl = \"https://d.example/\"\nproxy = \"\"\n";
    let environment = Environment::from([("VOICEDRIVE_WEBHOOK_SECRET", "made-up")]);
    let loaded = try_read(text, &environment).unwrap();
    let ways = loaded.out.iter().map(|route| {
        let proxy = route.proxies.of(&route.url);
        proxy.map(ToString::to_string).unwrap_or_default()
    });
    assert_eq!(
        ways.collect::<Vec<_>>(),
        [
            "http://p.example:1 (delivery.proxy)",
            "http://q.example:1 (route.proxy)",
            "",
            "http://p.example:1 (delivery.proxy)",
        ]
    );
}

#[test]
fn the_packaged_configuration_says_the_defaults_and_its_examples_are_good() {
    let packaged = include_str!("../../packaging/config.toml");
    let loaded = try_read(packaged, &Environment::default()).unwrap();
    assert_eq!(
        format!("{:?}", loaded.config),
        format!("{:?}", Config::default())
    );
    // Every line that is a key or a table behind its #.
    let is_toml = |line: &&str| {
        let rest = line.strip_prefix('#').unwrap_or_default();
        rest.starts_with('[') || rest.starts_with(|c: char| c.is_ascii_lowercase())
    };
    let whole: Vec<_> = packaged
        .lines()
        .map(|line| if is_toml(&line) { &line[1..] } else { line })
        .collect();
    let environment = Environment::from([
        ("VOICEDRIVE_WEBHOOK_SECRET", "made-up"),
        ("MEDICAL_WEBHOOK_SECRET", "made-up"),
        ("SLACK_WEBHOOK_URL", "https://slack.example/x"),
        ("TEAMS_WORKFLOW_URL", "https://teams.example/x"),
        ("ALERT_WEBHOOK_URL", "https://alert.example/x"),
    ]);
    let pair = tempfile::tempdir().unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    std::fs::write(pair.path().join("fullchain.pem"), certificate).unwrap();
    std::fs::write(pair.path().join("privkey.pem"), key.serialize_pem()).unwrap();
    let here = pair.path().to_str().unwrap();
    let whole = whole.join("\n");
    let whole = whole.replace("/etc/voicedrive-relay/tls", here);
    let uncommented = try_read(&whole, &environment).unwrap();
    assert_eq!(uncommented.pair.unwrap().about.names, ["localhost"]);
    assert_eq!(uncommented.alerts.channels.len(), 4);
    assert_eq!(uncommented.out.len(), 1);
    let mut as_default = uncommented.config;
    // Keys whose absence says something that no value says.
    as_default.delivery.max_per_second = None;
    as_default.delivery.max_body_bytes = None;
    as_default.delivery.counted_by_voicedrive = None;
    // What is written is kept as written: a route may say "" to go the environment's way.
    as_default.delivery.proxy = None;
    as_default.routes.clear();
    as_default.alerts.channels.clear();
    assert!(as_default.ingest.take().is_some());
    assert!(as_default.server.tls.take().is_some());
    assert_eq!(
        format!("{as_default:?}"),
        format!("{:?}", Config::default())
    );
}

#[test]
fn a_channel_is_known_by_where_it_leads_and_one_that_stands_there_twice_is_told_once() {
    let slack =
        |secret: &str| format!("[[alerts.channel]]\nkind = \"slack\"\nurl = \"{secret}\"\n");
    let environment = Environment::from([
        ("FIRST_URL", "https://slack.example/first"),
        ("SECOND_URL", "https://slack.example/second"),
        ("SAME_URL", "https://slack.example/first"),
    ]);
    let keys = |secrets: &[&str]| -> Vec<String> {
        let text: String = secrets.iter().map(|secret| slack(secret)).collect();
        let channels = try_read(&text, &environment).unwrap().alerts.channels;
        channels.iter().map(super::Channel::key).collect()
    };
    let (both, turned) = (
        keys(&["FIRST_URL", "SECOND_URL"]),
        keys(&["SECOND_URL", "FIRST_URL"]),
    );
    assert_ne!(both[0], both[1]);
    assert_eq!(both, [turned[1].clone(), turned[0].clone()]);
    assert_eq!(keys(&["FIRST_URL", "SAME_URL"]), [both[0].clone()]);
    assert!(!both[0].contains("first"), "where it leads is a secret");
}
