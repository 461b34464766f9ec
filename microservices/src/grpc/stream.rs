//! [`GrpcStream`]: messages that come one by one.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use nestrs_core::TransportError;
use nestrs_core::dispatch::BoxStream;

use super::call::decode;
use super::reply::GrpcMessage;

/// The requests of a client that streams, in order, as they come. What is not
/// taken yet waits at the client, as far as flow control lets it.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use futures_util::stream;
/// use nestrs_microservices::{GrpcStream, TransportError, grpc_service};
///
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct Number { #[prost(int64, tag = "1")] value: i64 }
/// # #[derive(Clone, PartialEq, prost::Message)]
/// # pub struct Total { #[prost(int64, tag = "1")] value: i64 }
/// struct MathController;
///
/// #[grpc_service(math.Math)]
/// impl MathController {
///     async fn add_up(&self, mut numbers: GrpcStream<Number>) -> Result<Total, TransportError> {
///         let mut total = Total::default();
///         while let Some(number) = numbers.message().await? {
///             total.value += number.value;
///         }
///         Ok(total)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), TransportError> {
/// // Tests call the method.
/// let numbers = [1, 2].map(|value| Ok(Number { value }));
/// let total = MathController.add_up(GrpcStream::new(stream::iter(numbers))).await?;
/// assert_eq!(total.value, 3);
/// # Ok(())
/// # }
/// ```
pub struct GrpcStream<T> {
    messages: BoxStream<'static, Result<T, TransportError>>,
}

impl<T> GrpcStream<T> {
    /// What a handler gets in its tests.
    pub fn new(messages: impl Stream<Item = Result<T, TransportError>> + Send + 'static) -> Self {
        Self {
            messages: messages.boxed(),
        }
    }

    /// The next message; `None` once the client has sent the last.
    ///
    /// # Errors
    ///
    /// The client broke off, or a message is none.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn message(&mut self) -> Result<Option<T>, TransportError> {
        self.messages.try_next().await
    }
}

impl<T: GrpcMessage + Default + 'static> GrpcStream<T> {
    pub(super) fn decoding(
        messages: BoxStream<'static, Result<Bytes, TransportError>>,
        pattern: Arc<str>,
    ) -> Self {
        Self::new(messages.map(move |message| decode(message?, &pattern)))
    }
}

impl<T> Stream for GrpcStream<T> {
    type Item = Result<T, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.messages.as_mut().poll_next(cx)
    }
}

impl<T> fmt::Debug for GrpcStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcStream").finish_non_exhaustive()
    }
}
