//! The texts of alerts: what happened, since when, what it means, what to do, and the command for it.

mod advice;

use std::time::Duration;

use crate::channel::objection::RefusedRecipient;
use crate::incident::{CLEAR_FOR, Finding, Kind, Report, State};
use crate::language::{Language, Locale};
use crate::notification::advice::AdviceContext;
use crate::notification::message::Message;
use crate::timestamp::Timestamp;
use crate::words::recoveries::{self, Recovering};
use crate::words::{findings, holds};
use advice::{actions, needs_a_person, resend};

/// What a link to the page is called.
fn on_the_page(language: Language) -> &'static str {
    language.say("画面で見る", "On the page")
}

impl Message {
    /// What its link is called.
    #[must_use]
    pub fn link_title(&self) -> &'static str {
        on_the_page(self.language)
    }

    /// The text with a last line about recipients who do not get it.
    #[must_use]
    pub fn text_without(&self, refused: &[RefusedRecipient]) -> String {
        if refused.is_empty() {
            return self.text.clone();
        }
        let mut text = format!("{}\n", self.text);
        let (for_now, for_good): (Vec<_>, Vec<_>) = refused.iter().partition(|one| one.for_now);
        for (label, refused) in [
            (
                self.language.say(
                    "メールサーバーが次の宛先を受け付けないため、そこには届きません。alerts.channel の to を確かめてください",
                    "The mail server does not take these addresses, so nothing arrives there; look at `to` of the alerts.channel",
                ),
                for_good,
            ),
            (
                self.language.say(
                    "メールサーバーが今は次の宛先を受け付けないため、そこにはまだ届いていません",
                    "The mail server does not take these addresses now, so nothing has arrived there yet",
                ),
                for_now,
            ),
        ] {
            if !refused.is_empty() {
                let refused = refused.iter().map(|one| one.describe(self.language));
                let refused: Vec<String> = refused.collect();
                text = format!("{text}\n{label}: {}", refused.join("; "));
            }
        }
        text
    }

    /// The text with a last line that says why it was sent to each recipient by itself.
    #[must_use]
    pub fn text_by_itself(&self, refusal: &str) -> String {
        let (text, language) = (&self.text, self.language);
        both!(
            language,
            "{text}\n\nメールサーバーが宛先全員への 1 通を断ったため、宛先ごとに送りました。届いていない宛先があるかもしれません。alerts.channel の to を確かめてください: {refusal}",
            "{text}\n\nThe mail server refused one mail to all recipients, so each was sent its own, and may not have got it; look at `to` of the alerts.channel: {refusal}"
        )
    }
}

impl Locale {
    /// The words for a report. The advice is for the relay of which `advice` knows.
    #[must_use]
    pub fn message(self, state: State, report: &Report, advice: &AdviceContext) -> Message {
        let title = self.title(state, report);
        let actions = match state {
            State::Resolved if needs_a_person(report, advice) => {
                vec![advice.commands.program(&resend(report))]
            }
            State::Resolved => Vec::new(),
            State::Opened | State::Ongoing => actions(report, &advice.commands),
        };
        Message {
            kind: report.kind.as_str(),
            state: state.as_str(),
            incident_id: report.id.clone(),
            opened_at: report.opened_at,
            text: self.text(state, report, advice, &actions),
            title,
            count: report.count,
            oldest_event_id: report.oldest_event_id.clone(),
            actions,
            link: advice.page_of(&report.id),
            language: self.language,
        }
    }

    /// The words of a test.
    #[must_use]
    pub fn test(self, id: &str, now: Timestamp, advice: &AdviceContext) -> Message {
        let told = self.say(
            "これはテストです。対応は不要です。この通知が届いたので、異常が起きたときの通知もここに届きます。",
            "This is a test; nothing needs to be done. As it has arrived, alerts will arrive here too.",
        );
        let lines = [told.to_owned()].into_iter();
        let lines = lines.chain(self.on_the_page(advice.page.as_deref()));
        Message {
            kind: "test",
            state: "test",
            incident_id: id.to_owned(),
            opened_at: now,
            title: self
                .say(
                    "voicedrive-relay: テスト通知",
                    "voicedrive-relay: a test message",
                )
                .to_owned(),
            text: lines.collect::<Vec<_>>().join("\n"),
            count: 0,
            oldest_event_id: None,
            actions: Vec::new(),
            link: advice.page.clone(),
            language: self.language,
        }
    }

    /// Where the page shows it, for whoever has no terminal.
    fn on_the_page(self, address: Option<&str>) -> Option<String> {
        let address = address?;
        let label = on_the_page(self.language);
        Some(format!("{label}: {address}"))
    }

    fn title(self, state: State, report: &Report) -> String {
        let about = self.name(report.kind);
        let is_back = matches!(
            report.finding,
            Finding::Away {
                route_is_gone: false,
                ..
            }
        );
        let of = if report.subject.is_empty() || report.subject == crate::route::DEFAULT {
            String::new()
        } else {
            format!(" ({})", report.subject)
        };
        let has_no_end = matches!(report.finding, Finding::Hold { until: None, .. });
        let state = match state {
            State::Opened if report.kind == Kind::OnHold => self.say("開始", "began"),
            State::Ongoing if report.kind == Kind::OnHold && !has_no_end => {
                self.say("変更", "has changed")
            }
            State::Resolved if report.kind == Kind::OnHold => self.say("終了", "is over"),
            State::Opened => self.say("発生", "began"),
            State::Ongoing => self.say("継続中", "goes on"),
            State::Resolved if is_back => {
                return format!(
                    "voicedrive-relay: {}{of}",
                    self.say("VoiceDrive への送信が回復しました", "VoiceDrive is back")
                );
            }
            // Nothing was mended when the route was taken away.
            State::Resolved if report.kind == Kind::PartnerAway => self.say("終了", "is over"),
            // Nothing was mended when a token ended or was revoked.
            State::Resolved if report.kind == Kind::TokenEnding => self.say("終了", "is over"),
            // Nor when what did not arrive was deleted in the end.
            State::Resolved if report.purged > 0 => {
                self.say("未解決のまま終了しました", "has ended unsettled")
            }
            // Nor when a person has decided that nobody needs what did not arrive.
            State::Resolved if report.dismissed > 0 => {
                self.say("対応不要にしました", "was dismissed")
            }
            State::Resolved => self.say("回復しました", "is over"),
        };
        match self.language {
            Language::Ja => format!("voicedrive-relay: {about}{of} – {state}"),
            Language::En => format!("voicedrive-relay: {about}{of} {state}"),
        }
    }

    /// What a condition is called, as on the page.
    #[must_use]
    pub fn name(self, kind: Kind) -> &'static str {
        let en = match kind {
            Kind::DeliveriesExhausted => "events that cannot be sent:",
            Kind::PartnerRefuses => "refusal by VoiceDrive",
            Kind::PartnerAway => "an outage on the way to VoiceDrive",
            Kind::SuccessRateLow => "a low success rate",
            Kind::QueueLong => "a long queue",
            Kind::LoginsFailing => "a series of failed logins",
            Kind::StatisticsSlow => "slow or failing statistics",
            Kind::BackupOld => "trouble with the backup file",
            Kind::DatabaseDamaged => "trouble with the database",
            Kind::DiskLow => "a shortage of disk space",
            Kind::CertificateExpiring => "the end of a certificate's life",
            Kind::ClockOff => "a difference between the clocks",
            Kind::TokenEnding => "the end of a token's life",
            Kind::DeliveriesMissing => "events that VoiceDrive does not have:",
            Kind::ReconcileOld => "an overdue reconciliation with VoiceDrive",
            Kind::OnHold => "a hold",
        };
        // In Japanese a name fits every place; in English it stands in a sentence here.
        match self.language {
            Language::Ja => self.notice(kind),
            Language::En => en,
        }
    }

    fn text(
        self,
        state: State,
        report: &Report,
        advice: &AdviceContext,
        actions: &[String],
    ) -> String {
        let mut lines = vec![self.what(state, report)];
        if state != State::Resolved {
            let label = self.language.say("意味と対応", "What it means, what to do");
            lines.push(format!("{label}: {}", self.advice(report, &advice.routes)));
        }
        let since = self.moment_of_year(report.opened_at);
        let lasted = self.span(report.at.since(report.opened_at));
        lines.push(match (state, self.language) {
            (State::Resolved, Language::Ja) => format!("期間: {since} から {lasted}"),
            (State::Resolved, Language::En) => format!("When: from {since}, for {lasted}"),
            (_, Language::Ja) => format!("開始: {since} ({lasted}経過)"),
            (_, Language::En) => format!("Since: {since} ({lasted} ago)"),
        });
        if state == State::Resolved {
            lines.extend(self.left(report, advice));
            lines.extend(self.on_the_page(advice.page_of(&report.id).as_deref()));
            return lines.join("\n");
        }
        if advice.recovers && report.is_of_outage() {
            lines.push(self.language.phrase(Recovering::ByItself).to_owned());
        } else if report.kind == Kind::PartnerAway && report.exhausted > 0 {
            let recover = advice.commands.typed("recover");
            lines.push(recoveries::waits_for_a_person(
                report.exhausted,
                &recover,
                self.language,
            ));
        }
        lines.extend(self.on_the_page(advice.page_of(&report.id).as_deref()));
        if let Some(oldest) = &report.oldest_event_id {
            let label = self.language.say("最も古いイベントの ID", "Oldest event");
            lines.push(format!("{label}: {oldest}"));
        }
        if !report.event_types.is_empty() {
            let label = self.language.say("種類", "Types");
            let types = report.event_types.iter();
            let types = types.map(|name| self.event_type_with_name(name));
            lines.push(format!("{label}: {}", types.collect::<Vec<_>>().join(", ")));
        }
        if !actions.is_empty() {
            let label = self.language.say("コマンド", "Commands");
            lines.push(format!("{label}:"));
            lines.extend(
                actions
                    .iter()
                    .map(|action| format!("    {}", advice.commands.by_admin(action))),
            );
        }
        lines.join("\n")
    }

    /// What happened, in one sentence with the numbers.
    pub(crate) fn what(self, state: State, report: &Report) -> String {
        if let Finding::Hold {
            until,
            reason,
            ended_early,
        } = &report.finding
        {
            let until = until.map(|until| self.moment_of_year(until));
            let ended = (state == State::Resolved).then_some(*ended_early);
            return holds::told(until.as_deref(), reason, report.count, ended, self.language);
        }
        let (ja, en) = if report.kind.counts_deliveries() {
            findings::of_deliveries(state, report)
        } else if report.kind == Kind::PartnerAway {
            findings::of_an_outage(state, report)
        } else if let Finding::Token {
            days,
            ends_at,
            scope,
            issued_at,
        } = &report.finding
        {
            let ended = (state == State::Resolved).then_some(report.at >= *ends_at);
            let which = findings::Token {
                jti: &report.subject,
                scope,
                issued_on: &self.day_of_year(*issued_at),
            };
            findings::of_a_token(&which, *days, ended)
        } else {
            findings::of_numbers(state, &report.finding)
        };
        let told = match self.language {
            Language::Ja => ja,
            Language::En => en,
        };
        match report.clear_since.filter(|_| state != State::Resolved) {
            Some(since) => format!("{told}{}", self.clearing(since)),
            None => told,
        }
    }

    /// That what was told does not hold any more, and when that counts as the end.
    pub(crate) fn clearing(self, since: Timestamp) -> String {
        let [since, end] = [since, since.after(CLEAR_FOR)].map(|at| self.moment_of_year(at));
        both!(
            self.language,
            "ただし {since} からは正常です。このまま {end} まで続けば終了とします。",
            " But it has been good since {since}, and is over when that lasts until {end}."
        )
    }

    /// What is left to be sent again when it is over, and who does that.
    fn left(self, report: &Report, advice: &AdviceContext) -> Option<String> {
        let left = report.exhausted;
        if !report.kind.is_about_sending() || left == 0 {
            return None;
        }
        if !needs_a_person(report, advice) {
            return Some(both!(
                self.language,
                "再送を使い切ったイベント {left} 件は、自動で古いものから順に送信します",
                "Events whose retries are used up: {left}. They are sent again by themselves, in order"
            ));
        }
        let resend = advice.commands.typed(&resend(report));
        Some(both!(
            self.language,
            "まだ対応が必要なイベント: {left} 件 → {resend}",
            "Events that still need a person: {left} → {resend}"
        ))
    }

    fn span(self, span: Duration) -> String {
        let minutes = span.as_secs() / 60;
        let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        match (days, hours) {
            (0, 0) => both!(self.language, "{minutes} 分", "{minutes} min"),
            (0, _) => both!(
                self.language,
                "{hours} 時間 {minutes} 分",
                "{hours} h {minutes} min"
            ),
            _ => both!(
                self.language,
                "{days} 日 {hours} 時間",
                "{days} d {hours} h"
            ),
        }
    }
}

#[cfg(test)]
mod tests;
