//! [`HttpException`]: an error as RFC 9457 says it, `application/problem+json`.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use nestrs_core::TransportError;
use serde_json::{Map, Value};

use super::transport_error;

/// What a route answers when something went wrong: a problem, as RFC 9457 has
/// it.
///
/// `?` makes one of any error: of a [`TransportError`] what its kind says, of
/// every other a `500` that tells the caller nothing, and the log everything.
///
/// ```
/// use nestrs::http::HttpException;
///
/// fn price(id: u32, text: &str) -> Result<u32, HttpException> {
///     if id == 0 {
///         return Err(HttpException::not_found("no order 0").with("id", 0));
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(price(0, "").unwrap_err().status(), 404);
/// assert_eq!(price(1, "x").unwrap_err().status(), 500);
/// ```
///
/// ```json
/// {"status":404,"title":"Not Found","detail":"no order 0","id":0}
/// ```
#[derive(Clone)]
pub struct HttpException(Box<Problem>);

#[derive(Clone)]
struct Problem {
    status: StatusCode,
    title: Option<String>,
    kind: Option<String>,
    detail: Option<String>,
    members: Map<String, Value>,
    headers: HeaderMap,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl HttpException {
    /// One with this status. What is no error is taken for `500`.
    pub fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self::of(status, Some(detail.into()))
    }

    pub(super) fn of(status: StatusCode, detail: Option<String>) -> Self {
        let is_error = status.is_client_error() || status.is_server_error();
        Self(Box::new(Problem {
            status: if is_error {
                status
            } else {
                StatusCode::INTERNAL_SERVER_ERROR
            },
            title: None,
            kind: None,
            detail,
            members: Map::new(),
            headers: HeaderMap::new(),
            source: None,
        }))
    }

    /// One that tells its caller nothing but the status: what happened is for
    /// filters and the log.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::of(StatusCode::INTERNAL_SERVER_ERROR, None).caused_by(source)
    }

    /// With what is behind it, which only filters and the log get to see.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// With another `title` than the status's own.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.0.title = Some(title.into());
        self
    }

    /// With a `type`: the URI of what explains this kind of problem.
    #[must_use]
    pub fn with_type(mut self, uri: impl Into<String>) -> Self {
        self.0.kind = Some(uri.into());
        self
    }

    /// With a member of your own.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.members.insert(name.into(), value.into());
        self
    }

    /// With a header on the response.
    ///
    /// ```
    /// use nestrs::axum::http::HeaderValue;
    /// use nestrs::axum::http::header::WWW_AUTHENTICATE;
    /// use nestrs::http::HttpException;
    ///
    /// let who = HttpException::unauthorized("who are you?")
    ///     .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    /// ```
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.append(name, value);
        self
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What it tells the caller.
    pub fn detail(&self) -> Option<&str> {
        self.0.detail.as_deref()
    }

    /// A member of its own.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.0.members.get(name)
    }

    /// What is behind it.
    pub fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source: &(dyn Error + 'static) = self.0.source.as_deref()?;
        Some(source)
    }

    /// What the caller gets to see, with the cause if that is no secret.
    pub(super) fn into_problem(self, exposed: bool) -> Response {
        let Problem {
            status,
            title,
            kind,
            detail,
            mut members,
            headers,
            source,
        } = *self.0;
        let detail = match source {
            Some(source) if exposed && detail.is_none() => Some(source.to_string()),
            _ => detail,
        };
        let title = title.or_else(|| status.canonical_reason().map(str::to_owned));
        let named = [("type", kind), ("title", title), ("detail", detail)];
        for (name, text) in named {
            members.extend(text.map(|text| (name.to_owned(), Value::String(text))));
        }
        members.insert("status".to_owned(), status.as_u16().into());
        let mut response = Response::new(Body::from(Value::Object(members).to_string()));
        *response.status_mut() = status;
        response.headers_mut().extend(headers);
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        response
    }
}

pub(super) const PROBLEM_JSON: &str = "application/problem+json";

macro_rules! named {
    ($($name:ident $status:ident $number:literal)*) => {
        impl HttpException {$(
            #[doc = concat!("`", $number, "`, and why.")]
            pub fn $name(detail: impl Into<String>) -> Self {
                Self::new(StatusCode::$status, detail)
            }
        )*}
    };
}

named! {
    bad_request BAD_REQUEST 400
    unauthorized UNAUTHORIZED 401
    forbidden FORBIDDEN 403
    not_found NOT_FOUND 404
    method_not_allowed METHOD_NOT_ALLOWED 405
    not_acceptable NOT_ACCEPTABLE 406
    request_timeout REQUEST_TIMEOUT 408
    conflict CONFLICT 409
    gone GONE 410
    precondition_failed PRECONDITION_FAILED 412
    payload_too_large PAYLOAD_TOO_LARGE 413
    unsupported_media_type UNSUPPORTED_MEDIA_TYPE 415
    im_a_teapot IM_A_TEAPOT 418
    misdirected MISDIRECTED_REQUEST 421
    unprocessable_entity UNPROCESSABLE_ENTITY 422
    too_many_requests TOO_MANY_REQUESTS 429
    internal_server_error INTERNAL_SERVER_ERROR 500
    not_implemented NOT_IMPLEMENTED 501
    bad_gateway BAD_GATEWAY 502
    service_unavailable SERVICE_UNAVAILABLE 503
    gateway_timeout GATEWAY_TIMEOUT 504
    http_version_not_supported HTTP_VERSION_NOT_SUPPORTED 505
}

/// As `?` does it.
impl<E: Error + Send + Sync + 'static> From<E> for HttpException {
    fn from(error: E) -> Self {
        match (&error as &dyn Any).downcast_ref::<TransportError>() {
            Some(error) => transport_error::into_exception(error),
            None => Self::internal(error),
        }
    }
}

impl From<HttpException> for TransportError {
    /// The same error for a caller by message. Its status travels in
    /// `details.status`.
    fn from(exception: HttpException) -> Self {
        transport_error::of_exception(&exception)
    }
}

/// The response keeps the exception with it, so that filters see it.
impl IntoResponse for HttpException {
    fn into_response(self) -> Response {
        let mut response = self.clone().into_problem(false);
        response.extensions_mut().insert(self);
        response
    }
}

impl fmt::Display for HttpException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.status)?;
        if let Some(detail) = &self.0.detail {
            write!(f, ": {detail}")?;
        }
        if let Some(source) = &self.0.source {
            write!(f, ": {source}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for HttpException {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpException({self})")
    }
}
