//! What every call has, whichever service it is of: a place among the messages
//! in hand, a deadline, and an end when the server stops.
//!
//! The next file on a message's path is `patterns.rs`.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::{HeaderMap, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use nestrs_core::Cancellation;
use nestrs_core::error::INTERNAL_SERVER_ERROR;
use nestrs_core::intake::Intake;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::task_tracker::TaskTrackerToken;
use tonic::Status;
use tonic::body::Body;
use tonic::service::AxumRouter;
use tower_service::Service;

use crate::body::CallBody;
use crate::context::Call;
use crate::{deadline, patterns};

/// Services that say how the server is. They are answered however much is in
/// hand, and hold up no stop.
const HOUSEKEEPING: [&str; 2] = ["/grpc.health.", "/grpc.reflection."];

/// Answers calls, of one server.
pub(crate) struct Calls {
    pub(crate) services: AxumRouter,
    /// What answers requests that are no gRPC.
    pub(crate) http: Option<AxumRouter>,
    pub(crate) intake: Intake,
}

impl Calls {
    pub(crate) async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        peer: SocketAddr,
        token: TaskTrackerToken,
    ) -> Result<Response<Body>, Infallible> {
        let request = request.map(Body::new);
        if !is_grpc(request.headers()) {
            let Some(http) = &self.http else {
                return Ok(no_grpc());
            };
            let response = routed(http, request).await;
            return Ok(response.map(|body| Body::new(CallBody::new(body, token))));
        }
        let path = request.uri().path();
        if HOUSEKEEPING.iter().any(|prefix| path.starts_with(prefix)) {
            let stopping = Box::pin({
                let shutdown = self.intake.shutdown().clone();
                async move { shutdown.stopping().await }
            });
            let response = routed(&self.services, request).await;
            let body = |body| Body::new(CallBody::new(body, token).until(stopping));
            return Ok(response.map(body));
        }
        Ok(self.in_hand(request, peer, token).await)
    }

    /// Answers a call once there is room for it, and in time.
    async fn in_hand(
        &self,
        mut request: Request<Body>,
        peer: SocketAddr,
        token: TaskTrackerToken,
    ) -> Response<Body> {
        let timeout = deadline::timeout(request.headers());
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let cancelled = CancelOnDrop(Cancellation::new());
        let method: Arc<str> = request.uri().path().into();
        request.extensions_mut().insert(Call {
            peer,
            method: method.clone(),
            deadline,
            cancelled: cancelled.0.clone(),
        });
        let answered = async {
            let place = match &*method {
                patterns::EMIT => None,
                _ => match self.intake.admit().await {
                    None => return stopping().into_http(),
                    place => place,
                },
            };
            let answered = AssertUnwindSafe(routed(&self.services, request)).catch_unwind();
            let Ok(response) = answered.await else {
                tracing::error!(%method, "a service panicked");
                return Status::unknown(INTERNAL_SERVER_ERROR).into_http();
            };
            let body = |body| {
                CallBody::new(body, token)
                    .held(place, cancelled)
                    .within(deadline)
            };
            response.map(|it| Body::new(body(it)))
        };
        match deadline {
            None => answered.await,
            Some(deadline) => {
                let answered = timeout_at(deadline, answered).await;
                answered.unwrap_or_else(|_| too_late().into_http())
            }
        }
    }
}

/// Says to those who asked for it that a call is not waited for any more.
pub(crate) struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

async fn routed(router: &AxumRouter, request: Request<Body>) -> Response<Body> {
    let mut router = router.clone();
    let routed = Service::<Request<Body>>::call(&mut router, request);
    let Ok(response) = routed.await;
    response.map(Body::new)
}

fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

fn no_grpc() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// NestJS's and everybody else's words for it.
pub(crate) fn too_late() -> Status {
    Status::deadline_exceeded("Deadline exceeded")
}

pub(crate) fn stopping() -> Status {
    Status::unavailable("the server is stopping")
}
