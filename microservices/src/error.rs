//! Why handlers cannot be bound.

use std::fmt;

use crate::handler::HandlerName;

/// Why the handlers of an application cannot serve.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_microservices::{BindError, BoundHandler, Dispatcher, micro_routes};
/// use std::sync::Arc;
///
/// struct Greeter;
///
/// #[micro_routes]
/// impl Greeter {
///     #[message_pattern("greet")]
///     async fn hello(&self) {}
///
///     #[message_pattern("greet")]
///     async fn welcome(&self) {}
/// }
///
/// let error = Dispatcher::new(BoundHandler::all_of(&Arc::new(Greeter))).unwrap_err();
/// let BindError::Conflicts(conflicts) = &error else { unreachable!() };
/// assert_eq!(conflicts[0].route, "greet");
/// assert!(error.to_string().contains("change the pattern of one"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindError {
    /// Patterns with several message handlers: all of them, each pair once.
    Conflicts(Vec<Conflict>),
    /// A type in `microservices` that has no one instance to call, since it is
    /// made anew for each who asks.
    NoInstance {
        /// The path of the type.
        provider: &'static str,
        /// The module that lists it.
        module: String,
    },
}

/// Two message handlers for one pattern, see [`BindError`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The pattern as a route.
    pub route: String,
    /// The handlers, in the order their modules are imported.
    pub handlers: [HandlerName; 2],
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflicts(conflicts) => {
                for (i, conflict) in conflicts.iter().enumerate() {
                    if i > 0 {
                        f.write_str("\n")?;
                    }
                    conflict.fmt(f)?;
                }
                Ok(())
            }
            Self::NoInstance { provider, module } => write!(
                f,
                "`{provider}` is listed in `microservices` of `{module}`, but is no singleton: \
                 take the `scope` off its `#[injectable]`"
            ),
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            route,
            handlers: [first, second],
        } = self;
        if first == second {
            return write!(
                f,
                "pattern `{route}` of {first} is bound twice: \
                 list the type in `microservices` of one module only"
            );
        }
        write!(
            f,
            "pattern `{route}` has two message handlers, {first} and {second}: \
             change the pattern of one, or make both `#[event_pattern]`"
        )
    }
}

impl std::error::Error for BindError {}
