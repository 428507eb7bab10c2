//! Which source of a secret counts, and what is doubtful in one.

use super::*;

fn value(environment: &Environment, name: &str) -> Option<String> {
    let secret = environment.secret(name).unwrap();
    secret.map(|s| s.expose().to_owned())
}

fn with_file(environment: &Environment, text: &[u8]) -> Environment {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(FILE_NAME), text).unwrap();
    let config = directory.path().join("config.toml");
    environment.with_secrets_beside(&config).unwrap()
}

#[test]
fn a_credential_comes_first_and_loses_one_line_end() {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("A", "hush\n"),
        ("B", "hush\r\n"),
        ("C", "hu sh"),
        ("D", "\n"),
    ] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    let environment = Environment::from([
        ("CREDENTIALS_DIRECTORY", directory.path().to_str().unwrap()),
        ("A", "x"),
        ("E", "y"),
    ]);
    let environment = with_file(&environment, b"A=z\nF=f");
    let values = ["A", "B", "C", "D", "E", "F"].map(|name| value(&environment, name));
    let values = values.each_ref().map(Option::as_deref);
    let hush = Some("hush");
    assert_eq!(values, [hush, hush, Some("hu sh"), None, None, Some("f")]);
}

#[test]
fn a_credential_that_leaves_doubt_is_a_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let environment = Environment::from([("CREDENTIALS_DIRECTORY", path)]);
    for (bytes, doubt) in [
        (&b"\x8c\xae"[..], Doubt::NotUtf8),
        (b"\xef\xbb\xbfhush", Doubt::Wide),
        (b"hush\n\n", Doubt::Control),
    ] {
        fs::write(directory.path().join("A"), bytes).unwrap();
        let errors = environment.secret("A").unwrap_err();
        assert_eq!(errors.list[0].kind, Kind::Doubtful(doubt));
        assert!(environment.missing("A").is_none());
    }
}

#[test]
fn what_stands_around_a_secret_outside_of_the_file_is_a_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let kind = |environment: &Environment| {
        let errors = environment.secret("A_KEY").unwrap_err();
        errors.list[0].kind.clone()
    };
    for (text, doubt) in [
        ("\"hush\"", Doubt::InQuotes),
        ("'hush' ", Doubt::InQuotes),
        ("A_KEY=hush", Doubt::WholeLine),
        ("export A_KEY = hush", Doubt::WholeLine),
    ] {
        let variable = Environment::from([("A_KEY", text)]);
        assert_eq!(kind(&variable), Kind::Doubtful(doubt), "{text}");
        assert!(variable.missing("A_KEY").is_none());
        fs::write(directory.path().join("A_KEY"), format!("{text}\n")).unwrap();
        let credential = Environment::from([("CREDENTIALS_DIRECTORY", path)]);
        assert_eq!(kind(&credential), Kind::Doubtful(doubt), "{text}");
    }
    // In the file, quotes say that what they have inside is meant.
    let meant = with_file(&Environment::default(), b"A_KEY='\"hush\"'");
    assert_eq!(value(&meant, "A_KEY").as_deref(), Some("\"hush\""));
    for bare in ["\"", "\"hush", "hush=\"x\"", "B_KEY=hush", "="] {
        let environment = Environment::from([("A_KEY", bare)]);
        assert_eq!(value(&environment, "A_KEY").as_deref(), Some(bare));
    }
}

#[test]
fn the_one_before_counts_beside_the_present_one_only() {
    let names = |set: &[u8]| {
        let environment = with_file(&Environment::default(), set);
        let found = environment.secret_and_previous("A").unwrap();
        found.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
    };
    assert_eq!(names(b"A=a\nA_PREVIOUS=b"), ["A", "A_PREVIOUS"]);
    assert_eq!(names(b"A=a"), ["A"]);
    assert!(names(b"A=\nA_PREVIOUS=b").is_empty());
}

#[test]
fn once_the_file_is_there_the_environment_does_not_count() {
    let environment = Environment::from([("A", "old"), ("B", "stale"), ("LOG_LEVEL", "warn")]);
    assert_eq!(value(&environment, "B").as_deref(), Some("stale"));
    let with_file = with_file(&environment, b"\n\nA=new\nC=\n");
    let values = ["A", "B", "C"].map(|name| value(&with_file, name));
    assert_eq!(values, [Some("new".to_owned()), None, None]);
    assert_eq!(with_file.var("LOG_LEVEL"), Some("warn"));
    let places = ["A", "B"].map(|name| with_file.error(name, Kind::SecretMissing));
    let [there, missing] = places.map(|error| error.to_string());
    assert!(there.contains("secrets.env:3: A: is not set"), "{there}");
    assert!(missing.contains("secrets.env: B: is not set"), "{missing}");
}

#[test]
fn an_empty_credential_is_not_mended_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("A"), "\n").unwrap();
    let path = directory.path().to_str().unwrap();
    let environment = Environment::from([("CREDENTIALS_DIRECTORY", path)]);
    let told = with_file(&environment, b"A=hush").missing("A").unwrap();
    assert_eq!(told.kind, Kind::CredentialEmpty);
    assert_eq!(told.place, Location::Credential(directory.path().join("A")));
}

#[test]
fn a_secret_is_never_shown() {
    let environment = Environment::from([("A", "hush")]);
    let shown = format!("{:?}", environment.secret("A").unwrap());
    assert_eq!(shown, "Some(Secret(…))");
}

#[test]
fn the_credentials_of_the_daemon_stand_in_for_those_that_a_command_has_not() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("A"), "hush\n").unwrap();
    let typed = Environment::default();
    assert_eq!(value(&typed, "A"), None);
    let found = typed.with_credentials_of(directory.path());
    assert_eq!(value(&found, "A").as_deref(), Some("hush"));
    // Those that it was given are its own.
    let empty = tempfile::tempdir().unwrap();
    let own = Environment::from([("CREDENTIALS_DIRECTORY", empty.path().to_str().unwrap())]);
    let found = own.with_credentials_of(directory.path());
    assert_eq!(value(&found, "A"), None);
    // A service that is not started has none.
    let gone = typed.with_credentials_of(&directory.path().join("gone"));
    assert_eq!(gone.var(CREDENTIALS), None);
}
