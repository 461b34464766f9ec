//! Records as NestJS has them: what is beside the value, by name.

use bytes::Bytes;
use nestrs_core::extras::Extras;
use nestrs_core::{Headers, TransportError};
use rdkafka::message::{Header, Headers as _, OwnedHeaders};
use serde_json::Value;

use crate::encoding::{self, Said, VALUE, encode};

pub(crate) const CORRELATION_ID: &str = "kafka_correlationId";
pub(crate) const REPLY_TOPIC: &str = "kafka_replyTopic";
pub(crate) const REPLY_PARTITION: &str = "kafka_replyPartition";
pub(crate) const ERROR: &str = "kafka_nest-err";
pub(crate) const IS_DISPOSED: &str = "kafka_nest-is-disposed";

/// What is behind a topic's name in that of its replies.
const REPLY: &str = ".reply";
/// What a topic's name may have, and how long it may be.
const LONGEST_TOPIC: usize = 249;

/// The topic to which requests of a pattern are answered.
pub(crate) fn reply_topic(pattern: &str) -> String {
    format!("{pattern}{REPLY}")
}

/// Why a pattern can be no topic, if it cannot.
pub(crate) fn topic_error(pattern: &str) -> Option<String> {
    let why = if pattern.starts_with('^') || pattern.contains(['*', '#']) {
        "regular expressions and wildcards cannot be had over Kafka, whose topics are to be named \
         one by one"
    } else if pattern.len() > LONGEST_TOPIC - REPLY.len() {
        "a topic, with `.reply` behind it, has 249 characters at most"
    } else {
        illegal(pattern)?
    };
    Some(format!(
        "the pattern {pattern:?} can be no topic of Kafka: {why}; give it another name, or its \
         handler another `transport`"
    ))
}

/// Why a name can be no topic's, if it cannot.
pub(crate) fn illegal(topic: &str) -> Option<&'static str> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if matches!(topic, "" | "." | "..") {
        Some("it is a reserved name")
    } else if !topic.chars().all(is_legal) {
        Some("a topic has letters of ASCII, digits, `.`, `_` and `-`")
    } else if topic.len() > LONGEST_TOPIC {
        Some("a topic has 249 characters at most")
    } else {
        None
    }
}

/// Names and values, as they were sent.
pub(crate) type RawHeaders = Vec<(String, Option<Bytes>)>;

/// The headers of a record that was received.
pub(crate) fn headers_of(message: &impl rdkafka::Message) -> RawHeaders {
    let Some(headers) = message.headers() else {
        return RawHeaders::new();
    };
    let own = |header: Header<'_, &[u8]>| {
        let value = header.value.map(Bytes::copy_from_slice);
        (header.key.to_owned(), value)
    };
    headers.iter().map(own).collect()
}

/// The last of that name, as JavaScript's objects have it.
pub(crate) fn get<'a>(headers: &'a RawHeaders, name: &str) -> Option<&'a [u8]> {
    let found = headers.iter().rev().find(|(known, _)| known == name)?;
    found.1.as_deref()
}

/// What handlers see of headers: text that somebody put there.
pub(crate) fn visible(headers: &RawHeaders) -> Headers {
    let of_protocol = |name: &str| [CORRELATION_ID, REPLY_TOPIC, REPLY_PARTITION].contains(&name);
    let text = |(name, value): &(String, Option<Bytes>)| {
        let value = String::from_utf8_lossy(value.as_deref()?).into_owned();
        (!of_protocol(name)).then(|| (name.clone(), value))
    };
    headers.iter().filter_map(text).collect()
}

/// What nestrs peers say to each other there.
pub(crate) fn extras(headers: &RawHeaders) -> Extras {
    Extras::of_headers(|name| std::str::from_utf8(get(headers, name)?).ok())
}

/// What the value is, if a nestrs peer said so.
pub(crate) fn said(headers: &RawHeaders) -> Option<Said> {
    Said::of_word(get(headers, VALUE)?)
}

/// Headers one by one.
pub(crate) fn header(headers: OwnedHeaders, name: &str, value: &[u8]) -> OwnedHeaders {
    headers.insert(Header {
        key: name,
        value: Some(value),
    })
}

/// A record to be sent: the payload alone, or what NestJS takes for the record
/// itself.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) said: Option<Said>,
}

impl Content {
    /// The record for a payload of JSON. `{ key, value, headers }` is one, as it
    /// is to NestJS: an object of nothing but these, with a `value` and one of
    /// the others.
    pub(crate) fn of(json: &[u8]) -> Self {
        if json.first() == Some(&b'{')
            && let Some(content) = Self::of_record(json)
        {
            return content;
        }
        let encoded = encode(json);
        Self {
            value: encoded.value.map(|value| value.into_owned()),
            said: encoded.said,
            ..Self::default()
        }
    }

    fn of_record(json: &[u8]) -> Option<Self> {
        // Most objects are no records, which the first member shows.
        let first = json.get(1..)?.trim_ascii_start();
        let members = ["key", "value", "headers"];
        let is_member = |name: &&str| {
            let rest = first.strip_prefix(b"\"");
            let rest = rest.and_then(|rest| rest.strip_prefix(name.as_bytes()));
            rest.is_some_and(|rest| rest.starts_with(b"\""))
        };
        if !members.iter().any(is_member) {
            return None;
        }
        let Value::Object(mut record) = serde_json::from_slice(json).ok()? else {
            return None;
        };
        let is_record = record.len() > 1
            && record.contains_key("value")
            && record.keys().all(|name| members.contains(&name.as_str()));
        let headers = match record.remove("headers") {
            None => serde_json::Map::new(),
            Some(Value::Object(headers)) => headers,
            Some(_) => return None,
        };
        if !is_record {
            return None;
        }
        let bytes = |value: &Value| {
            let encoded = encoding::encode(value.to_string().as_bytes())
                .value?
                .into_owned();
            Some(encoded)
        };
        Some(Self {
            key: record.get("key").and_then(bytes),
            value: record.get("value").and_then(bytes),
            headers: headers
                .iter()
                .map(|(name, value)| (name.clone(), bytes(value).unwrap_or_default()))
                .collect(),
            said: None,
        })
    }
}

/// An error as `kafka_nest-err` has it: text as it is, anything else as JSON.
pub(crate) fn error_text(error: &TransportError) -> Vec<u8> {
    let json = error.to_wire_json();
    let text = serde_json::from_slice::<String>(&json).map(String::into_bytes);
    text.unwrap_or(json)
}

/// The error that `kafka_nest-err` stands for.
pub(crate) fn error_of(text: &[u8]) -> TransportError {
    let json = encoding::decode(Some(&Bytes::copy_from_slice(text)), None);
    let value = serde_json::from_slice(&json).unwrap_or(Value::Null);
    TransportError::from_wire(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_no_topic_says_why() {
        assert_eq!(topic_error("orders.placed_v-2"), None);
        for (pattern, says) in [
            (r#"{"cmd":"sum"}"#, "letters of ASCII"),
            ("orders placed", "letters of ASCII"),
            ("orders.*", "wildcards"),
            ("^orders\\..+", "wildcards"),
            ("..", "reserved"),
            (&"x".repeat(244), "249"),
        ] {
            let error = topic_error(pattern).unwrap();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn records_are_what_nothing_else_can_be() {
        let content = Content::of(br#"{ "value":{"v":1},"key":"k","headers":{"x":"y","n":1}}"#);
        assert_eq!(content.key.unwrap(), b"k");
        assert_eq!(content.value.unwrap(), br#"{"v":1}"#);
        let headers = [
            ("n".to_owned(), b"1".to_vec()),
            ("x".to_owned(), b"y".to_vec()),
        ];
        assert_eq!(content.headers, headers);
        for json in [
            r#"{"value":1}"#,
            r#"{"key":"k","value":1,"more":2}"#,
            r#"{"key":"k"}"#,
            r#"{"keys":"k","value":1}"#,
            r#"{"value":1,"headers":5}"#,
            "{}",
        ] {
            let content = Content::of(json.as_bytes());
            assert_eq!(content.value.unwrap(), json.as_bytes());
            assert_eq!(content.key, None);
        }
    }

    #[test]
    fn errors_are_text_or_json() {
        for (text, message) in [
            ("plain", "plain"),
            (r#"{"status":"error","message":"boom"}"#, "boom"),
        ] {
            let error = error_of(text.as_bytes());
            assert_eq!(error.message, message);
            assert_eq!(error_text(&error), text.as_bytes());
        }
    }
}
