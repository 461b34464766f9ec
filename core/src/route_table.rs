//! From a packet's pattern to what answers it.
//!
//! The next file on a message's path is [`crate::intake`].

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::pattern::Pattern;
use crate::wildcard::Wildcards;

/// What is registered under each route, found in one hash of the pattern as
/// it came.
///
/// ```
/// use nestrs_core::Pattern;
/// use nestrs_core::route_table::RouteTable;
/// use serde_json::json;
///
/// let mut table = RouteTable::default();
/// *table.entry(Pattern::from(json!({ "b": 1, "a": 2 }))) = "handler";
///
/// // The object in any order of keys, or its text as a string: one pattern.
/// assert_eq!(table.find(br#"{"b":1,"a":2}"#).unwrap().1, &"handler");
/// assert_eq!(table.find(br#""{\"a\":2,\"b\":1}""#).unwrap().1, &"handler");
/// assert!(table.find(b"\"other\"").is_none());
/// ```
#[derive(Debug, Clone)]
pub struct RouteTable<T> {
    entries: Vec<(String, T)>,
    /// Their places, by route.
    exact: FxHashMap<String, usize>,
    /// Their places, by the JSON that most packets have of the route: nothing
    /// has to be read to find those.
    as_sent: FxHashMap<Vec<u8>, usize>,
    wildcards: Option<Wildcards>,
    /// The places of those that have wildcards, in the order they came.
    open: Vec<usize>,
}

impl<T> Default for RouteTable<T> {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            exact: FxHashMap::default(),
            as_sent: FxHashMap::default(),
            wildcards: None,
            open: Vec::new(),
        }
    }
}

impl<T> RouteTable<T> {
    /// A table in which routes may have the wildcards of a transport: a
    /// pattern that is not there itself is looked for among those, in the
    /// order they were registered.
    ///
    /// ```
    /// use nestrs_core::Wildcards;
    /// use nestrs_core::route_table::RouteTable;
    ///
    /// let mut table = RouteTable::new(Some(Wildcards::MQTT));
    /// *table.entry("sensors/+".into()) = "any";
    /// *table.entry("sensors/1".into()) = "the first";
    /// assert_eq!(table.find(br#""sensors/1""#).unwrap().1, &"the first");
    /// assert_eq!(table.find(br#""sensors/2""#).unwrap(), ("sensors/+", &"any"));
    /// ```
    pub fn new(wildcards: Option<Wildcards>) -> Self {
        Self {
            wildcards,
            ..Self::default()
        }
    }

    /// What stands under `pattern`, made by `Default` if nothing does yet.
    pub fn entry(&mut self, pattern: Pattern) -> &mut T
    where
        T: Default,
    {
        let route = pattern.into_string();
        let place = match self.exact.get(&route) {
            Some(place) => *place,
            None => self.add(route),
        };
        &mut self.entries[place].1
    }

    fn add(&mut self, route: String) -> usize
    where
        T: Default,
    {
        let place = self.entries.len();
        if self.wildcards.is_some_and(|w| w.are_in(&route)) {
            self.open.push(place);
        }
        let string = Value::from(route.as_str()).to_string();
        self.as_sent.insert(string.into_bytes(), place);
        // What looks like a string is none: it stands for another route.
        if !route.starts_with('"') {
            self.as_sent.insert(route.clone().into_bytes(), place);
        }
        self.exact.insert(route.clone(), place);
        self.entries.push((route, T::default()));
        place
    }

    /// The route itself and the entry that stands under it.
    pub fn get(&self, route: &str) -> Option<(&str, &T)> {
        self.at(*self.exact.get(route)?)
    }

    /// The route and the entry for a pattern given as JSON text.
    pub fn find(&self, pattern: &[u8]) -> Option<(&str, &T)> {
        let place = match self.as_sent.get(pattern) {
            Some(place) => *place,
            None => self.read_and_find(pattern)?,
        };
        self.at(place)
    }

    fn at(&self, place: usize) -> Option<(&str, &T)> {
        let (route, entry) = self.entries.get(place)?;
        Some((route, entry))
    }

    /// For patterns that are written in another way, or that wildcards match.
    fn read_and_find(&self, pattern: &[u8]) -> Option<usize> {
        let text = pattern_text(pattern)?;
        if let Some(place) = self.exact.get(&*text) {
            return Some(*place);
        }
        let pattern = Pattern::parse(&text);
        let exact = self.exact.get(&*pattern).copied();
        exact.or_else(|| self.open_to(&pattern))
    }

    /// What was sent, if `route` was found for it by wildcards.
    pub fn subject(&self, route: &str, pattern: &[u8]) -> Option<Arc<str>> {
        if !self.wildcards?.are_in(route) {
            return None;
        }
        let pattern = Pattern::parse(&pattern_text(pattern)?);
        Some(Arc::from(&*pattern))
    }

    fn open_to(&self, subject: &str) -> Option<usize> {
        let wildcards = self.wildcards?;
        let matches = |place: &&usize| wildcards.matches(&self.entries[**place].0, subject);
        self.open.iter().find(matches).copied()
    }

    /// Every route and what stands under it, in the order they were registered.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        let entries = self.entries.iter();
        entries.map(|(route, entry)| (route.as_str(), entry))
    }
}

/// A pattern as text: a JSON string's content, anything else as it is written.
/// `None` when it is no UTF-8 or no JSON.
///
/// ```
/// use nestrs_core::route_table::pattern_text;
///
/// assert_eq!(pattern_text(br#""math.add""#).unwrap(), "math.add");
/// assert_eq!(pattern_text(br#"{"cmd":"sum"}"#).unwrap(), r#"{"cmd":"sum"}"#);
/// ```
pub fn pattern_text(pattern: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(pattern).ok()?;
    match text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(content) if !content.contains('\\') => Some(Cow::Borrowed(content)),
        Some(_) => serde_json::from_str(text).ok().map(Cow::Owned),
        None => Some(Cow::Borrowed(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_come_after_what_is_exact_and_in_the_order_they_came() {
        let mut table: RouteTable<u8> = RouteTable::new(Some(Wildcards::NATS));
        *table.entry(Pattern::from("a.>")) = 1;
        *table.entry(Pattern::from("a.*")) = 2;
        *table.entry(Pattern::from("a.b")) = 3;
        *table.entry(Pattern::from("a.*")) += 20;
        let find = |pattern: &str| table.find(pattern.as_bytes()).map(|(_, n)| *n);
        assert_eq!(find(r#""a.b""#), Some(3));
        assert_eq!(find(r#""a.c""#), Some(1));
        assert_eq!(find(r#""a.*""#), Some(22));
        assert_eq!(find(r#""b.c""#), None);
        assert_eq!(RouteTable::<u8>::default().find(b"\"a.c\""), None);
    }

    #[test]
    fn a_pattern_is_found_however_it_is_written() {
        let mut table: RouteTable<u8> = RouteTable::default();
        *table.entry(Pattern::from("math.add")) = 1;
        *table.entry(Pattern::parse(r#"{"cmd":"sum"}"#)) = 2;
        *table.entry(Pattern::parse("1")) = 3;
        for (pattern, found) in [
            (r#""math.add""#, Some(1)),
            (r#""math\u002eadd""#, Some(1)),
            (r#"{"cmd":"sum"}"#, Some(2)),
            (r#"{ "cmd" : "sum" }"#, Some(2)),
            (r#""{\"cmd\":\"sum\"}""#, Some(2)),
            (r#"{"cmd":"other"}"#, None),
            ("1", Some(3)),
            (r#""1.0""#, Some(3)),
            ("null", None),
        ] {
            assert_eq!(
                table.find(pattern.as_bytes()).map(|(_, n)| *n),
                found,
                "{pattern}"
            );
        }
    }
}
