//! Patterns: strings, numbers, objects and arrays name a handler; each stands
//! for exactly one *route*, the string NestJS derives from it
//! (`transformPatternToRoute`). Brokers use the route as channel, subject or
//! topic, so both sides must derive the same one, to the byte.
//!
//! The next file on a message's path is [`crate::route_table`].

mod collate;

use std::fmt;
use std::ops::Deref;

use serde_json::{Map, Value};

/// Deeper objects than this are not looked into; NestJS's limit.
const MAX_DEPTH: usize = 5;
/// Objects with more keys than this have no route of their own; NestJS's limit.
const MAX_KEYS: usize = 20;

/// A pattern as its route.
///
/// Dereferences to `str`, so it goes wherever a client takes a pattern:
///
/// ```
/// use nestrs_core::Pattern;
/// use serde_json::json;
///
/// let pattern = Pattern::from(json!({ "service": "math", "cmd": "sum" }));
/// assert_eq!(&*pattern, r#"{"cmd":"sum","service":"math"}"#);
/// assert_eq!(Pattern::from("math.sum").as_ref(), "math.sum");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern(String);

impl Pattern {
    /// The route of a pattern that is written as text: what `pattern` stands
    /// for if it is JSON, else `pattern` itself. NestJS looks handlers up this
    /// way, so the string `{"b":1,"a":2}` and the object are one pattern.
    ///
    /// ```
    /// use nestrs_core::Pattern;
    ///
    /// assert_eq!(Pattern::parse(r#"{ "b": 1, "a": 2 }"#).as_ref(), r#"{"a":2,"b":1}"#);
    /// assert_eq!(Pattern::parse("user.created").as_ref(), "user.created");
    /// ```
    pub fn parse(pattern: &str) -> Self {
        match serde_json::from_str::<Value>(pattern) {
            Ok(value) => Self::from(&value),
            Err(_) => Self(pattern.to_owned()),
        }
    }

    /// The route as a string.
    pub fn into_string(self) -> String {
        self.0
    }
}

impl From<&Value> for Pattern {
    fn from(pattern: &Value) -> Self {
        let mut route = String::new();
        match pattern {
            // At the top a string is the route as it is; inside it is quoted.
            Value::String(text) => route.push_str(text),
            other => write_value(&mut route, other, 0),
        }
        Self(route)
    }
}

impl From<Value> for Pattern {
    fn from(pattern: Value) -> Self {
        Self::from(&pattern)
    }
}

impl From<&str> for Pattern {
    fn from(route: &str) -> Self {
        Self(route.to_owned())
    }
}

impl AsRef<str> for Pattern {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Deref for Pattern {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn write_value(route: &mut String, value: &Value, depth: usize) {
    match value {
        Value::Object(object) => {
            let entries = object
                .iter()
                .map(|(key, value)| (key.as_str(), value))
                .collect();
            write_object(route, entries, depth);
        }
        Value::Array(items) => {
            // To NestJS an array is an object whose keys are its indices.
            let keyed: Map<String, Value> = items
                .iter()
                .enumerate()
                .map(|(i, v)| (i.to_string(), v.clone()))
                .collect();
            write_value(route, &Value::Object(keyed), depth);
        }
        Value::String(text) => write_quoted(route, text),
        Value::Number(number) => {
            // JavaScript has one kind of number and its own way to print it.
            let number = number.as_f64().unwrap_or(f64::NAN);
            route.push_str(ryu_js::Buffer::new().format(number));
        }
        Value::Bool(true) => route.push_str("true"),
        Value::Bool(false) => route.push_str("false"),
        Value::Null => route.push_str("null"),
    }
}

fn write_object(route: &mut String, mut entries: Vec<(&str, &Value)>, depth: usize) {
    if depth > MAX_DEPTH {
        return route.push_str("[MAX_DEPTH_REACHED]");
    }
    if entries.len() > MAX_KEYS {
        return route.push_str("[TOO_MANY_KEYS]");
    }
    entries.sort_by(|(a, _), (b, _)| collate::compare(a, b));
    route.push('{');
    for (i, (key, value)) in entries.into_iter().enumerate() {
        if i > 0 {
            route.push(',');
        }
        write_quoted(route, key);
        route.push(':');
        write_value(route, value, depth + 1);
    }
    route.push('}');
}

/// NestJS escapes these two characters and no others.
fn write_quoted(route: &mut String, text: &str) {
    route.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            route.push('\\');
        }
        route.push(c);
    }
    route.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pattern as JSON text, route. Read off a NestJS 12 peer; those of its
    /// vectors that JSON cannot say (`undefined`, symbols) are left out.
    const VECTORS: &[(&str, &str)] = &[
        (r#""a""#, "a"),
        ("1", "1"),
        ("1.0", "1"),
        ("1.5", "1.5"),
        ("1e21", "1e+21"),
        ("1e-7", "1e-7"),
        ("-0", "0"),
        ("{}", "{}"),
        (r#"{"b":1,"a":2}"#, r#"{"a":2,"b":1}"#),
        (
            r#"{"1":6,"2":8,"10":7,"B":1,"a":2,"A":3,"b":4,"_c":5,"é":9,"z":10,"-":11,"$":12}"#,
            r#"{"_c":5,"-":11,"$":12,"1":6,"10":7,"2":8,"a":2,"A":3,"b":4,"B":1,"é":9,"z":10}"#,
        ),
        (
            r#"{"a":{"b":{"c":{"d":{"e":{"f":{"g":1}}}}}}}"#,
            r#"{"a":{"b":{"c":{"d":{"e":{"f":[MAX_DEPTH_REACHED]}}}}}}"#,
        ),
        (
            r#"{"a":true,"b":null,"d":1}"#,
            r#"{"a":true,"b":null,"d":1}"#,
        ),
        (
            r#"{"a":[1,[2],{"x":"y"}]}"#,
            r#"{"a":{"0":1,"1":{"0":2},"2":{"x":"y"}}}"#,
        ),
        (r#"{"a":"q\"\\"}"#, r#"{"a":"q\"\\"}"#),
        (r#"{"k\"\\":1}"#, r#"{"k\"\\":1}"#),
        ("{\"a\":\"l\\n\"}", "{\"a\":\"l\n\"}"),
        (
            r#"{"k0":0,"k1":1,"k2":2,"k3":3,"k4":4,"k5":5,"k6":6,"k7":7,"k8":8,"k9":9,"k10":10,"k11":11,"k12":12,"k13":13,"k14":14,"k15":15,"k16":16,"k17":17,"k18":18,"k19":19,"k20":20}"#,
            "[TOO_MANY_KEYS]",
        ),
        ("[1,2]", r#"{"0":1,"1":2}"#),
        (r#"{"a":{"b":"x\"y"}}"#, r#"{"a":{"b":"x\"y"}}"#),
    ];

    #[test]
    fn routes_are_those_of_nestjs() {
        for (pattern, route) in VECTORS {
            let value: Value = serde_json::from_str(pattern).unwrap();
            assert_eq!(Pattern::from(&value).as_ref(), *route, "pattern {pattern}");
        }
    }

    #[test]
    fn text_that_is_no_json_is_its_own_route() {
        for text in ["math.add", "a{b", "users/+/created", ""] {
            assert_eq!(Pattern::parse(text).as_ref(), text);
        }
    }
}
