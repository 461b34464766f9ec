//! [`HandlerTypes`]: what the handler of a method says of itself.

use nestrs_core::Dispatch;
use serde_json::{Value, json};

/// What the handler of a method takes and returns: what it has to say to the
/// transport, as [`Dispatch::extras`]. A server compares it with the proto file
/// before it starts. The macros write it.
///
/// ```
/// use nestrs_transport_grpc::HandlerTypes;
///
/// let types = HandlerTypes {
///     handler: "MathController::add (src/math.rs:12)".to_owned(),
///     takes_stream: Some(false),
///     takes: Some("math.AddRequest".to_owned()),
///     gives_stream: false,
///     gives: Some("math.AddReply".to_owned()),
/// };
/// assert_eq!(HandlerTypes::from_extras(&types.to_extras()), Some(types));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandlerTypes {
    /// What it is called by in errors.
    pub handler: String,
    /// Whether it takes many requests; `None` where it takes none.
    pub takes_stream: Option<bool>,
    /// What its request is called, as `package.Message`, where that is known.
    pub takes: Option<String>,
    /// Whether it returns many replies.
    pub gives_stream: bool,
    /// What its reply is called, as `package.Message`, where that is known.
    pub gives: Option<String>,
}

impl HandlerTypes {
    /// As a handler's extras.
    pub fn to_extras(&self) -> Value {
        let Self {
            handler,
            takes_stream,
            takes,
            gives_stream,
            gives,
        } = self;
        json!({ "grpc": {
            "handler": handler,
            "takes": { "stream": takes_stream, "type": takes },
            "gives": { "stream": gives_stream, "type": gives },
        } })
    }

    /// From a handler's extras, if it is one of a method.
    pub fn from_extras(extras: &Value) -> Option<Self> {
        let types = extras.get("grpc")?;
        let name = |side: &str| types[side]["type"].as_str().map(str::to_owned);
        Some(Self {
            handler: types["handler"].as_str()?.to_owned(),
            takes_stream: types["takes"]["stream"].as_bool(),
            takes: name("takes"),
            gives_stream: types["gives"]["stream"].as_bool()?,
            gives: name("gives"),
        })
    }

    pub(super) fn of(dispatch: &dyn Dispatch, route: &str) -> Option<Self> {
        Self::from_extras(&dispatch.extras(route))
    }
}
