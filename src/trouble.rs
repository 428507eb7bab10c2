//! What keeps the database from being used, as a closed list, each with its sentences for the one who has to do
//! something about it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::language::Language;

/// What keeps the database from being used, or makes it dangerous to go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// There is no room on the disk.
    #[error("the disk is full")]
    DiskFull,
    /// Another program holds a lock on the database.
    #[error("another program holds a lock on the database")]
    Locked,
    /// SQLite found damage.
    #[error("the database is damaged: {what}")]
    Damaged {
        /// What it said first.
        what: String,
        /// The copy to restore; none: there is none, as far as is known.
        copy: Option<PathBuf>,
    },
    /// The file that is open, or the journal beside it, is not in its place any more.
    #[error("the database's file is not in its place any more")]
    Gone {
        /// Where everything was copied that only the open file had; none: that is not done yet.
        rescued: Option<PathBuf>,
    },
    /// Anything else: what was said.
    #[error("{0}")]
    Unusable(String),
}

impl Trouble {
    /// What happened, in a sentence.
    #[must_use]
    pub fn happened(&self, language: Language) -> String {
        match (self, language) {
            (Self::DiskFull, _) => language
                .say("ディスクが満杯です", "the disk is full")
                .to_owned(),
            (Self::Locked, _) => language
                .say(
                    "別のプログラムがデータベースをロックしています",
                    "another program holds a lock on the database",
                )
                .to_owned(),
            (Self::Damaged { what, .. }, Language::Ja) => {
                format!("データベースが壊れています ({what})")
            }
            (Self::Damaged { what, .. }, Language::En) => {
                format!("the database is damaged ({what})")
            }
            (Self::Gone { rescued: None }, _) => language
                .say(
                    "データベースのファイルが元の場所にありません (削除・移動・置き換え、またはディスクのマウント解除)。新しいイベントは受け付けられません",
                    "the database's file is not in its place any more: it was deleted, moved or replaced, or its disk is not mounted. Nothing new is accepted",
                )
                .to_owned(),
            (Self::Gone { rescued: Some(path) }, Language::Ja) => format!(
                "データベースのファイルが元の場所にありません (削除・移動・置き換え、またはディスクのマウント解除)。新しいイベントは受け付けられません。受け付け済みのものはすべて {} に保存しました",
                path.display()
            ),
            (Self::Gone { rescued: Some(path) }, Language::En) => format!(
                "the database's file is not in its place any more: it was deleted, moved or replaced, or its disk is not mounted. Nothing new is accepted; everything that was accepted was copied to {}",
                path.display()
            ),
            (Self::Unusable(what), Language::Ja) => {
                format!("データベースに書き込めません ({what})")
            }
            (Self::Unusable(what), Language::En) => {
                format!("the database cannot be written ({what})")
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::DiskFull => (
                "新しいイベントは受け付けられません。不要なファイルを消して空きを作ってください。空きができると自動で再開します",
                "nothing new is accepted until there is room; delete what is not needed, and it goes on by itself",
            ),
            Self::Locked => (
                "そのプログラム (開いたままの sqlite3 など) を終了してください。それまで何も保存できません",
                "close it, such as a sqlite3 that was left open; nothing can be kept until then",
            ),
            Self::Damaged { copy: Some(_), .. } => (
                "デーモンを停止し、最後の正常なコピーを復元してください",
                "stop the relay and restore the last good copy",
            ),
            Self::Damaged { copy: None, .. } => (
                "復元できるコピーがデータディレクトリーにありません。ファイルには触らずに、別の場所に保存したコピーを探してください",
                "there is no copy in the data directory to restore: leave the file as it is, and look for a copy that was kept elsewhere",
            ),
            Self::Gone { rescued: None } => (
                "受け付け済みのものは動いているデーモンだけが持っているので、停止しないでください。ファイルを元の場所に戻すか、データディレクトリーに書き込めるようにしてください",
                "only the running relay has what was accepted: do not stop it. Bring the file back, or make the data directory writable with room for a copy",
            ),
            Self::Gone { rescued: Some(_) } => (
                "ファイルを元の場所に戻すか、デーモンを停止してこのコピーを復元してください",
                "bring the file back, or stop the relay and restore that copy",
            ),
            Self::Unusable(_) => (
                "ディスクと、データディレクトリーの権限を確かめてください",
                "look at the disk and at the permissions of the data directory",
            ),
        };
        language.say(ja, en)
    }

    /// What to type.
    #[must_use]
    pub fn commands(&self) -> Vec<String> {
        let (Self::Damaged { copy, .. } | Self::Gone { rescued: copy }) = self else {
            return Vec::new();
        };
        let Some(copy) = copy else { return Vec::new() };
        vec![
            "systemctl stop voicedrive-relay".to_owned(),
            format!("voicedrive-relay restore {}", copy.display()),
            "systemctl start voicedrive-relay".to_owned(),
        ]
    }

    /// All of it in one line.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        let (happened, advice) = (self.happened(language), self.advice(language));
        let commands = self.commands().join("; ");
        match (language, commands.is_empty()) {
            (Language::Ja, true) => format!("{happened}。{advice}"),
            (Language::En, true) => format!("{happened}; {advice}"),
            (Language::Ja, false) => format!("{happened}。{advice}: {commands}"),
            (Language::En, false) => format!("{happened}; {advice}: {commands}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_advised_only_when_there_is_one() {
        let path = PathBuf::from("/data/relay-backup.db");
        let what = "malformed".to_owned();
        for trouble in [
            Trouble::Gone {
                rescued: Some(path.clone()),
            },
            Trouble::Damaged {
                what: what.clone(),
                copy: Some(path.clone()),
            },
        ] {
            for language in [Language::Ja, Language::En] {
                let told = trouble.told(language);
                let restore = "voicedrive-relay restore /data/relay-backup.db";
                assert!(told.contains(restore), "{told}");
            }
        }
        for trouble in [
            Trouble::DiskFull,
            Trouble::Locked,
            Trouble::Gone { rescued: None },
            Trouble::Damaged { what, copy: None },
        ] {
            let told = trouble.told(Language::En);
            assert!(!told.contains("voicedrive-relay restore"), "{told}");
            assert!(!told.contains("look at the disk"), "{told}");
        }
    }
}
