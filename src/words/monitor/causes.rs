//! Why something did not arrive, for whoever runs no server: what happened, and whom to ask. What has to be mended
//! where is in `words::causes`, for administrators.

use crate::cause::Cause;
use crate::language::Language;

phrases! {
    /// What happened.
    Why {
        PartnerInTrouble: "VoiceDrive 側で障害が起きているか、混み合っています。", "VoiceDrive is in trouble, or busy.";
        NotReached: "このサーバーから VoiceDrive まで、通信がつながりません。", "VoiceDrive cannot be reached from this server.";
        NotSecure: "VoiceDrive との通信を安全にできません (証明書などの問題です)。", "The connection to VoiceDrive cannot be made safe: something is wrong with a certificate or with the address.";
        NotKnown: "VoiceDrive が、送り主を確認できないとして受け取りを断りました。", "VoiceDrive cannot tell who sends, and refused it.";
        ClocksDiffer: "このサーバーと VoiceDrive の時計がずれているため、受け取りを断られました。", "The clocks of this server and of VoiceDrive differ, and VoiceDrive refused it.";
        NotTaken: "VoiceDrive が、この内容は受け付けられないとして断りました。", "VoiceDrive refused this type or its content.";
        TooLarge: "大きすぎるとして、VoiceDrive に断られました。", "It is too large for VoiceDrive.";
        TooMany: "一度に送る量が多すぎるとして、VoiceDrive に断られました。", "VoiceDrive was sent too much at a time.";
        WrongAddress: "送り先のアドレスが正しくないため、届きませんでした。", "The address to send to is not right.";
    }
}

phrases! {
    /// Why VoiceDrive refused something, within a sentence.
    Because {
        NotKnown: "送り主を確認できないとして、", "it cannot tell who sends";
        ClocksDiffer: "時計がずれているとして、", "the clocks of this server and of VoiceDrive differ";
        NotTaken: "この内容は受け付けられないとして、", "it does not take this type or its content";
        TooLarge: "大きすぎるとして、", "too large";
        TooMany: "一度に送る量が多すぎるとして、", "too much at a time";
        Other: "", "see why below";
    }
}

phrases! {
    /// Whom to ask.
    Ask {
        PartnerIfItLasts: "1 時間以上続く場合は、VoiceDrive の担当者に連絡してください。", "If it lasts for an hour or more, call VoiceDrive.";
        PartnerAboutType: "VoiceDrive の担当者に、この種類と内容を受け付けるかを確かめてください。", "Ask VoiceDrive whether they take this type and content.";
        PartnerAboutSize: "VoiceDrive の担当者に、大きさの上限を確かめてください。", "Ask VoiceDrive about their limit.";
        Server: "サーバーの担当者に連絡して、下の「技術的な内容」を見てもらってください。", "Call whoever looks after the server, and show them \"Technical details\" below.";
    }
}

/// What happened.
pub(crate) fn why(cause: Cause) -> Why {
    match cause {
        Cause::ConnectionRefused
        | Cause::TimedOut
        | Cause::ConnectionEnded
        | Cause::PartnerError => Why::PartnerInTrouble,
        Cause::NameNotFound
        | Cause::Unreachable
        | Cause::OwnSystem
        | Cause::Proxy
        | Cause::ProxyLogin
        | Cause::ProxyRefuses
        | Cause::ProxyNoWay
        | Cause::ProxyCertificate
        | Cause::NotAProxy
        | Cause::ProxyUnknown
        | Cause::ProxyAnswer => Why::NotReached,
        Cause::Tls
        | Cause::NotTls
        | Cause::TlsTooOld
        | Cause::Certificate
        | Cause::CertificateExpired
        | Cause::CertificateNotYetValid
        | Cause::CertificateName
        | Cause::CertificateIssuer
        | Cause::CertificateSelfSigned
        | Cause::ClientCertificate
        | Cause::NotHttp
        | Cause::WantsTls => Why::NotSecure,
        Cause::Signature => Why::NotKnown,
        Cause::Clock => Why::ClocksDiffer,
        Cause::UnknownEvent => Why::NotTaken,
        Cause::TooLarge => Why::TooLarge,
        Cause::RateLimited => Why::TooMany,
        Cause::WrongAddress | Cause::Moved => Why::WrongAddress,
    }
}

/// Why VoiceDrive refused something, within a sentence.
pub(crate) fn because(cause: Cause) -> Because {
    match why(cause) {
        Why::NotKnown => Because::NotKnown,
        Why::ClocksDiffer => Because::ClocksDiffer,
        Why::NotTaken => Because::NotTaken,
        Why::TooLarge => Because::TooLarge,
        Why::TooMany => Because::TooMany,
        Why::PartnerInTrouble | Why::NotReached | Why::NotSecure | Why::WrongAddress => {
            Because::Other
        }
    }
}

/// Whom to ask about it.
pub(crate) fn ask(cause: Cause) -> Ask {
    match why(cause) {
        Why::PartnerInTrouble => Ask::PartnerIfItLasts,
        Why::NotTaken => Ask::PartnerAboutType,
        Why::TooLarge => Ask::PartnerAboutSize,
        Why::NotReached
        | Why::NotSecure
        | Why::NotKnown
        | Why::ClocksDiffer
        | Why::TooMany
        | Why::WrongAddress => Ask::Server,
    }
}

/// Whether what is to be mended is here.
pub(crate) fn is_for_server(cause: Cause) -> bool {
    ask(cause) == Ask::Server
}

/// Both, in one text.
pub(crate) fn told(cause: Cause, language: Language) -> String {
    told_with(cause, language.phrase(ask(cause)), language)
}

/// What happened, and another thing to do.
pub(crate) fn told_with(cause: Cause, next: &str, language: Language) -> String {
    let why = language.phrase(why(cause));
    both!(language, "{why}{next}", "{why} {next}")
}
