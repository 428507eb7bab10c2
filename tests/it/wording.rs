//! One word for one thing in Japanese, and none of a developer's: in the room of words, and on the pages for an admin.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use voicedrive_relay::testing::cli::command;

use crate::house::{is_japanese, sources, texts, within};

/// What is not said, and what is said instead.
const DECIDED: [(&str, &str); 42] = [
    ("送信先", "送り先"),
    ("経路", "送り先"),
    ("職員システム", "スタッフシステム"),
    ("スタッフ システム", "スタッフシステム"),
    ("監視ページ", "画面"),
    ("モニター", "画面"),
    ("監査", "操作の記録"),
    ("保留", "一時停止"),
    ("入れ替え", "メンテナンス"),
    ("滞留", "送信の遅れ"),
    ("復旧", "回復"),
    ("欠損", "届いていないもの"),
    ("完了率", "実施率"),
    ("照会", "問い合わせ"),
    ("職員番号", "職員 ID"),
    ("しぼりこ", "絞り込"),
    ("くわし", "詳し"),
    ("取り消", "失効"),
    ("固定トークン", "固定キー"),
    ("固定の鍵", "固定キー"),
    ("秘密の名前", "秘密の値の名前"),
    ("データの置き場所", "データディレクトリ"),
    ("ディレクトリー", "ディレクトリ"),
    ("ペイロード", "内容"),
    ("エンドポイント", "受信口"),
    ("レイテンシ", "応答時間"),
    ("リトライ", "再送"),
    ("セッション", "ログイン"),
    ("マシン", "サーバー"),
    ("誰", "だれ"),
    ("下さい", "ください"),
    ("全て", "すべて"),
    ("わか", "分か"),
    ("まちがい", "誤り"),
    ("病院内", "院内"),
    ("パソコン", "コンピューター"),
    ("ジャーナル", "書き込み途中の記録"),
    ("スコープ", "許可"),
    ("コピーのあと", "コピー後"),
    ("時刻を合わせ", "時計を合わせ"),
    ("発行者", "発行元"),
    ("持ち主", "所有者、利用者名"),
];
/// Words that end in a long vowel keep it.
const LONG: [&str; 5] = ["サーバ", "ユーザ", "ブラウザ", "コンピュータ", "フォルダ"];
/// The header of a file that people bring has the words of others.
const HEADERS: &str = "words/interviews";

/// Names, and what stands in no dictionary because everybody writes it so.
const NAMES: &[&str] = &[
    // Products and services.
    "VoiceDrive",
    "JavaScript",
    "Slack",
    "Teams",
    "Excel",
    "LibreOffice",
    "Windows",
    "Mac",
    "Caddy",
    "nginx",
    "MySQL",
    "Prisma",
    "InnoDB",
    "systemd",
    "Authorization",
    "Bearer",
    "Host",
    "Relay",
    // What offices and administrators call files, codes and protocols.
    "ID",
    "URL",
    "CSV",
    "TSV",
    "JSON",
    "NDJSON",
    "PDF",
    "HTML",
    "XML",
    "TOML",
    "PEM",
    "BOM",
    "UTC",
    "HTTP",
    "TLS",
    "STARTTLS",
    "DNS",
    "IP",
    "API",
    "Webhook",
    "SAN",
    "CN",
    "RSA",
    "ECDSA",
    "ECDHE",
    "CR",
    "LF",
    "NULL",
    // Units.
    "MB",
    "MiB",
    "ms",
    // Tables and types of the staff system's database.
    "employees",
    "interviews",
    "DATETIME",
    "SQL",
];
/// What is typed at a server, apart from this program.
const COMMANDS: &[&str] = &[
    "sudo",
    "sysctl",
    "systemctl",
    "ulimit",
    "edit",
    "timedatectl",
    "apt",
    "install",
    "chmod",
    "chown",
    "rm",
    "ls",
    "ss",
    "df",
    "journalctl",
    "sync",
    "free",
    "openssl",
    "pkey",
    "mysql",
    "root",
    "tzdata",
    "crt",
];
/// Fields and values that are written in a file or a request.
const FIELDS: &[&str] = &[
    "id",
    "jti",
    "employeeId",
    "interviewType",
    "interviewDate",
    "rescheduledFromId",
    "requestId",
    "processingStatus",
    "userFound",
    "success",
    "failed",
    "body",
    "eventType",
    "timestamp",
    "source",
    "data",
    "true",
    "false",
    "header",
    "socket",
    "staffId",
    "default",
    "none",
    "starttls",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Japanese texts of the room of words, each with its file.
fn sentences() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for (path, text) in sources() {
        if !within(&path, "words") || path.ends_with("tests.rs") {
            continue;
        }
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let japanese = texts(code).into_iter();
        let japanese = japanese.filter(|text| text.chars().any(is_japanese));
        found.extend(japanese.map(|text| (path.clone(), text)));
    }
    assert!(found.len() > 800, "{}", found.len());
    found
}

/// The lines of pages and files in which an admin reads Japanese.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = fs::read_dir(root().join("docs")).unwrap();
    let docs = docs.map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = docs
        .filter(|path| path.to_str().unwrap().ends_with(".ja.md"))
        .collect();
    for file in [
        "README.md",
        "docs/interviews.md",
        "packaging/config.toml",
        "packaging/maintainer/postinst",
        "packaging/maintainer/postrm",
        "packaging/monitoring/prometheus-rules.yml",
        "packaging/monitoring/grafana-dashboard.json",
    ] {
        files.push(root().join(file));
    }
    assert!(files.len() > 15, "{files:?}");
    let lines = files.into_iter().flat_map(|path| {
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        lines.into_iter().map(move |line| (path.clone(), line))
    });
    lines.collect()
}

#[test]
fn one_thing_has_one_word() {
    for (path, text) in sentences().into_iter().chain(pages()) {
        if path.starts_with(root().join("src")) && within(&path, HEADERS) {
            continue;
        }
        for (not, instead) in DECIDED {
            assert!(
                !text.contains(not),
                "{}: {instead}, not {not}: {text}",
                path.display()
            );
        }
        for word in LONG {
            let mut after = text.split(word).skip(1);
            let is_short = after.any(|rest| !rest.starts_with('ー'));
            assert!(!is_short, "{}: {word}ー: {text}", path.display());
        }
    }
}

/// What can be typed of this program: its commands and their values, and the keys of its configuration.
fn own() -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    let mut commands = vec![command()];
    while let Some(command) = commands.pop() {
        own.insert(command.get_name().to_owned());
        for argument in command.get_arguments() {
            let values = argument.get_possible_values();
            own.extend(values.iter().map(|value| value.get_name().to_owned()));
        }
        commands.extend(command.get_subcommands().cloned());
    }
    let configuration = fs::read_to_string(root().join("packaging/config.toml")).unwrap();
    for line in configuration.lines() {
        let line = line.trim_start_matches('#');
        if let Some((key, _)) = line.split_once(" = ") {
            own.insert(key.to_owned());
        }
        let heading = line.trim_matches(['[', ']']);
        if heading.len() < line.len() {
            own.extend(heading.split('.').map(str::to_owned));
        }
    }
    assert!(own.contains("exhausted") && own.contains("digest_minutes") && own.contains("channel"));
    own
}

/// The words in Latin letters of a text: without what is filled in, what is quoted, and the lines of examples.
fn latin(text: &str) -> Vec<String> {
    let mut bare = String::new();
    for line in text.replace("\\n", "\n").lines() {
        if line.starts_with("  ") {
            continue;
        }
        let mut depth = 0;
        for c in line.chars() {
            match c {
                '{' | '「' => depth += 1,
                '}' | '」' => depth -= 1,
                c if depth == 0 => bare.push(c),
                _ => {}
            }
        }
        bare.push(' ');
    }
    // What has a sign or a digit in it is written so: a path, an option, a key, a version.
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_./:=-<>[]*@#$&+".contains(c);
    let words = bare.split(|c| !is_part(c));
    let words = words.map(|word| word.trim_matches(['.', ':']));
    let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|b| b.is_ascii_alphabetic());
    words.filter(is_word).map(str::to_owned).collect()
}

#[test]
fn latin_words_are_found() {
    assert_eq!(
        latin("VoiceDrive の response を{why}「a b」確かめ"),
        ["VoiceDrive", "response"]
    );
    assert_eq!(
        latin("例:\\n  sudo x\\n終了 /etc/a --json 0199-ab the"),
        ["the"]
    );
}

#[test]
fn japanese_sentences_have_no_english_word() {
    let own = own();
    let (mut used, mut foreign) = (BTreeSet::new(), Vec::new());
    for (path, text) in sentences() {
        for word in latin(&text) {
            let is_name =
                NAMES.contains(&&*word) || COMMANDS.contains(&&*word) || FIELDS.contains(&&*word);
            if !is_name && !own.contains(&word) {
                foreign.push(format!("{}: {word}: {text}", path.display()));
            }
            used.insert(word);
        }
    }
    assert!(foreign.is_empty(), "{}", foreign.join("\n"));
    let allowed = NAMES.iter().chain(COMMANDS).chain(FIELDS);
    let idle: Vec<_> = allowed.filter(|name| !used.contains(**name)).collect();
    assert!(idle.is_empty(), "nothing says these any more: {idle:?}");
}

/// Whoever reads the page has no terminal. What is for the server's administrator says so.
#[test]
fn the_page_has_words_of_an_office() {
    let known = [
        "VoiceDrive",
        "ID",
        "CSV",
        "TSV",
        "JSON",
        "NDJSON",
        "UTC",
        "MB",
        "ms",
        "JavaScript",
    ];
    let mut foreign = Vec::new();
    for (path, text) in sentences() {
        if !within(&path, "words/monitor") || text.contains("サーバーの担当者") {
            continue;
        }
        for word in latin(&text) {
            if !known.contains(&&*word) {
                foreign.push(format!("{}: {word}: {text}", path.display()));
            }
        }
    }
    assert!(foreign.is_empty(), "{}", foreign.join("\n"));
}
