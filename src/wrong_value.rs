//! What must stand where a person typed something else as the value of an argument: a closed list, so that it can be told
//! in the reader's language.

/// Something else must stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongValue {
    /// A whole number in a range.
    #[error("must be a whole number from {from} to {to}")]
    Whole {
        /// The least one.
        from: u64,
        /// The greatest one.
        to: u64,
    },
    /// A text of so many characters at the most.
    #[error("must have 1 to {most} characters, and no control characters")]
    Text {
        /// The longest one.
        most: usize,
    },
    /// An address with a port.
    #[error("must be an IP address with a port from 0 to 65535, such as 127.0.0.1:9000")]
    Address,
    /// A URL.
    #[error("must be a URL such as https://voicedrive.example.com/webhook")]
    Url,
    /// The name of a time zone.
    #[error("must be a time zone such as Asia/Tokyo or UTC")]
    Zone,
    /// A month.
    #[error("must be a month such as 2025-10")]
    Month,
    /// A week.
    #[error("must be a week such as 2025-W43, or a day in it such as 2025-10-26")]
    Week,
    /// The name of an event.
    #[error(
        "must be an event's name, such as employee.created: 1 to 100 characters of a-z, 0-9, '.', '_', '-'"
    )]
    Event,
    /// The name of an event, or a prefix of names.
    #[error("must be an event's name, or a prefix that ends in .*, such as employee.*")]
    Events,
}
