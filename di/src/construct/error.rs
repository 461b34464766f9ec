//! Constructors that did not make it.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::graph::{Graph, ProviderId};
use crate::inject::Request;
use crate::key::Key;

/// Every constructor that failed. What had been built is dropped.
///
/// ```
/// use nestrs_di::{ConstructError, Graph, Module, ModuleDefinition};
///
/// async fn start<M: Module>() -> Result<(), ConstructError> {
///     let graph = Graph::of::<M>().expect("the wiring is tested");
///     match graph.construct().await {
///         Ok(_) => Ok(()),
///         Err(error) => {
///             for failure in error.failures() {
///                 eprintln!("{} at {}: {failure}", failure.key, failure.at);
///             }
///             Err(error)
///         }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct ConstructError {
    failures: Vec<Failure>,
}

/// A constructor that failed: which, where, why.
///
/// ```
/// # fn show(failure: &nestrs_di::Failure) {
/// println!("{}: {failure}", failure.path.join(" > "));
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Failure {
    /// Whose constructor it is.
    pub key: Key,
    /// Where the provider is written.
    pub at: &'static Location<'static>,
    /// From the root module to the provider.
    pub path: Vec<String>,
    cause: BuildError,
}

/// What a constructor ended with instead of an instance.
#[derive(Clone, Debug)]
pub enum BuildError {
    /// It returned an error.
    Failed(Arc<dyn Error + Send + Sync>),
    /// It panicked with this text.
    Panicked(String),
    /// It asked for something it does not declare.
    Unresolved(Key),
}

impl BuildError {
    /// Keeps the error a constructor returned.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(Arc::from(error.into()))
    }

    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::Panicked(text.unwrap_or("a value that is no text").to_owned())
    }

    pub(crate) fn unresolved(request: Request) -> Self {
        Self::Unresolved(request.key)
    }
}

impl ConstructError {
    pub(super) fn new(failures: Vec<Failure>) -> Self {
        Self { failures }
    }

    /// Each constructor that failed, in the order they did.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }
}

impl Failure {
    pub(super) fn new(graph: &Graph, id: ProviderId, cause: BuildError) -> Self {
        let node = graph.provider(id);
        let mut path = graph.path_to(node.module);
        path.push(node.provider.key.to_string());
        Self {
            key: node.provider.key,
            at: node.provider.at,
            path,
            cause,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            at,
            path,
            cause,
        } = self;
        write!(
            f,
            "error[DI008]: the constructor of `{key}` {cause}\n   --> {at}\n  path: {}",
            path.join(" > ")
        )
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(text) => write!(f, "panicked: {text}"),
            Self::Unresolved(key) => write!(
                f,
                "asked for `{key}`, which is none of the dependencies it declares"
            ),
        }
    }
}

impl fmt::Display for ConstructError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.failures.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{failure}")?;
        }
        Ok(())
    }
}

/// As `Display`: this is what a failing test prints.
impl fmt::Debug for ConstructError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}\n")
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}\n")
    }
}

impl Error for ConstructError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.failures.first().and_then(Error::source)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            BuildError::Failed(error) => Some(&**error),
            BuildError::Panicked(_) | BuildError::Unresolved(_) => None,
        }
    }
}
