//! The way of the rows to the daemon, and how far the file has been read.

use std::io::{self, IsTerminal};

use bytes::Bytes;
use http_body_util::channel::Sender;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Handle;

use crate::import::row::Row;
use crate::language::Language;
use crate::words::imports::Imported;

/// Rows are sent in pieces of about this many bytes.
const PIECE: usize = 64 * 1024;

/// Sends rows.
pub(super) struct Upload {
    sender: Option<Sender<Bytes, io::Error>>,
    handle: Handle,
    piece: Vec<u8>,
}

impl Upload {
    /// Sends what is pushed.
    pub(super) fn new(sender: Sender<Bytes, io::Error>, handle: Handle) -> Self {
        Self {
            sender: Some(sender),
            handle,
            piece: Vec::with_capacity(PIECE),
        }
    }

    pub(super) fn push(&mut self, row: &Row) -> io::Result<()> {
        row.write_json(&mut self.piece)?;
        if self.piece.len() >= PIECE {
            self.flush()
        } else {
            Ok(())
        }
    }

    pub(super) fn flush(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        let Some(sender) = &mut self.sender else {
            return Ok(());
        };
        self.handle
            .block_on(sender.send_data(piece))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Ends the request as broken off: an unread rest must not look like the end of the file.
    pub(super) fn abort(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.abort(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// How far a file of so many bytes has been read; nothing is drawn where nobody watches.
pub(super) fn progress_bar(length: u64, language: Language) -> ProgressBar {
    let bar = if io::stderr().is_terminal() {
        ProgressBar::new(length)
    } else {
        ProgressBar::hidden()
    };
    let template = format!(
        "{} [{{bar:40}}] {{percent}}% ({{bytes}}/{{total_bytes}}, {{elapsed}})",
        language.phrase(Imported::Reading)
    );
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}
