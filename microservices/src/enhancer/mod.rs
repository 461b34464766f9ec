//! What runs around a handler, in NestJS's order: guards refuse, interceptors
//! wrap the rest, pipes transform the payload, exception filters answer for
//! errors. Each kind runs from the outside in: those of the application, of the
//! module, of the `impl` block, of the method; filters the other way round.
//! Interceptors may also wrap the guards, which those of the
//! [short form](crate::MicroIncomingInterceptor) do.
//!
//! | file | holds |
//! |---|---|
//! | `protocol.rs` | what they need to know of messages, or of HTTP |
//! | `promised.rs` | the short form of each |
//! | `listed.rs` | from a type in an attribute to an instance |
//! | `level.rs` | those of the application, and of a module |
//! | `held.rs` | one in its place, whatever it was made by |
//! | `stand_in.rs` | what a test puts in the place of one |
//! | `chain.rs` | those of one handler, and how they run |
//! | `callee.rs` | the handler at the end of them |

mod callee;
mod chain;
mod held;
mod level;
mod listed;
mod promised;
mod protocol;
mod stand_in;

use async_trait::async_trait;
use nestrs_di::injectable;
use serde_json::Value;

pub use callee::{Callee, Waiting};
pub use chain::{Chain, Level, Next};
pub use level::{AppFilter, AppGuard, AppInterceptor, AppPipe, GlobalEnhancers, ModuleEnhancers};
pub use listed::{Enhancers, Listed, Made, NotMade, Source};
pub use promised::{MicroCanActivate, MicroIncomingInterceptor, MicroPipeTransform};
pub use protocol::{ExecutionContext, Messages, Protocol};
pub use stand_in::InPlaceOf;

/// Decides whether a message reaches its handler. Named in
/// `#[use_micro_guards(…)]`.
///
/// One that is `#[injectable]` has dependencies:
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_di::injectable;
/// use nestrs_microservices::{Guard, Incoming, TransportError, async_trait, micro_routes};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Sessions;
///
/// #[injectable]
/// struct SessionGuard {
///     sessions: Arc<Sessions>,
/// }
///
/// #[async_trait]
/// impl Guard for SessionGuard {
///     async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
///         match message.ctx().headers.get("session") {
///             Some(_) => Ok(()),
///             None => Err(TransportError::new("Forbidden resource")),
///         }
///     }
/// }
///
/// #[injectable]
/// struct Orders;
///
/// #[micro_routes]
/// #[use_micro_guards(SessionGuard)]
/// impl Orders {
///     #[message_pattern("orders.list")]
///     async fn list(&self) -> Vec<u32> {
///         vec![1, 2]
///     }
/// }
/// ```
#[injectable]
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no guard",
    label = "does not implement `MicroCanActivate` or `Guard`",
    note = "write `#[async_trait] impl MicroCanActivate for {Self} {{ … }}`",
    note = "around routes of HTTP, write `#[async_trait] impl Guard<Http> for {Self} {{ … }}`"
)]
pub trait Guard<P: Protocol = Messages>: Send + Sync + 'static {
    /// Lets the message pass, or refuses it.
    ///
    /// # Errors
    ///
    /// What the caller is answered; of an event it is logged.
    async fn can_activate(&self, call: &P::Call) -> Result<(), P::Error>;
}

/// Wraps the call of a handler, its pipes included. Named in
/// `#[use_micro_interceptors(…)]`.
///
/// ```
/// use nestrs_microservices::{
///     Answer, Incoming, Interceptor, Next, TransportError, async_trait,
/// };
/// use std::time::Instant;
///
/// #[derive(Default)]
/// struct Timing;
///
/// #[async_trait]
/// impl Interceptor for Timing {
///     async fn intercept(
///         &self,
///         message: Incoming,
///         next: Next<'_>,
///     ) -> Result<Answer, TransportError> {
///         let (start, ctx) = (Instant::now(), message.ctx().clone());
///         let answer = next.run(message).await;
///         println!("{} took {:?}", ctx.pattern(), start.elapsed());
///         answer
///     }
/// }
/// ```
///
/// [`Answer::map`](crate::Answer::map) changes what comes back; an answer made without running
/// `next` stands in for the handler's, as a cache's does; and around
/// `next.run(…)` goes whatever takes a future, such as a timeout.
#[injectable]
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no interceptor",
    label = "does not implement `MicroIncomingInterceptor` or `Interceptor`",
    note = "write `#[async_trait] impl MicroIncomingInterceptor for {Self} {{ … }}`",
    note = "around routes of HTTP, write `#[async_trait] impl Interceptor<Http> for {Self} {{ … }}`"
)]
pub trait Interceptor<P: Protocol = Messages>: Send + Sync + 'static {
    /// Answers the message, by means of what is `next` or otherwise.
    ///
    /// # Errors
    ///
    /// What the caller is answered, unless a filter has something else to say.
    async fn intercept(&self, call: P::Call, next: Next<'_, P>) -> Result<P::Answer, P::Error>;

    /// Whether it wraps the guards too, instead of what comes after them.
    fn before_guards(&self) -> bool {
        false
    }
}

/// Makes another payload of the payload. Named in `#[use_micro_pipes(…)]`.
///
/// ```
/// use nestrs_microservices::{Incoming, Pipe, TransportError, async_trait};
/// use serde_json::Value;
///
/// #[derive(Default)]
/// struct WithTenant;
///
/// #[async_trait]
/// impl Pipe for WithTenant {
///     async fn transform(
///         &self,
///         mut payload: Value,
///         message: &Incoming,
///     ) -> Result<Value, TransportError> {
///         payload["tenant"] = message.ctx().headers.get("tenant").into();
///         Ok(payload)
///     }
/// }
/// ```
#[injectable]
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no pipe",
    label = "does not implement `MicroPipeTransform` or `Pipe`",
    note = "write `#[async_trait] impl MicroPipeTransform for {Self} {{ … }}`",
    note = "around routes of HTTP, write `#[async_trait] impl Pipe<Http> for {Self} {{ … }}`"
)]
pub trait Pipe<P: Protocol = Messages>: Send + Sync + 'static {
    /// The payload that the next pipe, or the handler, gets. The message has
    /// none meanwhile.
    ///
    /// # Errors
    ///
    /// What the caller is answered; the handler does not run.
    async fn transform(&self, payload: Value, call: &P::Call) -> Result<Value, P::Error>;

    /// Whether it does not transform, but has the payload checked once the
    /// handler's parameter is made of it, as `ValidationPipe` does.
    fn validates(&self) -> bool {
        false
    }
}

/// Answers for errors: of the handler, and of what runs around it. Named in
/// `#[use_micro_filters(…)]`.
///
/// ```
/// use nestrs_microservices::{
///     Answer, Ctx, ErrorKind, ExceptionFilter, TransportError, async_trait,
/// };
/// use serde_json::json;
///
/// #[derive(Default)]
/// struct BadRequests;
///
/// #[async_trait]
/// impl ExceptionFilter for BadRequests {
///     fn catches(&self, error: &TransportError) -> bool {
///         error.kind() == ErrorKind::InvalidPayload
///     }
///
///     async fn catch(&self, error: TransportError, _: &Ctx) -> Result<Answer, TransportError> {
///         let status = json!({ "status": 400, "message": error.message });
///         Err(error.with_details(status))
///     }
/// }
/// ```
#[injectable]
#[async_trait]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no exception filter",
    label = "does not implement `ExceptionFilter`",
    note = "write `#[async_trait] impl ExceptionFilter for {Self} {{ … }}`",
    note = "around routes of HTTP, write `#[async_trait] impl ExceptionFilter<Http> for {Self} {{ … }}`"
)]
pub trait ExceptionFilter<P: Protocol = Messages>: Send + Sync + 'static {
    /// Whether this error is one for it. The first filter that says so is the
    /// only one that runs.
    fn catches(&self, error: &P::Error) -> bool {
        let _ = error;
        true
    }

    /// What is answered instead. An error of
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) says what really
    /// happened here, and is masked afterwards.
    ///
    /// # Errors
    ///
    /// The error that is answered instead.
    async fn catch(&self, error: P::Error, ctx: &P::Ctx) -> Result<P::Answer, P::Error>;
}
