//! What outlives a message in its handler: enough to say what became of it.
//!
//! Back to the path of a message: [`crate::running`].

use std::sync::Arc;

use bytes::Bytes;
use nestrs_core::error::INTERNAL_SERVER_ERROR;
use nestrs_core::{Answer, ErrorKind, Headers, TransportError};
use tokio::sync::OwnedSemaphorePermit;

use crate::ctx::{Ctx, correlation_id};
use crate::home::Home;
use crate::incoming::{Incoming, Parts};
use crate::panic::contain;
use crate::payload::decode;
use crate::pipeline::BoundHandler;
use crate::streaming::Items;

/// What is left of a message once its handler has it.
pub(crate) struct Remains {
    pub(crate) handler: BoundHandler,
    /// What logs call the message by.
    headers: Headers,
    id: Option<Bytes>,
    /// What filters are told, if there are any.
    told: Option<Box<(Ctx, Option<Home>)>>,
    is_answered: bool,
    /// Free once the last item of the answer is there.
    pub(crate) place: Option<OwnedSemaphorePermit>,
}

impl Remains {
    #[inline]
    pub(crate) fn of(incoming: &Incoming, handler: BoundHandler, is_answered: bool) -> Self {
        let Parts { ctx, home, .. } = &*incoming.0;
        let has_filters = handler.method().chain.has_filters();
        Self {
            handler,
            headers: ctx.headers.clone(),
            id: ctx.id.clone(),
            told: has_filters.then(|| Box::new((ctx.clone(), home.clone()))),
            is_answered,
            place: None,
        }
    }

    /// The answer as it goes back. That of a stream that nobody waits for takes
    /// its time: it comes once the items have run.
    pub(crate) fn finish(self, answer: Answer) -> Result<Answer, Items> {
        Ok(match (answer, self.is_answered) {
            (Answer::One(Err(error)), true) => Answer::One(Err(self.mask(error))),
            (Answer::Many(items), true) => Answer::Many(Items::new(items, self).masked()),
            (answer, true) => answer,
            (Answer::One(Err(error)), false) => self.unheard(error),
            (Answer::Many(items), false) => return Err(Items::new(items, self)),
            (_, false) => Answer::Silent,
        })
    }

    /// What the filters make of an error.
    pub(crate) async fn answer_for(&self, error: TransportError) -> Answer {
        let Some(told) = &self.told else {
            return Answer::One(Err(error));
        };
        let (ctx, home) = &**told;
        let chain = &self.handler.method().chain;
        let catch = || chain.catch(error, ctx, home.as_ref());
        match Box::pin(contain(catch)).await {
            Ok(Ok(answer)) => encoded(answer, ctx),
            Ok(Err(error)) => Answer::One(Err(error)),
            Err(panic) => Answer::One(Err(self.panicked(&panic))),
        }
    }

    /// What the caller may know of an error; the rest is logged.
    pub(crate) fn mask(&self, error: TransportError) -> TransportError {
        if error.kind() != ErrorKind::Internal || self.handler.method().expose_errors {
            return error;
        }
        let (pattern, handler) = (self.handler.route(), self.handler.name());
        let correlation_id = &*correlation_id(&self.headers, self.id.as_ref());
        tracing::error!(%pattern, %handler, correlation_id, "a handler failed: {error}");
        TransportError::new(INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn panicked(&self, panic: &str) -> TransportError {
        let (pattern, handler) = (self.handler.route(), self.handler.name());
        let correlation_id = &*correlation_id(&self.headers, self.id.as_ref());
        tracing::error!(%pattern, %handler, correlation_id, "a handler panicked: {panic}");
        TransportError::new(INTERNAL_SERVER_ERROR)
    }

    /// The error of a message that nobody waits for.
    pub(crate) fn unheard(&self, error: TransportError) -> Answer {
        let (pattern, handler) = (self.handler.route(), self.handler.name());
        let details = error.details.as_ref().map(tracing::field::display);
        tracing::error!(%pattern, %handler, details, "an event failed: {error}");
        Answer::One(Err(error))
    }
}

/// What a filter answers is JSON, whatever the handler's items are.
fn encoded(answer: Answer, ctx: &Ctx) -> Answer {
    match &ctx.encoding {
        None => answer,
        Some(encoding) => {
            let encoding = Arc::clone(encoding);
            answer.map(move |item| {
                let what = || "what an exception filter answered is no JSON".to_owned();
                encoding.write_item(&decode(&item, what)?)
            })
        }
    }
}
