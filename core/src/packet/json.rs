//! Values as JSON, in bytes of just that length.

use std::cell::Cell;

use bytes::Bytes;
use serde::Serialize;

/// A text as a JSON string.
///
/// ```
/// use nestrs_core::packet::json_string;
///
/// assert_eq!(json_string("math.add"), "\"math.add\"");
/// assert_eq!(json_string("a\"b"), r#""a\"b""#);
/// ```
pub fn json_string(text: &str) -> Bytes {
    // Of most texts, all there is: `Bytes` keep what has no room left as it is.
    let mut json = Vec::with_capacity(text.len() + 2);
    // Writing to memory cannot fail.
    let _ = serde_json::to_writer(&mut json, text);
    json.into()
}

/// A value as JSON.
///
/// ```
/// use nestrs_core::packet::to_json;
///
/// assert_eq!(to_json(&[1, 2])?, "[1,2]");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// # Errors
///
/// When it is none, such as a map whose keys are no strings.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Bytes> {
    let mut room = ROOM.take();
    room.clear();
    serde_json::to_writer(&mut room, value)?;
    if room.len() > MOST_ROOM {
        return Ok(room.into());
    }
    let json = Bytes::copy_from_slice(&room);
    if room.capacity() <= MOST_ROOM {
        ROOM.set(room);
    }
    Ok(json)
}

/// What a thread keeps to write the next value into, in bytes.
const MOST_ROOM: usize = 64 * 1024;

thread_local! {
    /// Nobody knows how long JSON will be, and `Bytes` of a vector that has room left
    /// are two allocations: it is written here, and copied to where it fits.
    static ROOM: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes another value while it is written.
    struct Nested;
    impl Serialize for Nested {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let inner = to_json("inner").map_err(serde::ser::Error::custom)?;
            serializer.serialize_bytes(&inner)
        }
    }

    #[test]
    fn each_value_is_written_alone() {
        assert_eq!(to_json(&vec![1; 3]).unwrap(), "[1,1,1]");
        assert_eq!(to_json(&Nested).unwrap(), "[34,105,110,110,101,114,34]");
        assert!(to_json(&std::collections::HashMap::from([((), 1)])).is_err());
        assert_eq!(to_json(&7).unwrap(), "7");
        for length in [MOST_ROOM, 2 * MOST_ROOM] {
            let text = "x".repeat(length);
            assert_eq!(to_json(&text).unwrap().len(), length + 2);
        }
        assert!(ROOM.take().capacity() <= MOST_ROOM);
    }
}
