//! Reading configurations, good and bad.

use super::*;

fn try_read(text: &str, environment: &Environment) -> Result<Loaded, Mistakes> {
    read(text, Path::new("config.toml"), environment)
}

fn mistakes(text: &str, environment: &Environment) -> String {
    try_read(text, environment).unwrap_err().to_string()
}

#[test]
fn an_empty_file_gives_the_contracts_defaults() {
    let config = try_read("", &Environment::default()).unwrap().config;
    assert_eq!(config.language, Language::Ja);
    assert_eq!(config.timezone, Tz::Asia__Tokyo);
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
    let report = mistakes(text, &Environment::default());
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
        ("[storage]\nretention_days = 0", "from 1 to 3650"),
        ("[storage]\nretention_days = -1", "from 1 to 3650"),
        ("[storage]\nretention_days = \"90\"", "from 1 to 3650"),
        ("[delivery]\nurl = \"ftp://x\"", "delivery.url"),
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
        let report = mistakes(text, &nothing);
        assert!(report.contains(word), "{text}: {report}");
        assert!(
            !report.contains("hunter2") && !report.contains("pass@"),
            "{report}"
        );
    }
}

#[test]
fn a_route_that_signs_needs_its_secret_and_only_with_a_url() {
    let with_url = "[delivery]\nurl = \"https://voicedrive.example.com/webhook\"";
    let nothing = Environment::default();
    assert!(try_read("", &nothing).is_ok());
    assert!(mistakes(with_url, &nothing).contains("VOICEDRIVE_WEBHOOK_SECRET"));
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
    assert!(mistakes("", &environment).starts_with("environment variable VOICEDRIVE_WEBHOOK_URL:"));
}

#[test]
fn weak_secrets_are_refused_and_never_shown() {
    let environment = Environment::from([
        ("RELAY_JWT_SECRET", "hush-hush-short"),
        ("RELAY_JWT_SECRET_PREVIOUS", "hush-hush-old"),
        ("VOICEDRIVE_API_TOKEN", "hush hush with blanks"),
    ]);
    let report = mistakes("", &environment);
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
