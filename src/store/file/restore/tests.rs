//! How a restore that fails is told.

use super::*;

#[test]
fn a_full_disk_is_told_as_one_wherever_it_is_met() {
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    let path = || PathBuf::from("/data/live.restoring");
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
    for error in [
        RestoreError::Copy(SnapshotError::File {
            path: path(),
            source: full(),
        }),
        RestoreError::Swap {
            path: path(),
            source: full(),
        },
        RestoreError::Database {
            path: path(),
            source: rusqlite::Error::SqliteFailure(code, None).into(),
        },
    ] {
        let told = error.of(Path::new("/data"), Path::new("/copy")).to_string();
        assert!(told.contains("the disk is full"), "{told}");
        assert!(
            told.contains("/data") && told.contains("restore again"),
            "{told}"
        );
    }
    let other = RestoreError::Swap {
        path: path(),
        source: io::Error::from(io::ErrorKind::NotFound),
    };
    let told = other.of(Path::new("/data"), Path::new("/copy"));
    assert!(matches!(told, RestoreError::Swap { .. }));
}
