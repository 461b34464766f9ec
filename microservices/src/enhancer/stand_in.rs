//! What a test puts in the place of an enhancer.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use nestrs_di::__private::Handle;
use nestrs_di::{Instance, ProvidedBy};

use super::{ExceptionFilter, Guard, Interceptor, Pipe, Protocol};

/// What stands where `G` is named as an `E`, such as `dyn Guard`: a module that
/// provides it runs it instead of `G`.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_di::{Graph, Key, Provider, module};
/// use nestrs_microservices::{Guard, InPlaceOf, MicroCanActivate, TransportError, async_trait};
/// use serde_json::Value;
/// use std::sync::Arc;
///
/// #[derive(Default)]
/// struct Anybody;
///
/// #[async_trait]
/// impl MicroCanActivate for Anybody {
///     async fn can_activate_micro(&self, _: &str, _: &Value) -> Result<(), TransportError> {
///         Ok(())
///     }
/// }
///
/// # struct Members;
/// # #[module]
/// # struct AppModule;
/// let anybody = Provider::shared_as::<InPlaceOf<Members, dyn Guard>, _>(Arc::new(Anybody));
/// let graph = Graph::builder::<AppModule>().replace_key(Key::of::<Members>(), anybody, Vec::new());
/// ```
pub struct InPlaceOf<G, E: ?Sized> {
    of: PhantomData<fn() -> (*const G, *const E)>,
    // Only a name: nothing is one. What has a size is provided by itself alone.
    _unsized: [()],
}

/// What is provided as an [`InPlaceOf`].
struct StandIn<E: ?Sized>(Arc<E>);

impl<G: 'static, E: ?Sized + Send + Sync + 'static> InPlaceOf<G, E> {
    pub(super) fn of_instance(instance: Instance) -> Option<Arc<E>> {
        let stand_in = instance.downcast::<StandIn<E>>().ok()?;
        Some(Arc::clone(&stand_in.0))
    }
}

impl<G, E: ?Sized> fmt::Debug for InPlaceOf<G, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlaceOf")
            .field("of", &self.of)
            .finish_non_exhaustive()
    }
}

macro_rules! provided_by {
    ($($trait:ident)*) => {$(
        impl<P: Protocol, G: 'static, T: $trait<P>> ProvidedBy<T> for InPlaceOf<G, dyn $trait<P>> {
            fn handle(instance: Arc<T>) -> Handle {
                Handle::new(StandIn::<dyn $trait<P>>(instance))
            }
        }
    )*};
}

provided_by!(Interceptor Guard Pipe ExceptionFilter);
