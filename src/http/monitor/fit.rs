//! No page is longer than 30 kB, however many rows there are and however long their names: what does not fit comes on
//! the next page, or is counted.

/// Keeps the first rows that take no more than `room` bytes together, one at least; answers how many are left out.
pub(super) fn fit<T>(rows: &mut Vec<T>, room: usize, bytes: impl Fn(&T) -> usize) -> usize {
    let mut taken = 0;
    let fitting = rows.iter().take_while(|row| {
        taken += bytes(row);
        taken <= room
    });
    let all = rows.len();
    rows.truncate(fitting.count().max(1));
    all - rows.len()
}

/// What texts take in a page, where some characters are written as several.
pub(super) fn bytes<'t>(texts: impl IntoIterator<Item = &'t str>) -> usize {
    let of = |byte: u8| match byte {
        b'<' | b'>' | b'&' | b'"' | b'\'' => 5,
        _ => 1,
    };
    let texts = texts.into_iter();
    texts.flat_map(str::bytes).map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_left_out_and_one_row_is_always_shown() {
        let cut = |room| {
            let mut rows = vec!["aa", "b<", "c"];
            let left = fit(&mut rows, room, |row| bytes([*row]));
            (rows.len(), left)
        };
        assert_eq!([cut(100), cut(8), cut(7)], [(3, 0), (2, 1), (1, 2)]);
        assert_eq!(cut(0), (1, 2));
        let mut none: Vec<&str> = Vec::new();
        assert_eq!(fit(&mut none, 0, |row| row.len()), 0);
    }
}
