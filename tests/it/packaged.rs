//! What the package shows of the program is what the program is.

use std::fs;
use std::path::Path;

#[path = "../../examples/pages.rs"]
#[allow(dead_code)]
mod pages;

#[test]
fn the_pages_that_are_packaged_are_those_of_the_program() {
    let written = tempfile::tempdir().unwrap();
    pages::write_all(written.path()).unwrap();
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let names = |directory: &Path| {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let again = "write them again: cargo run --example pages -- packaging/generated";
    assert_eq!(names(&packaged), names(written.path()), "{again}");
    for name in names(&packaged) {
        assert!(
            fs::read(packaged.join(&name)).unwrap()
                == fs::read(written.path().join(&name)).unwrap(),
            "{} is not up to date; {again}",
            name.display()
        );
    }
}
