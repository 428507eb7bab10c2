//! Statuses as databases and offices write them: in any case, and in Japanese.

use crate::interview::InterviewStatus;

/// Parses a status; none when it is unknown.
pub(super) fn parse(text: &str) -> Option<InterviewStatus> {
    let word = text.to_lowercase().replace([' ', '-'], "_");
    InterviewStatus::from_word(&word).or_else(|| {
        InterviewStatus::ALL
            .into_iter()
            .find(|s| is_called(*s, text))
    })
}

fn is_called(status: InterviewStatus, text: &str) -> bool {
    status.japanese().contains(&text)
        || (status == InterviewStatus::NoShow && text.eq_ignore_ascii_case("noshow"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_known_in_any_case_and_in_japanese() {
        for (text, status) in [
            ("scheduled", InterviewStatus::Scheduled),
            ("COMPLETED", InterviewStatus::Completed),
            ("No_Show", InterviewStatus::NoShow),
            ("NO-SHOW", InterviewStatus::NoShow),
            ("NoShow", InterviewStatus::NoShow),
            ("予定", InterviewStatus::Scheduled),
            ("実施済み", InterviewStatus::Completed),
            ("中止", InterviewStatus::Cancelled),
            ("無断欠席", InterviewStatus::NoShow),
            ("日程変更", InterviewStatus::Rescheduled),
        ] {
            assert_eq!(parse(text), Some(status), "{text}");
        }
        for text in ["", "done", "欠席", "未定"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
