//! What a handler's own future does beside the call: everything there is to do, where
//! nothing stands around the handler.
//!
//! Back to the path of a message: [`crate::running`].

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};

use futures_util::FutureExt;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, TransportError};

use crate::enhancer::{Messages, Protocol};
use crate::incoming::Incoming;
use crate::panic::message_of;
use crate::remains::Remains;
use crate::running::Handling;
use crate::streaming::Items;

/// What is to be done around a handler and with what it returned, or nothing, where
/// its caller does that.
///
/// The macros write handlers that use it. Who writes a
/// [`Handler`](crate::Handler) by hand has [`after`](Self::after).
pub struct Finish(Option<Handling>);

/// What the [`Call`](crate::Call) of a handler gives: the future of its answer.
/// It is made of a [`Finish`] alone, so that no message goes past what stands around its
/// handler.
#[must_use = "the handler does not run unless its future does"]
pub struct Handled(pub(crate) BoxFuture<'static, Answer>);

impl Handled {
    /// By a macro: what is done for the handler is done in there.
    #[doc(hidden)]
    #[inline]
    pub fn by(future: BoxFuture<'static, Answer>) -> Self {
        Self(future)
    }
}

/// What a handler's future came to; a panic, if that is how it ended.
type Outcome = Result<Result<Answer, TransportError>, Box<dyn Any + Send>>;

impl Finish {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn of(handling: Handling) -> Self {
        Self(Some(handling))
    }

    /// What has to be done before the handler, if anything has.
    #[doc(hidden)]
    #[inline]
    pub fn before(&mut self) -> Option<Handling> {
        self.0
            .take_if(|Handling { handler, .. }| !handler.method().is_bare)
    }

    /// The future of a handler, of which `body` is the call. A panic in there is
    /// an error of the message.
    ///
    /// ```
    /// use nestrs_core::{Answer, MessageKind};
    /// use nestrs_microservices::{
    ///     Enhancers, FromMessage, Handler, HandlerPattern, MicroRoutes, PatternLiteral,
    /// };
    /// use std::panic::Location;
    ///
    /// struct Ping;
    ///
    /// impl MicroRoutes for Ping {
    ///     const HANDLERS: &'static [Handler<Self>] = &[Handler {
    ///         patterns: &[HandlerPattern::new(MessageKind::Request, PatternLiteral::Text("ping"))],
    ///         method: "ping",
    ///         at: Location::caller(),
    ///         enhancers: Enhancers::NONE,
    ///         dependencies: &[],
    ///         max_in_flight: None,
    ///         signature: None,
    ///         call: |_ping, message, finish| {
    ///             finish.after(message, |message| {
    ///                 Box::pin(async move {
    ///                     let n = u8::from_message(message).await?;
    ///                     Ok(Answer::One(Ok(Some(n.to_string().into()))))
    ///                 })
    ///             })
    ///         },
    ///     }];
    /// }
    /// ```
    pub fn after(
        mut self,
        mut message: Incoming,
        body: impl for<'a> FnOnce(&'a mut Incoming) -> BoxFuture<'a, Result<Answer, TransportError>>
        + Send
        + 'static,
    ) -> Handled {
        if let Some(handling) = self.before() {
            return handling.around(message, |mut message| async move {
                Messages::flat(body(&mut message).await)
            });
        }
        Handled(Box::pin(async move {
            let body = async { body(&mut message).await };
            let outcome = AssertUnwindSafe(body).catch_unwind().await;
            match self.at_once(outcome, &message) {
                Ok(answer) => answer,
                Err(later) => later.await,
            }
        }))
    }

    /// The answer, if nothing takes time any more.
    // By far the most handlers return a value, for which nothing is made.
    #[doc(hidden)]
    #[inline]
    pub fn at_once(
        self,
        outcome: Outcome,
        message: &Incoming,
    ) -> Result<Answer, BoxFuture<'static, Answer>> {
        match (&self.0, outcome) {
            (
                Some(Handling {
                    is_answered: false, ..
                }),
                Ok(Ok(Answer::One(Ok(_)))),
            ) => Ok(Answer::Silent),
            (_, Ok(Ok(answer @ Answer::One(Ok(_))))) => Ok(answer),
            (_, outcome) => self.at_length(outcome, message),
        }
    }

    #[cold]
    fn at_length(
        self,
        outcome: Outcome,
        message: &Incoming,
    ) -> Result<Answer, BoxFuture<'static, Answer>> {
        let Some(Handling {
            handler,
            is_answered,
        }) = self.0
        else {
            return Ok(flat(outcome.unwrap_or_else(|panic| resume_unwind(panic))));
        };
        let remains = Remains::of(message, handler, is_answered);
        let answer = match outcome {
            Ok(outcome) => flat(outcome),
            Err(panic) => Answer::One(Err(remains.panicked(&message_of(&*panic)))),
        };
        remains.finish(answer).map_err(Items::run)
    }
}

/// An error is an answer too.
fn flat(outcome: Result<Answer, TransportError>) -> Answer {
    outcome.unwrap_or_else(|error| Answer::One(Err(error)))
}

impl fmt::Debug for Handled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handled").finish_non_exhaustive()
    }
}

impl fmt::Debug for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finish").finish_non_exhaustive()
    }
}
