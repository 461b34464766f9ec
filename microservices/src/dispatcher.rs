//! From a message to its handlers, and from what they do to one answer.
//!
//! | message | handlers of its pattern | what happens |
//! |---|---|---|
//! | request | a message handler | it runs and answers |
//! | request | event handlers only | all run at once, the first of them answers |
//! | request | none | [`Answer::NoHandler`] |
//! | event | event handlers | all run at once; failures are logged, and the first is the answer |
//! | event | a message handler only | it runs, and only its failure is looked at |
//! | event | none | a warning is logged, and [`Answer::NoHandler`] |
//!
//! The next file on a message's path is [`crate::pipeline`].

use std::fmt;

use futures_util::FutureExt;
use futures_util::future::{join, join_all, ready};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::route_table::{RouteTable, pattern_text};
use nestrs_core::{Answer, Dispatch, Message, MessageKind, Pattern, Wildcards};
use serde_json::Value;

use crate::error::{BindError, Conflict};
use crate::pipeline::BoundHandler;
use crate::running::Subject;

/// The handlers of an application, by pattern: what servers call.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_core::{Answer, Dispatch, Message, MessageKind};
/// use nestrs_microservices::{BoundHandler, Dispatcher, micro_routes};
/// use std::sync::Arc;
///
/// struct MathService;
///
/// #[micro_routes]
/// impl MathService {
///     #[message_pattern("math.double")]
///     async fn double(&self, n: i64) -> i64 {
///         2 * n
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let dispatcher = Dispatcher::new(BoundHandler::all_of(&Arc::new(MathService))).unwrap();
/// let message = Message::new(MessageKind::Request, r#""math.double""#, "21");
/// let Answer::One(reply) = dispatcher.dispatch(message).await else { unreachable!() };
/// assert_eq!(reply.unwrap().unwrap(), "42");
/// # }
/// ```
#[derive(Default)]
pub struct Dispatcher {
    routes: RouteTable<Route>,
    service: Option<String>,
}

/// What handles one pattern.
#[derive(Debug, Default)]
struct Route {
    message: Option<BoundHandler>,
    events: Vec<BoundHandler>,
}

impl Dispatcher {
    /// A dispatcher to `handlers`. Event handlers of one pattern all run, in
    /// this order as far as they do not wait.
    ///
    /// # Errors
    ///
    /// [`BindError::Conflicts`] when a pattern has several message handlers.
    pub fn new(handlers: impl IntoIterator<Item = BoundHandler>) -> Result<Self, BindError> {
        Self::with_wildcards(handlers, None)
    }

    pub(crate) fn with_wildcards(
        handlers: impl IntoIterator<Item = BoundHandler>,
        wildcards: Option<Wildcards>,
    ) -> Result<Self, BindError> {
        let mut routes = RouteTable::<Route>::new(wildcards);
        let mut conflicts = Vec::new();
        for handler in handlers {
            let route = routes.entry(Pattern::from(handler.route()));
            match (handler.kind(), &route.message) {
                (MessageKind::Event, _) => route.events.push(handler),
                (MessageKind::Request, None) => route.message = Some(handler),
                (MessageKind::Request, Some(first)) => conflicts.push(Conflict {
                    route: handler.route().to_owned(),
                    handlers: [first.name(), handler.name()],
                }),
            }
        }
        match conflicts.is_empty() {
            true => Ok(Self {
                routes,
                service: None,
            }),
            false => Err(BindError::Conflicts(conflicts)),
        }
    }

    pub(crate) fn of_service(self, service: Option<String>) -> Self {
        Self { service, ..self }
    }
}

impl Dispatch for Dispatcher {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let found = match &message.route {
            Some(route) => self.routes.get(route),
            None => self.routes.find(&message.pattern),
        };
        let Some((route, handlers)) = found else {
            return ready(unknown(&message)).boxed();
        };
        let subject = self.routes.subject(route, &message.pattern);
        // What several handlers share is made for each of them: that stays out of the
        // way of a message that goes to one.
        match handlers.only(message.kind) {
            Some(handler) => {
                let is_answered = message.kind == MessageKind::Request;
                handler.run(message, subject, is_answered)
            }
            None => handlers.run_all(&message, &subject),
        }
    }

    fn routes(&self) -> Vec<String> {
        let routes = self.routes.iter();
        routes.map(|(route, _)| route.to_owned()).collect()
    }

    fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    fn extras(&self, route: &str) -> Value {
        let found = self.routes.find(route.as_bytes());
        let handlers = found.into_iter().flat_map(|(_, route)| route.handlers());
        let mut extras = handlers.map(BoundHandler::extras);
        extras.find(|extras| !extras.is_null()).unwrap_or_default()
    }
}

impl Route {
    fn handlers(&self) -> impl Iterator<Item = &BoundHandler> {
        self.message.iter().chain(&self.events)
    }

    /// The only one that a message of that kind is for.
    fn only(&self, kind: MessageKind) -> Option<&BoundHandler> {
        match (kind, &self.message, &self.events[..]) {
            (MessageKind::Request, message @ Some(_), _) => message.as_ref(),
            (_, message, []) => message.as_ref(),
            (_, _, [only]) => Some(only),
            _ => None,
        }
    }

    /// All of them, or none.
    #[cold]
    fn run_all(&self, message: &Message, subject: &Subject) -> BoxFuture<'static, Answer> {
        match (message.kind, &self.events[..]) {
            (MessageKind::Request, []) => ready(Answer::NoHandler).boxed(),
            (MessageKind::Request, [first, others @ ..]) => {
                let first = first.run(message.clone(), subject.clone(), true);
                let all = join(first, run_all(others, message, subject));
                all.map(|(answer, _)| answer).boxed()
            }
            (MessageKind::Event, events) => run_all(events, message, subject).boxed(),
        }
    }
}

/// Runs handlers at once until the last of them is done, whatever becomes of
/// the others. The answer is silence, or the error of the first that failed.
fn run_all(
    handlers: &[BoundHandler],
    message: &Message,
    subject: &Subject,
) -> impl Future<Output = Answer> + Send + use<> {
    let run = |handler: &BoundHandler| handler.run(message.clone(), subject.clone(), false);
    join_all(handlers.iter().map(run).collect::<Vec<_>>()).map(|answers| {
        let mut failed = answers
            .into_iter()
            .filter(|answer| !matches!(answer, Answer::Silent));
        failed.next().unwrap_or(Answer::Silent)
    })
}

fn unknown(message: &Message) -> Answer {
    match message.kind {
        MessageKind::Request => Answer::NoHandler,
        MessageKind::Event => {
            let pattern = pattern_text(&message.pattern).unwrap_or_default();
            tracing::warn!(
                "There is no matching event handler defined in the remote service. Event pattern: {pattern}"
            );
            Answer::NoHandler
        }
    }
}

impl fmt::Debug for Dispatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.routes.iter()).finish()
    }
}
