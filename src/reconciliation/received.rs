//! What VoiceDrive says that it has: an id, and perhaps two columns of its log (contract, section 4.7).

use uuid::Uuid;

/// What VoiceDrive says about one id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The id of the request.
    pub id: Uuid,
    /// What became of the first request with it; none: it was not said.
    pub status: Option<PartnerStatus>,
    /// Whether VoiceDrive knew the person; none: it was not said.
    pub user_found: Option<bool>,
}

/// What became of a request at VoiceDrive, in the words of its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartnerStatus {
    /// It was processed.
    Success,
    /// It was not processed.
    Failed,
    /// It was not as VoiceDrive expects it.
    ValidationFailed,
}

impl Received {
    /// Reads one row. Blanks around a word and its case do not count, and an empty one says nothing.
    ///
    /// # Errors
    /// `NotReceived`
    pub fn read(
        id: &str,
        status: Option<&str>,
        user_found: Option<&str>,
    ) -> Result<Self, NotReceived> {
        let status =
            said(status).map(|word| PartnerStatus::from_word(&word).ok_or(NotReceived::Status));
        let user_found = said(user_found).map(|word| match &*word {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err(NotReceived::UserFound),
        });
        Ok(Self {
            id: request_id(id.trim()).ok_or(NotReceived::Id)?,
            status: status.transpose()?,
            user_found: user_found.transpose()?,
        })
    }
}

impl Received {
    /// Of several rows of one id, the one with the lowest rank counts.
    fn rank(&self) -> (u8, u8) {
        let status = match self.status {
            Some(PartnerStatus::Success) => 0,
            Some(PartnerStatus::Failed) => 1,
            Some(PartnerStatus::ValidationFailed) => 2,
            None => 3,
        };
        let user_found = match self.user_found {
            Some(true) => 0,
            Some(false) => 1,
            None => 2,
        };
        (status, user_found)
    }
}

/// In small letters: a spreadsheet saves `true` as `TRUE`.
fn said(word: Option<&str>) -> Option<String> {
    let word = word.map(str::trim).filter(|word| !word.is_empty());
    word.map(str::to_ascii_lowercase)
}

/// A UUID as it is written everywhere: 36 characters, in whatever case.
fn request_id(text: &str) -> Option<Uuid> {
    (text.len() == 36)
        .then(|| Uuid::try_parse(text).ok())
        .flatten()
}

/// Puts a list in the order of its ids, each once. Of two rows of one id, one that says "success" stays, else one that says
/// anything: an id alone takes nothing of that back. So it does not matter which of them comes first.
pub fn in_order(list: &mut Vec<Received>) {
    list.sort_unstable_by_key(|row| (row.id, row.rank()));
    list.dedup_by_key(|row| row.id);
}

/// Why a row is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReceived {
    /// Its id is none.
    #[error("must be a request id, such as 0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e0f")]
    Id,
    /// The status is none of VoiceDrive's words.
    #[error("processingStatus must be success, failed or validation_failed")]
    Status,
    /// Whether the person was known is not said in a way that is understood.
    #[error("userFound must be true, false, 1 or 0")]
    UserFound,
}

impl PartnerStatus {
    /// The word in VoiceDrive's log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::ValidationFailed => "validation_failed",
        }
    }

    /// The status that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Success, Self::Failed, Self::ValidationFailed];
        all.into_iter().find(|status| status.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e0f";

    #[test]
    fn ids_are_read_in_whatever_case_and_nothing_else_is() {
        let read = |id: &str| Received::read(id, None, None).map(|row| row.id.to_string());
        assert_eq!(read(ID), Ok(ID.to_owned()));
        assert_eq!(read(&format!(" {} ", ID.to_uppercase())), Ok(ID.to_owned()));
        for bad in [
            "",
            "x",
            &ID.replace('-', ""),
            &format!("{{{ID}}}"),
            &ID[1..],
        ] {
            assert_eq!(read(bad), Err(NotReceived::Id), "{bad}");
        }
    }

    #[test]
    fn the_columns_of_the_log_are_understood_or_refused() {
        let read = |status, user_found| Received::read(ID, status, user_found);
        let row = read(Some("validation_failed"), Some("0")).unwrap();
        assert_eq!(row.status, Some(PartnerStatus::ValidationFailed));
        assert_eq!(row.user_found, Some(false));
        let row = read(Some("Success"), Some("TRUE")).unwrap();
        assert_eq!(row.status, Some(PartnerStatus::Success));
        assert_eq!(row.user_found, Some(true));
        let row = read(Some(""), Some(" ")).unwrap();
        assert_eq!((row.status, row.user_found), (None, None));
        assert_eq!(read(Some("done"), None), Err(NotReceived::Status));
        assert_eq!(read(None, Some("maybe")), Err(NotReceived::UserFound));
    }

    #[test]
    fn an_id_counts_once() {
        let row = |status| Received::read(ID, status, None).unwrap();
        let mut list = vec![row(Some("failed")), row(Some("success")), row(None)];
        in_order(&mut list);
        assert_eq!(list, [row(Some("success"))]);
    }

    #[test]
    fn of_two_rows_of_one_id_the_same_counts_in_either_order() {
        let said = [
            (Some("success"), Some("1")),
            (Some("success"), Some("0")),
            (Some("failed"), None),
            (Some("validation_failed"), None),
            (None, Some("1")),
            (None, Some("0")),
            (None, None),
        ];
        let row = |(status, user_found)| Received::read(ID, status, user_found).unwrap();
        for (at, one) in said.into_iter().enumerate() {
            for other in &said[at..] {
                for mut list in [vec![row(one), row(*other)], vec![row(*other), row(one)]] {
                    in_order(&mut list);
                    assert_eq!(list, [row(one)], "{one:?} and {other:?}");
                }
            }
        }
    }
}
