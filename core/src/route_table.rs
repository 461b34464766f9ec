//! From a packet's pattern to what answers it.
//!
//! The next file on a message's path is [`crate::intake`].

use std::borrow::Cow;
use std::sync::Arc;

use rustc_hash::FxHashMap;

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
    exact: FxHashMap<String, T>,
    wildcards: Option<Wildcards>,
    /// The routes that have wildcards, in the order they came.
    open: Vec<String>,
}

impl<T> Default for RouteTable<T> {
    fn default() -> Self {
        Self {
            exact: FxHashMap::default(),
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
        if self.wildcards.is_some_and(|w| w.are_in(&route)) && !self.exact.contains_key(&route) {
            self.open.push(route.clone());
        }
        self.exact.entry(route).or_default()
    }

    /// The route itself and the entry that stands under it.
    pub fn get(&self, route: &str) -> Option<(&str, &T)> {
        let (route, entry) = self.exact.get_key_value(route)?;
        Some((route, entry))
    }

    /// The route and the entry for a pattern given as JSON text.
    pub fn find(&self, pattern: &[u8]) -> Option<(&str, &T)> {
        // Most patterns come as they were registered: a plain string, or an
        // object whose keys are in order already.
        let text = pattern_text(pattern)?;
        if let Some(found) = self.get(&text) {
            return Some(found);
        }
        let pattern = Pattern::parse(&text);
        let found = match self.exact.get_key_value(&*pattern) {
            Some(found) => found,
            None => self.exact.get_key_value(self.open_to(&pattern)?)?,
        };
        Some((found.0, found.1))
    }

    /// What was sent, if `route` was found for it by wildcards.
    pub fn subject(&self, route: &str, pattern: &[u8]) -> Option<Arc<str>> {
        if !self.wildcards?.are_in(route) {
            return None;
        }
        let pattern = Pattern::parse(&pattern_text(pattern)?);
        Some(Arc::from(&*pattern))
    }

    fn open_to(&self, subject: &str) -> Option<&String> {
        let wildcards = self.wildcards?;
        self.open
            .iter()
            .find(|route| wildcards.matches(route, subject))
    }

    /// Every route and what stands under it, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.exact
            .iter()
            .map(|(route, entry)| (route.as_str(), entry))
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
