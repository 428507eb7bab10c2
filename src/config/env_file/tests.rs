//! Lines of `secrets.env`, clear and ambiguous ones.

use super::*;

fn parse(bytes: &[u8]) -> (EnvFile, Vec<ConfigError>) {
    let mut errors = Vec::new();
    let file = EnvFile::parse(Path::new("secrets.env"), bytes, &mut errors);
    (file, errors)
}

#[test]
fn what_systemd_reads_without_doubt_is_read_so() {
    for (line, value) in [
        ("A=new=er", "new=er"),
        ("  A = x  ", "x"),
        ("A=x\r", "x"),
        ("\u{feff}A=x", "x"),
        ("export A=x", "x"),
        ("export\tA = 'x'", "x"),
        ("A='q u # \\ \"'", "q u # \\ \""),
        ("A=\"q u # '\"", "q u # '"),
        (r#"A="a\"b\\c\$d\e""#, r#"a"b\c$d\e"#),
        ("A=", ""),
        ("A=''", ""),
        ("A=it's", "it's"),
        ("A=$HOME`x`", "$HOME`x`"),
        ("A='é'", "é"),
        ("export=x\nA=y", "y"),
        ("# 全角のコメント＝\n; c\n\n\u{3000}\nA=x", "x"),
    ] {
        let (file, errors) = parse(line.as_bytes());
        assert_eq!(errors, [], "{line}");
        assert_eq!(file.entries["A"].value, value, "{line}");
    }
}

#[test]
fn what_leaves_doubt_is_told_with_its_line_and_never_with_the_value() {
    for (line, doubt) in [
        ("hush", Doubt::NoAssignment),
        ("A＝hush", Doubt::WideEquals),
        ("A＝hush=", Doubt::WideEquals),
        ("Ａ=hush", Doubt::WideName),
        ("\u{feff}A=hush", Doubt::WideName),
        ("＃ hush", Doubt::WideComment),
        ("my key=hush", Doubt::NoName),
        ("1A=hush", Doubt::NoName),
        ("=hush", Doubt::NoName),
        ("A=hushｘ", Doubt::Wide),
        ("A='hush鍵'", Doubt::Wide),
        ("A=hush\u{3000}", Doubt::Wide),
        ("A=hush\u{a0}", Doubt::Wide),
        ("A=hush\u{200b}", Doubt::Wide),
        ("A=hush\rB=x", Doubt::Control),
        ("# c\rA=hush", Doubt::ReturnsAlone),
        ("A=hush\r\r", Doubt::Control),
        ("\0", Doubt::NoAssignment),
        ("A='hu\0sh'", Doubt::Control),
        ("A=A=hush", Doubt::WholeLine),
        ("A='export A = hush'", Doubt::WholeLine),
        ("A=hu sh", Doubt::Blank),
        ("A=hu\tsh", Doubt::Blank),
        ("A=hush # c", Doubt::Hash),
        ("A=# hush", Doubt::Hash),
        ("A=hu#sh", Doubt::Hash),
        ("A=hu\\sh", Doubt::Backslash),
        ("A=hush\\", Doubt::Backslash),
        ("A='hush", Doubt::Quotes),
        ("A=hush'", Doubt::Quotes),
        ("A=\"hush\\\"", Doubt::Quotes),
        ("A=\"hush\" # c", Doubt::Quotes),
        ("A='hu''sh'", Doubt::Quotes),
    ] {
        let (_, errors) = parse(format!("# c\n{line}\nB=x").as_bytes());
        assert_eq!(errors.len(), 1, "{line}: {errors:?}");
        let error = &errors[0];
        assert_eq!(error.kind, Kind::Doubtful(doubt), "{line}");
        let told = error.to_string();
        assert!(told.starts_with("secrets.env:2: "), "{told}");
        assert!(!told.contains("hu"), "{told}");
    }
}

#[test]
fn the_name_on_a_line_with_a_mistake_is_not_missing() {
    for line in [
        "A_KEY: hush",
        "A_KEY：hush",
        "A_KEY＝hush",
        "Ａ_KEY=hush",
        "\u{3000}A_KEY=hush",
        "A_KEY\u{a0}=hush",
        "\u{feff}\u{feff}A_KEY=hush",
        "set A_KEY=hush",
        "declare -x A_KEY=hush",
        "$A_KEY = hush",
        "A_KEY := hush",
        "{\"A_KEY\": \"hush\"}",
        "# c\rA_KEY=hush\n",
    ] {
        let (file, errors) = parse(line.as_bytes());
        assert_eq!(errors.len(), 1, "{line}");
        assert!(file.is_spoiled("A_KEY"), "{line}");
        assert!(!file.is_spoiled("ANOTHER"), "{line}");
    }
}

#[test]
fn a_name_that_is_set_twice_is_told_on_the_second_line() {
    let (file, errors) = parse(b"A=\nB=x\nA=hush\n");
    assert_eq!(
        errors[0].to_string(),
        "secrets.env:3: A: is set on line 1 already; delete one of the two"
    );
    assert!(file.is_spoiled("A") && !file.is_spoiled("B"));
    let (_, errors) = parse(b"A=hu sh\nA=hush\n");
    let kinds: Vec<_> = errors.into_iter().map(|m| m.kind).collect();
    let doubts = [Doubt::Blank, Doubt::Doubled(1)];
    assert_eq!(kinds, doubts.map(Kind::Doubtful));
}

#[test]
fn other_encodings_are_told_with_their_line_and_the_rest_is_read() {
    // The comment is Shift_JIS.
    let (file, errors) = parse(b"A=x\n# \x8c\xae\nB=y\nC=\x8c\xae\n");
    let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        [
            "secrets.env:2: is not UTF-8; save the file as UTF-8",
            "secrets.env:4: C: is not UTF-8; save the file as UTF-8"
        ]
    );
    assert_eq!(file.entries["B"].value, "y");
    assert!(file.is_spoiled("C") && !file.is_spoiled("A"));
    for (bytes, doubt) in [
        (&b"\xff\xfeA\0=\0x\0"[..], Doubt::Utf16),
        (b"A\0=\0x\0", Doubt::Utf16),
        (b"A=x\rB=y\r", Doubt::ReturnsAlone),
    ] {
        let (file, errors) = parse(bytes);
        let kinds: Vec<_> = errors.into_iter().map(|m| m.kind).collect();
        assert_eq!(kinds, [Kind::Doubtful(doubt)]);
        assert!(file.is_spoiled("ANYTHING"));
    }
}

#[test]
fn a_key_that_was_pasted_alone_is_not_taken_for_a_name_to_show() {
    let key = "AB12CD34EF56AB12CD34EF56";
    let (_, errors) = parse(format!("{key}=\n{key}=\n").as_bytes());
    assert!(!errors[0].to_string().contains(key));
    assert!(may_be_shown("MEDICAL_WEBHOOK_SECRET") && !may_be_shown("c2VjcmV0"));
}

#[test]
fn only_a_file_that_is_not_there_is_silence() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secrets.env");
    let read = || {
        let mut errors = Vec::new();
        let file = EnvFile::read(&path, &mut errors);
        (file.is_some(), errors.len())
    };
    assert_eq!(read(), (false, 0));
    std::os::unix::fs::symlink("/nowhere/at/all", &path).unwrap();
    assert_eq!(read(), (true, 1));
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(read(), (true, 1));
    fs::remove_dir(&path).unwrap();
    fs::write(&path, "A=x").unwrap();
    assert_eq!(read(), (true, 0));
}

#[test]
fn a_file_that_nobody_wrote_by_hand_is_not_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("secrets.env");
    File::create(&path).unwrap().set_len(1 << 40).unwrap();
    let mut errors = Vec::new();
    let file = EnvFile::read(&path, &mut errors).unwrap();
    assert_eq!(errors[0].kind, Kind::FileTooLarge);
    assert!(file.is_spoiled("ANYTHING"));
    fs::write(&path, "A=x\n".repeat(1 << 16)).unwrap();
    let mut errors = Vec::new();
    EnvFile::read(&path, &mut errors);
    assert_eq!(errors.len(), (1 << 16) - 1);
}
