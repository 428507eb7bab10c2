//! Alerts in the forms that chats want.

use serde_json::{Value, json};

use crate::notification::message::Message;

/// A message in Slack's format, which Mattermost and others take too.
pub(super) fn slack(words: &Message) -> Value {
    let text = format!("*{}*\n{}", escaped(&words.title), escaped(&words.text));
    json!({ "text": text })
}

/// What Slack takes for the beginning of a link or of a mention.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// An adaptive card, as the workflow of Teams "when a webhook request is received" takes it. Each line is a
/// block of its own, because a card makes one paragraph of lines that follow each other.
pub(super) fn teams(words: &Message) -> Value {
    let title = json!({
        "type": "TextBlock", "text": words.title, "weight": "Bolder", "size": "Medium", "wrap": true,
    });
    let lines = words.text.lines().map(|line| {
        let kind = if line.starts_with(' ') { "Monospace" } else { "Default" };
        json!({
            "type": "TextBlock", "text": line.trim(), "wrap": true, "spacing": "Small", "fontType": kind,
        })
    });
    let body: Vec<Value> = [title].into_iter().chain(lines).collect();
    // An address in a block is no link there.
    let action =
        |link: &String| json!({"type": "Action.OpenUrl", "title": words.link_title(), "url": link});
    let actions: Vec<Value> = words.link.iter().map(action).collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "msteams": {"width": "Full"},
                "body": body,
                "actions": actions,
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Language, Locale};
    use crate::notification::advice::AdviceContext;
    use crate::timestamp::Timestamp;
    use crate::zone::Zone;

    fn words(text: &str) -> Message {
        let locale = Locale {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let now = Timestamp::parse("2026-10-21T07:28:30.000Z").unwrap();
        Message {
            text: text.to_owned(),
            link: Some("https://relay.example/monitor".to_owned()),
            ..locale.test("id", now, &AdviceContext::default())
        }
    }

    #[test]
    fn nobody_is_mentioned_by_a_name_that_an_admin_gave() {
        let card = slack(&words("route <!channel> & co"));
        let text = card["text"].as_str().unwrap();
        assert!(
            text.ends_with("\nroute &lt;!channel&gt; &amp; co"),
            "{text}"
        );
    }

    #[test]
    fn a_card_for_teams_has_a_block_for_each_line() {
        let card = teams(&words("one\n    sudo two"));
        assert_eq!(card["type"], "message");
        let attached = &card["attachments"][0];
        assert_eq!(
            attached["contentType"],
            "application/vnd.microsoft.card.adaptive"
        );
        let body = attached["content"]["body"].as_array().unwrap();
        assert_eq!(body.len(), 3);
        assert_eq!(body[2]["text"], "sudo two");
        assert_eq!(body[2]["fontType"], "Monospace");
        let link = &attached["content"]["actions"][0];
        assert_eq!(link["type"], "Action.OpenUrl");
        assert_eq!(link["url"], "https://relay.example/monitor");
    }
}
