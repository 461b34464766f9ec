//! Handlers as [`tower_service::Service`]s, and [`tower_layer::Layer`]s around
//! a server's dispatch.
//!
//! Aside from a message's path: this is another way in, and another thing to go
//! through.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, Dispatch, ErrorKind, Message, MessageKind, TransportError};
use serde_json::Value;
use tower_layer::Layer;
use tower_service::Service;

use crate::pipeline::BoundHandler;

/// A dispatcher as a service: what a layer wraps.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_core::{Answer, Message, MessageKind};
/// use nestrs_microservices::{BoundHandler, DispatchService, Dispatcher, micro_routes};
/// use std::sync::Arc;
/// use tower_service::Service;
///
/// struct Ping;
///
/// #[micro_routes]
/// impl Ping {
///     #[message_pattern("ping")]
///     async fn ping(&self) -> &str {
///         "pong"
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let dispatcher = Dispatcher::new(BoundHandler::all_of(&Arc::new(Ping))).unwrap();
/// let mut service = DispatchService::new(Arc::new(dispatcher));
/// let answer = service.call(Message::new(MessageKind::Request, "\"ping\"", "null")).await;
/// assert!(matches!(answer, Ok(Answer::One(Ok(Some(reply)))) if reply == "\"pong\""));
/// # }
/// ```
#[derive(Clone)]
pub struct DispatchService(Arc<dyn Dispatch>);

impl DispatchService {
    /// The service of a dispatcher.
    pub fn new(dispatch: Arc<dyn Dispatch>) -> Self {
        Self(dispatch)
    }
}

impl Service<Message> for DispatchService {
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        let answer = self.0.dispatch(message);
        Box::pin(async move { Ok(answer.await) })
    }
}

/// One handler as a service; the message's pattern is not looked at.
impl Service<Message> for BoundHandler {
    type Response = Answer;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Answer, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        let is_answered = message.kind == MessageKind::Request;
        let answer = self.run(message, None, is_answered);
        Box::pin(async move { Ok(answer.await) })
    }
}

/// A dispatcher with a layer around it.
///
/// A message waits until the layered service is ready for it, in its place
/// among those that are in hand; an error of the service is what its sender is
/// answered.
///
/// ```
/// use nestrs_core::Dispatch;
/// use nestrs_microservices::{Dispatcher, LayeredDispatch};
/// use std::sync::Arc;
/// use std::time::Duration;
/// use tower::ServiceBuilder;
/// use tower::limit::ConcurrencyLimitLayer;
/// use tower::timeout::TimeoutLayer;
///
/// let layers = ServiceBuilder::new()
///     .layer(TimeoutLayer::new(Duration::from_secs(5)))
///     .layer(ConcurrencyLimitLayer::new(100));
/// let dispatch: Arc<dyn Dispatch> = Arc::new(Dispatcher::default());
/// let dispatch: Arc<dyn Dispatch> = Arc::new(LayeredDispatch::new(dispatch, layers));
/// ```
pub struct LayeredDispatch<S> {
    inner: Arc<dyn Dispatch>,
    service: S,
}

impl<S> LayeredDispatch<S> {
    /// `inner` with a layer around it.
    pub fn new<L>(inner: Arc<dyn Dispatch>, layer: L) -> Self
    where
        L: Layer<DispatchService, Service = S>,
    {
        let service = layer.layer(DispatchService(Arc::clone(&inner)));
        Self { inner, service }
    }
}

impl<S> Dispatch for LayeredDispatch<S>
where
    S: Service<Message, Response = Answer> + Clone + Send + Sync + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
{
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let mut service = self.service.clone();
        Box::pin(async move {
            let kind = message.kind;
            let answer = async {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                service.call(message).await
            };
            match (answer.await, kind) {
                (Ok(answer), _) => answer,
                (Err(error), MessageKind::Request) => Answer::One(Err(refused(error))),
                (Err(error), MessageKind::Event) => {
                    let error = refused(error);
                    tracing::error!("an event was not handled: {error}");
                    Answer::One(Err(error))
                }
            }
        })
    }

    fn routes(&self) -> Vec<String> {
        self.inner.routes()
    }

    fn service(&self) -> Option<&str> {
        self.inner.service()
    }

    fn extras(&self, route: &str) -> Value {
        self.inner.extras(route)
    }
}

/// What a layer says, to the caller: there is nothing of the handler's in it.
fn refused(error: impl Into<Box<dyn Error + Send + Sync>>) -> TransportError {
    match error.into().downcast::<TransportError>() {
        Ok(error) => *error,
        Err(error) => TransportError::of_kind(ErrorKind::Unavailable, error.to_string()),
    }
}

impl fmt::Debug for DispatchService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DispatchService")
            .field(&self.0.routes())
            .finish()
    }
}

impl<S> fmt::Debug for LayeredDispatch<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("LayeredDispatch")
            .field(&self.inner.routes())
            .finish()
    }
}
