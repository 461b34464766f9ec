//! One message in one handler, up to its answer. What panics here, in the
//! handler or in what runs around it, becomes an error of this one message.
//!
//! Every message passes here, so nothing is allocated twice and little is moved
//! about: a handler runs in one future with all that is done for it. With nothing
//! around it that is its own, see [`crate::finish`]; otherwise it is the one of
//! [`Handling::around`].
//!
//! The next file on a message's path is [`crate::enhancer`].

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::FutureExt;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{Answer, Message, TransportError};

use crate::boxed::boxed;
use crate::ctx::Ctx;
use crate::enhancer::{Callee, Messages, Waiting};
use crate::finish::Handled;
use crate::incoming::{Incoming, Parts};
use crate::panic::message_of;
use crate::pipeline::BoundHandler;
use crate::remains::Remains;

/// What was sent, where the route has wildcards for it.
pub(crate) type Subject = Option<Arc<str>>;

/// A handler, called with a message that came to it.
pub(crate) type BoundCall = dyn Fn(Incoming, Handling) -> Handled + Send + Sync;

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
        let handling = Handling {
            handler: self.clone(),
            is_answered,
        };
        (method.call)(incoming, handling).0
    }
}

/// A message for a handler, before its call.
pub struct Handling {
    pub(crate) handler: BoundHandler,
    pub(crate) is_answered: bool,
}

impl Handling {
    /// The way through what stands around the handler to what `start` makes of the
    /// message, and back.
    pub fn around<F>(
        self,
        message: Incoming,
        start: impl FnOnce(Incoming) -> F + Send + 'static,
    ) -> Handled
    where
        F: Future<Output = Result<Answer, TransportError>> + Send + 'static,
    {
        Handled(boxed(Box::new_uninit(), async move {
            self.run(message, pin!(Waiting::new(start))).await
        }))
    }

    /// The same for every handler, so it is compiled once.
    // What an `async fn` takes is copied once more.
    #[allow(clippy::manual_async_fn)]
    fn run<'a>(
        self,
        incoming: Incoming,
        callee: Pin<&'a mut (dyn Callee<Messages> + 'a)>,
    ) -> impl Future<Output = Answer> + Send + 'a {
        async move {
            let Self {
                handler,
                is_answered,
            } = self;
            let mut remains = Remains::of(&incoming, handler, is_answered);
            let method = remains.handler.method();
            if let Some(room) = &method.room {
                // It is never closed.
                remains.place = Arc::clone(room).acquire_owned().await.ok();
            }
            let within = method.chain.run(incoming, callee);
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
        }
    }
}
