//! Sends what there is to tell to one channel, in order, and again until the channel took it.

use std::time::Duration;

use tokio::sync::watch;

use super::{card, mail, post};
use crate::channel::objection::{Mail, Objection, RefusedRecipient};
use crate::channel::outcome::ChannelOutcome;
use crate::clock::Clock;
use crate::config::{Channel, Hook, Way};
use crate::language::{Language, Locale};
use crate::notification::advice::AdviceContext;
use crate::notification::message::Message;
use crate::notification::{NotYet, Notification};
use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// The time between two looks for messages.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// The wait after the first try that failed; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(15);
/// So long is a recipient tried again whom the mail server does not take for now. What a server keeps back from senders
/// that it does not know, it takes within minutes; a mailbox that is full is emptied on a working day.
const LATE_AT_MOST: Duration = Duration::from_hours(24);

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
        while self.looked(self.send_next().await) {
            sent += 1;
        }
        while self.looked(self.send_to_late().await) {}
        sent
    }

    fn looked(&self, result: Result<bool, StoreError>) -> bool {
        result.unwrap_or_else(|error| {
            tracing::warn!(%error, channel = %self.channel.name, "what there is to tell could not be looked at; it will be tried again");
            false
        })
    }

    /// Sends the next message; false when there is none, or when it could not be sent.
    async fn send_next(&self) -> Result<bool, StoreError> {
        let (name, key) = (&self.channel.name, &self.key);
        let moment = self.clock.moment();
        let next = self.store.next_notification(key, moment).await?;
        let Some(notification) = next else {
            return Ok(false);
        };
        let Notification {
            seq, tries, late, ..
        } = &notification;
        let (seq, tries) = (*seq, *tries);
        let result = match self
            .channel
            .only(|address| !late.iter().any(|one| one == address))
        {
            Some(channel) => self.told(&channel, &notification).await,
            // Each of them gets it after what they lack.
            None => ChannelOutcome::SENT,
        };
        let succeeded = !matches!(result, ChannelOutcome::TryLater(_));
        match result {
            ChannelOutcome::Sent { refused } => {
                if !refused.is_empty() {
                    let recipients = refused.len();
                    let check = self.advice.commands.typed("check");
                    tracing::error!(channel = %name, recipients, "a mail server does not take all recipients of an alert; `{check}` says whom");
                }
                if tries > 0 {
                    tracing::info!(channel = %name, "alerts can be sent again");
                }
                let (for_now, for_good): (Vec<_>, Vec<_>) =
                    refused.into_iter().partition(|one| one.for_now);
                let objection =
                    (!for_good.is_empty()).then(|| Objection::Recipients(for_good).kept());
                let not_yet = for_now.into_iter().map(not_yet).collect();
                let sent = self.store.notification_sent(
                    key,
                    seq,
                    objection,
                    not_yet,
                    FIRST_WAIT,
                    self.clock.moment(),
                );
                sent.await?;
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
                let error = objection.kept();
                self.store
                    .notification_failed(key, error, wait_after(tries), self.clock.moment())
                    .await?;
            }
        }
        Ok(succeeded)
    }

    /// Brings a late recipient one step further; false when nobody's turn has come.
    async fn send_to_late(&self) -> Result<bool, StoreError> {
        let (name, key) = (&self.channel.name, &self.key);
        let Some(late) = self.store.late_recipient(key, self.clock.moment()).await? else {
            return Ok(false);
        };
        let recipient = late.recipient;
        let channel = self.channel.only(|address| address == recipient);
        let (Some(notification), Some(channel)) = (late.next, channel) else {
            // Has what the others have, or is none of this channel's any more.
            self.store.late_recipient_over(key, recipient, None).await?;
            return Ok(true);
        };
        match self.told(&channel, &notification).await {
            ChannelOutcome::Sent { .. } => {
                tracing::info!(channel = %name, "a recipient who had to wait has got an alert");
                let told = self
                    .store
                    .late_recipient_told(key, recipient, notification.seq, None);
                told.await?;
            }
            ChannelOutcome::RefusedForGood(objection) => {
                tracing::error!(channel = %name, "a recipient who had to wait does not get an alert: the mail server refuses it for good");
                let why = Some(objection.kept());
                let told = self
                    .store
                    .late_recipient_told(key, recipient, notification.seq, why);
                told.await?;
            }
            ChannelOutcome::TryLater(objection) if late.waiting >= LATE_AT_MOST => {
                tracing::error!(channel = %name, "a recipient who had to wait does not get what there was to tell: the mail server has not taken the address for too long");
                let why = match of_recipient(&recipient, objection) {
                    Ok(refused) => Objection::Recipients(vec![refused]),
                    Err(objection) => objection,
                };
                let why = Some(why.kept());
                self.store.late_recipient_over(key, recipient, why).await?;
            }
            ChannelOutcome::TryLater(objection) => {
                let not_yet = match of_recipient(&recipient, objection) {
                    Ok(refused) => not_yet(refused),
                    Err(objection) => NotYet {
                        recipient,
                        objection: objection.kept(),
                    },
                };
                let (wait, moment) = (wait_after(notification.tries + 1), self.clock.moment());
                self.store
                    .late_recipient_failed(key, not_yet, wait, moment)
                    .await?;
            }
        }
        Ok(true)
    }

    async fn told(&self, channel: &Channel, notification: &Notification) -> ChannelOutcome {
        let Notification { state, report, .. } = notification;
        let words = self.locale.message(*state, report, &self.advice);
        tell(channel, &words, self.clock.now()).await
    }
}

/// The wait after the last of so many tries and one more.
fn wait_after(tries: u32) -> Duration {
    LONGEST_WAIT.min(FIRST_WAIT * 2_u32.saturating_pow(tries.min(10)))
}

/// What the mail server has against the only recipient of a mail.
///
/// # Errors
/// The objection, when it is not about the recipient.
fn of_recipient(recipient: &str, objection: Objection) -> Result<RefusedRecipient, Objection> {
    match objection {
        Objection::Recipients(mut refused) if refused.len() == 1 => Ok(refused.remove(0)),
        Objection::Mail(reason @ Mail::Refused(..)) => Ok(RefusedRecipient {
            recipient: recipient.to_owned(),
            reason,
            for_now: true,
        }),
        other => Err(other),
    }
}

fn not_yet(refused: RefusedRecipient) -> NotYet {
    NotYet {
        recipient: refused.recipient.clone(),
        objection: Objection::Late(refused, LATE_AT_MOST).kept(),
    }
}

/// Tells a channel something, once. Nothing secret stands in what comes of it.
pub async fn tell(channel: &Channel, words: &Message, now: Timestamp) -> ChannelOutcome {
    let words = words.labelled(&channel.place);
    match &channel.way {
        Way::Email { email, password } => mail::send(email, password.as_ref(), &words, now).await,
        Way::Slack(hook) => post::post(hook, &words.title, &card::slack(&words)).await,
        Way::Teams(hook) => post::post(hook, &words.title, &card::teams(&words)).await,
        Way::Webhook(hook) => post::post(hook, &words.title, &words).await,
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
