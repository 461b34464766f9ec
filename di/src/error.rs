//! Whatever can go wrong with a container, as one type.

use std::error;
use std::fmt;

use crate::failure::{ConstructError, LifecycleError};
use crate::graph::GraphError;
use crate::resolve::ResolveError;

/// Each of the crate's errors, for who handles them in one place; `?` makes it of any.
///
/// ```
/// use nestrs_di::{Container, Error, Graph, Module};
///
/// async fn start<M: Module>() -> Result<Container, Error> {
///     let container = Graph::of::<M>()?.construct().await?;
///     container.init().await?;
///     container.bootstrap().await?;
///     Ok(container)
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The wiring is wrong; nothing was built.
    Graph(GraphError),
    /// Constructors failed.
    Construct(ConstructError),
    /// Hooks failed.
    Lifecycle(LifecycleError),
    /// Nothing came of asking the container.
    Resolve(ResolveError),
}

macro_rules! from {
    ($($variant:ident($error:ident))*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        })*

        impl fmt::Display for Error {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant(error) => error.fmt(f),)*
                }
            }
        }

        // What is displayed here is not repeated as the source.
        impl error::Error for Error {
            fn source(&self) -> Option<&(dyn error::Error + 'static)> {
                match self {
                    $(Self::$variant(error) => error.source(),)*
                }
            }
        }
    };
}

from!(Graph(GraphError) Construct(ConstructError) Lifecycle(LifecycleError) Resolve(ResolveError));
