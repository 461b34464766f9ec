//! [`Headers`]: what travels beside a payload. NestJS 12 calls it `metadata`
//! on transports whose packets carry it, brokers call it headers.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Names that start with this are the transports' own, see [`crate::extras`].
const RESERVED: &str = "nestrs-";

/// Names and values beside a message, in the order they were added. Clones
/// share them, none of them costs nothing, and those of a message that came in
/// are not looked at until somebody asks.
///
/// ```
/// use nestrs_core::Headers;
///
/// let mut headers = Headers::new();
/// headers.insert("tenant", "acme");
/// assert_eq!(headers.get("tenant"), Some("acme"));
/// assert_eq!(headers.get("Tenant"), None);
/// ```
#[derive(Clone, Default)]
pub struct Headers(Option<Arc<Entries>>);

#[derive(Clone, Default)]
struct Entries {
    /// As it came, until it is read.
    json: Bytes,
    list: OnceLock<Vec<(String, String)>>,
}

impl Headers {
    /// No headers.
    pub const fn new() -> Self {
        Self(None)
    }

    /// The headers in a JSON object, such as a packet's `metadata`. A value
    /// that is no string stands for its JSON text; what is no object has no
    /// headers.
    ///
    /// ```
    /// use nestrs_core::Headers;
    ///
    /// let headers = Headers::from_json(r#"{"tenant":"acme","try":2}"#);
    /// assert_eq!(headers.get("tenant"), Some("acme"));
    /// assert_eq!(headers.get("try"), Some("2"));
    /// ```
    pub fn from_json(json: impl Into<Bytes>) -> Self {
        let json = json.into();
        let list = OnceLock::new();
        Self(Some(Arc::new(Entries { json, list })))
    }

    /// The value of that name, to the letter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    /// Adds a header, or replaces the one of that name. Names that start with
    /// `nestrs-` are the transports' own and are left out.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        if name.starts_with(RESERVED) {
            return;
        }
        let entries = Arc::make_mut(self.0.get_or_insert_default());
        let mut list = entries.list.take().unwrap_or_else(|| read(&entries.json));
        match list.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => list.push((name, value)),
        }
        entries.list = OnceLock::from(list);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list().is_empty()
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list()
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    fn list(&self) -> &[(String, String)] {
        match &self.0 {
            Some(entries) => entries.list.get_or_init(|| read(&entries.json)),
            None => &[],
        }
    }
}

fn read(json: &[u8]) -> Vec<(String, String)> {
    let object: Map<String, Value> = serde_json::from_slice(json).unwrap_or_default();
    let text = |value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    object
        .into_iter()
        .filter(|(name, _)| !name.starts_with(RESERVED))
        .map(|(name, value)| (name, text(value)))
        .collect()
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.list().len()))?;
        for (name, value) in self.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<N: Into<String>, V: Into<String>> Extend<(N, V)> for Headers {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, headers: I) {
        for (name, value) in headers {
            self.insert(name, value);
        }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let mut all = Self::new();
        all.extend(headers);
        all
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.list() == other.list()
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_goes_its_own_way() {
        let came = Headers::from_json(r#"{"a":"1","nestrs-timeout-ms":"5"}"#);
        let mut changed = came.clone();
        changed.insert("a", "2");
        changed.extend([("b", "3"), ("nestrs-timeout-ms", "5")]);
        assert_eq!(came, Headers::from_iter([("a", "1")]));
        assert_eq!(changed, Headers::from_iter([("a", "2"), ("b", "3")]));
        assert_eq!(
            serde_json::to_string(&changed).unwrap(),
            r#"{"a":"2","b":"3"}"#
        );
    }

    #[test]
    fn what_is_no_object_has_no_headers() {
        for json in ["null", "5", "[1]", "{", ""] {
            assert!(Headers::from_json(json).is_empty(), "{json}");
        }
    }
}
