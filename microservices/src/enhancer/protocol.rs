//! [`Protocol`]: what enhancers need to know of the calls they run around. The
//! mechanism is one, whether a message calls a handler or an HTTP request does.

use std::any::Any;
use std::future::Future;

use nestrs_core::{Answer, TransportError};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::handler::HandlerName;
use crate::home::Home;
use crate::incoming::Incoming;

/// A way in which handlers are called: by [`Messages`], or by HTTP, whose
/// protocol is that of the crate which serves it.
///
/// An enhancer is for one protocol, and for messages unless it says otherwise.
/// One that is for all of them says so, and sees what they have in common, the
/// [`ExecutionContext`]:
///
/// ```
/// use nestrs_microservices::{
///     ExecutionContext, Guard, Protocol, TransportError, async_trait,
/// };
///
/// #[derive(Default)]
/// struct KnownTenant;
///
/// #[async_trait]
/// impl<P: Protocol> Guard<P> for KnownTenant {
///     async fn can_activate(&self, call: &P::Call) -> Result<(), P::Error> {
///         match call.header("tenant") {
///             Some(_) => Ok(()),
///             None => Err(TransportError::new("who are you?").into()),
///         }
///     }
/// }
/// ```
pub trait Protocol: Send + Sync + Sized + 'static {
    /// A call on its way to its handler.
    type Call: ExecutionContext;
    /// What filters are told of a call.
    type Ctx: Send + Sync;
    /// What a handler answers.
    type Answer: Send;
    /// What went wrong.
    type Error: From<TransportError> + Send;

    /// Where what the call asks the container for comes from.
    #[doc(hidden)]
    fn home(call: &Self::Call) -> Option<&Home>;

    /// An error is an error, in whatever place of an answer it stands.
    #[doc(hidden)]
    fn flat(answer: Result<Self::Answer, Self::Error>) -> Result<Self::Answer, Self::Error>;

    /// What pipes transform, if the call has something of the kind.
    #[doc(hidden)]
    fn take_payload(
        call: &mut Self::Call,
    ) -> impl Future<Output = Result<Option<Value>, Self::Error>> + Send;

    /// Puts back what pipes have made of it.
    #[doc(hidden)]
    fn set_payload(call: &mut Self::Call, payload: Value);

    /// Has what is made of it checked.
    #[doc(hidden)]
    fn validate(call: &mut Self::Call) {
        let _ = call;
    }
}

/// What calls of every protocol have in common.
pub trait ExecutionContext: Any + Send + Sync {
    /// Which handler it is for.
    fn handler(&self) -> HandlerName;

    /// One of its headers.
    fn header(&self, name: &str) -> Option<&str>;

    /// The call as what it is, if that is a `C`: NestJS's `switchToHttp` and
    /// its like.
    fn switch_to<C: Any>(&self) -> Option<&C>
    where
        Self: Sized,
    {
        (self as &dyn Any).downcast_ref()
    }

    /// The message, if it is one.
    ///
    /// ```
    /// use nestrs_microservices::ExecutionContext;
    ///
    /// fn describe(call: &impl ExecutionContext) -> String {
    ///     match call.switch_to_rpc() {
    ///         Some(message) => format!("a message for {}", message.ctx().pattern()),
    ///         None => format!("something else for {}", call.handler()),
    ///     }
    /// }
    /// ```
    fn switch_to_rpc(&self) -> Option<&Incoming>
    where
        Self: Sized,
    {
        self.switch_to()
    }
}

/// Handlers called by messages.
#[derive(Debug)]
pub enum Messages {}

impl Protocol for Messages {
    type Call = Incoming;
    type Ctx = Ctx;
    type Answer = Answer;
    type Error = TransportError;

    #[inline]
    fn home(call: &Incoming) -> Option<&Home> {
        call.0.home.as_ref()
    }

    #[inline]
    fn flat(answer: Result<Answer, TransportError>) -> Result<Answer, TransportError> {
        match answer {
            Ok(Answer::One(Err(error))) => Err(error),
            other => other,
        }
    }

    async fn take_payload(call: &mut Incoming) -> Result<Option<Value>, TransportError> {
        call.take_payload()
    }

    fn set_payload(call: &mut Incoming, payload: Value) {
        call.set_payload(payload);
    }

    fn validate(call: &mut Incoming) {
        call.0.is_validated = true;
    }
}

impl ExecutionContext for Incoming {
    fn handler(&self) -> HandlerName {
        self.0.ctx.handler.name
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.0.ctx.headers.get(name)
    }
}
