//! What a record's value stands for, as NestJS reads and writes it: objects and
//! arrays are JSON, everything else is text, and nothing says which. A number
//! arrives as a string there. Peers of nestrs say what a text is where that
//! would be lost, in a header that NestJS peers do not look at.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::RawValue;

/// The header in which nestrs peers say what the value is.
pub(crate) const VALUE: &str = "nestrs-value";

/// What a value is that does not look like it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// JSON: a number, `true` or `false`.
    Json,
    /// Text, though it looks like JSON.
    Text,
    /// Nothing at all, not even `null`.
    Nothing,
}

/// A value as it is sent; `null` is none.
#[derive(Debug, PartialEq)]
pub(crate) struct Encoded<'a> {
    pub(crate) value: Option<Cow<'a, [u8]>>,
    /// What is to be said of it where peers of nestrs listen.
    pub(crate) said: Option<Said>,
}

impl Said {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Nothing => "nothing",
        }
    }

    pub(crate) fn of_word(word: &[u8]) -> Option<Self> {
        let all = [Self::Json, Self::Text, Self::Nothing];
        all.into_iter().find(|said| said.word().as_bytes() == word)
    }
}

/// The value of a record for a payload of JSON.
pub(crate) fn encode(json: &[u8]) -> Encoded<'_> {
    let (value, said) = match json.first() {
        _ if json == b"null" => (None, None),
        Some(b'"') => match serde_json::from_slice::<String>(json) {
            Ok(text) => {
                let said = looks_like_json(text.as_bytes()).then_some(Said::Text);
                (Some(Cow::Owned(text.into_bytes())), said)
            }
            // Half of a surrogate pair: JavaScript has such strings, Rust has not.
            Err(_) => (Some(Cow::Borrowed(json)), Some(Said::Json)),
        },
        Some(b'{' | b'[') => (Some(Cow::Borrowed(json)), None),
        _ => (Some(Cow::Borrowed(json)), Some(Said::Json)),
    };
    Encoded { value, said }
}

/// The payload that a record's value stands for, as JSON.
pub(crate) fn decode(value: Option<&Bytes>, said: Option<Said>) -> Bytes {
    let Some(value) = value else {
        return Bytes::from_static(b"null");
    };
    let may_be_json = match said {
        Some(Said::Json) => true,
        Some(Said::Text) => false,
        _ => matches!(value.first(), Some(b'{' | b'[')),
    };
    if may_be_json && serde_json::from_slice::<&RawValue>(value).is_ok() {
        return value.clone();
    }
    if value.first() == Some(&0) && said.is_none() {
        // NestJS leaves these bytes as they are, and so writes a `Buffer`.
        let buffer = serde_json::json!({ "type": "Buffer", "data": value.as_ref() });
        return buffer.to_string().into();
    }
    text(value)
}

/// A text as JSON.
pub(crate) fn text(text: &[u8]) -> Bytes {
    serde_json::Value::from(String::from_utf8_lossy(text))
        .to_string()
        .into()
}

fn looks_like_json(text: &[u8]) -> bool {
    matches!(text.first(), Some(b'{' | b'[' | 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nest_peer_gets_what_one_of_its_own_would_send() {
        for (json, value) in [
            ("[1,2]", Some("[1,2]")),
            (r#"{"a":1}"#, Some(r#"{"a":1}"#)),
            (r#""str""#, Some("str")),
            ("5", Some("5")),
            ("true", Some("true")),
            ("null", None),
        ] {
            let encoded = encode(json.as_bytes()).value;
            assert_eq!(encoded.as_deref(), value.map(str::as_bytes), "{json}");
        }
    }

    #[test]
    fn values_of_a_nest_peer_are_read_as_it_reads_them() {
        for (value, json) in [
            (&b"{\"a\":1}"[..], r#"{"a":1}"#),
            (b"[1]", "[1]"),
            (b"5", r#""5""#),
            (b"true", r#""true""#),
            (b"\"quoted\"", r#""\"quoted\"""#),
            (b"{no json", r#""{no json""#),
            (b"", r#""""#),
            (b"\0\x01", r#"{"data":[0,1],"type":"Buffer"}"#),
            (b"\xff", "\"\u{fffd}\""),
        ] {
            let read = decode(Some(&Bytes::from_static(value)), None);
            let read: serde_json::Value = serde_json::from_slice(&read).unwrap();
            let json: serde_json::Value = serde_json::from_str(json).unwrap();
            assert_eq!(read, json, "{value:?}");
        }
        assert_eq!(decode(None, None), "null");
    }

    #[test]
    fn nestrs_peers_lose_nothing() {
        for json in [
            "5",
            "-1.5e3",
            "true",
            "null",
            r#""5""#,
            r#""{\"a\":1}""#,
            r#""""#,
            "[]",
            r#""[no""#,
            r#""\u0000""#,
        ] {
            let Encoded { value, said } = encode(json.as_bytes());
            let value = value.map(|value| Bytes::from(value.into_owned()));
            assert_eq!(decode(value.as_ref(), said), json);
        }
    }
}
