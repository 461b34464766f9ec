//! Headers as gRPC's metadata, and back.
//!
//! gRPC has lower-case names and values of visible ASCII. Headers that have
//! others travel together as JSON, in one binary entry that nestrs peers read.

use nestrs_core::Headers;
use tonic::metadata::{Ascii, Binary, KeyAndValueRef, MetadataKey, MetadataMap, MetadataValue};

/// The headers that are no metadata as they stand, as a JSON object.
const OTHERS: &str = "nestrs-headers-bin";
/// What is the protocol's own, not the caller's.
const PROTOCOL: [&str; 3] = ["content-type", "te", "user-agent"];
const PROTOCOL_PREFIX: &str = "grpc-";

/// The headers in a call's metadata. Of several values of one name they are all
/// there, with commas between them.
pub(crate) fn headers(metadata: &MetadataMap) -> Headers {
    let mut headers = match metadata.get_bin(OTHERS).map(MetadataValue::to_bytes) {
        Some(Ok(json)) => Headers::from_json(json),
        _ => Headers::new(),
    };
    for entry in metadata.iter() {
        let KeyAndValueRef::Ascii(name, value) = entry else {
            continue;
        };
        let (name, Ok(value)) = (name.as_str(), value.to_str()) else {
            continue;
        };
        if is_protocol(name) {
            continue;
        }
        match headers
            .get(name)
            .filter(|_| metadata.get_all(name).iter().nth(1).is_some())
        {
            Some(before) => {
                let all = format!("{before}, {value}");
                headers.insert(name, all);
            }
            None => headers.insert(name, value),
        }
    }
    headers
}

/// Puts the headers into a call's metadata.
pub(crate) fn write(headers: &Headers, metadata: &mut MetadataMap) {
    let mut others = Headers::new();
    for (name, value) in headers.iter() {
        match entry(name, value) {
            Some((name, value)) => drop(metadata.insert(name, value)),
            None => others.insert(name, value),
        }
    }
    if !others.is_empty()
        // Writing strings cannot fail.
        && let Ok(json) = serde_json::to_vec(&others)
    {
        metadata.insert_bin(OTHERS, MetadataValue::<Binary>::from_bytes(&json));
    }
}

/// The header as metadata, if it arrives as it is.
fn entry(name: &str, value: &str) -> Option<(MetadataKey<Ascii>, MetadataValue<Ascii>)> {
    let is_plain = value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && value.trim() == value;
    if !is_plain || is_protocol(name) || name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Some((name.parse().ok()?, value.parse().ok()?))
}

fn is_protocol(name: &str) -> bool {
    PROTOCOL.contains(&name) || name.starts_with(PROTOCOL_PREFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_any_kind_survive_the_way() {
        let sent = Headers::from_iter([
            ("tenant", "acme"),
            ("Tenant", "ACME"),
            ("empty", ""),
            ("name", "Zoë"),
            ("two lines", "a\nb"),
            ("padded", " x "),
            ("picture-bin", "no base64!"),
            ("grpc-timeout", "1S"),
            ("te", "x"),
            ("", "nameless"),
        ]);
        let mut metadata = MetadataMap::new();
        write(&sent, &mut metadata);
        assert_eq!(metadata.get("tenant").unwrap(), "acme");
        assert!(metadata.get("grpc-timeout").is_none());
        let came = headers(&metadata);
        for (name, value) in sent.iter() {
            assert_eq!(came.get(name), Some(value), "{name:?}");
        }
        assert_eq!(came.iter().count(), sent.iter().count());
    }

    #[test]
    fn what_is_the_protocols_own_is_no_header() {
        let mut metadata = MetadataMap::new();
        for (name, value) in [
            ("content-type", "application/grpc"),
            ("grpc-timeout", "1S"),
            ("nestrs-x", "y"),
        ] {
            metadata.insert(name, value.parse().unwrap());
        }
        assert!(headers(&metadata).is_empty());
    }

    #[test]
    fn several_values_of_a_name_are_all_there() {
        let mut metadata = MetadataMap::new();
        metadata.append("a", "1".parse().unwrap());
        metadata.append("a", "2".parse().unwrap());
        assert_eq!(headers(&metadata).get("a"), Some("1, 2"));
    }
}
