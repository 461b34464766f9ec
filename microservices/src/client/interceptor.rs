//! [`ClientInterceptor`]: what a client does around each of its messages. A
//! client with one is a transport around its transport, so they nest.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use nestrs_core::client::{emit_json_as_bytes, send_json_as_bytes};
use nestrs_core::{Outgoing, Replies, StatusStream, Transport, TransportError};
use serde_json::Value;

/// Runs around the messages a client sends. Who only changes them, as by a
/// header, implements [`prepare`](Self::prepare); who times, retries or caches
/// implements the others, which send through `next`.
///
/// ```
/// use nestrs_core::{Outgoing, Transport};
/// use nestrs_microservices::{ClientInterceptor, TransportError, async_trait};
/// use std::time::Instant;
///
/// struct Timed;
///
/// #[async_trait]
/// impl ClientInterceptor for Timed {
///     async fn send(
///         &self,
///         message: Outgoing<'_>,
///         next: &dyn Transport,
///     ) -> Result<Option<bytes::Bytes>, TransportError> {
///         let (pattern, start) = (message.pattern, Instant::now());
///         let reply = next.send(message).await;
///         println!("{pattern}: {:?}", start.elapsed());
///         reply
///     }
/// }
/// ```
///
/// See [`ClientProxy::with_interceptor`](crate::ClientProxy::with_interceptor)
/// and [`ClientConfig::interceptor`](crate::ClientConfig::interceptor).
#[async_trait]
pub trait ClientInterceptor: Send + Sync + 'static {
    /// Changes a message before it is sent, in whichever way.
    ///
    /// # Errors
    ///
    /// What the caller gets instead of an answer; nothing is sent.
    async fn prepare(&self, message: &mut Outgoing<'_>) -> Result<(), TransportError> {
        let _ = message;
        Ok(())
    }

    /// Around a request.
    ///
    /// # Errors
    ///
    /// What the caller gets instead of a reply.
    ///
    /// # Cancel safety
    ///
    /// The caller may drop the future at any time.
    async fn send(
        &self,
        mut message: Outgoing<'_>,
        next: &dyn Transport,
    ) -> Result<Option<Bytes>, TransportError> {
        self.prepare(&mut message).await?;
        next.send(message).await
    }

    /// Around an event.
    ///
    /// # Errors
    ///
    /// What the caller gets.
    ///
    /// # Cancel safety
    ///
    /// The caller may drop the future at any time.
    async fn emit(
        &self,
        mut message: Outgoing<'_>,
        next: &dyn Transport,
    ) -> Result<(), TransportError> {
        self.prepare(&mut message).await?;
        next.emit(message).await
    }

    /// Around a request for several replies.
    ///
    /// # Errors
    ///
    /// What the caller gets instead of replies.
    ///
    /// # Cancel safety
    ///
    /// The caller may drop the future at any time.
    async fn send_stream(
        &self,
        mut message: Outgoing<'_>,
        next: &dyn Transport,
    ) -> Result<Replies, TransportError> {
        self.prepare(&mut message).await?;
        next.send_stream(message).await
    }
}

/// A transport with an interceptor around it.
pub(super) struct Intercepted<I> {
    pub(super) interceptor: Arc<I>,
    pub(super) next: Arc<dyn Transport>,
}

impl<I> Intercepted<I> {
    pub(super) fn new(interceptor: I, next: Arc<dyn Transport>) -> Self {
        let interceptor = Arc::new(interceptor);
        Self { interceptor, next }
    }
}

#[async_trait]
impl<I: ClientInterceptor> Transport for Intercepted<I> {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        send_json_as_bytes(self, pattern, payload).await
    }
    async fn emit_json(&self, pattern: &str, payload: Value) -> Result<(), TransportError> {
        emit_json_as_bytes(self, pattern, payload).await
    }
    async fn send(&self, message: Outgoing<'_>) -> Result<Option<Bytes>, TransportError> {
        self.interceptor.send(message, &*self.next).await
    }
    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        self.interceptor.emit(message, &*self.next).await
    }
    async fn send_stream(&self, message: Outgoing<'_>) -> Result<Replies, TransportError> {
        self.interceptor.send_stream(message, &*self.next).await
    }
    async fn connect(&self) -> Result<(), TransportError> {
        self.next.connect().await
    }
    async fn close(&self) {
        self.next.close().await;
    }
    fn status(&self) -> StatusStream {
        self.next.status()
    }
    fn around(&self, inner: Arc<dyn Transport>) -> Arc<dyn Transport> {
        Arc::new(Self {
            interceptor: Arc::clone(&self.interceptor),
            next: self.next.around(inner),
        })
    }
    fn driver(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.next.driver()
    }
}

/// Gives each message a timeout that has none of its own.
pub(super) struct DefaultTimeout(pub(super) Duration);

#[async_trait]
impl ClientInterceptor for DefaultTimeout {
    async fn prepare(&self, message: &mut Outgoing<'_>) -> Result<(), TransportError> {
        message.timeout.get_or_insert(self.0);
        Ok(())
    }
}
