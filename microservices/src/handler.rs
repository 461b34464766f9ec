//! What `#[micro_routes]` leaves behind about a type: its handlers, as
//! constant data. Nothing runs and nothing is allocated to describe them.
//!
//! Aside from a message's path, which goes on in [`crate::payload`].

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use nestrs_core::{MessageKind, Pattern};
use nestrs_di::Key;
use serde_json::Value;

use crate::enhancer::Enhancers;
use crate::finish::{Finish, Handled};
use crate::incoming::Incoming;

/// A type with message handlers. Written by
/// [`#[micro_routes]`](macro@crate::micro_routes).
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_microservices::{MicroRoutes, micro_routes};
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
/// assert_eq!(MathService::HANDLERS[0].method, "double");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is listed in `microservices` but has no `#[micro_routes]` impl",
    label = "no message handlers",
    note = "write `#[micro_routes] impl {Self} {{ … }}`, or list it in `providers` instead"
)]
pub trait MicroRoutes: Send + Sync + Sized + 'static {
    /// One entry for each method that has patterns.
    const HANDLERS: &'static [Handler<Self>];
    /// What runs around each of them.
    const ENHANCERS: Enhancers = Enhancers::NONE;
}

/// One method that handles messages, see [`MicroRoutes`].
pub struct Handler<T: 'static> {
    /// What it is called for.
    pub patterns: Patterns,
    /// The method's name.
    pub method: &'static str,
    /// Where it is written.
    pub at: &'static Location<'static>,
    /// What runs around it.
    pub enhancers: Enhancers,
    /// What its parameters need from the container.
    pub dependencies: &'static [Option<Key>],
    /// How many messages it handles at a time; others wait.
    pub max_in_flight: Option<usize>,
    /// What its transport has to know of its types, in the place of its
    /// patterns' extras.
    pub signature: Option<fn() -> Value>,
    /// Calls it.
    pub call: Call<T>,
}

/// The patterns of one method.
pub type Patterns = &'static [HandlerPattern];

/// Takes the handler's parameters out of a message, runs it, makes an answer of
/// what it returns, and [finishes](Finish) that. It gives the future without
/// doing anything yet: a panic before that is nobody's. The `Finish` makes it, so that no
/// message goes past what stands around the handler.
pub type Call<T> = fn(Arc<T>, Incoming, Finish) -> Handled;

/// One pattern of a handler.
///
/// ```
/// use nestrs_core::MessageKind;
/// use nestrs_microservices::{HandlerPattern, PatternLiteral};
///
/// let pattern = HandlerPattern::new(MessageKind::Event, PatternLiteral::Text("user.created"));
/// assert_eq!(pattern.transport, None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandlerPattern {
    /// Whether it is called for requests or for events.
    pub kind: MessageKind,
    /// The pattern.
    pub pattern: PatternLiteral,
    /// The only transport it is called through, if there is but one.
    pub transport: Option<&'static str>,
    /// What it has to say to the transport, as JSON.
    pub extras: Option<&'static str>,
}

impl HandlerPattern {
    /// A pattern for all transports.
    pub const fn new(kind: MessageKind, pattern: PatternLiteral) -> Self {
        Self {
            kind,
            pattern,
            transport: None,
            extras: None,
        }
    }

    /// A method of a gRPC service, by its path: `/math.Math/Add`.
    #[cfg(feature = "grpc")]
    pub const fn of_grpc(path: &'static str) -> Self {
        Self {
            transport: Some("grpc"),
            ..Self::new(MessageKind::Request, PatternLiteral::Text(path))
        }
    }
}

/// A pattern as it is written in an attribute.
///
/// ```
/// use nestrs_microservices::PatternLiteral;
///
/// assert_eq!(&*PatternLiteral::Text("math.add").to_pattern(), "math.add");
/// let object = PatternLiteral::Json(r#"{"cmd":"sum","a":1}"#);
/// assert_eq!(&*object.to_pattern(), r#"{"a":1,"cmd":"sum"}"#);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternLiteral {
    /// A string, which is its own route.
    Text(&'static str),
    /// The JSON text of anything else.
    Json(&'static str),
}

impl PatternLiteral {
    /// The route it stands for.
    pub fn to_pattern(self) -> Pattern {
        match self {
            Self::Text(text) => Pattern::from(text),
            Self::Json(json) => Pattern::parse(json),
        }
    }
}

impl<T> fmt::Debug for Handler<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler")
            .field("method", &self.method)
            .field("patterns", &self.patterns)
            .finish_non_exhaustive()
    }
}

/// A handler as it is called in logs and errors: `app::MathService::add
/// (src/math.rs:12)`.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_microservices::{BoundHandler, micro_routes};
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
/// let handler = BoundHandler::all_of(&Arc::new(MathService)).next().unwrap();
/// assert!(handler.name().to_string().contains("MathService::double ("));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HandlerName {
    /// The path of the type.
    pub provider: &'static str,
    /// The method.
    pub method: &'static str,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

impl HandlerName {
    /// The name of a method of `T`.
    pub fn of<T>(method: &'static str, at: &'static Location<'static>) -> Self {
        Self {
            provider: std::any::type_name::<T>(),
            method,
            at,
        }
    }
}

impl fmt::Display for HandlerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            provider,
            method,
            at,
        } = self;
        write!(f, "{provider}::{method} ({}:{})", at.file(), at.line())
    }
}
