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
        let extras = [
            (TIMEOUT, self.timeout.map(to_millis)),
            (PEER, self.peer.map(to_millis)),
            (CANCEL, self.cancel),
        ];
        let said = extras.into_iter();
        said.filter_map(|(name, value)| Some((name, value?.to_string())))
    }

    /// The extras in a packet's `metadata`. What makes no sense is not there.
    pub fn of_metadata(metadata: &Bytes) -> Self {
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
        // Writing strings cannot fail.
        let mut json = serde_json::to_vec(headers).ok()?;
        json.pop();
        for (name, value) in self.headers() {
            let comma = if json.len() > 1 { "," } else { "" };
            json.extend_from_slice(format!("{comma}\"{name}\":\"{value}\"").as_bytes());
        }
        json.push(b'}');
        Some(json)
    }
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
    let millis = timeout.as_nanos().div_ceil(1_000_000);
    // What no clock counts to is for ever.
    u64::try_from(millis).map_or(0, |millis| millis.max(1))
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
    fn nothing_is_said_where_there_is_nothing_to_say() {
        assert_eq!(Extras::default().metadata(&Headers::new()), None);
        for metadata in ["{}", "null", "{", r#"{"nestrs-timeout-ms":5}"#] {
            assert_eq!(Extras::of_metadata(&metadata.into()), Extras::default());
        }
    }
}
