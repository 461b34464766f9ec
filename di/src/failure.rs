//! Constructors and hooks that did not make it.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use crate::graph::{Code, Graph, ModuleId, ProviderId};
use crate::hooks::Hook;
use crate::injectable::Descriptor;
use crate::key::Key;

/// A constructor or a hook that failed: which, where, why.
///
/// ```
/// # fn show(failure: &nestrs_di::Failure) {
/// println!("{}: {failure}", failure.path.join(" > "));
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Failure {
    /// Whose it is.
    pub key: Key,
    /// The hook; `None` for the constructor.
    pub hook: Option<Hook>,
    /// Where the provider is written.
    pub at: &'static Location<'static>,
    /// From the root module to the provider.
    pub path: Vec<String>,
    cause: Cause,
}

/// How it ended.
#[derive(Clone, Debug)]
pub enum Cause {
    /// It returned an error.
    Failed(Arc<dyn Error + Send + Sync>),
    /// It panicked with this text.
    Panicked(String),
    /// It took longer than it may.
    TimedOut(Duration),
    /// It asked for something it does not declare.
    Unresolved(Key),
    /// It comes with a request scope, and did not.
    NotSupplied,
}

impl Cause {
    /// Keeps the error a constructor returned.
    pub fn failed(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Failed(Arc::from(error.into()))
    }

    #[cold]
    pub(crate) fn unresolved(key: &Key) -> Self {
        Self::Unresolved(*key)
    }

    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::Panicked(text.unwrap_or("a value that is no text").to_owned())
    }
}

impl Failure {
    pub(crate) fn new(graph: &Graph, id: ProviderId, hook: Option<Hook>, cause: Cause) -> Self {
        let node = graph.provider(id);
        let mut failure = Self::of(graph, node.module, &node.provider, cause);
        failure.key = node.key();
        failure.hook = hook;
        failure
    }

    /// The failure of something that is in no graph.
    pub(crate) fn of(
        graph: &Graph,
        module: ModuleId,
        descriptor: &Descriptor,
        cause: Cause,
    ) -> Self {
        let Descriptor { key, at, .. } = *descriptor;
        let mut path = graph.path_to(module);
        path.push(key.to_string());
        Self {
            key,
            hook: None,
            at,
            path,
            cause,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key,
            hook,
            at,
            path,
            cause,
        } = self;
        match hook {
            None => write!(
                f,
                "error[{}]: the constructor of `{key}` {cause}",
                Code::Constructor
            )?,
            Some(hook) => write!(f, "error[{}]: `{hook}` of `{key}` {cause}", Code::Hook)?,
        }
        write!(f, "\n   --> {at}\n  path: {}", path.join(" > "))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => write!(f, "failed: {error}"),
            Self::Panicked(text) => write!(f, "panicked: {text}"),
            Self::TimedOut(limit) => write!(f, "did not finish within {limit:?}"),
            Self::Unresolved(key) => write!(
                f,
                "asked for `{key}`, which is none of the dependencies it declares"
            ),
            Self::NotSupplied => f.write_str(
                "comes with a request scope, and nobody has supplied it: `scope.supply(…)`",
            ),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}\n")
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Failed(error) => Some(&**error),
            _ => None,
        }
    }
}

macro_rules! list_of_failures {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            failures: Vec<Failure>,
        }

        impl $name {
            /// Fails if there is anything to report.
            pub(crate) fn check(failures: Vec<Failure>) -> Result<(), Self> {
                if failures.is_empty() { Ok(()) } else { Err(Self { failures }) }
            }

            /// Each of them, in the order they happened.
            pub fn failures(&self) -> &[Failure] {
                &self.failures
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                for (index, failure) in self.failures.iter().enumerate() {
                    let gap = if index == 0 { "" } else { "\n\n" };
                    write!(f, "{gap}{failure}")?;
                }
                Ok(())
            }
        }

        /// As `Display`: this is what a failing test prints.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "\n{self}\n")
            }
        }

        impl Error for $name {
            fn source(&self) -> Option<&(dyn Error + 'static)> {
                self.failures.first().and_then(Error::source)
            }
        }
    };
}

list_of_failures! {
    /// Every constructor that failed. What had been built is dropped.
    ///
    /// ```
    /// use nestrs_di::{ConstructError, Graph, Module};
    ///
    /// async fn start<M: Module>() -> Result<(), ConstructError> {
    ///     let graph = Graph::of::<M>().expect("the wiring is tested");
    ///     if let Err(error) = graph.construct().await {
    ///         for failure in error.failures() {
    ///             eprintln!("{} at {}: {failure}", failure.key, failure.at);
    ///         }
    ///         return Err(error);
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ConstructError
}

list_of_failures! {
    /// Every hook that failed.
    ///
    /// ```
    /// use nestrs_di::{Container, LifecycleError};
    ///
    /// async fn end(container: Container) -> Result<(), LifecycleError> {
    ///     container.destroy().await
    /// }
    /// ```
    LifecycleError
}
