//! The copies that were made because the database was gone or damaged. One of each damage is enough: an earlier one
//! that has nothing which the newest lacks goes.

use std::fs;
use std::path::Path;

use super::backup_file;
use super::copies::copies;
use super::difference::has_all_of;
use super::progress::Progress;

/// Deletes earlier rescues in `directory` that have nothing which `newest` lacks. What cannot be compared stays.
pub(super) fn drop_earlier(directory: &Path, newest: &Path) {
    let backup = backup_file(directory);
    let others = copies(directory).into_iter();
    for earlier in others.filter(|copy| *copy != newest && *copy != backup) {
        if is_needless(&earlier, newest) && fs::remove_file(&earlier).is_ok() {
            let copy = earlier.display();
            tracing::info!(%copy, newest = %newest.display(), "an earlier copy was deleted: the newest has all that it had");
        }
    }
}

fn is_needless(earlier: &Path, newest: &Path) -> bool {
    let progress = (Progress::of_copy(earlier), Progress::of_copy(newest));
    let (Some(earlier_one), Some(newest_one)) = progress else {
        return false;
    };
    earlier_one.is_of_same_database(&newest_one)
        && !earlier_one.is_beyond(&newest_one)
        && !earlier_one.has_more_than(&newest_one)
        && has_all_of(newest, earlier)
}
