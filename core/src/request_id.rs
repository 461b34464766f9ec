//! [`RequestIds`]: what requests are called by where several clients read the
//! same replies.
//!
//! Back to the path of a reply: [`crate::in_flight`].

use std::hash::{BuildHasher, RandomState};

/// The ids of one client's requests: its own name, 16 characters drawn by
/// chance, and then the number that [`InFlight`](crate::in_flight::InFlight)
/// gave the request. No other client, in this process or another, has the same
/// name.
///
/// Transports on which only the client itself reads its replies need none of
/// this: there the number alone will do.
///
/// ```
/// use nestrs_core::request_id::RequestIds;
///
/// let (ids, others) = (RequestIds::new(), RequestIds::new());
/// let id = ids.id(7);
/// assert_eq!(ids.number(&id), Some(7));
/// assert_eq!(others.number(&id), None);
/// ```
#[derive(Debug, Clone)]
pub struct RequestIds {
    name: String,
}

impl Default for RequestIds {
    fn default() -> Self {
        Self::new()
    }
}

impl RequestIds {
    /// The ids of a client that has none yet.
    pub fn new() -> Self {
        // The keys of a fresh hasher are the chance that the standard library has.
        let random = RandomState::new().hash_one(std::process::id());
        let name = format!("{random:016x}");
        Self { name }
    }

    /// The id of the request of that number: letters and digits, so that it may
    /// stand in a JSON string or a header as it is.
    pub fn id(&self, number: u64) -> String {
        self.with("", number, "")
    }

    /// The number of the request that is called `id`, if it is one of these.
    pub fn number(&self, id: &str) -> Option<u64> {
        let digits = id.strip_prefix(&self.name)?;
        // What `parse` would take beside them is no number that was given out.
        digits
            .starts_with(|first: char| first.is_ascii_digit())
            .then_some(())?;
        digits.parse().ok()
    }

    /// [`id`](Self::id) as the JSON string that packets carry.
    ///
    /// ```
    /// use nestrs_core::request_id::RequestIds;
    ///
    /// let ids = RequestIds::new();
    /// assert_eq!(ids.json(7), format!("\"{}\"", ids.id(7)));
    /// assert_eq!(ids.number_of_json(ids.json(7).as_bytes()), Some(7));
    /// ```
    pub fn json(&self, number: u64) -> String {
        self.with("\"", number, "\"")
    }

    fn with(&self, before: &str, number: u64, after: &str) -> String {
        // The name, and room for the digits and the quotes.
        let mut id = Vec::with_capacity(self.name.len() + 14);
        id.extend_from_slice(before.as_bytes());
        id.extend_from_slice(self.name.as_bytes());
        // Writing to memory cannot fail, and what is written is text.
        let _ = serde_json::to_writer(&mut id, &number);
        id.extend_from_slice(after.as_bytes());
        String::from_utf8(id).unwrap_or_default()
    }

    /// [`number`](Self::number) of an id that is JSON, as a reply has it.
    pub fn number_of_json(&self, id: &[u8]) -> Option<u64> {
        let id = id.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        self.number(std::str::from_utf8(id).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_clients_have_the_same_name() {
        let names: HashSet<_> = (0..10_000).map(|_| RequestIds::new().name).collect();
        assert_eq!(names.len(), 10_000);
    }

    #[test]
    fn other_ids_have_no_number() {
        let ids = RequestIds {
            name: "00000000deadbeef".to_owned(),
        };
        assert_eq!(ids.id(12), "00000000deadbeef12");
        for (id, number) in [
            ("00000000deadbeef12", Some(12)),
            ("00000000deadbeef18446744073709551615", Some(u64::MAX)),
            ("00000000deadbeef18446744073709551616", None),
            ("00000000deadbeef+1", None),
            ("00000000deadbeef", None),
            ("00000000deadbee512", None),
            ("12", None),
            ("", None),
        ] {
            assert_eq!(ids.number(id), number, "{id}");
        }
        for id in ["7", "\"\"", "\"", "null", "\"00000000deadbeef12"] {
            assert_eq!(ids.number_of_json(id.as_bytes()), None, "{id}");
        }
    }
}
