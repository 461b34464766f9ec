//! Bytes of many messages in one piece of memory. The driver clones what it is
//! given, and bytes that have memory of their own are shared with their first
//! clone: two allocations for every payload and every subject.

use std::cell::RefCell;

use async_nats::Subject;
use bytes::{Bytes, BytesMut};

/// How much is allocated at a time.
const PIECE: usize = 16 * 1024;
/// What is as large the driver does not copy: it would keep a piece for longer.
const LARGE: usize = 4 * 1024;

thread_local! {
    static PIECE_LEFT: RefCell<BytesMut> = RefCell::default();
}

/// These parts, one after the other. They keep all of their piece: for what is sent
/// and forgotten.
pub(crate) fn joined(parts: &[&[u8]]) -> Bytes {
    let length = parts.iter().map(|part| part.len()).sum();
    if length >= LARGE {
        return parts.concat().into();
    }
    PIECE_LEFT.with_borrow_mut(|piece| {
        if piece.capacity() < length {
            piece.reserve(PIECE);
        }
        for part in parts {
            piece.extend_from_slice(part);
        }
        piece.split().freeze()
    })
}

/// The subject of that name within those of `prefix`.
pub(crate) fn subject(prefix: &str, name: &str) -> Subject {
    let bytes = joined(&[prefix.as_bytes(), name.as_bytes()]);
    // Two texts are a text.
    Subject::from_utf8(bytes).unwrap_or(Subject::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_any_size_are_joined() {
        let kept: Vec<_> = [1, 100, LARGE - 1, LARGE, PIECE, 7]
            .map(|size| (size, joined(&[b"<", &vec![b'x'; size], b">"])))
            .into();
        for (size, bytes) in kept {
            assert_eq!(bytes, format!("<{}>", "x".repeat(size)));
        }
        assert_eq!(&*subject("_INBOX.a.", "b7"), "_INBOX.a.b7");
        assert_eq!(joined(&[]), "");
    }
}
