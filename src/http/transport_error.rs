//! Errors of messages as problems of HTTP, and back.

use axum::http::StatusCode;
use nestrs_core::{ErrorKind, TransportError};
use serde_json::{Value, json};

use super::HttpException;

/// | error | status | the caller is told |
/// |---|---|---|
/// | `details.status` is a status of an error | that | message and details |
/// | `details.code` names a status, as `NOT_FOUND` | that | message and details |
/// | any other of an application | 502 | message and details |
/// | a payload that its handler does not take, or too large | 400, 413 | message |
/// | no answer in time | 504 | |
/// | no connection, no room | 503 | |
/// | no handler, a connection that broke | 502 | |
/// | the application's own fault | 500 | |
pub(super) fn into_exception(error: &TransportError) -> HttpException {
    let (status, is_told) = match error.kind() {
        ErrorKind::Application => (status_of(error), true),
        ErrorKind::InvalidPayload => (StatusCode::BAD_REQUEST, true),
        ErrorKind::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, true),
        ErrorKind::Timeout => (StatusCode::GATEWAY_TIMEOUT, false),
        ErrorKind::Connect | ErrorKind::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, false),
        ErrorKind::ConnectionClosed | ErrorKind::NoHandler => (StatusCode::BAD_GATEWAY, false),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, false),
    };
    if !is_told {
        return HttpException::of(status, None).caused_by(error.clone());
    }
    let exception = HttpException::new(status, error.message.clone());
    match &error.details {
        Some(Value::Object(details)) => details
            .iter()
            .filter(|(name, _)| {
                !["status", "message", "title", "type", "detail"].contains(&&***name)
            })
            .fold(exception, |exception, (name, value)| {
                exception.with(name, value.clone())
            }),
        Some(details) => exception.with("details", details.clone()),
        None => exception,
    }
}

fn status_of(error: &TransportError) -> StatusCode {
    let details = error.details.as_ref();
    let number = details.and_then(|details| details["status"].as_u64());
    let number = number.and_then(|number| u16::try_from(number).ok());
    let stated = number.and_then(|number| StatusCode::from_u16(number).ok());
    let code = details.and_then(|details| details["code"].as_str());
    stated
        .filter(|status| status.is_client_error() || status.is_server_error())
        .or_else(|| named(code?))
        .unwrap_or(StatusCode::BAD_GATEWAY)
}

/// `NOT_FOUND` is `404 Not Found`.
fn named(code: &str) -> Option<StatusCode> {
    let is_named = |status: &StatusCode| {
        let reason = status.canonical_reason().unwrap_or_default();
        let letters = reason.bytes().map(|letter| match letter {
            b' ' | b'-' => b'_',
            letter => letter.to_ascii_uppercase(),
        });
        letters.eq(code.bytes())
    };
    (400..600)
        .filter_map(|number| StatusCode::from_u16(number).ok())
        .find(is_named)
}

pub(super) fn of_exception(exception: &HttpException) -> TransportError {
    let status = exception.status();
    let reason = status.canonical_reason().unwrap_or("error");
    let message = exception.detail().unwrap_or(reason);
    if let (Some(source), true) = (exception.source(), status.is_server_error()) {
        return TransportError::of_kind(ErrorKind::Internal, format!("{message}: {source}"));
    }
    TransportError::new(message).with_details(json!({ "status": status.as_u16() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_error_has_its_status_and_tells_what_it_may() {
        let told = |error: TransportError| {
            let exception = HttpException::from(error);
            let detail = exception.detail().map(str::to_owned);
            (exception.status().as_u16(), detail)
        };
        let app = |details| TransportError::new("no").with_details(details);
        let no = || Some("no".to_owned());
        for (error, expected) in [
            (TransportError::new("no"), (502, no())),
            (app(json!({ "code": "NOT_FOUND" })), (404, no())),
            (app(json!({ "code": "IM_A_TEAPOT" })), (502, no())),
            (app(json!({ "code": 7 })), (502, no())),
            (app(json!({ "status": 409 })), (409, no())),
            (app(json!({ "status": 200 })), (502, no())),
            (app(json!("text")), (502, no())),
        ] {
            assert_eq!(told(error), expected);
        }
        for (kind, status) in [
            (ErrorKind::InvalidPayload, 400),
            (ErrorKind::PayloadTooLarge, 413),
        ] {
            assert_eq!(told(TransportError::of_kind(kind, "no")), (status, no()));
        }
        for (kind, status) in [
            (ErrorKind::Timeout, 504),
            (ErrorKind::Connect, 503),
            (ErrorKind::Unavailable, 503),
            (ErrorKind::ConnectionClosed, 502),
            (ErrorKind::NoHandler, 502),
            (ErrorKind::Internal, 500),
        ] {
            assert_eq!(told(TransportError::of_kind(kind, "no")), (status, None));
        }
    }

    #[test]
    fn a_status_survives_a_message() {
        let exception = HttpException::conflict("taken").with("name", "ada");
        let error = TransportError::from(exception);
        assert_eq!(error.message, "taken");
        assert_eq!(HttpException::from(error).status(), 409);
        let secret = TransportError::from(HttpException::internal("password"));
        assert_eq!(secret.kind(), ErrorKind::Internal);
    }
}
