//! [`Http`]: requests as what runs around a route sees them. The mechanism is
//! that of message handlers.

use std::fmt;
use std::ops::Deref;
use std::panic::Location;
use std::sync::{Mutex, PoisonError};

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, MatchedPath, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use nestrs_di::__private::{InRoot, inventory};
use nestrs_di::{Descriptor, Injectable, Key};
use nestrs_microservices::__protocol::Home;
use nestrs_microservices::{ExecutionContext, HandlerName, Protocol};
use serde_json::Value;

use super::HttpException;
use super::problem::told;

/// Handlers called by HTTP: `impl Guard<Http>` is a guard of routes.
///
/// ```
/// use nestrs::http::{Http, HttpException, HttpRequest};
/// use nestrs::prelude::*;
///
/// #[derive(Default)]
/// struct SignedIn;
///
/// #[async_trait]
/// impl Guard<Http> for SignedIn {
///     async fn can_activate(&self, request: &HttpRequest) -> Result<(), HttpException> {
///         match request.headers().get("authorization") {
///             Some(_) => Ok(()),
///             None => Err(HttpException::unauthorized("who are you?")),
///         }
///     }
/// }
///
/// #[controller("/orders")]
/// struct OrdersController;
///
/// #[routes]
/// #[use_guards(SignedIn)]
/// impl OrdersController {
///     #[get]
///     async fn list(&self) -> &'static str {
///         "all of them"
///     }
/// }
/// ```
#[derive(Debug)]
pub enum Http {}

/// A request on its way to its handler.
pub struct HttpRequest {
    ctx: HttpCtx,
    /// The lock is for the compiler: a body on its own cannot be shared.
    body: Mutex<Body>,
    pub(super) home: Home,
}

/// A request without its body. It derefs to the [`Parts`] of a request: method,
/// URI, headers, extensions. Filters get one, and what is
/// `#[injectable(scope = "request")]` can inject it, as `Arc<HttpCtx>`.
///
/// ```
/// use std::sync::Arc;
/// use nestrs::http::HttpCtx;
/// use nestrs::prelude::*;
///
/// #[injectable(scope = "request")]
/// struct Tenant {
///     request: Arc<HttpCtx>,
/// }
///
/// impl Tenant {
///     fn name(&self) -> &str {
///         self.request.header("tenant").unwrap_or("nobody")
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct HttpCtx {
    parts: Parts,
    handler: Option<HandlerName>,
}

impl HttpRequest {
    pub(super) fn new(request: Request, handler: HandlerName, home: Home) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            ctx: HttpCtx::new(parts, Some(handler)),
            body: Mutex::new(body),
            home,
        }
    }

    /// Everything but the body.
    pub fn ctx(&self) -> &HttpCtx {
        &self.ctx
    }

    /// Its headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.ctx.headers
    }

    /// Everything but the body, to be changed: the handler sees the change.
    ///
    /// ```
    /// use nestrs::axum::response::Response;
    /// use nestrs::http::{Http, HttpException, HttpRequest};
    /// use nestrs::prelude::*;
    ///
    /// #[derive(Clone)]
    /// struct User(String);
    ///
    /// #[derive(Default)]
    /// struct Sessions;
    ///
    /// #[async_trait]
    /// impl Interceptor<Http> for Sessions {
    ///     async fn intercept(
    ///         &self,
    ///         mut request: HttpRequest,
    ///         next: Next<'_, Http>,
    ///     ) -> Result<Response, HttpException> {
    ///         // A handler takes it as `Extension(user): Extension<User>`.
    ///         request.parts_mut().extensions.insert(User("ada".to_owned()));
    ///         next.run(request).await
    ///     }
    /// }
    /// ```
    pub fn parts_mut(&mut self) -> &mut Parts {
        &mut self.ctx.parts
    }

    /// Takes the body out.
    pub fn take_body(&mut self) -> Body {
        std::mem::take(self.body.get_mut().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another body in place of the one there is.
    pub fn set_body(&mut self, body: impl Into<Body>) {
        self.body = Mutex::new(body.into());
    }

    pub(super) fn into_request(mut self) -> Request {
        let body = self.take_body();
        Request::from_parts(self.ctx.parts, body)
    }

    fn is_json(&self) -> bool {
        let content_type = self.headers().get(CONTENT_TYPE);
        let text = content_type.and_then(|value| value.to_str().ok());
        let essence = text.and_then(|text| text.split(';').next());
        essence.is_some_and(|essence| {
            let essence = essence.trim().to_ascii_lowercase();
            essence == "application/json"
                || essence.starts_with("application/") && essence.ends_with("+json")
        })
    }
}

impl HttpCtx {
    pub(super) fn new(parts: Parts, handler: Option<HandlerName>) -> Self {
        Self { parts, handler }
    }

    /// Which method of which controller it is for, if it is a controller's.
    pub fn handler(&self) -> Option<HandlerName> {
        self.handler
    }

    /// The path as it is written in the attributes: `/orders/{id}`.
    pub fn route(&self) -> Option<&str> {
        let matched = self.extensions.get::<MatchedPath>();
        matched.map(MatchedPath::as_str)
    }

    /// One of its headers, if that is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Deref for HttpCtx {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Protocol for Http {
    type Call = HttpRequest;
    type Ctx = HttpCtx;
    type Answer = Response;
    type Error = HttpException;

    fn home(call: &HttpRequest) -> Option<&Home> {
        Some(&call.home)
    }

    fn flat(answer: Result<Response, HttpException>) -> Result<Response, HttpException> {
        let mut response = answer?;
        match response.extensions_mut().remove::<HttpException>() {
            Some(exception) => Err(exception),
            None => Ok(response),
        }
    }

    /// The body, if it is JSON.
    async fn take_payload(call: &mut HttpRequest) -> Result<Option<Value>, HttpException> {
        if !call.is_json() {
            return Ok(None);
        }
        let mut request = Request::new(call.take_body());
        // The limit for bodies is among them.
        request.extensions_mut().clone_from(&call.ctx.extensions);
        let json = match Bytes::from_request(request, &()).await {
            Ok(json) => json,
            Err(rejection) => return Err(told(rejection).await),
        };
        if json.is_empty() {
            return Ok(None);
        }
        let payload = serde_json::from_slice(&json);
        payload
            .map(Some)
            .map_err(|error| HttpException::bad_request(format!("the body is no JSON: {error}")))
    }

    fn set_payload(call: &mut HttpRequest, payload: Value) {
        let json = payload.to_string();
        let length = HeaderValue::from(json.len());
        call.parts_mut().headers.insert(CONTENT_LENGTH, length);
        call.set_body(json);
    }
}

impl ExecutionContext for HttpRequest {
    fn handler(&self) -> HandlerName {
        // A request comes here through its handler.
        self.ctx
            .handler
            .unwrap_or(HandlerName::of::<Self>("", Location::caller()))
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.ctx.header(name)
    }
}

/// Every [`ExecutionContext`] can be asked whether it is one of HTTP.
pub trait SwitchToHttp: ExecutionContext + Sized {
    /// The request, if it is one.
    ///
    /// ```
    /// use nestrs::prelude::*;
    ///
    /// #[derive(Default)]
    /// struct NoRobots;
    ///
    /// #[async_trait]
    /// impl<P: Protocol> Guard<P> for NoRobots {
    ///     async fn can_activate(&self, call: &P::Call) -> Result<(), P::Error> {
    ///         let agent = call.switch_to_http().and_then(|http| http.ctx().header("user-agent"));
    ///         match agent {
    ///             Some(agent) if agent.contains("bot") => Err(TransportError::new("no robots").into()),
    ///             _ => Ok(()),
    ///         }
    ///     }
    /// }
    /// ```
    fn switch_to_http(&self) -> Option<&HttpRequest> {
        self.switch_to()
    }
}

impl<C: ExecutionContext> SwitchToHttp for C {}

/// Every application has it, for the time of a request.
impl Injectable for HttpCtx {
    const DESCRIPTOR: &'static Descriptor = &Descriptor::supplied(Key::of::<Self>());
}

inventory::submit! { InRoot(HttpCtx::DESCRIPTOR) }

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("HttpRequest").field(&self.ctx).finish()
    }
}
