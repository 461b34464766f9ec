//! Enhancers in the short form: without dependencies, they are made by
//! `Default`. Each of these is one of the full form too.

use async_trait::async_trait;
use nestrs_core::{Answer, TransportError};
use serde_json::Value;

use super::{Guard, Interceptor, Next, Pipe};
use crate::incoming::Incoming;

/// Decides whether a message reaches its handler. Named in
/// `#[use_micro_guards(…)]`. One with dependencies is a [`Guard`].
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

/// Observes messages before they are handled, guards included. Named in
/// `#[use_micro_interceptors(…)]`. One that wraps the call, or has
/// dependencies, is an [`Interceptor`].
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
pub trait MicroIncomingInterceptor: Default + Send + Sync + 'static {
    /// Sees the message, before guards and pipes.
    async fn before_handle_micro(&self, pattern: &str, payload: &Value);
}

/// Makes another payload of the payload. Named in `#[use_micro_pipes(…)]`. One
/// with dependencies is a [`Pipe`].
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
pub trait MicroPipeTransform: Default + Send + Sync + 'static {
    /// The payload that the next pipe, or the handler, gets.
    ///
    /// # Errors
    ///
    /// What the caller is answered; the handler does not run.
    async fn transform_micro(&self, pattern: &str, payload: Value)
    -> Result<Value, TransportError>;
}

#[async_trait]
impl<G: MicroCanActivate> Guard for G {
    async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
        let pattern = message.ctx().pattern();
        self.can_activate_micro(pattern, message.payload()?).await
    }
}

#[async_trait]
impl<I: MicroIncomingInterceptor> Interceptor for I {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        let pattern = message.ctx().pattern();
        self.before_handle_micro(pattern, message.payload()?).await;
        next.run(message).await
    }

    fn before_guards(&self) -> bool {
        true
    }
}

#[async_trait]
impl<P: MicroPipeTransform> Pipe for P {
    async fn transform(&self, payload: Value, message: &Incoming) -> Result<Value, TransportError> {
        self.transform_micro(message.ctx().pattern(), payload).await
    }
}
