//! Names of secrets that are noted, and those that are not.

use super::super::{ConfigErrors, load};
use super::*;
use crate::language::Language;

const KEY: &str = "hush-hush-hush-hush-hush-hush-hush-hush";

fn with_file(directory: &Path, config: &str, secrets: &str) -> Result<Loaded, ConfigErrors> {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join("config.toml");
    std::fs::write(&path, config).unwrap();
    let file = directory.join("secrets.env");
    std::fs::write(&file, secrets).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let environment = Environment::from([("RELAY_JWT_SECRET", KEY)]);
    load(&path, &environment)
}

fn describe(config: &str, secrets: &str) -> Vec<String> {
    let directory = tempfile::tempdir().unwrap();
    let notes = match with_file(directory.path(), config, secrets) {
        Ok(loaded) => loaded.notes,
        Err(errors) => errors.notes,
    };
    let notes: Vec<_> = notes.iter().map(|n| n.describe(Language::En)).collect();
    assert!(!notes.join("\n").contains("hush"), "{notes:?}");
    let place = format!("{}/", directory.path().display());
    notes.iter().map(|note| note.replace(&place, "")).collect()
}

#[test]
fn names_that_nothing_reads_are_noted_with_the_one_that_was_meant() {
    let secrets = "VOICEDRIVE_API_TOKN=hush-hush-hush-hush\n\
                   voicedrive_webhook_secret=hush-hush-hush-hush\n\
                   OTHER_SECRET=hush-hush-hush-hush\n\
                   aHVzaC1odXNoLWh1c2gtaHVzaA==\n\
                   https_proxy=http://user:hush@proxy\n\
                   RELAY_JWT_SECRET_PREVIOUS=hush-hush-hush-hush-hush-hush-hush-hush\n";
    assert_eq!(
        describe("", secrets),
        [
            "secrets.env:1: VOICEDRIVE_API_TOKN: nothing reads this name; did you mean VOICEDRIVE_API_TOKEN?",
            "secrets.env:2: voicedrive_webhook_secret: nothing reads this name; did you mean VOICEDRIVE_WEBHOOK_SECRET?",
            "secrets.env:3: OTHER_SECRET: nothing reads this name: no key of config.toml has it",
            "secrets.env:4: nothing reads this name: no key of config.toml has it",
            "secrets.env:5: is not read from this file; set it with Environment= under [Service] (systemctl edit voicedrive-relay)",
            "environment variable RELAY_JWT_SECRET: does not count, because there is a secrets.env",
            "secrets.env:6: RELAY_JWT_SECRET_PREVIOUS: does not count, because RELAY_JWT_SECRET is not set",
        ]
    );
    let named = "[delivery]\nsecret = \"OTHER_SECRET\"\n";
    let notes = describe(
        named,
        "OTHER_SECRET=hush-hush-hush-hush\nOTHER_SECRET_PREVIOUS=\n",
    );
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn the_name_that_was_meant_is_told_together_with_the_one_that_is_missing() {
    let config = "[delivery]\nurl = \"https://a.example/\"\n";
    let notes = describe(config, "VOICEDRIVE_WEBHOOK_SECRT=hush-hush-hush-hush\n");
    assert!(notes[0].contains("did you mean VOICEDRIVE_WEBHOOK_SECRET?"));
    // Whether a name is unknown cannot be said of a configuration that is not understood.
    let notes = describe("= \n", "OTHER_SECRET=hush-hush-hush-hush\n");
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_blank_around_a_secret_outside_of_the_file_and_a_full_width_character_are_noted() {
    let directory = tempfile::tempdir().unwrap();
    let credentials = directory.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let credential = credentials.join("RELAY_JWT_SECRET");
    std::fs::write(&credential, format!("{KEY} \n")).unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let environment = Environment::from([
        ("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap()),
        ("VOICEDRIVE_WEBHOOK_SECRET", "hush-hush-hush-hush\u{3000}"),
        ("VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS", "hush-hush-hush-ｈush"),
    ]);
    let notes = load(&config, &environment).unwrap().notes;
    let kinds: Vec<_> = notes
        .into_iter()
        .map(|note| (note.place, note.kind))
        .collect();
    let variable = |name: &str| Location::Variable(name.to_owned());
    let current = variable("VOICEDRIVE_WEBHOOK_SECRET");
    let previous = variable("VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS");
    assert_eq!(
        kinds,
        [
            (Location::Credential(credential), NoteKind::Edged),
            (current.clone(), NoteKind::Edged),
            (current, NoteKind::Wide),
            (previous, NoteKind::Wide),
        ]
    );
}

#[test]
fn a_blank_at_the_edge_of_a_quoted_secret_is_noted_and_one_inside_is_meant() {
    for (value, told) in [
        ("'hush-hush-hush-hush '", "has a blank or a line end"),
        ("\" hush-hush-hush-hush\"", "has a blank or a line end"),
        ("'                      '", "consists of blanks only"),
        ("' '", "consists of blanks only"),
    ] {
        let notes = describe("", &format!("VOICEDRIVE_WEBHOOK_SECRET={value}\n"));
        let told = format!("secrets.env:1: VOICEDRIVE_WEBHOOK_SECRET: {told}");
        let is_told = notes.iter().any(|note| note.starts_with(&told));
        assert!(is_told, "{value}: {notes:?}");
    }
    let notes = describe("", "VOICEDRIVE_WEBHOOK_SECRET='hush hush hush hush'\n");
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_credential_that_nothing_reads_is_noted_and_the_files_of_tls_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let credentials = directory.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    for name in ["RELAY_JWT_SECRT", "other", "RELAY_JWT_SECRET", "pair.key"] {
        std::fs::write(credentials.join(name), KEY).unwrap();
    }
    let environment = Environment::from([("CREDENTIALS_DIRECTORY", credentials.to_str().unwrap())]);
    let names = BTreeMap::from([("RELAY_JWT_SECRET".to_owned(), Role::Key)]);
    let noted = |whole| {
        let is_used = |path: &Path| path == credentials.join("pair.key");
        let notes = unread_credentials(&names, &environment, whole, is_used);
        let told = notes.into_iter().map(|note| note.describe(Language::En));
        told.collect::<Vec<_>>().join("\n")
    };
    let at = |name| credentials.join(name).display().to_string();
    let slip = format!(
        "{}: nothing reads this name; did you mean RELAY_JWT_SECRET?",
        at("RELAY_JWT_SECRT")
    );
    let other = format!(
        "{}: nothing reads this name: no key of config.toml has it",
        at("other")
    );
    assert_eq!(noted(true), format!("{slip}\n{other}"));
    assert_eq!(noted(false), slip);
}

#[test]
fn the_one_before_a_secret_that_is_not_set_is_noted() {
    let secrets =
        format!("VOICEDRIVE_API_TOKEN_PREVIOUS=vd-{KEY}\nRELAY_JWT_SECRET_PREVIOUS={KEY}\n");
    let notes = describe("", &secrets);
    let told = [
        "secrets.env:2: RELAY_JWT_SECRET_PREVIOUS: does not count, because RELAY_JWT_SECRET is not set",
        "secrets.env:1: VOICEDRIVE_API_TOKEN_PREVIOUS: does not count, because VOICEDRIVE_API_TOKEN is not set",
    ];
    assert_eq!(notes[1..], told);
    // Whether it is set cannot be said of a line that is a mistake.
    let doubtful = describe(
        "",
        &format!("{secrets}RELAY_JWT_SECRET=a b\nVOICEDRIVE_API_TOKEN=a b\n"),
    );
    assert_eq!(doubtful.len(), 1, "{doubtful:?}");
}

#[test]
fn one_value_for_several_secrets_is_noted() {
    let secrets = format!(
        "RELAY_JWT_SECRET={KEY}\nVOICEDRIVE_API_TOKEN={KEY}\nVOICEDRIVE_WEBHOOK_SECRET={KEY}\n"
    );
    let every_right = |other: &str| {
        format!(
            "secrets.env:1: RELAY_JWT_SECRET: has the same value as {other}: whoever knows that one can make tokens with every right; give it one of its own (voicedrive-relay secret make)"
        )
    };
    assert_eq!(
        describe("", &secrets)[1..],
        [
            every_right("VOICEDRIVE_API_TOKEN"),
            every_right("VOICEDRIVE_WEBHOOK_SECRET"),
            "secrets.env:3: VOICEDRIVE_WEBHOOK_SECRET: has the same value as VOICEDRIVE_API_TOKEN; give each one of its own (voicedrive-relay secret make)".to_owned(),
        ]
    );
    let rotated = format!("RELAY_JWT_SECRET={KEY}\nRELAY_JWT_SECRET_PREVIOUS={KEY}\n");
    let notes = describe("", &rotated);
    assert!(
        notes[1].contains("has the same value as RELAY_JWT_SECRET;"),
        "{notes:?}"
    );
    let own = format!("RELAY_JWT_SECRET={KEY}\nVOICEDRIVE_WEBHOOK_SECRET=other-{KEY}\n");
    assert_eq!(describe("", &own).len(), 1);
}

#[test]
fn a_value_that_begins_with_another_name_is_noted() {
    let notes = describe(
        "",
        "VOICEDRIVE_WEBHOOK_SECRET=VOICEDRIVE_API_TOKEN=hush-hush-hush\n",
    );
    let expected = "secrets.env:1: VOICEDRIVE_WEBHOOK_SECRET: has a value that begins with VOICEDRIVE_API_TOKEN=;";
    assert!(notes[1].starts_with(expected), "{notes:?}");
}

#[test]
fn a_value_that_a_shell_would_replace_is_noted() {
    for value in [
        "${HUSH_HUSH_HUSH_HUSH}",
        "hush-${HUSH}-0123456789",
        "'$(cat /run/hush/hush-hush)'",
        "$HUSH_HUSH_HUSH_HUSH",
        "%HUSH_HUSH_HUSH_HUSH%",
        "'{{ hush_hush_hush_hush }}'",
        "<hush-hush-hush-hush>",
        "`hush-hush-hush-hush`",
    ] {
        let notes = describe("", &format!("VOICEDRIVE_WEBHOOK_SECRET={value}\n"));
        assert!(notes[1].contains("which nothing replaces"), "{notes:?}");
        assert_eq!(notes.len(), 2, "{notes:?}");
    }
    let notes = describe("", "VOICEDRIVE_WEBHOOK_SECRET=$hush{hush}hush(hush)\n");
    assert_eq!(notes.len(), 1, "{notes:?}");
}

#[test]
fn a_short_key_is_noted_and_a_password_or_a_url_is_not() {
    let config = "[[alerts.channel]]\nkind = \"email\"\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]\n\
                  encryption = \"tls\"\nusername = \"u\"\npassword = \"MAIL_PASSWORD\"\n";
    let secrets =
        "VOICEDRIVE_WEBHOOK_SECRET=hush\nMAIL_PASSWORD=hus\nVOICEDRIVE_WEBHOOK_URL=http://[::1]/\n";
    let notes = describe(config, secrets);
    assert_eq!(
        notes[1..],
        [
            "secrets.env:1: VOICEDRIVE_WEBHOOK_SECRET: has only 4 characters; 16 or more are advised (voicedrive-relay secret make)"
        ]
    );
}

#[test]
fn what_a_template_has_in_the_place_of_a_secret_is_noted() {
    let key = |value: &str| {
        let secrets = format!("VOICEDRIVE_WEBHOOK_SECRET='{value}'\n");
        let notes = describe("[delivery]\nurl = \"https://a.example/\"\n", &secrets);
        notes
            .iter()
            .any(|note| note.contains("is what a template has"))
    };
    for sample in [
        "changeme",
        "CHANGE-ME-CHANGE-ME",
        "xxxxxxxxxxxxxxxxxxxx",
        "********************",
        "your-secret-here",
        "YOUR_WEBHOOK_SECRET",
        "replace_me",
        "password1234",
        "insert key here",
    ] {
        assert!(key(sample), "{sample}");
    }
    for real in [
        "hush-hush-hush-hush",
        "vd-production-api-key-0123456789abcdef",
        "3f9a21c73f9a21c73f9a21c73f9a21c7",
        "secret-7Kq2vXw9-secret",
    ] {
        assert!(!key(real), "{real}");
    }
}

#[test]
fn a_comment_in_the_place_of_a_credential_is_noted() {
    let directory = tempfile::tempdir().unwrap();
    let credentials = directory.path().join("credentials");
    std::fs::create_dir(&credentials).unwrap();
    let path = credentials.join("VOICEDRIVE_WEBHOOK_SECRET");
    std::fs::write(path, "# hush hush hush hush\n").unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let named = credentials.to_str().unwrap();
    let environment = Environment::from([("CREDENTIALS_DIRECTORY", named)]);
    let loaded = load(&config, &environment).unwrap();
    let kinds: Vec<_> = loaded.notes.into_iter().map(|note| note.kind).collect();
    assert_eq!(kinds, [NoteKind::Comment]);
}

#[test]
fn a_file_of_secrets_that_is_not_there_is_noted() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, "").unwrap();
    let kinds = |environment: Environment| {
        let loaded = load(&config, &environment).unwrap();
        loaded
            .notes
            .into_iter()
            .map(|note| note.kind)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        kinds(Environment::default()),
        [NoteKind::NoFile(Vec::new())]
    );
    let names = vec!["RELAY_JWT_SECRET".to_owned()];
    let by_environment = Environment::from([("RELAY_JWT_SECRET", KEY)]);
    assert_eq!(kinds(by_environment), [NoteKind::NoFile(names)]);
    std::fs::write(directory.path().join("secrets.env"), "").unwrap();
    let kinds = kinds(Environment::default());
    let is_absent = |kind: &NoteKind| matches!(kind, NoteKind::NoFile(_));
    assert!(!kinds.iter().any(is_absent), "{kinds:?}");
}
