//! NestJS's packets, for the four patterns there are.

use std::borrow::Cow;

use load::{Ask, Failure, Number, Seen};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// With an `id` a request, without one an event.
#[derive(Deserialize)]
struct Request<'a> {
    pattern: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
    id: Option<&'a str>,
}

#[derive(Serialize)]
struct Sent<'a, T> {
    pattern: &'a str,
    data: T,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Reply<'a> {
    pub(crate) id: &'a str,
    #[serde(borrow)]
    pub(crate) err: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) response: Option<&'a RawValue>,
    #[serde(default)]
    pub(crate) is_disposed: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a, T> {
    id: &'a str,
    response: T,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_disposed: bool,
}

/// A [`Note`](load::Note) that stays where it was read.
#[derive(Deserialize, Serialize)]
struct Note<'a> {
    id: u64,
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// Handles what came, and hands each reply to `send`.
pub(crate) fn answer(
    packet: &[u8],
    seen: &Seen,
    mut send: impl FnMut(&[u8]),
) -> Result<(), Failure> {
    let request: Request<'_> = serde_json::from_slice(packet)?;
    let data = request.data.get();
    let Some(id) = request.id else {
        let _: Note<'_> = serde_json::from_str(data)?;
        seen.one_more();
        return Ok(());
    };
    let mut buffer = Vec::with_capacity(packet.len() + 64);
    match request.pattern {
        "echo" => {
            let note: Note<'_> = serde_json::from_str(data)?;
            write(&mut buffer, id, note, true)?;
            send(&buffer);
        }
        "seen" => {
            let number = seen.count();
            write(&mut buffer, id, Number { number }, true)?;
            send(&buffer);
        }
        _ => {
            let Ask { numbers } = serde_json::from_str(data)?;
            for number in 0..numbers {
                buffer.clear();
                let is_last = number + 1 == numbers;
                write(&mut buffer, id, Number { number }, is_last)?;
                send(&buffer);
            }
        }
    }
    Ok(())
}

fn write(
    buffer: &mut Vec<u8>,
    id: &str,
    response: impl Serialize,
    is_disposed: bool,
) -> Result<(), Failure> {
    let answer = Answer {
        id,
        response,
        is_disposed,
    };
    Ok(serde_json::to_writer(buffer, &answer)?)
}

pub(crate) fn request(pattern: &str, data: impl Serialize, id: u64) -> Result<Vec<u8>, Failure> {
    packet(pattern, data, Some(&id.to_string()))
}

pub(crate) fn event(pattern: &str, data: impl Serialize) -> Result<Vec<u8>, Failure> {
    packet(pattern, data, None)
}

fn packet(pattern: &str, data: impl Serialize, id: Option<&str>) -> Result<Vec<u8>, Failure> {
    let mut buffer = Vec::with_capacity(256);
    serde_json::to_writer(&mut buffer, &Sent { pattern, data, id })?;
    Ok(buffer)
}
