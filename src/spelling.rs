//! Finds the known name that a mistyped one probably stands for.

/// The name that differs by a few typing errors: one in four letters, three at most. None when no name is near enough.
/// Capital and small letters are the same here. Short names resemble each other anyway, so fewer errors count in them.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let farthest = (typed.chars().count() / 4).min(3);
    let typed = typed.to_ascii_uppercase();
    let near = known.into_iter().map(|known| {
        let distance = strsim::damerau_levenshtein(&typed, &known.to_ascii_uppercase());
        (distance, known)
    });
    let nearest = near.filter(|(distance, _)| *distance <= farthest).min();
    nearest.map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_seen_and_another_name_is_not_taken_for_one() {
        let known = ["default", "employee", "employees.all"];
        for (typed, meant) in [
            ("employee", Some("employee")),
            ("emploeye", Some("employee")),
            ("Employee", Some("employee")),
            ("defalt", Some("default")),
            ("employees.al", Some("employees.all")),
            ("elsewhere", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
        assert_eq!(nearest("a.c", ["a.b"]), None);
    }
}
