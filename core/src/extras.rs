//! What nestrs peers tell each other beside a message, where NestJS peers do
//! not look: in a packet's `metadata` or a broker's headers, under names that
//! start with `nestrs-`. Never in a reply, where a NestJS 12 client would take
//! another key for the response.

use std::time::Duration;

use bytes::Bytes;

use crate::headers::Headers;
use crate::packet::object;

/// The name under which the time a sender waits travels, in whole
/// milliseconds; `0` says that it waits for ever.
pub const TIMEOUT: &str = "nestrs-timeout-ms";
/// The name under which a client says that it is one of nestrs, on transports
/// where a connection has two ends. The value is the time its calls wait
/// unless they say otherwise, as for [`TIMEOUT`].
pub const PEER: &str = "nestrs-peer";
/// The name under which a client says that it does not wait for a request any
/// more. The value is the request's number.
pub const CANCEL: &str = "nestrs-cancel";

/// The extras of one message.
///
/// ```
/// use nestrs_core::Headers;
/// use nestrs_core::extras::Extras;
/// use std::time::Duration;
///
/// let extras = Extras { timeout: Some(Duration::from_secs(5)), ..Extras::default() };
/// let metadata = extras.metadata(&Headers::from_iter([("tenant", "acme")])).unwrap();
/// assert_eq!(metadata, br#"{"tenant":"acme","nestrs-timeout-ms":"5000"}"#);
/// assert_eq!(Extras::of_metadata(&metadata.into()), extras);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extras {
    /// See [`TIMEOUT`]; [`Duration::MAX`] is for ever.
    pub timeout: Option<Duration>,
    /// See [`PEER`].
    pub peer: Option<Duration>,
    /// See [`CANCEL`].
    pub cancel: Option<u64>,
}

impl Extras {
    /// The extras among a broker's headers, looked up by name. What makes no
    /// sense is not there.
    ///
    /// ```
    /// # use nestrs_core::extras::Extras;
    /// let extras = Extras::of_headers(|name| (name == "nestrs-timeout-ms").then_some("5000"));
    /// assert_eq!(extras.timeout.unwrap().as_secs(), 5);
    /// ```
    pub fn of_headers<'a>(get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let number = |name| get(name).and_then(|digits| digits.parse().ok());
        Self {
            timeout: number(TIMEOUT).map(from_millis),
            peer: number(PEER).map(from_millis),
            cancel: number(CANCEL),
        }
    }

    /// The extras as a broker's headers, name and value.
    ///
    /// ```
    /// # use nestrs_core::extras::Extras;
    /// let extras = Extras { cancel: Some(7), ..Extras::default() };
    /// assert!(extras.headers().eq([("nestrs-cancel", "7".to_owned())]));
    /// ```
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.numbers()
            .map(|(name, number)| (name, number.to_string()))
    }

    fn numbers(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let extras = [
            (TIMEOUT, self.timeout.map(to_millis)),
            (PEER, self.peer.map(to_millis)),
            (CANCEL, self.cancel),
        ];
        let said = extras.into_iter();
        said.filter_map(|(name, number)| Some((name, number?)))
    }

    /// The extras in a packet's `metadata`. What makes no sense is not there.
    pub fn of_metadata(metadata: &Bytes) -> Self {
        if let Some(timeout) = only_timeout(metadata) {
            return Self {
                timeout: Some(from_millis(timeout)),
                ..Self::default()
            };
        }
        let Ok(members) = object::members(metadata, &[TIMEOUT, PEER, CANCEL]) else {
            return Self::default();
        };
        let [timeout, peer, cancel] = members.map(|member| number(&member?));
        Self {
            timeout: timeout.map(from_millis),
            peer: peer.map(from_millis),
            cancel,
        }
    }

    /// The `metadata` of a packet with these `headers` and extras, if there
    /// are any.
    pub fn metadata(&self, headers: &Headers) -> Option<Vec<u8>> {
        if *self == Self::default() && headers.is_empty() {
            return None;
        }
        // Writing to memory cannot fail.
        let mut json = Vec::with_capacity(64);
        serde_json::to_writer(&mut json, headers).ok()?;
        json.pop();
        for (name, number) in self.numbers() {
            let before = if json.len() > 1 { ",\"" } else { "\"" };
            json.extend_from_slice(before.as_bytes());
            json.extend_from_slice(name.as_bytes());
            json.extend_from_slice(b"\":\"");
            serde_json::to_writer(&mut json, &number).ok()?;
            json.push(b'"');
        }
        json.push(b'}');
        Some(json)
    }
}

/// The number in `metadata` that says nothing else, as of most requests: it is not
/// read as JSON.
fn only_timeout(metadata: &[u8]) -> Option<u64> {
    let rest = metadata.strip_prefix(b"{\"nestrs-timeout-ms\":")?;
    number(rest.strip_suffix(b"}")?)
}

/// Whether there are no headers in that `metadata`, to be seen at once.
pub(crate) fn are_all(metadata: &[u8]) -> bool {
    only_timeout(metadata).is_some()
}

/// A number in a JSON string.
fn number(json: &[u8]) -> Option<u64> {
    let digits = json.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn from_millis(millis: u64) -> Duration {
    match millis {
        0 => Duration::MAX,
        millis => Duration::from_millis(millis),
    }
}

/// Rounded up: a deadline is never earlier than the sender's.
fn to_millis(timeout: Duration) -> u64 {
    let seconds = timeout.as_secs().checked_mul(1_000);
    let rest = timeout.subsec_nanos().div_ceil(1_000_000);
    let millis = seconds.and_then(|seconds| seconds.checked_add(rest.into()));
    // What no clock counts to is for ever.
    millis.map_or(0, |millis| millis.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_survive_the_way() {
        for (timeout, arrives) in [
            (Duration::from_secs(5), Duration::from_secs(5)),
            (Duration::from_nanos(1), Duration::from_millis(1)),
            (Duration::ZERO, Duration::from_millis(1)),
            (Duration::MAX, Duration::MAX),
        ] {
            let said = Extras {
                timeout: Some(timeout),
                ..Extras::default()
            };
            let metadata = said.metadata(&Headers::new()).unwrap();
            let extras = Extras::of_metadata(&metadata.into());
            assert_eq!(extras.timeout, Some(arrives), "{timeout:?}");
        }
    }

    #[test]
    fn what_stands_beside_a_timeout_is_not_overlooked() {
        for (metadata, timeout, is_all) in [
            (r#"{"nestrs-timeout-ms":"5"}"#, 5, true),
            (r#"{"nestrs-timeout-ms":"5","a":"1"}"#, 5, false),
            (
                r#"{"nestrs-timeout-ms":"5","nestrs-timeout-ms":"6"}"#,
                6,
                false,
            ),
            (r#"{"a":"1","nestrs-timeout-ms":"5"}"#, 5, false),
            (r#"{ "nestrs-timeout-ms": "5" }"#, 5, false),
        ] {
            assert_eq!(are_all(metadata.as_bytes()), is_all, "{metadata}");
            let extras = Extras::of_metadata(&metadata.into());
            assert_eq!(extras.timeout, Some(Duration::from_millis(timeout)));
        }
    }

    #[test]
    fn nothing_is_said_where_there_is_nothing_to_say() {
        assert_eq!(Extras::default().metadata(&Headers::new()), None);
        for metadata in ["{}", "null", "{", r#"{"nestrs-timeout-ms":5}"#] {
            assert_eq!(Extras::of_metadata(&metadata.into()), Extras::default());
        }
    }
}
