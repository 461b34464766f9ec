//! NestJS's TCP framing, without I/O: `<length>#<JSON>`, where the length
//! counts UTF-16 code units, as JavaScript's `string.length` does. The JSON is
//! UTF-8, so for anything but ASCII the length is not the number of bytes.
//!
//! The next file on a message's path is [`crate::packet`].

use std::fmt;

use bytes::{Buf, Bytes, BytesMut};

/// No length takes more text than this; what is longer is no length.
const MAX_LENGTH_TEXT: usize = 1024;

/// What ends a connection: after one of these nothing in the stream can be
/// trusted to be the start of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FrameError {
    /// The text before `#` is no length.
    CorruptedLength(String),
    /// A frame announces more than the limit.
    TooLong {
        /// UTF-16 code units announced.
        length: usize,
        /// UTF-16 code units allowed.
        limit: usize,
    },
    /// The length ends in the middle of a character.
    SplitCharacter,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CorruptedLength(text) => write!(
                f,
                "corrupted length value {text:?}: a frame is `<length>#<JSON>`, its length in UTF-16 code units"
            ),
            Self::TooLong { length, limit } => write!(
                f,
                "the packet length ({length}) exceeds the maximum allowed length ({limit}): raise `max_buffer_size` on this side if the packet is legitimate"
            ),
            Self::SplitCharacter => f.write_str(
                "the length ends in the middle of a character: it must count UTF-16 code units, not bytes",
            ),
        }
    }
}

impl std::error::Error for FrameError {}

/// Cuts a stream of bytes into frames, however the bytes arrive. Each byte is
/// looked at once.
///
/// ```
/// use bytes::BytesMut;
/// use nestrs_core::framing::FrameDecoder;
///
/// let mut decoder = FrameDecoder::new(1_000);
/// let mut buffer = BytesMut::from("4#\"é\" 3#\"");
/// assert_eq!(decoder.decode(&mut buffer)?.unwrap(), "\"é\" ");
/// assert_eq!(decoder.decode(&mut buffer)?, None); // the rest has not arrived
/// assert!(decoder.in_frame(&buffer));
/// # Ok::<(), nestrs_core::framing::FrameError>(())
/// ```
#[derive(Debug)]
pub struct FrameDecoder {
    limit: usize,
    state: State,
}

#[derive(Debug)]
enum State {
    /// `scanned` bytes hold no `#`.
    Length { scanned: usize },
    /// The first `bytes` bytes of the body hold `units` of its `length` units.
    Body {
        length: usize,
        bytes: usize,
        units: usize,
    },
}

impl FrameDecoder {
    /// A decoder that refuses frames of more than `limit` UTF-16 code units.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            state: State::Length { scanned: 0 },
        }
    }

    /// The next whole frame's JSON, taken off the front of `buffer`, or `None`
    /// until more has arrived.
    ///
    /// # Errors
    ///
    /// When the stream is no sequence of frames, or a frame is over the limit.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Bytes>, FrameError> {
        if let State::Length { scanned } = self.state {
            let Some(at) = buffer[scanned..].iter().position(|b| *b == b'#') else {
                if buffer.len() > MAX_LENGTH_TEXT {
                    return Err(corrupted(&buffer[..MAX_LENGTH_TEXT]));
                }
                self.state = State::Length {
                    scanned: buffer.len(),
                };
                return Ok(None);
            };
            let length = parse_length(&buffer[..scanned + at])?;
            if length > self.limit {
                return Err(FrameError::TooLong {
                    length,
                    limit: self.limit,
                });
            }
            buffer.advance(scanned + at + 1);
            self.state = State::Body {
                length,
                bytes: 0,
                units: 0,
            };
        }
        let State::Body {
            length,
            bytes,
            units,
        } = &mut self.state
        else {
            return Ok(None);
        };
        if !scan(buffer, *length, bytes, units)? {
            return Ok(None);
        }
        let frame = buffer.split_to(*bytes).freeze();
        self.state = State::Length { scanned: 0 };
        Ok(Some(frame))
    }

    /// Whether the stream stands in the middle of a frame, `buffer` being what
    /// [`decode`](Self::decode) has left.
    pub fn in_frame(&self, buffer: &BytesMut) -> bool {
        !buffer.is_empty() || matches!(self.state, State::Body { .. })
    }
}

/// JavaScript's `parseInt`: leading space, a sign, digits, then anything.
fn parse_length(text: &[u8]) -> Result<usize, FrameError> {
    let digits = text.trim_ascii_start();
    let digits = digits.strip_prefix(b"+").unwrap_or(digits);
    let count = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if count == 0 {
        return Err(corrupted(text));
    }
    Ok(digits[..count].iter().fold(0usize, |n, digit| {
        n.saturating_mul(10)
            .saturating_add(usize::from(digit - b'0'))
    }))
}

fn corrupted(text: &[u8]) -> FrameError {
    let shown = String::from_utf8_lossy(&text[..text.len().min(32)]);
    FrameError::CorruptedLength(shown.into_owned())
}

/// Goes on counting units in `buffer`; true once the body is whole, with
/// `bytes` its size.
fn scan(
    buffer: &[u8],
    length: usize,
    bytes: &mut usize,
    units: &mut usize,
) -> Result<bool, FrameError> {
    const BLOCK: usize = 256;
    while *units < length {
        let rest = &buffer[*bytes..];
        let block = &rest[..rest.len().min(length - *units)];
        if block.is_ascii() {
            *bytes += block.len();
            *units += block.len();
            return Ok(*units == length);
        }
        // Some character in here is wider: go over a little of it by hand.
        for _ in 0..BLOCK {
            let Some(lead) = buffer.get(*bytes) else {
                return Ok(false);
            };
            let (width, width_units) = width(*lead);
            if *bytes + width > buffer.len() {
                return Ok(false);
            }
            *bytes += width;
            *units += width_units;
            if *units >= length {
                break;
            }
        }
    }
    if *units > length {
        Err(FrameError::SplitCharacter)
    } else {
        Ok(true)
    }
}

/// Bytes and UTF-16 units of the character that starts with `lead`. A stray
/// continuation byte counts as one of each; JSON parsing refuses it later.
fn width(lead: u8) -> (usize, usize) {
    match lead {
        0xF0.. => (4, 2),
        0xE0.. => (3, 1),
        0xC0.. => (2, 1),
        _ => (1, 1),
    }
}

/// Appends a frame whose JSON is `parts`, one after the other, each of them
/// whole characters.
///
/// ```
/// use nestrs_core::framing::write_frame;
///
/// let mut out = Vec::new();
/// write_frame(&mut out, &[br#"{"response":"#, "\"😀\"".as_bytes(), b"}"]);
/// assert_eq!(out, "17#{\"response\":\"😀\"}".as_bytes());
/// ```
pub fn write_frame(out: &mut Vec<u8>, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| utf16_length(part)).sum();
    let bytes: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(bytes + 21);
    write_decimal(out, length);
    out.push(b'#');
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// The length of UTF-8 text in UTF-16 code units.
///
/// ```
/// assert_eq!(nestrs_core::framing::utf16_length("aé😀".as_bytes()), 4);
/// ```
pub fn utf16_length(text: &[u8]) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.iter()
        .map(|b| usize::from(*b & 0xC0 != 0x80) + usize::from(*b >= 0xF0))
        .sum()
}

fn write_decimal(out: &mut Vec<u8>, mut n: usize) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (n % 10) as u8;
        n /= 10;
        if n == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in pieces of `size` and returns the frames, then the error.
    fn decode(input: &[u8], size: usize, limit: usize) -> (Vec<String>, Option<FrameError>) {
        let (mut decoder, mut buffer, mut frames) =
            (FrameDecoder::new(limit), BytesMut::new(), Vec::new());
        for piece in input.chunks(size) {
            buffer.extend_from_slice(piece);
            loop {
                match decoder.decode(&mut buffer) {
                    Ok(Some(frame)) => frames.push(String::from_utf8(frame.to_vec()).unwrap()),
                    Ok(None) => break,
                    Err(error) => return (frames, Some(error)),
                }
            }
        }
        (frames, None)
    }

    #[test]
    fn frames_are_the_same_however_the_bytes_arrive() {
        let texts = [
            "{}",
            "\"é\"",
            "\"😀é\"",
            "\"中文\"",
            "[1,2,3]",
            "\"a\u{301}\"",
        ];
        let long = format!("\"{}é{}\"", "x".repeat(700), "😀".repeat(700));
        let mut input = Vec::new();
        for text in texts.iter().copied().chain([long.as_str()]) {
            write_frame(&mut input, &[text.as_bytes()]);
        }
        for size in [1, 2, 3, 7, 64, 1 << 20] {
            let (frames, error) = decode(&input, size, 1 << 20);
            assert_eq!(error, None, "pieces of {size}");
            assert_eq!(frames[..texts.len()], texts, "pieces of {size}");
            assert_eq!(frames[texts.len()], long, "pieces of {size}");
        }
    }

    #[test]
    fn lengths_are_read_as_parse_int_reads_them() {
        for (input, frames) in [
            ("2abc#{}", 1),
            (" 2#{}", 1),
            ("+2#{}", 1),
            ("02#{}", 1),
            ("2#{}2#{}", 2),
        ] {
            assert_eq!(decode(input.as_bytes(), 1, 100).0.len(), frames, "{input}");
        }
        for input in ["abc#{}", "#{}", "-3#{}", "{\"a\":1}#"] {
            let (frames, error) = decode(input.as_bytes(), 1, 100);
            assert!(frames.is_empty(), "{input}");
            assert!(
                matches!(error, Some(FrameError::CorruptedLength(_))),
                "{input}: {error:?}"
            );
        }
    }

    #[test]
    fn a_gigabyte_is_refused_when_it_is_announced() {
        let (_, error) = decode(b"1000000000#", 1, 134_217_728);
        assert_eq!(
            error,
            Some(FrameError::TooLong {
                length: 1_000_000_000,
                limit: 134_217_728
            })
        );
        let (_, error) = decode(b"99999999999999999999999999#", 1, 134_217_728);
        assert_eq!(
            error,
            Some(FrameError::TooLong {
                length: usize::MAX,
                limit: 134_217_728
            })
        );
    }

    #[test]
    fn a_stream_without_a_length_is_refused_early() {
        let (_, error) = decode(&b"GET / HTTP/1.1\r\n".repeat(100), 16, 134_217_728);
        assert!(matches!(error, Some(FrameError::CorruptedLength(_))));
    }

    #[test]
    fn a_byte_length_waits_for_what_never_comes_or_splits_a_character() {
        // `"é"` is 3 units, 4 bytes.
        assert_eq!(decode("4#\"é\"".as_bytes(), 1, 100), (vec![], None));
        assert_eq!(
            decode("2#\"😀".as_bytes(), 1, 100).1,
            Some(FrameError::SplitCharacter)
        );
    }
}
