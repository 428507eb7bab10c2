//! The package for one machine has nothing of MySQL, and says where it is.

use std::process::Command;

/// Every crate of the program as it is built without a feature, or with one.
fn crates(feature: Option<&str>) -> String {
    let mut tree = Command::new(env!("CARGO"));
    tree.args([
        "tree",
        "--offline",
        "--locked",
        "-e",
        "normal",
        "--prefix",
        "none",
    ]);
    tree.current_dir(env!("CARGO_MANIFEST_DIR"));
    if let Some(feature) = feature {
        tree.args(["--features", feature]);
    }
    let output = tree.output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// What the client of MySQL brings, by its crates' names.
const OF_MYSQL: [&str; 4] = ["mysql_async", "mysql_common", "webpki-roots", "sha2"];

#[test]
fn without_the_feature_not_one_crate_of_mysql_is_linked() {
    let (without, with) = (crates(None), crates(Some("mysql")));
    for name in OF_MYSQL {
        let is_there = |tree: &str| {
            tree.lines()
                .any(|line| line.starts_with(&format!("{name} ")))
        };
        assert!(!is_there(&without), "{name}");
        assert!(is_there(&with), "{name}");
    }
}

#[cfg(not(feature = "mysql"))]
#[test]
fn the_commands_say_in_which_package_they_are() {
    for (language, words) in [("en", "is in the package"), ("ja", "に入っています")] {
        let directory = tempfile::tempdir().unwrap();
        let config = directory.path().join("config.toml");
        std::fs::write(&config, format!("language = \"{language}\"\n")).unwrap();
        for command in ["plan", "copy", "verify"] {
            let output = Command::new(env!("CARGO_BIN_EXE_voicedrive-relay"))
                .arg("--config")
                .arg(&config)
                .args(["move-to-mysql", command, "--target", "mysql.toml"])
                .output()
                .unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{said}");
            assert!(said.contains("voicedrive-relay-mysql"), "{said}");
            assert!(said.contains(words), "{said}");
        }
    }
}
