//! What is wrong with the relay's own certificate and key.

use std::fmt;

use crate::key_pair::{Fault, KeyPairError};
use crate::language::Language;

impl Fault {
    /// What is wrong, and what to do.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        match self {
            Self::Unreadable(why) => {
                let why = why.describe(language);
                both!(language, "読めません。{why}", "cannot be read: {why}")
            }
            Self::Forbidden(user) => both!(
                language,
                "リレーを動かすユーザー ({user}) には読む権限がありません。証明書と鍵の写しを、このユーザーが読める場所に置いてください (docs/tls.ja.md)",
                "cannot be read: this user may not ({user}); put a copy of certificate and key where it may read them (docs/tls.md)"
            ),
            Self::NoCertificate => both!(
                language,
                "証明書がありません (PEM 形式で「BEGIN CERTIFICATE」の行が必要です)",
                "has no certificate: PEM with BEGIN CERTIFICATE is needed"
            ),
            Self::NotACertificate => both!(
                language,
                "証明書として読めません。ファイルが壊れているか、途中までしか書かれていません",
                "is no certificate that can be used: the file is damaged, or not written to its end"
            ),
            Self::NoKey => both!(
                language,
                "秘密鍵がありません (PEM 形式で「BEGIN PRIVATE KEY」の行が必要です)",
                "has no private key: PEM with BEGIN PRIVATE KEY is needed"
            ),
            Self::LockedKey => both!(
                language,
                "鍵にパスワードが付いています。外してください: openssl pkey -in 元の鍵 -out 新しい鍵",
                "has a key with a password; take it off: openssl pkey -in OLD -out NEW"
            ),
            Self::UnusableKey => both!(
                language,
                "この鍵は使えません。RSA (2048 ビット以上)、ECDSA (P-256、P-384)、Ed25519 のどれかにしてください",
                "has a key that is not used here: RSA of 2048 bits or more, ECDSA with P-256 or P-384, or Ed25519 is needed"
            ),
            Self::KeyOfAnother => both!(
                language,
                "この証明書の鍵ではありません。同じときに作られた組を指定してください",
                "is not the key of this certificate; name the two that were made together"
            ),
        }
    }
}

impl KeyPairError {
    /// The file, and what is wrong with it.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        format!("{}: {}", self.path.display(), self.fault.describe(language))
    }
}

/// As the log has it: in English.
impl fmt::Display for KeyPairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe(Language::En))
    }
}
