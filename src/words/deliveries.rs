//! Names of the states of deliveries and attempts.

use std::borrow::Cow;

use serde_json::Value;

use crate::attempt::Compressed;
use crate::cause::Cause;
use crate::delivery::failure::Failure;
use crate::language::{Language, Locale};
use crate::route::settings::Settings;
use crate::timestamp::Timestamp;

phrases! {
    /// States of a delivery, and results of an attempt.
    Delivery {
        Retry: "再送", "retry";
        TimedOut: "時間切れ", "timeout";
        Failed: "失敗", "failed";
        Accepted: "送信待ち", "accepted";
        Behind: "順番待ち", "behind";
        Retrying: "再送待ち", "retrying";
        Delivered: "送信済み", "delivered";
        Exhausted: "要対応", "exhausted";
        Dismissed: "対応不要", "dismissed";
        Succeeded: "成功", "success";
    }
}

impl Locale {
    /// A moment as the clock on the wall shows it; `absent` when there is none.
    pub(crate) fn moment(self, value: &Value, absent: &str) -> String {
        let moment = value.as_str().and_then(|text| Timestamp::parse(text).ok());
        moment.map_or_else(|| absent.to_owned(), |moment| self.clock(moment))
    }

    /// A status of an event.
    pub(crate) fn status(self, word: &str) -> &str {
        match word {
            "accepted" => self.phrase(Delivery::Accepted),
            "retrying" => self.phrase(Delivery::Retrying),
            "delivered" => self.phrase(Delivery::Delivered),
            "exhausted" => self.phrase(Delivery::Exhausted),
            "dismissed" => self.phrase(Delivery::Dismissed),
            other => other,
        }
    }

    /// One attempt in one line, with what to do about it; `settings` are those of its route.
    pub(crate) fn attempt(self, attempt: &Value, settings: &Settings) -> String {
        let (number, took) = (&attempt["attempt"], &attempt["processingTime"]);
        let outcome = match attempt["outcome"].as_str() {
            Some("success") => Delivery::Succeeded,
            Some("timeout") => Delivery::TimedOut,
            _ => Delivery::Failed,
        };
        let outcome = self.phrase(outcome);
        let cause = attempt["cause"].as_str().and_then(Cause::from_word);
        let why = cause.map(|cause| format!(" – {}", cause.sentence(settings, self.language)));
        let (why, said) = (why.unwrap_or_default(), self.said(attempt));
        both!(
            self.language,
            "{number} 回目 {outcome}{said} ({took} ms){why}",
            "attempt {number}: {outcome}{said} ({took} ms){why}"
        )
    }

    /// The body of an answer, as it is kept.
    pub(crate) fn answer_body(self, kept: &str) -> Cow<'_, str> {
        match Compressed::of_kept(kept) {
            Some(Compressed { bytes, coding }) => Cow::Owned(both!(
                self.language,
                "(圧縮された {bytes} バイト: {coding})",
                "({bytes} bytes that are compressed: {coding})"
            )),
            None => Cow::Borrowed(kept),
        }
    }

    /// What happened. What is kept of it is English.
    fn said(self, attempt: &Value) -> String {
        let status = attempt["httpStatusCode"].as_u64();
        let status = status.map(|status| format!("HTTP {status}"));
        let Some(kept) = attempt["errorMessage"].as_str() else {
            return status.map_or_else(String::new, |status| format!(" {status}"));
        };
        let told = match (self.language, Failure::of_sentence(kept)) {
            (Language::En, _) => Some(kept.to_owned()),
            (language, Some(failure)) => Some(failure.describe(language)),
            // The cause, which follows, says the same.
            (_, None) => status,
        };
        told.map_or_else(String::new, |told| format!(": {told}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::Zone;

    #[test]
    fn what_stands_in_the_place_of_a_compressed_body_is_told_in_the_readers_language() {
        let [ja, en] = [Language::Ja, Language::En].map(|language| Locale {
            language,
            timezone: Zone::UTC,
        });
        let kept = "(42 bytes that are compressed: gzip)";
        assert_eq!(ja.answer_body(kept), "(圧縮された 42 バイト: gzip)");
        assert_eq!(en.answer_body(kept), kept);
        assert_eq!(ja.answer_body("{\"ok\":true}"), "{\"ok\":true}");
    }
}
