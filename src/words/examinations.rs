//! What the examination of somebody else's receiver says.

use crate::examination::verdict::Diagnosis;
use crate::examination::{CaseResult, Examination, is_about_data};
use crate::language::{Language, Locale};

phrases! {
    /// Short texts of an examination.
    Examined {
        Verdict: "判定", "verdict";
        ReceiverSaid: "受信側の応答", "the receiver said";
        VerifiesRightly: "署名の検証は正しく実装されています。正しい署名は通り、偽の署名は拒否されました。", "your verification is right: the good signature passed, the forged one was refused. ";
        FailedAtWork: "受信側の処理が失敗しました。別のデータを --event と --data で指定するか、受信側のログを確認してください。", "It failed while it worked on this data: give other data with --event and --data, or read the receiver's log.";
        WantsOtherData: "受信側は別のデータを求めています。--event と --data で指定してください。", "This receiver wants other data: give it with --event and --data.";
        OtherReason: "署名以外の理由で受け付けられませんでした。", "It did not take the webhook for another reason than its signature.";
        NotFound: "正しい署名にも偽の署名にも HTTP 404 が返りました。URL のパスを確かめてください。パスが正しければ、署名より先にデータを調べています。受け付けられるデータを --data で指定してください。", "HTTP 404 to the good webhook and to the forged one alike. Is the path of the URL right? If it is, the receiver looks at the data before the signature: give data that it takes with --data.";
        Pass: "合格", "pass";
        Note: "注意", "note";
        Fail: "不合格", "FAIL";
        Any2xx: "2xx", "a 2xx status";
        Any2xxOr400: "2xx または 400", "2xx or 400";
        Refusal: "401 または 400", "401 or 400";
    }
}

/// What stands at the end when the receiver did not pass everything.
pub(crate) fn summary(failed: usize, language: Language) -> String {
    if failed == 0 {
        return both!(
            language,
            "受け付けられた Webhook はありません。判定を参照してください",
            "the receiver took no webhook: see the verdict"
        );
    }
    both!(
        language,
        "受信側で直すべき項目が {failed} 件あります",
        "to be mended in the receiver: {failed}"
    )
}

/// A line about an examination that was not passed.
pub(crate) fn failed(line: &str, expected: &str, advice: &str, language: Language) -> String {
    both!(
        language,
        "{line} (期待される応答: {expected})。{advice}",
        "{line}, expected {expected}. {advice}"
    )
}

impl CaseResult {
    /// At the beginning of a line, for people.
    pub(crate) fn label(self, locale: Locale) -> &'static str {
        match self {
            Self::Pass => locale.phrase(Examined::Pass),
            Self::Note => locale.phrase(Examined::Note),
            Self::Fail => locale.phrase(Examined::Fail),
        }
    }
}

impl Examination {
    /// What is posted.
    pub(crate) fn name(self, locale: Locale) -> &'static str {
        let (ja, en) = match self {
            Self::Good => ("正しい Webhook", "a good webhook"),
            Self::Repeated => (
                "同じ X-Request-ID の同じ Webhook をもう一度",
                "the same webhook again, with the same X-Request-ID",
            ),
            Self::NonAscii => ("日本語などの文字", "characters outside ASCII"),
            Self::UnknownEvent => ("存在しないイベント", "an event that nobody knows"),
            Self::OtherSecret => ("別の鍵による署名", "a signature with another secret"),
            Self::NoSignature => ("署名なし", "no signature"),
            Self::Altered => (
                "署名後に変更された本文",
                "a body that was altered after signing",
            ),
            Self::TooOld => ("20 分前の日時", "a timestamp of twenty minutes ago"),
            Self::TooFarAhead => ("20 分後の日時", "a timestamp of twenty minutes ahead"),
            Self::OtherBearer => ("別のトークン", "another bearer token"),
            Self::NoBearer => ("トークンなし", "no bearer token"),
        };
        locale.say(ja, en)
    }

    /// The right answers, in words.
    pub(crate) fn expected(self, locale: Locale) -> &'static str {
        match self {
            Self::Good | Self::Repeated | Self::NonAscii => locale.phrase(Examined::Any2xx),
            Self::UnknownEvent => locale.phrase(Examined::Any2xxOr400),
            Self::NoSignature | Self::NoBearer => locale.phrase(Examined::Refusal),
            _ => "401",
        }
    }

    /// What to do when the receiver answers something else.
    pub(crate) fn advice(self, locale: Locale) -> &'static str {
        let (ja, en) = match self {
            Self::Good => (
                "JSON.stringify(JSON.parse(body)) の結果を鍵で署名し、プロファイルのヘッダーと比較して、200 と {\"success\":true} を返してください。",
                "Sign what JSON.stringify(JSON.parse(body)) gives with the secret, compare with the header of the profile, answer 200 with {\"success\":true}.",
            ),
            Self::Repeated => (
                "X-Request-ID を記録して処理は 1 回だけ行い、2 回目も 200 を返してください。リレーは応答を受け取れなかったものを再送します。",
                "Remember X-Request-ID, do the work once, and answer 200 again: the relay repeats what it has no answer for.",
            ),
            Self::NonAscii => (
                "本文を最初に UTF-8 として読み、UTF-8 のバイト列を署名してください。",
                "Read the body as UTF-8 before anything else, and sign the bytes of UTF-8.",
            ),
            Self::UnknownEvent => (
                "400 を返すか、何もせずに受け付けてください。5xx を返すと何度も再送されます。",
                "Answer 400, or take it and do nothing; a 5xx status would have it sent again and again.",
            ),
            Self::OtherSecret | Self::NoSignature | Self::Altered => (
                "届いた本文から署名を計算し、一定時間で比較して、異なる場合やない場合は 401 を返してください。",
                "Compute the signature over the body that arrived, compare in constant time, and answer 401 when it differs or is missing.",
            ),
            Self::TooOld | Self::TooFarAhead => (
                "日時が現在から 5 分を超えて離れている場合は 401 を返してください。古い Webhook の再利用かもしれません。",
                "Answer 401 when the timestamp is more than 5 minutes from now: somebody may be replaying an old webhook.",
            ),
            Self::OtherBearer | Self::NoBearer => (
                "Authorization ヘッダーのトークンを一定時間で比較し、異なる場合やない場合は 401 を返してください。",
                "Compare the token of the Authorization header in constant time, and answer 401 when it differs or is missing.",
            ),
        };
        locale.say(ja, en)
    }
}

impl Diagnosis {
    /// For people.
    pub(crate) fn sentence(self, locale: Locale) -> String {
        match self {
            Self::OtherData(status) => {
                let right = locale.phrase(Examined::VerifiesRightly);
                format!("{right}{}", wanted(status, locale))
            }
            Self::OtherDataUnverified(status) => wanted(status, locale),
            Self::Unclear(404) => unclear_path(locale).to_owned(),
            Self::Unclear(status) => unclear(status, locale),
            _ => self.fixed(locale).to_owned(),
        }
    }

    fn fixed(self, locale: Locale) -> &'static str {
        let (ja, en) = match self {
            Self::Right => (
                "署名の検証は正しく、すべての項目に合格しました。",
                "your verification is right, and everything else too.",
            ),
            Self::NothingToVerify => (
                "すべての項目に合格しました。この形式には署名がないため、送信元は検証されていません。",
                "everything is right; this profile signs nothing, so nothing shows who posts.",
            ),
            Self::RightButFlawed => (
                "署名の検証は正しく実装されています。上の不合格の項目を直してください。",
                "your verification is right; mend what is marked FAIL above.",
            ),
            Self::Wrong => (
                "署名の検証が正しくありません。正しい署名が拒否されました。鍵が両者で同じか、署名対象の文字列と形式がプロファイルどおりかを確かめてください。",
                "your verification is wrong: it refuses a good signature. Compare the secrets of both sides, then the signed text and the headers with the profile.",
            ),
            Self::AsciiOnly => (
                "署名の検証が正しくありません。日本語などを含む本文では、正しい署名が拒否されました。解析し直した JSON ではなく、受信した本文のバイト列をそのまま検証してください。",
                "your verification is wrong: it refuses a good signature when the body has characters outside ASCII, as every Japanese name does. Verify the bytes of the body as they came, not JSON that was written anew.",
            ),
            Self::NotVerified => (
                "署名が検証されていません。偽の署名、または署名のない Webhook が受け付けられました。鍵が設定されていないと検証を省く実装に注意してください。",
                "your verification is wrong: a forged webhook was taken. Some receivers skip it while no secret is set.",
            ),
            Self::Incomplete => (
                "署名の検証に不足があります。上の不合格の項目を直してください。",
                "your verification is incomplete: a forged signature is refused, but what is marked FAIL above is not.",
            ),
            Self::WantsProof => (
                "受信側は認証情報を求めています。--profile を確かめるか、--bearer でトークンを指定してください。",
                "the receiver wants a proof that this profile does not send: another --profile, or a token with --bearer.",
            ),
            _ => (
                "受信側から応答がないため、判定できません。",
                "the receiver gave no answer, so nothing can be said of its verification.",
            ),
        };
        locale.say(ja, en)
    }
}

/// The receiver understood who posts, and did not do what was posted.
fn wanted(status: u16, locale: Locale) -> String {
    let why = if status >= 500 {
        locale.phrase(Examined::FailedAtWork)
    } else if is_about_data(status) || status == 403 {
        locale.phrase(Examined::WantsOtherData)
    } else {
        locale.phrase(Examined::OtherReason)
    };
    format!("HTTP {status}: {why}")
}

fn unclear_path(locale: Locale) -> &'static str {
    locale.phrase(Examined::NotFound)
}

fn unclear(status: u16, locale: Locale) -> String {
    match locale.language {
        Language::Ja => format!(
            "正しい署名にも偽の署名にも HTTP {status} が返りました。署名より先にデータなどを調べているため、検証の正しさは判定できません。受け付けられるデータを --event と --data で指定してください。"
        ),
        Language::En => format!(
            "the same answer to the good webhook and to the forged one, HTTP {status}. It looks at something else before the signature, so nothing can be said of its verification: give data that it takes with --event and --data."
        ),
    }
}
