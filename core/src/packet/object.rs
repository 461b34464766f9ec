//! Reading a JSON object's members as slices of the text they stand in.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The members of `names` that the JSON object in `text` has, as slices of it.
/// Any other JSON has none, as in JavaScript, and the last of two members of
/// one name counts.
pub(crate) fn members<const N: usize>(
    text: &Bytes,
    names: &'static [&'static str; N],
) -> serde_json::Result<[Option<Bytes>; N]> {
    // That it is text is seen at once, and not for each of its strings.
    let found = match std::str::from_utf8(text) {
        Ok(text) => found(serde_json::Deserializer::from_str(text), names),
        Err(_) => found(serde_json::Deserializer::from_slice(text), names),
    };
    Ok(found?.map(|member| member.map(|raw| text.slice_ref(raw.get().as_bytes()))))
}

fn found<'de, R: serde_json::de::Read<'de>, const N: usize>(
    mut json: serde_json::Deserializer<R>,
    names: &'static [&'static str; N],
) -> serde_json::Result<Found<'de, N>> {
    let found = json.deserialize_any(Members(names))?;
    json.end()?;
    Ok(found)
}

struct Members<const N: usize>(&'static [&'static str; N]);

type Found<'de, const N: usize> = [Option<&'de RawValue>; N];

impl<'de, const N: usize> Visitor<'de> for Members<N> {
    type Value = Found<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a packet")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some(place) = map.next_key_seed(Name(self.0))? {
            match place {
                Some(place) => found[place] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok([None; N])
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok([None; N])
    }
    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok([None; N])
    }
    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok([None; N])
    }
    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok([None; N])
    }
    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok([None; N])
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok([None; N])
    }
}

/// A member's name as its place among the names asked for.
struct Name<const N: usize>(&'static [&'static str; N]);

impl<'de, const N: usize> serde::de::DeserializeSeed<'de> for Name<N> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        struct Place<const N: usize>(&'static [&'static str; N]);
        impl<const N: usize> Visitor<'_> for Place<N> {
            type Value = Option<usize>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a member's name")
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(self.0.iter().position(|known| *known == name))
            }
        }
        deserializer.deserialize_identifier(Place(self.0))
    }
}

/// Whether JavaScript takes this JSON for true.
pub(crate) fn is_truthy(json: &[u8]) -> bool {
    match json {
        b"null" | b"false" | b"\"\"" => false,
        [b'0'..=b'9' | b'-', ..] => {
            f64::deserialize(&mut serde_json::Deserializer::from_slice(json))
                .is_ok_and(|number| number != 0.0)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_is_that_of_javascript() {
        for json in ["null", "false", "\"\"", "0", "-0", "0.0", "0e5"] {
            assert!(!is_truthy(json.as_bytes()), "{json}");
        }
        for json in ["true", "\"bad\"", "1", "-0.5", "{}", "[]", "\"0\""] {
            assert!(is_truthy(json.as_bytes()), "{json}");
        }
    }
}
