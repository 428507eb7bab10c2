//! Sends what there is to tell to one channel, in order, and again until the channel took it.

use std::time::Duration;

use tokio::sync::watch;

use super::{card, mail, post};
use crate::channel::outcome::ChannelOutcome;
use crate::clock::Clock;
use crate::config::{Channel, Hook, Way};
use crate::language::{Language, Locale};
use crate::notification::Notification;
use crate::notification::advice::AdviceContext;
use crate::notification::message::Message;
use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// The time between two looks for messages.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The wait after the first try that failed; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Sends messages to one channel.
pub struct Notifier {
    channel: Channel,
    /// The key by which the store knows it.
    key: String,
    locale: Locale,
    /// What an outage leaves behind is sent by itself.
    advice: AdviceContext,
    store: Store,
    clock: Clock,
    begun: bool,
}

impl Notifier {
    /// Sends to `channel`, in the words of `locale`, with advice for this relay.
    #[must_use]
    pub fn new(
        channel: Channel,
        locale: Locale,
        advice: AdviceContext,
        store: Store,
        clock: Clock,
    ) -> Self {
        Self {
            key: channel.key(),
            channel,
            locale,
            advice,
            store,
            clock,
            begun: false,
        }
    }

    /// Sends until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = self.step() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Sends every message that waits, and says how many were sent.
    pub async fn step(&mut self) -> usize {
        if !self.begun {
            // When it cannot be written, the next step tries again; the store says why.
            self.begun = self.store.begin_channel(&self.key).await.is_ok();
        }
        let mut sent = 0;
        while self.send_next().await.unwrap_or_else(|error| {
            if !error.is_told() {
                tracing::warn!(%error, channel = %self.channel.name, "what there is to tell could not be looked at; it will be tried again");
            }
            false
        }) {
            sent += 1;
        }
        sent
    }

    /// Sends the next message; false when there is none, or when it could not be sent.
    async fn send_next(&self) -> Result<bool, StoreError> {
        let (name, key) = (&self.channel.name, &self.key);
        let next = self
            .store
            .next_notification(key, self.clock.moment())
            .await?;
        let Some(Notification {
            seq,
            state,
            report,
            tries,
        }) = next
        else {
            return Ok(false);
        };
        let words = self.locale.message(state, &report, &self.advice);
        let result = tell(&self.channel, &words, self.clock.now()).await;
        let succeeded = !matches!(result, ChannelOutcome::TryLater(_));
        match result {
            ChannelOutcome::Sent { .. } => {
                let objection = result.objection();
                if let ChannelOutcome::Sent { refused } = &result
                    && !refused.is_empty()
                {
                    let recipients = refused.len();
                    let check = self.advice.commands.typed("check");
                    tracing::error!(channel = %name, recipients, "a mail server does not take all recipients of an alert; `{check}` says whom");
                }
                if tries > 0 {
                    tracing::info!(channel = %name, "alerts can be sent again");
                }
                let objection = objection.map(|objection| objection.kept());
                self.store.notification_sent(key, seq, objection).await?;
            }
            ChannelOutcome::RefusedForGood(objection) => {
                let reason = objection.describe(Language::En);
                tracing::error!(channel = %name, reason, "an alert was refused for good; it is put aside, and the next one is sent");
                let reason = objection.kept();
                self.store.notification_set_aside(key, seq, reason).await?;
            }
            ChannelOutcome::TryLater(objection) => {
                if tries == 0 {
                    let error = objection.describe(Language::En);
                    tracing::error!(channel = %name, error, "an alert could not be sent; it is tried again until it is");
                }
                let wait = LONGEST_WAIT.min(FIRST_WAIT * 2_u32.saturating_pow(tries.min(10)));
                let error = objection.kept();
                self.store
                    .notification_failed(key, error, wait, self.clock.moment())
                    .await?;
            }
        }
        Ok(succeeded)
    }
}

/// Tells a channel something, once. Nothing secret stands in what comes of it.
pub async fn tell(channel: &Channel, words: &Message, now: Timestamp) -> ChannelOutcome {
    let words = words.labelled(&channel.place);
    match &channel.way {
        Way::Email { email, password } => mail::send(email, password.as_ref(), &words, now).await,
        Way::Slack(hook) => post::post(hook, &card::slack(&words)).await,
        Way::Teams(hook) => post::post(hook, &card::teams(&words)).await,
        Way::Webhook(hook) => post::post(hook, &words).await,
    }
}

/// Asks a channel whether it would take a message, as far as that can be known without one: a mail server says
/// whom it takes, of a hook only its server is reached.
pub async fn examine(channel: &Channel) -> ChannelOutcome {
    match &channel.way {
        Way::Email { email, password } => mail::examine(email, password.as_ref()).await,
        Way::Slack(hook) | Way::Teams(hook) | Way::Webhook(hook) => reach(hook).await,
    }
}

/// Whether the server of a hook is reached. Its path is left out, and nothing is posted.
pub async fn reach(hook: &Hook) -> ChannelOutcome {
    let reached = post::reach(hook).await;
    reached.map_or_else(ChannelOutcome::TryLater, |()| ChannelOutcome::SENT)
}
