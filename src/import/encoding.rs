//! The character encoding of a file: UTF-8, UTF-16 with a byte order mark, or `Shift_JIS`.

use std::io::{self, BufReader, Read};

use clap::ValueEnum;
use encoding_rs::{CoderResult, SHIFT_JIS, UTF_8};
use encoding_rs_io::{DecodeReaderBytes, DecodeReaderBytesBuilder};

use super::source::{Foreign, Source};

/// What the decoder puts in place of invalid bytes.
const REPLACEMENT: char = '\u{fffd}';
/// A file of `Shift_JIS` with at least this many sequences that are invalid in UTF-8 contains no valid three-byte
/// sequence of UTF-8 by chance.
const BY_CHANCE: u64 = 8;
/// Bytes that are decoded at a time.
const BLOCK: usize = 64 * 1024;

/// The characters of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Encoding {
    /// UTF-8, with or without a byte order mark
    #[value(name = "utf-8")]
    Utf8,
    /// As Japanese spreadsheets write it (Windows code page 932)
    #[value(name = "shift-jis", alias = "sjis", alias = "cp932")]
    ShiftJis,
}

/// The name of an encoding that a file of records must not have.
pub(super) const EUC_JP: &str = "EUC-JP";

/// The text of a file, decoded to UTF-8.
pub(super) type Text<R> = BufReader<DecodeReaderBytes<R, Vec<u8>>>;

impl Encoding {
    /// Detects the encoding; the inner error says why the file is not accepted.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn detect(source: &Source) -> io::Result<Result<Self, Foreign>> {
        let utf_8 = Tally::of(source.rewound()?, UTF_8)?;
        // UTF-8 with a few invalid bytes is still UTF-8: it has too many valid characters for that to be chance.
        if utf_8.wrong == 0 || utf_8.wrong < utf_8.foreign {
            return Ok(Ok(Self::Utf8));
        }
        // Kanji and kana of Shift_JIS use bytes that are invalid in EUC-JP, so a file is not valid in both by chance.
        let euc_jp = Tally::of(source.rewound()?, encoding_rs::EUC_JP)?;
        Ok(if euc_jp.wrong == 0 {
            Err(Foreign::Text(EUC_JP))
        } else if utf_8.wrong < utf_8.long * BY_CHANCE {
            Err(Foreign::Mixed)
        } else {
            Ok(Self::ShiftJis)
        })
    }

    /// Decodes the text of a file. A byte order mark has precedence over the encoding.
    pub(super) fn decode<R: Read>(self, file: R) -> Text<R> {
        let charset = match self {
            Self::Utf8 => UTF_8,
            Self::ShiftJis => SHIFT_JIS,
        };
        let text = DecodeReaderBytesBuilder::new()
            .encoding(Some(charset))
            .bom_override(true)
            .build(file);
        BufReader::with_capacity(BLOCK, text)
    }
}

/// How well a file can be decoded with one encoding.
#[derive(Default)]
struct Tally {
    /// Invalid sequences.
    wrong: u64,
    /// Characters beyond ASCII.
    foreign: u64,
    /// Of these, those with three or more bytes in UTF-8, such as Japanese.
    long: u64,
}

impl Tally {
    fn of(mut file: impl Read, encoding: &'static encoding_rs::Encoding) -> io::Result<Self> {
        let mut tally = Self::default();
        // With a byte order mark the decoder is the one that the mark names.
        let mut decoder = encoding.new_decoder();
        let mut block = vec![0; BLOCK];
        let mut text = vec![0; BLOCK * 3 + 16];
        loop {
            let length = file.read(&mut block)?;
            let last = length == 0;
            let (result, _, written, _) = decoder.decode_to_utf8(&block[..length], &mut text, last);
            tally.count(&text[..written]);
            if last && result == CoderResult::InputEmpty {
                return Ok(tally);
            }
        }
    }

    fn count(&mut self, text: &[u8]) {
        if text.is_ascii() {
            return;
        }
        for c in str::from_utf8(text).unwrap_or_default().chars() {
            if c == REPLACEMENT {
                self.wrong += 1;
            } else if !c.is_ascii() {
                self.foreign += 1;
                self.long += u64::from(c.len_utf8() > 2);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn source(bytes: &[u8]) -> (tempfile::NamedTempFile, Source) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes).unwrap();
        let source = Source::open(file.path()).unwrap();
        (file, source)
    }

    fn recognised(bytes: &[u8]) -> Result<Encoding, Foreign> {
        let (_file, source) = source(bytes);
        Encoding::detect(&source).unwrap()
    }

    #[test]
    fn characters_are_recognised() {
        let text = "面談ID,職員名\nint-1,髙橋 ①ﾀﾛｳ\n";
        let (shift_jis, _, lossy) = SHIFT_JIS.encode(text);
        assert!(!lossy);
        assert_eq!(recognised(text.as_bytes()), Ok(Encoding::Utf8));
        assert_eq!(recognised(&shift_jis), Ok(Encoding::ShiftJis));
        let (euc_jp, ..) = encoding_rs::EUC_JP.encode("面談ID,職員名\nint-1,山田 太郎\n");
        assert_eq!(recognised(&euc_jp), Err(Foreign::Text(EUC_JP)));
        assert_eq!(recognised(b"id\n"), Ok(Encoding::Utf8));
    }

    #[test]
    fn a_file_of_two_encodings_is_neither() {
        let row = |name: &str| format!("int-1,{name},regular\n");
        for (utf_8, shift_jis, expected) in [
            (vec!["職員"], vec!["東", "西"], Err(Foreign::Mixed)),
            (vec!["職員", "職員"], vec!["東"], Ok(Encoding::Utf8)),
            (vec!["職"], vec!["山田 太郎"], Err(Foreign::Mixed)),
        ] {
            let utf_8: String = utf_8.into_iter().map(row).collect();
            let shift_jis: String = shift_jis.into_iter().map(row).collect();
            let bytes = [utf_8.as_bytes(), &SHIFT_JIS.encode(&shift_jis).0].concat();
            assert_eq!(recognised(&bytes), expected, "{utf_8}{shift_jis}");
        }
        let names: String = ["齋藤 縺子", "髙﨑 繧太", "纐纈 悠", "山田 太郎"]
            .map(row)
            .concat();
        assert_eq!(
            recognised(&SHIFT_JIS.encode(&names).0),
            Ok(Encoding::ShiftJis)
        );
    }

    #[test]
    fn a_few_bad_bytes_do_not_make_it_another_encoding() {
        let mut bytes = "面談ID,職員名\nint-1,山田 太郎".as_bytes().to_vec();
        bytes.truncate(bytes.len() - 1);
        assert_eq!(recognised(&bytes), Ok(Encoding::Utf8));
    }

    #[test]
    fn a_character_cut_in_two_by_a_block_is_still_one() {
        for padding in 0..4 {
            let text = "\n".repeat(padding) + &"あ".repeat(BLOCK);
            assert_eq!(recognised(text.as_bytes()), Ok(Encoding::Utf8));
        }
    }

    #[test]
    fn a_byte_order_mark_is_obeyed() {
        let units = "id,山田".encode_utf16();
        let little = units.clone().flat_map(u16::to_le_bytes);
        let little: Vec<u8> = [0xff, 0xfe].into_iter().chain(little).collect();
        let big = units.flat_map(u16::to_be_bytes);
        let big: Vec<u8> = [0xfe, 0xff].into_iter().chain(big).collect();
        for bytes in [little, big, "\u{feff}id,山田".as_bytes().to_vec()] {
            let encoding = recognised(&bytes).unwrap();
            let mut text = String::new();
            encoding
                .decode(&bytes[..])
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "id,山田");
        }
    }
}
