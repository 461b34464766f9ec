//! [`BootstrapError`]: why an application could not start.

use std::error::Error;
use std::fmt;

use nestrs_di::{ConstructError, GraphError, LifecycleError};

/// Why an application could not start. Displayed, it is the whole report.
///
/// Nothing of the application is left behind: what had been started is stopped
/// again.
#[non_exhaustive]
pub enum BootstrapError {
    /// The modules do not fit together. Nothing was constructed.
    Graph(GraphError),
    /// Constructors failed.
    Construct(ConstructError),
    /// Hooks failed.
    Lifecycle(LifecycleError),
    /// Handlers are in each other's way.
    #[cfg(any(feature = "http", feature = "microservices"))]
    Handlers(nestrs_microservices::BindError),
    /// A server could not listen.
    Server {
        /// The server's transport, as `tcp`.
        transport: &'static str,
        /// What kept it.
        source: nestrs_core::StartError,
    },
    /// The HTTP side could not listen.
    #[cfg(feature = "http")]
    Http(nestrs_core::StartError),
    /// The signals that stop the application could not be watched.
    Signals(std::io::Error),
}

impl fmt::Display for BootstrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Graph(error) => error.fmt(f),
            Self::Construct(error) => error.fmt(f),
            Self::Lifecycle(error) => error.fmt(f),
            #[cfg(any(feature = "http", feature = "microservices"))]
            Self::Handlers(error) => error.fmt(f),
            Self::Server { transport, source } => write!(f, "the {transport} server: {source}"),
            #[cfg(feature = "http")]
            Self::Http(error) => write!(f, "the HTTP side: {error}"),
            Self::Signals(error) => write!(f, "cannot watch for SIGINT and SIGTERM: {error}"),
        }
    }
}

/// As `Display`: this is what a `main` that returns it prints.
impl fmt::Debug for BootstrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}")
    }
}

impl Error for BootstrapError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        // The variants whose text is their source's are transparent.
        match self {
            Self::Graph(error) => error.source(),
            Self::Construct(error) => error.source(),
            Self::Lifecycle(error) => error.source(),
            #[cfg(any(feature = "http", feature = "microservices"))]
            Self::Handlers(error) => error.source(),
            Self::Server { source, .. } => Some(source),
            #[cfg(feature = "http")]
            Self::Http(error) => Some(error),
            Self::Signals(error) => Some(error),
        }
    }
}

impl From<GraphError> for BootstrapError {
    fn from(error: GraphError) -> Self {
        Self::Graph(error)
    }
}

impl From<ConstructError> for BootstrapError {
    fn from(error: ConstructError) -> Self {
        Self::Construct(error)
    }
}

impl From<LifecycleError> for BootstrapError {
    fn from(error: LifecycleError) -> Self {
        Self::Lifecycle(error)
    }
}

#[cfg(any(feature = "http", feature = "microservices"))]
impl From<nestrs_microservices::BindError> for BootstrapError {
    fn from(error: nestrs_microservices::BindError) -> Self {
        Self::Handlers(error)
    }
}
