//! Replies: written by servers, read by clients.

use bytes::Bytes;

use super::object;
use crate::error::{NO_MESSAGE_HANDLER, TransportError};

/// One packet of an answer, to be written.
///
/// A NestJS 12 client takes a reply with any other key than these for the
/// response itself, so there is no room for more.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Reply {
    /// `{"response":R}`: one item of several.
    Item(Bytes),
    /// `{"response":R,"isDisposed":true}`: the only item, or the last.
    Last(Bytes),
    /// `{"isDisposed":true}`: the end, without an item.
    End,
    /// `{"err":E,"isDisposed":true}`.
    Error(TransportError),
    /// `{"id":I,"status":"error","err":"There is no …"}`.
    NoHandler,
}

impl Reply {
    /// Hands the reply's text to `write`, in parts. `id` is the request's, as
    /// JSON.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use nestrs_core::packet::Reply;
    ///
    /// let text = Reply::Last(Bytes::from("6")).write(b"\"a\"", |parts| parts.concat());
    /// assert_eq!(text, br#"{"response":6,"isDisposed":true,"id":"a"}"#);
    /// ```
    pub fn write<T>(&self, id: &[u8], write: impl FnOnce(&[&[u8]]) -> T) -> T {
        match self {
            Self::NoHandler => write(&[
                b"{\"id\":",
                id,
                b",\"status\":\"error\",\"err\":\"",
                NO_MESSAGE_HANDLER.as_bytes(),
                b"\"}",
            ]),
            reply => reply.write_ending(&[b",\"id\":", id, b"}"], write),
        }
    }

    /// The same without the id, for brokers that say beside the text whose
    /// reply it is.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use nestrs_core::packet::Reply;
    ///
    /// let text = Reply::Last(Bytes::from("6")).write_without_id(|parts| parts.concat());
    /// assert_eq!(text, br#"{"response":6,"isDisposed":true}"#);
    /// ```
    pub fn write_without_id<T>(&self, write: impl FnOnce(&[&[u8]]) -> T) -> T {
        match self {
            Self::NoHandler => write(&[
                b"{\"err\":\"",
                NO_MESSAGE_HANDLER.as_bytes(),
                b"\",\"status\":\"error\"}",
            ]),
            reply => reply.write_ending(&[b"}", b"", b""], write),
        }
    }

    fn write_ending<T>(&self, [a, b, c]: &[&[u8]; 3], write: impl FnOnce(&[&[u8]]) -> T) -> T {
        match self {
            Self::Item(response) => write(&[b"{\"response\":", response, a, b, c]),
            Self::Last(response) => write(&[
                b"{\"response\":",
                response,
                b",\"isDisposed\":true",
                a,
                b,
                c,
            ]),
            Self::End | Self::NoHandler => write(&[b"{\"isDisposed\":true", a, b, c]),
            Self::Error(error) => write(&[
                b"{\"err\":",
                &error.to_wire_json(),
                b",\"isDisposed\":true",
                a,
                b,
                c,
            ]),
        }
    }
}

/// One packet of an answer, as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplyPacket {
    /// Which request it answers, as JSON.
    pub id: Option<Bytes>,
    /// The item it carries, as JSON, or the error.
    pub body: Result<Option<Bytes>, TransportError>,
    /// Whether nothing follows.
    pub is_last: bool,
}

impl ReplyPacket {
    /// Reads a reply as NestJS's client does: a truthy `err` is the error and
    /// the end, whatever else there is; `isDisposed` is the end.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use nestrs_core::packet::ReplyPacket;
    ///
    /// let reply = ReplyPacket::parse(&Bytes::from(r#"{"err":"bad","id":"a"}"#))?;
    /// assert_eq!(reply.body.unwrap_err().message, "bad");
    /// assert!(reply.is_last);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When `text` is not one JSON value.
    pub fn parse(text: &Bytes) -> serde_json::Result<Self> {
        let [id, response, err, disposed] =
            object::members(text, &["id", "response", "err", "isDisposed"])?;
        if let Some(err) = err.filter(|err| object::is_truthy(err)) {
            let error = TransportError::from_wire(serde_json::from_slice(&err)?);
            return Ok(Self {
                id,
                body: Err(error),
                is_last: true,
            });
        }
        let is_last = disposed.is_some_and(|disposed| object::is_truthy(&disposed));
        Ok(Self {
            id,
            body: Ok(response),
            is_last,
        })
    }
}

/// What a peer reads where this is written, but for the id.
impl From<Reply> for ReplyPacket {
    fn from(reply: Reply) -> Self {
        let is_last = !matches!(reply, Reply::Item(_));
        let body = match reply {
            Reply::Item(response) | Reply::Last(response) => Ok(Some(response)),
            Reply::End => Ok(None),
            Reply::Error(error) => Err(TransportError::from_wire(error.to_wire())),
            Reply::NoHandler => Err(TransportError::from_wire(NO_MESSAGE_HANDLER.into())),
        };
        Self {
            id: None,
            body,
            is_last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(text: &'static str) -> ReplyPacket {
        ReplyPacket::parse(&Bytes::from_static(text.as_bytes())).unwrap()
    }

    #[test]
    fn replies_are_written_as_nestjs_writes_them() {
        let crash = TransportError::new("Internal server error");
        let object = TransportError::from_wire(json!({ "code": 42, "message": "obj boom" }));
        for (reply, text) in [
            (Reply::Item(Bytes::from("1")), r#"{"response":1,"id":"a"}"#),
            (
                Reply::Last(Bytes::from("null")),
                r#"{"response":null,"isDisposed":true,"id":"a"}"#,
            ),
            (Reply::End, r#"{"isDisposed":true,"id":"a"}"#),
            (
                Reply::Error(crash),
                r#"{"err":{"status":"error","message":"Internal server error"},"isDisposed":true,"id":"a"}"#,
            ),
            (
                Reply::Error(object),
                r#"{"err":{"code":42,"message":"obj boom"},"isDisposed":true,"id":"a"}"#,
            ),
            (
                Reply::NoHandler,
                r#"{"id":"a","status":"error","err":"There is no matching message handler defined in the remote service."}"#,
            ),
        ] {
            let written = reply.write(b"\"a\"", |parts| parts.concat());
            assert_eq!(String::from_utf8(written).unwrap(), text);
            let read = ReplyPacket {
                id: None,
                ..parse(text)
            };
            assert_eq!(ReplyPacket::from(reply), read);
        }
    }

    #[test]
    fn replies_are_read_as_nestjs_reads_them() {
        let error = |text| parse(text).body.unwrap_err();
        assert_eq!(error(r#"{"err":"x","response":1,"id":"a"}"#).message, "x");
        assert_eq!(
            error(r#"{"err":{"status":"error","message":"m"},"id":"a"}"#).details,
            None
        );
        assert_eq!(
            error(r#"{"id":"a","status":"error","err":"none"}"#).message,
            "none"
        );
        for (text, response, is_last) in [
            (
                r#"{"response":1,"isDisposed":true,"id":"a"}"#,
                Some("1"),
                true,
            ),
            (
                r#"{"response":1,"isDisposed":true,"id":"a","took":5}"#,
                Some("1"),
                true,
            ),
            (r#"{"response":1,"id":"a"}"#, Some("1"), false),
            (
                r#"{"response":1,"isDisposed":false,"id":"a"}"#,
                Some("1"),
                false,
            ),
            (
                r#"{"err":null,"response":1,"isDisposed":true,"id":"a"}"#,
                Some("1"),
                true,
            ),
            (r#"{"err":"","isDisposed":true,"id":"a"}"#, None, true),
            (
                r#"{"response":null,"isDisposed":true,"id":"a"}"#,
                Some("null"),
                true,
            ),
            (r#"{"isDisposed":true,"id":"a"}"#, None, true),
            (r#"{"id":"a"}"#, None, false),
        ] {
            let reply = parse(text);
            let body = reply.body.unwrap();
            assert_eq!(body.as_deref(), response.map(str::as_bytes), "{text}");
            assert_eq!(reply.is_last, is_last, "{text}");
        }
    }
}
