//! From a [`TransportError`] to a [`Status`] and back.
//!
//! | error | status |
//! |---|---|
//! | `details.code` is a number from 1 to 16, as of NestJS's `RpcException({ code, message })` | that code; its message, or `details.details` where that is a text |
//! | a [kind](ErrorKind) a transport found | the code of the table below |
//! | any other | `UNKNOWN`, as of NestJS's `RpcException("…")` |
//!
//! | kind | code |
//! |---|---|
//! | [`Timeout`](ErrorKind::Timeout) | `DEADLINE_EXCEEDED` |
//! | [`NoHandler`](ErrorKind::NoHandler) | `UNIMPLEMENTED` |
//! | [`Unavailable`](ErrorKind::Unavailable), [`Connect`](ErrorKind::Connect), [`ConnectionClosed`](ErrorKind::ConnectionClosed) | `UNAVAILABLE` |
//! | [`InvalidPayload`](ErrorKind::InvalidPayload) | `INVALID_ARGUMENT` |
//! | [`PayloadTooLarge`](ErrorKind::PayloadTooLarge) | `RESOURCE_EXHAUSTED` |
//! | [`Internal`](ErrorKind::Internal) | `INTERNAL` |
//!
//! The other way, codes of that table become the first kind they stand for
//! (but for `INVALID_ARGUMENT` and `INTERNAL`, which handlers use for reasons of
//! their own), `UNKNOWN` an error without details, and any other code one whose
//! details are `{ "code": n, "message": … }`. An error of which that would not
//! leave everything travels along whole: as a `nestrs.v1.Error` in the details
//! that `grpc-status-details-bin` has by convention, a `google.rpc.Status`.
//! nestrs peers read it, others have the code and the message.

use std::error::Error;

use bytes::Bytes;
use nestrs_core::{ErrorKind, TransportError};
use prost::Message;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::channel::ChannelError;
use crate::proto;

/// What trailers may take: implementations refuse more than 8 KiB of them, some
/// of them without a word.
const ROOM: usize = 7 * 1024;
/// What the message may take of that.
const MESSAGE_ROOM: usize = 4 * 1024;
const ERROR_TYPE: &str = "type.googleapis.com/nestrs.v1.Error";

/// The status that says what this error says.
///
/// ```
/// use nestrs_core::TransportError;
/// use nestrs_transport_grpc::status;
/// use serde_json::json;
/// use tonic::Code;
///
/// let error = TransportError::new("no such order").with_details(json!({ "code": 5, "message": "no such order" }));
/// let status = status::from_error(&error);
/// assert_eq!((status.code(), status.message()), (Code::NotFound, "no such order"));
/// assert_eq!(status::to_error(&status), error);
/// ```
pub fn from_error(error: &TransportError) -> Status {
    let (code, message) = (code_of(error), message_of(error));
    let told = within(message, MESSAGE_ROOM);
    if plain(code, told) == *error {
        return Status::new(code, told);
    }
    let details = rich(code, told, error);
    // Base64 has four characters for three bytes.
    if encoded_len(told) + details.len().div_ceil(3) * 4 > ROOM {
        tracing::debug!("an error is too large for trailers, its details are left out");
        return Status::new(code, told);
    }
    Status::with_details(code, told, details)
}

/// The error that this status stands for.
///
/// ```
/// use nestrs_core::ErrorKind;
/// use nestrs_transport_grpc::status;
/// use tonic::Status;
///
/// let error = status::to_error(&Status::not_found("no such order"));
/// assert_eq!(error.details.unwrap()["code"], 5);
/// let error = status::to_error(&Status::deadline_exceeded("too late"));
/// assert_eq!(error.kind(), ErrorKind::Timeout);
/// ```
pub fn to_error(status: &Status) -> TransportError {
    let channel = status
        .source()
        .and_then(|why| why.downcast_ref::<ChannelError>());
    let whole = channel.map(ChannelError::to_error);
    let whole = whole.or_else(|| read_rich(status.details()));
    whole.unwrap_or_else(|| plain(status.code(), status.message()))
}

/// The error of a status of which there is no more than this.
fn plain(code: Code, message: &str) -> TransportError {
    let kind = match code {
        Code::Unknown => return TransportError::new(message),
        Code::DeadlineExceeded => ErrorKind::Timeout,
        Code::Unimplemented => ErrorKind::NoHandler,
        Code::Unavailable => ErrorKind::Unavailable,
        Code::ResourceExhausted => ErrorKind::PayloadTooLarge,
        // What tonic calls it.
        Code::OutOfRange if message.contains("message length too large") => {
            ErrorKind::PayloadTooLarge
        }
        other => {
            let details = json!({ "code": other as i32, "message": message });
            return TransportError::new(message).with_details(details);
        }
    };
    TransportError::of_kind(kind, message)
}

fn code_of(error: &TransportError) -> Code {
    let code = error
        .details
        .as_ref()
        .and_then(|details| details.get("code"));
    if let Some(code) = code.and_then(Value::as_i64)
        && let Ok(code) = i32::try_from(code)
        && (1..=16).contains(&code)
    {
        return Code::from_i32(code);
    }
    match error.kind() {
        ErrorKind::Timeout => Code::DeadlineExceeded,
        ErrorKind::NoHandler => Code::Unimplemented,
        ErrorKind::Unavailable | ErrorKind::Connect | ErrorKind::ConnectionClosed => {
            Code::Unavailable
        }
        ErrorKind::InvalidPayload => Code::InvalidArgument,
        ErrorKind::PayloadTooLarge => Code::ResourceExhausted,
        ErrorKind::Internal => Code::Internal,
        _ => Code::Unknown,
    }
}

/// What NestJS would say: the `details` of the object that was thrown, if they
/// are a text.
fn message_of(error: &TransportError) -> &str {
    let details = error.details.as_ref();
    let said = details.and_then(|details| details.get("details")?.as_str());
    said.unwrap_or(&error.message)
}

/// As much of the text as fits, once its bytes are written as in URLs.
fn within(text: &str, room: usize) -> &str {
    let mut end = 0;
    let mut taken = 0;
    for (at, character) in text.char_indices() {
        taken += encoded_len(&text[at..at + character.len_utf8()]);
        if taken > room {
            break;
        }
        end = at + character.len_utf8();
    }
    &text[..end]
}

/// At most: three characters stand for a byte that is no plain one.
fn encoded_len(text: &str) -> usize {
    let len = |byte: u8| {
        if byte.is_ascii_alphanumeric() || byte == b' ' {
            1
        } else {
            3
        }
    };
    text.bytes().map(len).sum()
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct RichStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

fn rich(code: Code, message: &str, error: &TransportError) -> Bytes {
    let json = error.to_wire().to_string().into();
    let error = Any {
        type_url: ERROR_TYPE.to_owned(),
        value: proto::Error { json }.encode_to_vec().into(),
    };
    let status = RichStatus {
        code: code as i32,
        message: message.to_owned(),
        details: vec![error],
    };
    status.encode_to_vec().into()
}

fn read_rich(details: &[u8]) -> Option<TransportError> {
    let status = RichStatus::decode(details).ok()?;
    let error = status
        .details
        .into_iter()
        .find(|one| one.type_url == ERROR_TYPE)?;
    let error = proto::Error::decode(error.value).ok()?;
    Some(TransportError::from_wire(
        serde_json::from_slice(&error.json).ok()?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(message: &str, details: Value) -> TransportError {
        TransportError::new(message).with_details(details)
    }

    /// As NestJS answers; see also the tests that ask it.
    #[test]
    fn codes_and_messages_are_those_of_nestjs() {
        for (error, code, message) in [
            (TransportError::new("statusmsg"), Code::Unknown, "statusmsg"),
            (
                error("m", json!({ "code": 5, "message": "m", "details": "det" })),
                Code::NotFound,
                "det",
            ),
            (
                error(
                    "dividing by 0",
                    json!({ "code": 3, "message": "dividing by 0" }),
                ),
                Code::InvalidArgument,
                "dividing by 0",
            ),
            (
                error("m", json!({ "code": 42, "message": "m" })),
                Code::Unknown,
                "m",
            ),
            (
                error("m", json!({ "code": 0, "message": "m" })),
                Code::Unknown,
                "m",
            ),
            (error("m", json!({ "status": 7 })), Code::Unknown, "m"),
        ] {
            let status = from_error(&error);
            assert_eq!((status.code(), status.message()), (code, message));
        }
    }

    #[test]
    fn every_error_survives_the_way() {
        for error in [
            TransportError::new("boom"),
            TransportError::new(""),
            TransportError::new("é ✓\n"),
            error("boom", json!({ "field": "a" })),
            error("boom", json!("boom")),
            error("no", json!({ "code": 7, "message": "no" })),
            error("no", json!({ "code": 4, "message": "no" })),
            error(
                "no",
                json!({ "code": 5, "message": "no", "details": "det" }),
            ),
            error(
                "no",
                json!({ "code": 42, "message": "no", "big": u64::MAX }),
            ),
            TransportError::of_kind(ErrorKind::Timeout, "late"),
            TransportError::of_kind(ErrorKind::Connect, "gone"),
            TransportError::of_kind(ErrorKind::ConnectionClosed, "gone"),
            TransportError::of_kind(ErrorKind::NoHandler, "none"),
            TransportError::of_kind(ErrorKind::InvalidPayload, "bad"),
            TransportError::of_kind(ErrorKind::PayloadTooLarge, "big"),
            TransportError::of_kind(ErrorKind::Internal, "x"),
        ] {
            assert_eq!(to_error(&from_error(&error)), error);
        }
    }

    #[test]
    fn every_status_survives_the_way() {
        for code in 1..=16 {
            let status = from_error(&to_error(&Status::new(Code::from_i32(code), "why")));
            assert_eq!((status.code() as i32, status.message()), (code, "why"));
            assert!(status.details().is_empty(), "{code}");
        }
    }

    #[test]
    fn an_error_takes_no_more_than_trailers_have_room_for() {
        let long = "é".repeat(100_000);
        for error in [
            TransportError::new(&*long),
            error("m", json!({ "long": long })),
        ] {
            let status = from_error(&error);
            let taken = encoded_len(status.message()) + status.details().len() * 4 / 3;
            assert!(taken <= ROOM && error.message.starts_with(status.message()));
        }
    }

    #[test]
    fn details_of_others_are_let_be() {
        let status = Status::with_details(Code::NotFound, "no", Bytes::from_static(b"\xff\xff"));
        assert_eq!(to_error(&status), plain(Code::NotFound, "no"));
    }
}
