//! What a mail server refuses, and what it means for a mail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use voicedrive_relay::testing::alerts::notifier::{Notifier, examine, tell};
use voicedrive_relay::testing::channel::outcome::ChannelOutcome;
use voicedrive_relay::testing::config::{self, Channel, Environment};
use voicedrive_relay::testing::language::{Language, Locale};
use voicedrive_relay::testing::notification::advice::AdviceContext;
use voicedrive_relay::testing::zone::Zone;

use crate::harness::{Bench, noon, status};

/// In place of an answer.
const SILENCE: &str = "";
/// In place of an answer, the connection ends.
const END: &str = "end";

/// What a mail server answers to the first line that contains this.
type Objection = (&'static str, &'static str);

/// A mail server, and what it was told.
struct Server {
    port: u16,
    state: Arc<Mutex<Heard>>,
}

#[derive(Default)]
struct Heard {
    objections: &'static [Objection],
    said: String,
    /// The recipients of each mail that it took.
    taken: Vec<Vec<String>>,
}

impl Server {
    async fn start(objections: &'static [Objection]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(Heard {
            objections,
            ..Heard::default()
        }));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = talk(stream, &shared).await;
            }
        });
        Self { port, state }
    }

    fn objects(&self, objections: &'static [Objection]) {
        self.state.lock().unwrap().objections = objections;
    }

    /// How many mails each of these got.
    fn taken(&self, recipients: &[&str]) -> Vec<usize> {
        let state = self.state.lock().unwrap();
        let all: Vec<_> = state.taken.iter().flatten().collect();
        let count = |who: &&str| all.iter().filter(|to| to.starts_with(*who)).count();
        recipients.iter().map(count).collect()
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
        self.state.lock().unwrap().said.clone()
    }
}

async fn talk(stream: TcpStream, state: &Mutex<Heard>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mx\r\n").await?;
    let (mut in_data, mut recipients) = (false, Vec::new());
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        state.lock().unwrap().said.push_str(&line);
        if in_data && line != ".\r\n" {
            continue;
        }
        let usual = if line.starts_with("DATA") {
            "354 go"
        } else {
            "250 ok"
        };
        // The end of a mail is told apart by its first recipient.
        let asked = format!("{line}{}", recipients.concat());
        let objections = state.lock().unwrap().objections;
        let objection = objections.iter().find(|(part, _)| asked.starts_with(part));
        let answer = objection.map_or(usual, |(_, answer)| answer);
        let to = line.strip_prefix("RCPT TO:<").map(str::to_owned);
        recipients.extend(to.filter(|_| answer.starts_with("250")));
        if in_data && answer.starts_with("250") {
            let taken = std::mem::take(&mut recipients);
            state.lock().unwrap().taken.push(taken);
        } else if in_data || line.starts_with("RSET") {
            recipients.clear();
        }
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

/// A relay that has one incident to tell, to the first two recipients.
struct Told {
    bench: Bench,
    notifier: Notifier,
    server: Server,
}

const LEFT_AND_ADMIN: [&str; 2] = ["left@", "admin@"];
const GREYLISTED: &[Objection] = &[("RCPT TO:<left@", "450 4.2.0 greylisted")];

impl Told {
    async fn begin(objections: &'static [Objection]) -> Self {
        let server = Server::start(objections).await;
        let mut bench = Bench::new(&[60], Duration::from_secs(5)).await;
        let mut notifier = notifier(&bench, &server, TWO);
        notifier.step().await;
        bench.partner.always_answers(Some(status(401)));
        bench.accept("a.b").await;
        bench.dispatcher.step().await;
        let mut told = Self {
            bench,
            notifier,
            server,
        };
        told.after(Duration::from_secs(10)).await;
        told
    }

    async fn after(&mut self, span: Duration) -> Vec<usize> {
        self.bench.clock.advance(span);
        self.notifier.step().await;
        self.server.taken(&LEFT_AND_ADMIN)
    }

    async fn restarted(self) -> Self {
        let Self { bench, server, .. } = self;
        bench.store.clone().close(bench.clock.moment()).await;
        let bench = bench.restarted();
        let notifier = notifier(&bench, &server, TWO);
        Self {
            bench,
            notifier,
            server,
        }
    }

    /// Ends the incident, which is told with one message more.
    async fn end(&mut self) {
        self.bench.partner.always_answers(Some(status(200)));
        self.bench.clock.advance(Duration::from_mins(1));
        self.bench.dispatcher.step().await;
    }

    /// What is told of the channels.
    async fn failing(&self) -> String {
        let moment = self.bench.clock.moment();
        let overview = self.bench.store.overview(moment).await.unwrap();
        format!("{:?}", overview.failing_channels)
    }
}

fn notifier(bench: &Bench, server: &Server, to: &str) -> Notifier {
    let locale = Locale {
        language: Language::Ja,
        timezone: Zone::TOKYO,
    };
    let (store, clock) = (bench.store.clone(), bench.clock.clone());
    let advice = AdviceContext::default();
    Notifier::new(server.channel(to), locale, advice, store, clock)
}

#[tokio::test]
async fn a_recipient_who_is_refused_for_now_gets_the_message_later_and_the_others_once() {
    let mut told = Told::begin(GREYLISTED).await;
    assert_eq!(told.server.taken(&LEFT_AND_ADMIN), [0, 1]);
    let failing = told.failing().await;
    assert!(failing.contains("greylisted"), "{failing}");
    assert!(failing.contains("繰り返し送ります"), "{failing}");
    assert_eq!(told.after(Duration::from_secs(29)).await, [0, 1]);
    // What comes meanwhile is sent to the others at once, and to that one in order.
    told.end().await;
    assert_eq!(told.after(Duration::from_secs(10)).await, [0, 2]);
    told.server.objects(&[]);
    assert_eq!(told.after(Duration::from_mins(5)).await, [2, 2]);
    let failing = told.failing().await;
    assert!(!failing.contains("greylisted"), "{failing}");
    assert_eq!(told.after(Duration::from_hours(1)).await, [2, 2]);
}

#[tokio::test]
async fn a_late_recipient_is_not_forgotten_by_a_restart() {
    let mut told = Told::begin(GREYLISTED).await.restarted().await;
    assert_eq!(told.after(Duration::from_secs(1)).await, [0, 1]);
    told.server.objects(&[]);
    assert_eq!(told.after(Duration::from_mins(1)).await, [1, 1]);
}

#[tokio::test]
async fn a_late_recipient_is_given_up_after_a_day_and_offered_what_comes_then() {
    let mut told = Told::begin(GREYLISTED).await;
    for _ in 0..23 {
        told.after(Duration::from_hours(1)).await;
    }
    let failing = told.failing().await;
    assert!(failing.contains("繰り返し送ります"), "{failing}");
    told.after(Duration::from_hours(1)).await;
    let failing = told.failing().await;
    assert!(failing.contains("greylisted"), "{failing}");
    assert!(!failing.contains("繰り返し送ります"), "{failing}");
    told.server.objects(&[]);
    let before = told.server.taken(&LEFT_AND_ADMIN);
    assert_eq!(before[0], 0);
    told.end().await;
    let after = told.after(Duration::from_secs(10)).await;
    assert_eq!([after[0], after[1]], [1, before[1] + 1]);
}

#[tokio::test]
async fn a_late_recipient_who_is_refused_for_good_is_told_and_keeps_nothing_up() {
    let mut told = Told::begin(GREYLISTED).await;
    told.server
        .objects(&[("RCPT TO:<left@", "550 5.1.1 no such user")]);
    assert_eq!(told.after(Duration::from_mins(1)).await, [0, 1]);
    let failing = told.failing().await;
    assert!(failing.contains("no such user"), "{failing}");
    assert!(!failing.contains("繰り返し送ります"), "{failing}");
}

#[tokio::test]
async fn a_late_recipient_is_late_at_a_corrected_channel_too() {
    let told = Told::begin(GREYLISTED).await;
    let Told { bench, server, .. } = &told;
    server.objects(&[]);
    let to = "[\"left@clinic.example\", \"admin@clinic.example\", \"new@clinic.example\"]";
    let channels = vec![server.channel(to).key()];
    bench.store.keep_channels(channels).await.unwrap();
    let mut corrected = notifier(bench, server, to);
    bench.clock.advance(Duration::from_mins(1));
    corrected.step().await;
    // What is open is told to the corrected channel from its beginning.
    assert_eq!(server.taken(&["left@", "new@"]), [1, 1]);
    // Whoever is taken out is late no more.
    server.objects(GREYLISTED);
    let gone = vec![server.channel(ONE).key()];
    bench.store.keep_channels(gone).await.unwrap();
    notifier(bench, server, ONE).step().await;
    let failing = told.failing().await;
    assert_eq!(failing, "[]");
}

#[tokio::test]
async fn a_mail_that_is_refused_because_of_one_recipient_reaches_the_others() {
    const FOR_NOW: &[Objection] = &[(".\r\nleft@", "451 4.3.0 quota check failed")];
    const FOR_GOOD: &[Objection] = &[(".\r\nleft@", "554 5.2.2 over quota")];
    let mut told = Told::begin(FOR_NOW).await;
    assert_eq!(told.server.taken(&LEFT_AND_ADMIN), [0, 1]);
    let said = told.server.said().replace("=\r\n", "");
    assert_eq!(said.matches("\r\nRSET\r\n").count(), 2, "{said}");
    told.server.objects(&[]);
    assert_eq!(told.after(Duration::from_mins(1)).await, [1, 1]);
    let mut told = Told::begin(FOR_GOOD).await;
    assert_eq!(told.after(Duration::from_mins(1)).await, [0, 1]);
    let failing = told.failing().await;
    assert!(failing.contains("over quota"), "{failing}");
}

#[tokio::test]
async fn a_server_that_falls_silent_between_two_recipients_has_not_taken_the_second() {
    const ENDS: &[Objection] = &[(".\r\nleft@", "451 busy"), ("RSET", END)];
    let mut told = Told::begin(ENDS).await;
    assert_eq!(told.server.taken(&LEFT_AND_ADMIN), [0, 0]);
    told.server.objects(&[]);
    assert_eq!(told.after(Duration::from_mins(1)).await, [1, 1]);
}
