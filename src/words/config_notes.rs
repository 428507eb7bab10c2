//! What is worth a word in configuration and secrets, and no mistake.

use crate::config::{Note, NoteKind};
use crate::language::Language;
use crate::words::counted;

impl NoteKind {
    #[expect(
        clippy::too_many_lines,
        reason = "a table with a sentence for each; apart, it would be read in pieces"
    )]
    fn describe(&self, language: Language) -> String {
        let (ja, en) = match self {
            Self::UnknownName(Some(meant)) => {
                return match language {
                    Language::Ja => format!("使われない名前です。{meant} ではありませんか"),
                    Language::En => {
                        format!("nothing reads this name; did you mean {meant}?")
                    }
                };
            }
            Self::Short(length) => {
                let characters = counted(length, "character");
                return both!(
                    language,
                    "{length} 文字しかありません。16 文字以上を勧めます (voicedrive-relay secret make)",
                    "has only {characters}; 16 or more are advised (voicedrive-relay secret make)"
                );
            }
            Self::OfAnother(owner) => {
                return both!(
                    language,
                    "所有者が {owner} のため、そのユーザーが内容を変えられます。リレーを動かすユーザーか root を所有者にしてください (sudo chown)",
                    "belongs to {owner}, who can change it; let it belong to the daemon's user or to root (sudo chown)"
                );
            }
            Self::Alone(present) => {
                return both!(
                    language,
                    "{present} の値がないため、使われません",
                    "does not count, because {present} is not set"
                );
            }
            Self::SameValue(other) => {
                return both!(
                    language,
                    "{other} と同じ値です。それぞれ別の値にしてください (voicedrive-relay secret make)",
                    "has the same value as {other}; give each one of its own (voicedrive-relay secret make)"
                );
            }
            Self::TokenKeyIsKnown(other) => {
                return both!(
                    language,
                    "{other} と同じ値です。その値を知る人は、すべての権限のあるトークンを作れます。必ず別の値にしてください (voicedrive-relay secret make)",
                    "has the same value as {other}: whoever knows that one can make tokens with every right; give it one of its own (voicedrive-relay secret make)"
                );
            }
            Self::BeginsWithName(other) => {
                return both!(
                    language,
                    "値が「{other}=」から始まっています。値の一部でなければ取り除いてください",
                    "has a value that begins with {other}=; take that away unless it belongs to it"
                );
            }
            Self::UnknownName(None) => (
                "使われない名前です。config.toml のどのキーもこの名前を指していません",
                "nothing reads this name: no key of config.toml has it",
            ),
            Self::BelongsElsewhere => (
                "このファイルからは読まれません。systemctl edit voicedrive-relay で [Service] の Environment= に書いてください",
                "is not read from this file; set it with Environment= under [Service] (systemctl edit voicedrive-relay)",
            ),
            Self::Edged => (
                "値の前か後ろに空白か改行があります。値の一部でなければ取り除いてください",
                "has a blank or a line end before or behind the value; take it away unless it belongs to it",
            ),
            Self::OnlyBlanks => (
                "値が空白だけです。値を書いてください",
                "consists of blanks only; write the value",
            ),
            Self::Wide => (
                "全角文字か、目に見えない文字が値に含まれています。半角で入力し直してください",
                "has a full-width or invisible character in the value; type it again in plain letters",
            ),
            Self::Unreplaced => (
                "値が ${...}、$NAME、<...> のように、後で置き換える形で書かれています。置き換えられずに、そのままの文字が値になります。値そのものを書いてください",
                "is written as something to be replaced (${...}, $NAME, <...>), which nothing replaces: these characters are the value; write the value itself",
            ),
            Self::Placeholder => (
                "見本の文字か、同じ文字の繰り返しのままです。本物の値に替えてください (voicedrive-relay secret make)",
                "is what a template has in this place, or one character again and again; write the real value (voicedrive-relay secret make)",
            ),
            Self::Comment => (
                "値が # か ; から始まっています。ここではコメントにならず、そのまま値になります。コメントなら取り除いてください",
                "begins with # or ;, which begins no comment here: all of it is the value; take a comment away",
            ),
            Self::NoFile(names) if names.is_empty() => (
                "ファイルがありません。消したのでなければ、バックアップから戻してください。秘密の値はここに書きます",
                "there is no such file; put it back from a backup if nobody meant to delete it: secrets are written there",
            ),
            Self::NoFile(names) => {
                let names = names.join(", ");
                return both!(
                    language,
                    "ファイルがないため、環境変数を使っています ({names})。消したのでなければ、バックアップから戻してください",
                    "there is no such file, and variables of the environment count ({names}); put it back from a backup if nobody meant to delete it"
                );
            }
            Self::Overridden => (
                "secrets.env があるため、この環境変数は使われません",
                "does not count, because there is a secrets.env",
            ),
            Self::Covered => (
                "同じ名前の値が systemd から渡されているため、この行は使われません",
                "does not count, because there is a credential of this name",
            ),
            // With 600 the daemon could not read it any more.
            Self::OpenToAll(Some(group)) => {
                return both!(
                    language,
                    "このサーバーのだれでも読めます。chown root:{group} と chmod 640 を勧めます",
                    "everybody on this machine can read it; chown root:{group} and chmod 640 are advised"
                );
            }
            Self::OpenToAll(None) => (
                "このサーバーのだれでも読めます。chmod 600 を勧めます",
                "everybody on this machine can read it; chmod 600 is advised",
            ),
        };
        language.say(ja, en).to_owned()
    }
}

impl Note {
    /// The note in one line.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        self.place.with(&self.kind.describe(language), language)
    }
}
