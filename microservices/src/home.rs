//! Where what a handler asks the container for comes from.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use nestrs_core::{ErrorKind, TransportError};
use nestrs_di::{Container, Instance, Key, ModuleId, RequestScope};

/// The container as the module of a handler sees it, for one call of that.
#[derive(Clone)]
pub struct Home {
    /// The application's.
    pub container: Container,
    /// The module that lists the handler.
    pub module: ModuleId,
    /// There where anything for this handler is of a request.
    pub request: Option<RequestScope>,
}

impl Home {
    /// What the module gets for `key`.
    ///
    /// # Errors
    ///
    /// There is none, or it could not be built: nothing a caller is told.
    pub async fn instance(&self, key: Key) -> Result<Instance, TransportError> {
        let Self {
            container,
            module,
            request,
        } = self;
        match request {
            Some(request) => {
                let instance = request.get_in(*module, key).await;
                instance.map_err(|error| internal(error.to_string()))
            }
            None => container
                .get_in(*module, key)
                .ok_or_else(|| internal(format!("nothing provides `{key}` here"))),
        }
    }
}

/// An error that is the application's own fault, and for its log alone.
pub(crate) fn internal(message: String) -> TransportError {
    TransportError::of_kind(ErrorKind::Internal, message)
}

/// `instance` as a `T`, which is what was asked for.
pub(crate) fn downcast<T: Any + Send + Sync>(instance: Instance) -> Result<Arc<T>, TransportError> {
    let other = |_| internal(format!("no `{}`", std::any::type_name::<T>()));
    instance.downcast().map_err(other)
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Home").field(&self.module).finish()
    }
}
