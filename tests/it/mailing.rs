//! What a mail server refuses, and what it means for a mail.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use voicedrive_relay::testing::alerts::notifier::{examine, tell};
use voicedrive_relay::testing::channel::outcome::ChannelOutcome;
use voicedrive_relay::testing::config::{self, Channel, Environment};
use voicedrive_relay::testing::language::{Language, Locale};
use voicedrive_relay::testing::notification::advice::AdviceContext;
use voicedrive_relay::testing::zone::Zone;

use crate::harness::noon;

/// In place of an answer.
const SILENCE: &str = "";
/// In place of an answer, the connection ends.
const END: &str = "end";

/// What a mail server answers to the first line that contains this.
type Objection = (&'static str, &'static str);

/// A mail server, and what it was told.
struct Server {
    port: u16,
    said: Arc<Mutex<String>>,
}

impl Server {
    async fn start(objections: &'static [Objection]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let said = Arc::new(Mutex::new(String::new()));
        let shared = Arc::clone(&said);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = talk(stream, objections, &shared).await;
            }
        });
        Self { port, said }
    }

    /// A channel to it, as an admin writes it.
    fn channel(&self, to: &str) -> Channel {
        let text = format!(
            "[alerts]\nname = \"北病院\"\n[[alerts.channel]]\nkind = \"email\"\nfrom = \"relay@clinic.example\"\nto = {to}\nport = {}\n",
            self.port
        );
        let loaded = config::read(&text, "config.toml".as_ref(), &Environment::default());
        loaded.unwrap().alerts.channels.remove(0)
    }

    async fn told(&self, to: &str) -> ChannelOutcome {
        let locale = Locale {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let words = locale.test("id", noon(), &AdviceContext::default());
        tell(&self.channel(to), &words, noon()).await
    }

    fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }
}

async fn talk(
    stream: TcpStream,
    objections: &[Objection],
    said: &Mutex<String>,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mx\r\n").await?;
    let mut in_data = false;
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        said.lock().unwrap().push_str(&line);
        if in_data && line != ".\r\n" {
            continue;
        }
        let usual = if line.starts_with("DATA") {
            "354 go"
        } else {
            "250 ok"
        };
        let objection = objections.iter().find(|(part, _)| line.starts_with(part));
        let answer = objection.map_or(usual, |(_, answer)| answer);
        in_data = answer.starts_with("354");
        if answer == SILENCE {
            continue;
        }
        if answer == END {
            return Ok(());
        }
        let answer = format!("{answer}\r\n");
        let (answer, _, _) = encoding_rs::SHIFT_JIS.encode(&answer);
        stream.write_all(&answer).await?;
    }
}

const TWO: &str = "[\"left@clinic.example\", \"admin@clinic.example\"]";
const ONE: &str = "[\"admin@clinic.example\"]";

#[tokio::test]
async fn a_recipient_who_is_refused_silences_nobody_and_is_told_to_the_others() {
    let server = Server::start(&[("RCPT TO:<left@", "550 5.1.1 no such user")]).await;
    let outcome = server.told(TWO).await;
    let ChannelOutcome::Sent { refused } = outcome else {
        panic!("{outcome:?}: {}", server.said());
    };
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].recipient, "left@clinic.example");
    let told = refused[0].describe(Language::En);
    assert!(told.contains("no such user"), "{told}");
    // Without the line ends that only the way of writing a mail has.
    let said = server.said().replace("=\r\n", "");
    assert!(said.contains("MIME-Version: 1.0\r\n"), "{said}");
    assert!(said.contains("does not take these addresses"), "{said}");
    assert!(said.contains("left@clinic.example (550 "), "{said}");
    // 北病院, in the form of a subject.
    assert!(said.contains("W+WMl+eXhemZol0"), "{said}");
    let examined = examine(&server.channel(TWO)).await;
    assert_eq!(examined, ChannelOutcome::Sent { refused });
}

#[tokio::test]
async fn what_is_refused_for_good_is_told_apart_from_what_may_be_taken_later() {
    let never = |outcome: &ChannelOutcome| matches!(outcome, ChannelOutcome::RefusedForGood(_));
    for (objections, to, for_good) in [
        (&[(".\r\n", "554 5.7.1 looks like spam")] as &[_], ONE, true),
        (&[(".\r\n", "451 busy")], ONE, false),
        (&[("RCPT", "550 5.1.1 no such user")], TWO, true),
        (&[("RCPT", "450 greylisted")], TWO, false),
        (&[("MAIL", "530 5.7.0 authentication required")], ONE, false),
        (&[("MAIL", "553 sender refused")], ONE, true),
        (&[("EHLO", "554 no service")], ONE, false),
    ] {
        let outcome = Server::start(objections).await.told(to).await;
        assert!(
            !matches!(outcome, ChannelOutcome::Sent { .. }),
            "{objections:?}"
        );
        assert_eq!(never(&outcome), for_good, "{objections:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_refusal_in_shift_jis_can_be_read() {
    let server = Server::start(&[("RCPT TO:<left@", "550 宛先不明")]).await;
    let ChannelOutcome::Sent { refused } = server.told(TWO).await else {
        panic!("{}", server.said());
    };
    let told = refused[0].describe(Language::Ja);
    assert!(told.contains("宛先不明"), "{told}");
}

#[tokio::test]
async fn a_server_that_does_not_say_goodbye_has_taken_the_mail() {
    let server = Server::start(&[("QUIT", SILENCE)]).await;
    assert_eq!(server.told(ONE).await, ChannelOutcome::SENT);
}

#[tokio::test]
async fn a_server_that_hangs_up_is_not_called_something_else() {
    const MAIL: &[Objection] = &[("MAIL", END)];
    const DATA: &[Objection] = &[("DATA", END)];
    const TEXT: &[Objection] = &[(".\r\n", END)];
    for objections in [&[("EHLO", END)][..], MAIL, DATA, TEXT] {
        let server = Server::start(objections).await;
        let ChannelOutcome::TryLater(why) = server.told(ONE).await else {
            panic!("{objections:?}");
        };
        for (language, told) in [
            (Language::En, "the mail server ended the connection"),
            (Language::Ja, "メールサーバーが応答せずに接続を切りました"),
        ] {
            let said = why.describe(language);
            assert!(said.starts_with(told), "{objections:?}: {said}");
        }
    }
}

#[tokio::test]
async fn a_recipient_who_is_named_thrice_gets_one_mail() {
    let server = Server::start(&[]).await;
    let to = "[\"admin@clinic.example\", \"Admin <admin@Clinic.Example>\", \"admin@clinic.example\", \"other@clinic.example\"]";
    assert_eq!(server.told(to).await, ChannelOutcome::SENT);
    let said = server.said();
    assert_eq!(said.matches("RCPT TO:").count(), 2, "{said}");
}

#[tokio::test]
async fn a_server_that_answers_with_a_code_alone_has_taken_the_mail() {
    const BARE: &[Objection] = &[
        ("EHLO", "250-mx\r\n250"),
        ("MAIL", "250"),
        ("RCPT", "250"),
        ("DATA", "354"),
        (".\r\n", "250"),
    ];
    let server = Server::start(BARE).await;
    assert_eq!(
        server.told(ONE).await,
        ChannelOutcome::SENT,
        "{}",
        server.said()
    );
    assert_eq!(examine(&server.channel(ONE)).await, ChannelOutcome::SENT);
    let refused = Server::start(&[("RCPT", "550")]).await;
    assert!(matches!(
        refused.told(ONE).await,
        ChannelOutcome::RefusedForGood(_)
    ));
}

#[tokio::test]
async fn addresses_of_telephones_are_quoted() {
    let server = Server::start(&[]).await;
    let to = "[\"taro..yamada.@docomo.ne.jp\", \"花子 <hanako.@ezweb.ne.jp>\"]";
    assert_eq!(server.told(to).await, ChannelOutcome::SENT);
    let said = server.said();
    for address in [
        r#"<"taro..yamada."@docomo.ne.jp>"#,
        r#"<"hanako."@ezweb.ne.jp>"#,
    ] {
        assert!(said.contains(&format!("RCPT TO:{address}")), "{said}");
    }
    let header = r#"To: "taro..yamada."@docomo.ne.jp, "#;
    assert!(said.contains(header), "{said}");
}
