//! What goes around everything that is served, the outermost first: CORS,
//! compression, [problems](super::problem), the timeout, the limit for bodies.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::header::{CONNECTION, CONTENT_LENGTH};
use axum::http::{HeaderValue, StatusCode, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use nestrs_microservices::__protocol::Home;
use tower_http::compression::CompressionLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

use super::HttpException;
use super::inject::Injector;
use super::problem::problems;
use super::settings::Settings;
use crate::readiness::ReadinessOf;

pub(super) fn around(
    routes: Router,
    settings: &mut Settings,
    readiness: Arc<ReadinessOf>,
) -> Router {
    let container = readiness.container();
    let root = Home {
        container: container.clone(),
        module: container.root(),
        request: None,
    };
    let mut routes = routes.layer(from_fn_with_state(Injector(root), inject));
    // One limit, which also counts what no extractor reads.
    routes = routes.layer(DefaultBodyLimit::disable());
    if let Some(bytes) = settings.body_limit {
        routes = routes.layer(RequestBodyLimitLayer::new(bytes));
        // Before that, which would say it in text.
        routes = routes.layer(from_fn_with_state(bytes, refuse_larger));
    }
    if let Some(limit) = settings.request_timeout {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        routes = routes.layer(TimeoutLayer::with_status_code(status, limit));
    }
    routes = routes.layer(from_fn_with_state(settings.expose_errors, problems));
    if settings.compression {
        routes = routes.layer(CompressionLayer::new());
    }
    routes = routes.layer(from_fn_with_state(readiness, close_when_stopping));
    match settings.cors.take() {
        Some(cors) => routes.layer(cors.into_layer()),
        None => routes,
    }
}

/// Tells clients not to send another request through this connection once the
/// application has been told to stop.
async fn close_when_stopping(
    State(readiness): State<Arc<ReadinessOf>>,
    request: Request,
    next: Next,
) -> Response {
    let is_http1 = request.version() <= Version::HTTP_11;
    let mut response = next.run(request).await;
    if is_http1 && readiness.is_stopping() {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// For what is no controller's.
async fn inject(State(root): State<Injector>, mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(root);
    next.run(request).await
}

/// Refuses a body that is known to be too large.
async fn refuse_larger(State(limit): State<usize>, request: Request, next: Next) -> Response {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    match length {
        Some(length) if length > limit => {
            let why = format!("the body has {length} bytes, and may have {limit}");
            HttpException::payload_too_large(why).into_response()
        }
        _ => next.run(request).await,
    }
}
