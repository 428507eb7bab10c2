//! The values that a key of the configuration accepts, for the message when the file has another one.

use std::path::PathBuf;

use crate::delivery::address::RefusedAddress;

/// What is accepted at a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    TrueOrFalse,
    /// A whole number from the first to the second.
    Whole(u64, u64),
    /// A list of 1 to 10 whole numbers of seconds.
    Waits,
    /// A list of 1 to 10 whole numbers of minutes.
    Digests,
    /// A list of whole numbers of days.
    Days,
    /// A text.
    Text,
    /// A text of printable ASCII characters.
    PrintableText,
    /// A table, written so.
    Table(String),
    /// A list of tables, each written so.
    Tables(String),
    /// The name of a time zone.
    TimeZone,
    /// An address with a port.
    AddressWithPort,
    /// An address with a port, and not that of plain HTTP.
    AddressOfItsOwn,
    /// The path of a file from the root on.
    WholePath,
    /// A list of addresses or ranges of them.
    Networks,
    /// A list of origins of pages.
    Origins,
    /// A URL without a path.
    PublicUrl,
    /// The path of a directory.
    Directory,
    /// A directory with a shorter path: this one of the control socket is longer than so many bytes.
    ShorterPath(PathBuf, usize),
    /// The name of a secret.
    SecretName,
    /// A list of names of secrets.
    SecretNames,
    /// A URL that webhooks are posted to.
    ReceiverUrl,
    /// A URL whose port can be one.
    UrlPort,
    /// A URL without a blank.
    UrlWithoutBlank,
    /// A URL that does not lead to the relay itself.
    OtherThanItself,
    /// A URL of another address.
    OtherAddress(RefusedAddress),
    /// A list of names of events and prefixes.
    Events,
    /// The name of a route.
    RouteName,
    /// A name, because without one the route would be called like the default one.
    GivenRouteName,
    /// Another name than this one, which an earlier route has.
    OtherRouteName(String),
    /// One of these profiles.
    Profile(Vec<String>),
    /// The name of a profile of the file's own.
    ProfileName,
    /// The body of a profile.
    ProfileBody,
    /// A header that is free.
    FreeHeader,
    /// A header that is free, and not that of the timestamp.
    SignatureHeader,
    /// A table of headers that are free.
    FreeHeaders,
    /// A header.
    HeaderName,
    /// The text that is signed; whether it may have the timestamp.
    SignedText(bool),
    /// Something, because this other key is there.
    GivenWith(&'static str),
    /// A proxy, or the name of the secret that holds it.
    Proxy,
    /// The URL of a proxy.
    ProxyUrl,
    /// A list of what is reached without the proxy.
    DirectHosts,
    /// The path of the door.
    IngestPath,
    /// The end of a path.
    PathEnd,
    /// A path or a header, and not both.
    PathOrHeader,
    /// The name of an event.
    EventName,
    /// Something that proves who sends.
    Proof,
    /// The name of a clinic or server.
    PlaceName,
    /// A text in one line for whoever needs help.
    Contact,
    /// An e-mail address.
    MailAddress,
    /// A list of e-mail addresses.
    MailAddresses,
    /// A mail server.
    MailServer,
    /// Encryption, because there is a password.
    EncryptionForPassword,
    /// A user and a password, or neither.
    BothOfLogin,
    /// A host or a socket, and not both.
    #[cfg(feature = "mysql")]
    HostOrSocket,
    /// The name of a database.
    #[cfg(feature = "mysql")]
    DatabaseName,
    /// Another database than the shared one.
    #[cfg(feature = "mysql")]
    OtherDatabase,
}
