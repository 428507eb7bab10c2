//! Adding up counts, and taking away again what was added too much.

use rusqlite::Row;

/// The numbers of a row from its second column on, `sign` times.
///
/// # Errors
/// When the row has fewer of them.
pub(super) fn numbers<const N: usize>(row: &Row<'_>, sign: i64) -> rusqlite::Result<[i64; N]> {
    let mut numbers = [0; N];
    for (column, number) in (1..).zip(&mut numbers) {
        *number = sign * row.get::<_, i64>(column)?;
    }
    Ok(numbers)
}

/// Adds each number to the field in the same place. None of them falls below zero: counts that are wrong are
/// for `check` to find, and no reason to answer nothing.
pub(super) fn add<const N: usize>(fields: [&mut u64; N], numbers: [i64; N]) {
    for (field, number) in fields.into_iter().zip(numbers) {
        *field = field.saturating_add_signed(number);
    }
}
