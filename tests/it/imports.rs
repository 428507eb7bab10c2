//! Who uses whom, as the sources say it: the imports of every file, and the paths in its code. Tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::iter::successors;

/// Which file uses which; a file is called as its module, such as `store::file`.
pub type Uses = BTreeMap<String, BTreeSet<String>>;

/// A path such as `crate::store::Store`, in its parts.
type Path = Vec<String>;

/// What one file imports and says.
#[derive(Default)]
struct Read {
    paths: Vec<Path>,
    /// What it imports for others too: the name, and where it comes from.
    handed_on: BTreeMap<String, Path>,
    /// Modules that only tests have.
    tests: BTreeSet<String>,
}

/// The files of a crate and what they use. `files` are the names of the modules, with the text of each; the root is the
/// empty name.
pub fn uses(files: &BTreeMap<String, String>) -> Uses {
    let read = read_all(files);
    let mut uses = Uses::new();
    for (module, found) in &read {
        let of_module = uses.entry(module.clone()).or_default();
        for path in &found.paths {
            let path = absolute(&read, module, path);
            of_module.extend(path.and_then(|path| defined_in(&read, &path)));
        }
        of_module.remove(module);
    }
    uses
}

/// The files that say something of another crate.
pub fn users_of(name: &str, files: &BTreeMap<String, String>) -> BTreeSet<String> {
    let read = read_all(files).into_iter();
    let users = read.filter(|(_, found)| found.paths.iter().any(|path| path[0] == name));
    users.map(|(module, _)| module).collect()
}

/// A way from a file or room back to itself, spelled out.
pub fn circle(uses: &Uses) -> Option<String> {
    let mut done = BTreeSet::new();
    let mut starts = uses.keys();
    starts.find_map(|start| circle_from(start, uses, &mut Vec::new(), &mut done))
}

fn circle_from<'a>(
    at: &'a str,
    uses: &'a Uses,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<String> {
    if let Some(begin) = way.iter().position(|step| *step == at) {
        return Some(format!("{} -> {at}", way[begin..].join(" -> ")));
    }
    if !done.insert(at) {
        return None;
    }
    way.push(at);
    let mut next = uses.get(at).into_iter().flatten();
    let found = next.find_map(|next| circle_from(next, uses, way, done));
    way.pop();
    found
}

/// Whether one of both stands within the other: a file and what it is made of know each other.
pub fn is_within(module: &str, room: &str) -> bool {
    module
        .strip_prefix(room)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn read_all(files: &BTreeMap<String, String>) -> BTreeMap<String, Read> {
    let mut read: BTreeMap<String, Read> = BTreeMap::new();
    let mut tests = Vec::new();
    for (module, text) in files {
        let found = read_file(&tokens(text));
        tests.extend(found.tests.iter().map(|name| joined(module, name)));
        read.insert(module.clone(), found);
    }
    read.retain(|module, _| !tests.iter().any(|test| is_within(module, test)));
    read
}

fn joined(module: &str, name: &str) -> String {
    if module.is_empty() {
        name.to_owned()
    } else {
        format!("{module}::{name}")
    }
}

fn parts(module: &str) -> Path {
    let parts = module.split("::").filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// The path from the root of the crate; none for what another crate has, or what was imported by its name.
fn absolute(read: &BTreeMap<String, Read>, module: &str, path: &[String]) -> Option<Path> {
    let mut base = parts(module);
    let rest = match path[0].as_str() {
        "crate" => {
            base.clear();
            &path[1..]
        }
        "self" => &path[1..],
        "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            base.truncate(base.len().checked_sub(up)?);
            &path[up..]
        }
        child if read.contains_key(&joined(module, child)) => path,
        _ => return None,
    };
    base.extend_from_slice(rest);
    Some(base)
}

/// The file that defines what the path leads to: what a file hands on is of the file from which it has it.
fn defined_in(read: &BTreeMap<String, Read>, path: &[String]) -> Option<String> {
    let longest = (1..=path.len()).rev();
    let mut found = longest.map(|length| (path[..length].join("::"), length));
    let (module, length) = found.find(|(module, _)| read.contains_key(module))?;
    let handed_on = path
        .get(length)
        .and_then(|name| read[&module].handed_on.get(name))
        .and_then(|from| absolute(read, &module, from));
    match handed_on {
        Some(from) => defined_in(read, &[&from, &path[length + 1..]].concat()),
        None => Some(module),
    }
}

fn read_file(tokens: &[String]) -> Read {
    let mut read = Read::default();
    let mut at = 0;
    let mut is_public = false;
    while at < tokens.len() {
        let rest = &tokens[at..];
        match rest[0].as_str() {
            "#" if is_for_tests(rest) => {
                let item = &rest[TEST.len()..];
                let end = end_of_item(item);
                let module = item.iter().position(|token| token == "mod");
                if let Some(module) = module.filter(|module| *module < end) {
                    read.tests.insert(item[module + 1].clone());
                }
                at += TEST.len() + end;
            }
            // Not the `use<…>` of a type.
            "use" if rest.get(1).is_some_and(|token| token != "<") => {
                let end = rest.iter().position(|token| token == ";");
                let end = end.unwrap_or(rest.len());
                for (path, name) in imported(&rest[1..end]) {
                    if is_public {
                        read.handed_on.insert(name, path.clone());
                    }
                    read.paths.push(path);
                }
                at += end;
            }
            "pub" => {
                is_public = true;
                at += 1;
                // Such as `pub(super)`.
                if rest.get(1).is_some_and(|token| token == "(") {
                    at += rest.iter().position(|token| token == ")").unwrap_or(0);
                }
                continue;
            }
            _ => {
                let path = path_of(rest);
                at += path.len().saturating_mul(2).max(1);
                if path.len() > 1 {
                    read.paths.push(path);
                }
            }
        }
        is_public = false;
    }
    read
}

const TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

fn is_for_tests(tokens: &[String]) -> bool {
    tokens.len() > TEST.len() && tokens.iter().zip(TEST).all(|(token, test)| token == test)
}

/// How many tokens an item has: up to its `;`, or to the end of its block.
fn end_of_item(tokens: &[String]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth = depth.saturating_sub(1),
            _ => {}
        }
        let ends_block = token == "}" && tokens.get(at + 1).is_none_or(|next| next != ";");
        if depth == 0 && (token == ";" || ends_block) {
            return at + 1;
        }
    }
    tokens.len()
}

/// The names at the beginning, with `::` between them.
fn path_of(tokens: &[String]) -> Path {
    let is_name = |token: &&String| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut path: Path = tokens
        .first()
        .filter(is_name)
        .cloned()
        .into_iter()
        .collect();
    let mut rest = tokens.get(1..).unwrap_or_default();
    while let [between, name, ..] = rest
        && !path.is_empty()
        && between == "::"
        && is_name(&name)
    {
        path.push(name.clone());
        rest = &rest[2..];
    }
    path
}

/// What an import brings, each with the name that it has then.
fn imported(tree: &[String]) -> Vec<(Path, String)> {
    let mut path = path_of(tree);
    let rest = &tree[(path.len() * 2).saturating_sub(1).min(tree.len())..];
    match rest.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["::", "{", ..] | ["{", ..] => {
            let begin = rest.iter().position(|token| token == "{").unwrap_or(0) + 1;
            let inside = &rest[begin..rest.len() - 1];
            let branches = branches(inside).into_iter().flat_map(imported);
            let whole = |(branch, name): (Path, String)| ([path.clone(), branch].concat(), name);
            branches.map(whole).collect()
        }
        ["as", name] => vec![(path, name.to_owned())],
        _ => {
            if path.last().is_some_and(|last| last == "self") && path.len() > 1 {
                path.pop();
            }
            let name = path.last().cloned().unwrap_or_default();
            vec![(path, name)]
        }
    }
}

/// What stands between commas that are within no braces.
fn branches(tokens: &[String]) -> Vec<&[String]> {
    let mut depth = 0_usize;
    let branches = tokens.split(|token| {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && token == ","
    });
    branches.filter(|branch| !branch.is_empty()).collect()
}

/// Names, `::` and signs, without comments and without what stands between quotes.
fn tokens(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = quoted(rest) {
            length
        } else if rest.starts_with("::") {
            found.push("::".to_owned());
            2
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
            let end = end.unwrap_or(rest.len());
            found.push(rest[..end].to_owned());
            end
        } else {
            if !first.is_whitespace() {
                found.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    found
}

/// The length of the text or character at the beginning, or of a lifetime.
fn quoted(text: &str) -> Option<usize> {
    let raw = text.strip_prefix('b').unwrap_or(text);
    if let Some(raw) = raw.strip_prefix('r') {
        let signs = raw.find(|c| c != '#')?;
        let inside = raw[signs..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(signs));
        let after = &inside[inside.find(&end)? + end.len()..];
        return Some(text.len() - after.len());
    }
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inside = &raw[1..];
    let is_lifetime = quote == '\''
        && !inside.starts_with('\\')
        && inside.chars().nth(1).is_some_and(|second| second != '\'');
    if is_lifetime {
        let end = inside.find(|c: char| !c.is_alphanumeric() && c != '_');
        return Some(text.len() - inside.len() + end?);
    }
    let characters = successors(Some(inside), |rest| {
        let escaped = usize::from(rest.starts_with('\\'));
        let length: usize = rest.chars().take(1 + escaped).map(char::len_utf8).sum();
        rest.get(length..).filter(|_| length > 0)
    });
    let mut ends = characters.filter(|rest| rest.starts_with(quote));
    ends.next().map(|end| text.len() - end.len() + 1)
}

#[test]
fn imports_are_read_however_they_are_written() {
    let files = [
        ("", "mod a; mod b; mod c;"),
        ("a", "use crate::{b::{self, Thing as Other}, c::*};\nmod d;"),
        (
            "a::d",
            "use super::super::c::Last;\nfn f() -> &'static str { super::e::g(\"crate::b\", 'x', '\"') }",
        ),
        (
            "a::e",
            "// use crate::b;\npub(super) fn g() { crate::b::h::<'_', u8>() }",
        ),
        (
            "b",
            "pub use c::Kept;\nmod c;\n#[cfg(test)]\nuse crate::{a};\n#[cfg(test)]\nmod tests { use crate::a; }",
        ),
        ("b::c", "#[cfg(test)]\nmod tests;\nuse std::fmt;"),
        ("b::c::tests", "use crate::a;"),
        (
            "c",
            "use crate::b::Kept;\nconst RAW: &str = r#\"crate::a::\"#;",
        ),
    ];
    let files = files.map(|(module, text)| (module.to_owned(), text.to_owned()));
    let uses = uses(&BTreeMap::from(files));
    let of = |module: &str| uses[module].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(of("a"), ["b", "c"]);
    assert_eq!(of("a::d"), ["a::e", "c"]);
    assert_eq!(of("a::e"), ["b"]);
    assert_eq!(of("b"), ["b::c"]);
    assert_eq!(of("b::c"), [""; 0]);
    assert_eq!(
        of("c"),
        ["b::c"],
        "what is handed on is of the one who has it"
    );
    assert!(!uses.contains_key("b::c::tests"));
}

#[test]
fn a_circle_is_spelled_out() {
    let uses = |pairs: &[(&str, &str)]| {
        let mut uses = Uses::new();
        for (from, to) in pairs {
            let of_file: &mut BTreeSet<String> = uses.entry((*from).to_owned()).or_default();
            of_file.insert((*to).to_owned());
        }
        uses
    };
    let tree = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")];
    assert_eq!(circle(&uses(&tree)), None);
    let round = [("a", "b"), ("b", "c"), ("c", "d"), ("d", "b")];
    assert_eq!(circle(&uses(&round)).unwrap(), "b -> c -> d -> b");
}
