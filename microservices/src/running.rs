//! One message in one handler, up to its answer. What panics here, in the
//! handler or in what runs around it, becomes an error of this one message.
//!
//! Every message passes here, so nothing is allocated twice and little is moved
//! about: a handler with nothing around it runs in one future, see [`Finish`].
//!
//! The next file on a message's path is [`crate::enhancer`].

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;

use futures_util::FutureExt;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, Message, TransportError};

use crate::boxed::boxed;
use crate::ctx::Ctx;
use crate::incoming::{Incoming, Parts};
use crate::panic::message_of;
use crate::pipeline::BoundHandler;
use crate::remains::Remains;
use crate::streaming::Items;

/// What was sent, where the route has wildcards for it.
pub(crate) type Subject = Option<Arc<str>>;

/// A handler, called with a message that came to it.
pub(crate) type BoundCall = dyn Fn(Incoming, Finish) -> BoxFuture<'static, Answer> + Send + Sync;

impl BoundHandler {
    /// Handles a message and answers it. Where nobody waits for that, a failure is
    /// logged, and is the answer, for a transport that delivers again what failed.
    #[inline(always)]
    pub(crate) fn run(
        &self,
        message: Message,
        subject: Subject,
        is_answered: bool,
    ) -> BoxFuture<'static, Answer> {
        let method = self.method();
        let Message {
            kind,
            payload,
            context,
            ..
        } = message;
        let (handler, home) = (self.named(), method.home.clone());
        // In place: by `Incoming::new` it takes 42 instructions more.
        let mut incoming = Incoming(Box::write(
            Box::new_uninit(),
            Parts {
                ctx: Ctx {
                    subject,
                    kind,
                    handler,
                    context,
                },
                payload: payload.into(),
                home,
                is_validated: false,
            },
        ));
        if method.is_of_request {
            incoming.begin_request();
        }
        match method.is_bare {
            true => (method.call)(incoming, Finish(Some((self.clone(), is_answered)))),
            false => self.clone().handle_within(incoming, is_answered),
        }
    }

    /// With what stands around it.
    fn handle_within(self, incoming: Incoming, is_answered: bool) -> BoxFuture<'static, Answer> {
        boxed(Box::new_uninit(), async move {
            let mut remains = Remains::of(&incoming, self, is_answered);
            let method = remains.handler.method();
            if let Some(room) = &method.room {
                // It is never closed.
                remains.place = Arc::clone(room).acquire_owned().await.ok();
            }
            let call = |message| (method.call)(message, Finish::NONE);
            let within = method.chain.run(incoming, &call);
            let answer = match AssertUnwindSafe(within).catch_unwind().await {
                // By far the most answers: nothing is left to do for them.
                Ok(Ok(answer @ Answer::One(Ok(_)))) => {
                    return match is_answered {
                        true => answer,
                        false => Answer::Silent,
                    };
                }
                Ok(Ok(Answer::One(Err(error))) | Err(error)) => remains.answer_for(error).await,
                Ok(Ok(answer)) => answer,
                Err(panic) => Answer::One(Err(remains.panicked(&message_of(&*panic)))),
            };
            match remains.finish(answer) {
                Ok(answer) => answer,
                Err(items) => items.run().await,
            }
        })
    }
}

/// What is to be done with what a handler returned: everything, where nothing
/// stands around the handler, and it is done in the handler's own future; or
/// nothing, where what stands around it comes first.
///
/// The macros write handlers that use it. Who writes a
/// [`Handler`](crate::Handler) by hand has [`after`](Self::after).
pub struct Finish(Option<(BoundHandler, bool)>);

/// What a handler's future came to; a panic, if that is how it ended.
type Outcome = Result<Result<Answer, TransportError>, Box<dyn Any + Send>>;

impl Finish {
    pub(crate) const NONE: Self = Self(None);

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
        self,
        mut message: Incoming,
        body: impl for<'a> FnOnce(&'a mut Incoming) -> BoxFuture<'a, Result<Answer, TransportError>>
        + Send
        + 'static,
    ) -> BoxFuture<'static, Answer> {
        Box::pin(async move {
            let body = async { body(&mut message).await };
            let outcome = AssertUnwindSafe(body).catch_unwind().await;
            match self.at_once(outcome, &message) {
                Ok(answer) => answer,
                Err(later) => later.await,
            }
        })
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
            (Some((_, true)) | None, Ok(Ok(answer @ Answer::One(Ok(_))))) => Ok(answer),
            (Some((_, false)), Ok(Ok(Answer::One(Ok(_))))) => Ok(Answer::Silent),
            (_, outcome) => self.at_length(outcome, message),
        }
    }

    #[cold]
    fn at_length(
        self,
        outcome: Outcome,
        message: &Incoming,
    ) -> Result<Answer, BoxFuture<'static, Answer>> {
        let Some((handler, is_answered)) = self.0 else {
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

impl fmt::Debug for Finish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finish").finish_non_exhaustive()
    }
}
