//! AMQP's tables: the headers of messages and the arguments of queues.

use lapin::types::{AMQPValue, FieldArray, FieldTable, ShortString};
use nestrs_core::Headers;
use nestrs_core::extras::Extras;
use serde_json::{Map, Value};

/// A name or a key as AMQP has them. They are 255 bytes at most.
pub(crate) fn short(text: impl Into<String>) -> Result<ShortString, String> {
    let text = text.into();
    ShortString::try_new(text.clone()).map_err(|_| {
        let length = text.len();
        let start: String = text.chars().take(40).collect();
        format!("`{start}…` is {length} bytes long; RabbitMQ takes 255 at most: shorten it")
    })
}

/// What a message that goes out says beside its payload.
pub(crate) fn of_headers(headers: &Headers, extras: &Extras) -> Result<FieldTable, String> {
    let mut table = FieldTable::default();
    for (name, value) in headers.iter() {
        table.insert(short(name)?, AMQPValue::LongString(value.into()));
    }
    for (name, value) in extras.headers() {
        table.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    Ok(table)
}

/// What a message that came in says beside its payload, as far as that is text.
/// The rest of it, as `x-death`, is in its properties.
pub(crate) fn to_headers(table: &FieldTable) -> impl Iterator<Item = (&str, String)> {
    let said = table.inner().iter();
    said.filter_map(|(name, value)| Some((name.as_str(), text(value)?)))
}

/// What nestrs peers told each other in a table.
pub(crate) fn extras(table: &FieldTable) -> Extras {
    Extras::of_headers(|name| match table.inner().get(name)? {
        AMQPValue::LongString(value) => std::str::from_utf8(value.as_bytes()).ok(),
        _ => None,
    })
}

/// Arguments as users write them.
pub(crate) fn of_json(object: &Map<String, Value>) -> Result<FieldTable, String> {
    let mut table = FieldTable::default();
    for (name, value) in object {
        table.insert(short(name.as_str())?, of_value(value)?);
    }
    Ok(table)
}

fn of_value(value: &Value) -> Result<AMQPValue, String> {
    Ok(match value {
        Value::Null => AMQPValue::Void,
        Value::Bool(flag) => AMQPValue::Boolean(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => AMQPValue::LongLongInt(number),
            None => AMQPValue::Double(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => AMQPValue::LongString(text.as_str().into()),
        Value::Array(values) => {
            let mut array = FieldArray::default();
            for value in values {
                array.push(of_value(value)?);
            }
            AMQPValue::FieldArray(array)
        }
        Value::Object(object) => AMQPValue::FieldTable(of_json(object)?),
    })
}

fn text(value: &AMQPValue) -> Option<String> {
    Some(match value {
        AMQPValue::LongString(text) => String::from_utf8_lossy(text.as_bytes()).into_owned(),
        AMQPValue::ShortString(text) => text.to_string(),
        AMQPValue::Boolean(flag) => flag.to_string(),
        AMQPValue::ShortShortInt(n) => n.to_string(),
        AMQPValue::ShortShortUInt(n) => n.to_string(),
        AMQPValue::ShortInt(n) => n.to_string(),
        AMQPValue::ShortUInt(n) => n.to_string(),
        AMQPValue::LongInt(n) => n.to_string(),
        AMQPValue::LongUInt(n) => n.to_string(),
        AMQPValue::LongLongInt(n) => n.to_string(),
        AMQPValue::Timestamp(seconds) => seconds.to_string(),
        AMQPValue::Float(n) => n.to_string(),
        AMQPValue::Double(n) => n.to_string(),
        AMQPValue::Void => "null".to_owned(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::time::Duration;

    #[test]
    fn headers_survive_the_way_and_extras_beside_them() {
        let headers = Headers::from_iter([("tenant", "acmé")]);
        let timeout = Some(Duration::from_secs(5));
        let said = Extras {
            timeout,
            ..Extras::default()
        };
        let mut table = of_headers(&headers, &said).unwrap();
        table.insert("try".into(), AMQPValue::LongInt(2));
        table.insert(
            "x-death".into(),
            AMQPValue::FieldArray(FieldArray::default()),
        );
        let heard: Headers = to_headers(&table).collect();
        assert_eq!(
            heard,
            Headers::from_iter([("tenant", "acmé"), ("try", "2")])
        );
        assert_eq!(extras(&table), said);
    }

    #[test]
    fn arguments_have_the_types_of_their_json() {
        let json = json!({ "a": 1, "b": "t", "c": [true, null], "d": { "e": 0.5 } });
        let table = of_json(json.as_object().unwrap()).unwrap();
        let array = FieldArray::from(vec![AMQPValue::Boolean(true), AMQPValue::Void]);
        let mut object = FieldTable::default();
        object.insert("e".into(), AMQPValue::Double(0.5));
        for (name, value) in [
            ("a", AMQPValue::LongLongInt(1)),
            ("b", AMQPValue::LongString("t".into())),
            ("c", AMQPValue::FieldArray(array)),
            ("d", AMQPValue::FieldTable(object)),
        ] {
            assert_eq!(table.inner().get(name), Some(&value));
        }
    }

    #[test]
    fn what_is_too_long_is_named() {
        let error = short("ä".repeat(200)).unwrap_err();
        assert!(error.contains("400 bytes"), "{error}");
    }
}
