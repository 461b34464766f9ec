//! What runs before a handler: interceptors observe, guards refuse, pipes
//! transform, in this order. They see the payload as a
//! [`Value`], which is made only where there is one of them.

use async_trait::async_trait;
use nestrs_core::TransportError;
use nestrs_core::dispatch::BoxFuture;
use serde_json::Value;

/// Decides whether a message reaches its handler. Named in
/// `#[use_micro_guards(…)]`.
///
/// ```
/// use nestrs_microservices::{MicroCanActivate, TransportError, async_trait};
/// use serde_json::Value;
///
/// #[derive(Default)]
/// struct TokenGuard;
///
/// #[async_trait]
/// impl MicroCanActivate for TokenGuard {
///     async fn can_activate_micro(&self, _: &str, payload: &Value) -> Result<(), TransportError> {
///         match payload["token"].as_str() {
///             Some("open sesame") => Ok(()),
///             _ => Err(TransportError::new("Forbidden resource")),
///         }
///     }
/// }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no guard",
    label = "does not implement `MicroCanActivate`",
    note = "write `#[async_trait] impl MicroCanActivate for {Self} {{ … }}`"
)]
pub trait MicroCanActivate: Default + Send + Sync + 'static {
    /// Lets the message pass, or refuses it.
    ///
    /// # Errors
    ///
    /// What the caller is answered; of an event it is logged.
    async fn can_activate_micro(
        &self,
        pattern: &str,
        payload: &Value,
    ) -> Result<(), TransportError>;
}

/// Observes messages before they are handled. Named in
/// `#[use_micro_interceptors(…)]`.
///
/// ```
/// use nestrs_microservices::{MicroIncomingInterceptor, async_trait};
/// use serde_json::Value;
///
/// #[derive(Default)]
/// struct Trace;
///
/// #[async_trait]
/// impl MicroIncomingInterceptor for Trace {
///     async fn before_handle_micro(&self, pattern: &str, _: &Value) {
///         println!("{pattern} came in");
///     }
/// }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no interceptor",
    label = "does not implement `MicroIncomingInterceptor`",
    note = "write `#[async_trait] impl MicroIncomingInterceptor for {Self} {{ … }}`"
)]
pub trait MicroIncomingInterceptor: Default + Send + Sync + 'static {
    /// Sees the message, before guards and pipes.
    async fn before_handle_micro(&self, pattern: &str, payload: &Value);
}

/// Makes another payload of the payload. Named in `#[use_micro_pipes(…)]`.
///
/// ```
/// use nestrs_microservices::{MicroPipeTransform, TransportError, async_trait};
/// use serde_json::Value;
///
/// #[derive(Default)]
/// struct Trimmed;
///
/// #[async_trait]
/// impl MicroPipeTransform for Trimmed {
///     async fn transform_micro(&self, _: &str, payload: Value) -> Result<Value, TransportError> {
///         match payload.as_str() {
///             Some(text) => Ok(text.trim().into()),
///             None => Err(TransportError::new("expected a text")),
///         }
///     }
/// }
/// ```
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no pipe",
    label = "does not implement `MicroPipeTransform`",
    note = "write `#[async_trait] impl MicroPipeTransform for {Self} {{ … }}`"
)]
pub trait MicroPipeTransform: Default + Send + Sync + 'static {
    /// The payload that the next pipe, or the handler, gets.
    ///
    /// # Errors
    ///
    /// What the caller is answered; the handler does not run.
    async fn transform_micro(&self, pattern: &str, payload: Value)
    -> Result<Value, TransportError>;
}

/// The enhancers of one handler, as functions that make them.
///
/// ```
/// use nestrs_microservices::Enhancers;
/// assert!(Enhancers::NONE.guards.is_empty());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Enhancers {
    /// Run first, in the order they are written in; so do the others.
    pub interceptors: &'static [fn() -> Box<dyn Interceptor>],
    /// Run after the interceptors, until one refuses.
    pub guards: &'static [fn() -> Box<dyn Guard>],
    /// Run last, each on what the one before it made.
    pub pipes: &'static [fn() -> Box<dyn Pipe>],
}

impl Enhancers {
    /// Of a handler without any.
    pub const NONE: Self = Self {
        interceptors: &[],
        guards: &[],
        pipes: &[],
    };
}

// The traits above have `Default` and so make no trait objects; these do.

/// A [`MicroIncomingInterceptor`] of any type.
pub trait Interceptor: Send + Sync {
    /// See [`MicroIncomingInterceptor::before_handle_micro`].
    fn before<'a>(&'a self, pattern: &'a str, payload: &'a Value) -> BoxFuture<'a, ()>;
}

/// A [`MicroCanActivate`] of any type.
pub trait Guard: Send + Sync {
    /// See [`MicroCanActivate::can_activate_micro`].
    fn check<'a>(
        &'a self,
        pattern: &'a str,
        payload: &'a Value,
    ) -> BoxFuture<'a, Result<(), TransportError>>;
}

/// A [`MicroPipeTransform`] of any type.
pub trait Pipe: Send + Sync {
    /// See [`MicroPipeTransform::transform_micro`].
    fn transform<'a>(
        &'a self,
        pattern: &'a str,
        payload: Value,
    ) -> BoxFuture<'a, Result<Value, TransportError>>;
}

impl<I: MicroIncomingInterceptor> Interceptor for I {
    fn before<'a>(&'a self, pattern: &'a str, payload: &'a Value) -> BoxFuture<'a, ()> {
        self.before_handle_micro(pattern, payload)
    }
}

impl<G: MicroCanActivate> Guard for G {
    fn check<'a>(
        &'a self,
        pattern: &'a str,
        payload: &'a Value,
    ) -> BoxFuture<'a, Result<(), TransportError>> {
        self.can_activate_micro(pattern, payload)
    }
}

impl<P: MicroPipeTransform> Pipe for P {
    fn transform<'a>(
        &'a self,
        pattern: &'a str,
        payload: Value,
    ) -> BoxFuture<'a, Result<Value, TransportError>> {
        self.transform_micro(pattern, payload)
    }
}

/// The enhancers of one handler, made.
pub(crate) struct Chain {
    interceptors: Vec<Box<dyn Interceptor>>,
    guards: Vec<Box<dyn Guard>>,
    pipes: Vec<Box<dyn Pipe>>,
}

impl Chain {
    pub(crate) fn new(enhancers: Enhancers) -> Self {
        Self {
            interceptors: enhancers.interceptors.iter().map(|make| make()).collect(),
            guards: enhancers.guards.iter().map(|make| make()).collect(),
            pipes: enhancers.pipes.iter().map(|make| make()).collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.interceptors.is_empty() && self.guards.is_empty() && self.pipes.is_empty()
    }

    /// The payload the handler gets, or why it does not run.
    pub(crate) async fn run(
        &self,
        pattern: &str,
        mut payload: Value,
    ) -> Result<Value, TransportError> {
        for interceptor in &self.interceptors {
            interceptor.before(pattern, &payload).await;
        }
        for guard in &self.guards {
            guard.check(pattern, &payload).await?;
        }
        for pipe in &self.pipes {
            payload = pipe.transform(pattern, payload).await?;
        }
        Ok(payload)
    }
}
