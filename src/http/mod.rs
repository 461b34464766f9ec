//! The HTTP side of an application, on axum: handlers, extractors and responses
//! are axum's, settings are `tower-http`'s under NestJS's names, and what runs
//! around handlers is what runs around those of messages.
//!
//! # Layout
//!
//! In the order a request meets it:
//!
//! | file | holds |
//! |---|---|
//! | `serve.rs`, `connection.rs` | listening, until the application stops |
//! | `layers.rs`, `cors.rs` | limits, timeouts, compression, CORS |
//! | `problem.rs`, `exception.rs`, `transport_error.rs` | what goes wrong, as RFC 9457 says it |
//! | `table.rs`, `prefix.rs`, `versioning.rs` | from a path to a handler |
//! | `bind.rs` | one handler and what runs around it |
//! | `protocol.rs` | a request as all of these see it |
//! | `route.rs` | from a request to a handler's parameters, and from what it returns to a response |
//! | `health.rs` | health and readiness |
//! | `inject.rs` | [`Inject`]: the container as an extractor |
//!
//! and, before the first request,
//!
//! | file | holds |
//! |---|---|
//! | `application.rs`, `settings.rs` | [`NestApplication`], being set up |
//! | `controller.rs`, `declared.rs` | what `#[controller]` and `#[routes]` leave behind |
//! | `check.rs` | what is wrong with routes |
//! | `mount.rs` | the routes as an axum router |

mod application;
mod bind;
mod check;
mod connection;
pub mod controller;
pub mod cors;
mod declared;
mod exception;
mod health;
mod inject;
mod layers;
mod mount;
mod prefix;
mod problem;
mod protocol;
mod route;
mod serve;
mod settings;
mod table;
mod transport_error;
mod versioning;

pub use application::NestApplication;
pub use controller::Controller;
pub use cors::CorsOptions;
pub use exception::HttpException;
pub use inject::Inject;
pub use protocol::{Http, HttpCtx, HttpRequest, SwitchToHttp};
pub(crate) use serve::HttpAt;
pub use versioning::Versioning;

#[doc(no_inline)]
pub use nestrs_microservices::{
    ExceptionFilter, ExecutionContext, Guard, HandlerName, Interceptor, Next, Pipe, Protocol,
};

/// Bind a guard to this, and it guards every route of every controller: NestJS's
/// `APP_GUARD`. One that is bound to
/// [`AppGuard`](crate::microservices::AppGuard) as well guards messages too.
///
/// ```
/// use nestrs::http::{AppHttpGuard, Http, HttpException, HttpRequest};
/// use nestrs::prelude::*;
///
/// #[injectable]
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
/// #[module(providers = [SignedIn, Provider::bind::<AppHttpGuard, SignedIn>()])]
/// struct AppModule;
/// ```
pub type AppHttpGuard = dyn Guard<Http>;
/// As [`AppHttpGuard`], for interceptors.
pub type AppHttpInterceptor = dyn Interceptor<Http>;
/// As [`AppHttpGuard`], for pipes. What they transform is the body of a request
/// that says it is JSON; any other body, the path and the query reach the handler
/// as they came.
pub type AppHttpPipe = dyn Pipe<Http>;
/// As [`AppHttpGuard`], for exception filters.
pub type AppHttpFilter = dyn ExceptionFilter<Http>;

/// What the macros' expansions refer to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use std::boxed::Box;
    pub use std::panic::Location;
    pub use std::result::Result;

    pub use axum::extract::Request;
    pub use axum::response::IntoResponse;

    pub use super::controller::{Controller, ControllerPath};
    pub use super::inject::{Asks, AsksNothing};
    pub use super::protocol::Http;
    pub use super::route::{
        Call, Route, RoutePattern, Routes, Verb, Versions, from_parts, from_request, injected,
    };

    /// A response of what a handler returned.
    pub fn into_response(returned: impl IntoResponse) -> axum::response::Response {
        returned.into_response()
    }
}
