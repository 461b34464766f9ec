//! Requests and events: read by servers, written by clients.

use bytes::Bytes;

use super::object;

/// A request or an event, each member a slice of the text it came in.
///
/// ```
/// use bytes::Bytes;
/// use nestrs_core::packet::Packet;
///
/// let text = Bytes::from(r#"{"pattern":"math.add","data":{"a":1},"id":7}"#);
/// let packet = Packet::parse(&text)?;
/// assert_eq!(packet.pattern.unwrap(), r#""math.add""#);
/// assert_eq!(packet.data.unwrap(), r#"{"a":1}"#);
/// assert_eq!(packet.id.unwrap(), "7");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Packet {
    /// The pattern as JSON, as the peer gave it.
    pub pattern: Option<Bytes>,
    /// The payload as JSON.
    pub data: Option<Bytes>,
    /// Whatever JSON the peer calls the request by; an event has none.
    pub id: Option<Bytes>,
    /// Key-value pairs as a JSON object, which NestJS 12 sends on request.
    pub metadata: Option<Bytes>,
}

impl Packet {
    /// Reads a packet. JSON that is no object is a packet without members, as
    /// it is to NestJS.
    ///
    /// # Errors
    ///
    /// When `text` is not one JSON value.
    pub fn parse(text: &Bytes) -> serde_json::Result<Self> {
        let [pattern, data, id, metadata] =
            object::members(text, &["pattern", "data", "id", "metadata"])?;
        Ok(Self {
            pattern,
            data,
            id,
            metadata,
        })
    }
}

/// Hands the text of a request to `write`, in parts. `pattern`, `data`,
/// `metadata` and `id` are JSON.
///
/// ```
/// use nestrs_core::packet::write_request;
///
/// let text = write_request(br#""math.add""#, b"[1]", None, br#""x1""#, |parts| parts.concat());
/// assert_eq!(text, br#"{"pattern":"math.add","data":[1],"id":"x1"}"#);
/// ```
pub fn write_request<T>(
    pattern: &[u8],
    data: &[u8],
    metadata: Option<&[u8]>,
    id: &[u8],
    write: impl FnOnce(&[&[u8]]) -> T,
) -> T {
    let (key, metadata) = member(metadata);
    write(&[
        b"{\"pattern\":",
        pattern,
        b",\"data\":",
        data,
        key,
        metadata,
        b",\"id\":",
        id,
        b"}",
    ])
}

/// Hands the text of an event to `write`, in parts. `pattern`, `data` and
/// `metadata` are JSON.
///
/// ```
/// use nestrs_core::packet::write_event;
///
/// let metadata = Some(&br#"{"a":"1"}"#[..]);
/// let text = write_event(br#""seen""#, b"7", metadata, |parts| parts.concat());
/// assert_eq!(text, br#"{"pattern":"seen","data":7,"metadata":{"a":"1"}}"#);
/// ```
pub fn write_event<T>(
    pattern: &[u8],
    data: &[u8],
    metadata: Option<&[u8]>,
    write: impl FnOnce(&[&[u8]]) -> T,
) -> T {
    let (key, metadata) = member(metadata);
    write(&[
        b"{\"pattern\":",
        pattern,
        b",\"data\":",
        data,
        key,
        metadata,
        b"}",
    ])
}

fn member(metadata: Option<&[u8]>) -> (&'static [u8], &[u8]) {
    match metadata {
        Some(metadata) => (b",\"metadata\":", metadata),
        None => (b"", b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &'static str) -> Option<Packet> {
        Packet::parse(&Bytes::from_static(text.as_bytes())).ok()
    }

    #[test]
    fn any_json_is_a_packet_as_it_is_to_nestjs() {
        for text in [
            "{}",
            "null",
            "5",
            "-5",
            "1.5",
            "true",
            "\"x\"",
            "[1,{\"id\":2}]",
        ] {
            assert_eq!(parse(text), Some(Packet::default()), "{text}");
        }
    }

    #[test]
    fn members_come_in_any_order_and_the_last_counts() {
        let packet = parse(r#"{"id":null,"x":[{}],"pattern":1,"data":"é","id":"b"}"#).unwrap();
        assert_eq!(packet.id.unwrap(), "\"b\"");
        assert_eq!(packet.pattern.unwrap(), "1");
        assert_eq!(packet.data.unwrap(), "\"é\"");
        assert_eq!(parse(r#"{"id":null}"#).unwrap().id.unwrap(), "null");
    }

    #[test]
    fn what_is_no_json_is_no_packet() {
        for text in ["", "{", "{}x", "{\"id\":}", "nul", "{\"id\":1}}"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(Packet::parse(&Bytes::from_static(b"{\"id\":\"\xff\"}")).is_err());
    }
}
