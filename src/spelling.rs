//! Finds the known name that a mistyped one probably stands for.

/// The name that differs by a few typing errors: one in four letters, three at most, and in no word of it more than one
/// in three. None when no name is near enough. Capital and small letters are the same here. Another number or another
/// short word is another name, and no slip: `staff.v2` is not `staff.v1`, and `employee.updated` not `employee.created`.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let farthest = (typed.chars().count() / 4).min(3);
    let typed = typed.to_ascii_uppercase();
    let near = known.into_iter().filter_map(|known| {
        let spelled = known.to_ascii_uppercase();
        let distance = strsim::damerau_levenshtein(&typed, &spelled);
        (distance <= farthest && is_slip(&typed, &spelled)).then_some((distance, known))
    });
    near.min().map(|(_, known)| known)
}

/// Whether the two have the same numbers, and each word of one is nearly that of the other.
fn is_slip(typed: &str, known: &str) -> bool {
    let digits = |text: &str| {
        text.chars()
            .filter(char::is_ascii_digit)
            .collect::<String>()
    };
    if digits(typed) != digits(known) {
        return false;
    }
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|c: char| !c.is_alphanumeric());
        words
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (typed, known) = (words(typed), words(known));
    if typed.len() != known.len() {
        // Only what stands between the words is another.
        return typed.concat() == known.concat();
    }
    typed.iter().zip(&known).all(|(typed, known)| {
        let letters = typed.chars().count().max(known.chars().count());
        strsim::damerau_levenshtein(typed, known) <= letters / 3
    })
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

    #[test]
    fn another_number_or_another_word_is_another_name() {
        let known = [
            "VOICEDRIVE_API_TOKEN",
            "VOICEDRIVE_WEBHOOK_SECRET",
            "VOICEDRIVE_WEBHOOK_URL",
            "employee.created",
            "staff.v1",
            "branch.a",
        ];
        for (typed, meant) in [
            ("VOICEDRIVE_API_TOKN", Some("VOICEDRIVE_API_TOKEN")),
            ("VOICEDRIVE_APITOKEN", Some("VOICEDRIVE_API_TOKEN")),
            ("VOICEDRIVE-API-TOKEN", Some("VOICEDRIVE_API_TOKEN")),
            (
                "VOICEDRIVE_WEBHOK_SECERT",
                Some("VOICEDRIVE_WEBHOOK_SECRET"),
            ),
            ("VOICEDRIVE_WEBHOOK_URI", Some("VOICEDRIVE_WEBHOOK_URL")),
            ("employee.craeted", Some("employee.created")),
            ("employee.updated", None),
            ("staff.v2", None),
            ("branch.b", None),
            ("VOICEDRIVE_API_URL", None),
        ] {
            assert_eq!(nearest(typed, known), meant, "{typed}");
        }
    }
}
