//! Functions as providers.

use std::any::type_name;
use std::error::Error;
use std::future::Future;
use std::panic::Location;

use crate::build::BuildFuture;
use crate::failure::Cause;
use crate::handle::Handle;
use crate::inject::{Dependency, Inject};
use crate::resolved::Resolved;

/// A function [`Provider::factory`](crate::Provider::factory) takes: up to eight parameters that can be injected, and a future of a
/// `Result`.
///
/// ```
/// use nestrs_di::Provider;
/// use std::sync::Arc;
///
/// let provider = Provider::factory(|seed: Arc<u32>, other: Option<Arc<u64>>| async move {
///     u8::try_from(*seed)
/// });
/// ```
#[diagnostic::on_unimplemented(
    message = "this is not a factory the container can call",
    label = "not `Fn(Arc<A>, …) -> impl Future<Output = Result<T, E>>`",
    note = "give each parameter its type, `Arc<Config>`; return `Result`, with `Ok::<_, std::io::Error>(…)` where nothing says which"
)]
pub trait FactoryFn<Args>: Send + Sync + 'static {
    /// What it makes.
    type Value: Send + Sync + 'static;

    /// What it asks for.
    #[doc(hidden)]
    fn dependencies(at: &'static Location<'static>) -> Vec<Dependency>;

    /// Calls it.
    ///
    /// # Errors
    /// Only if called out of step with its dependencies.
    #[doc(hidden)]
    fn start(&self, resolved: &mut Resolved<'_>) -> Result<BuildFuture, Cause>;
}

macro_rules! factory {
    ($($arg:ident)*) => {
        impl<F, Fut, T, E, $($arg: Inject),*> FactoryFn<($($arg,)*)> for F
        where
            F: Fn($($arg),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = Result<T, E>> + Send + 'static,
            T: Send + Sync + 'static,
            E: Into<Box<dyn Error + Send + Sync>>,
        {
            type Value = T;

            fn dependencies(_at: &'static Location<'static>) -> Vec<Dependency> {
                vec![$(Dependency { request: $arg::REQUEST, written: type_name::<$arg>(), at: _at }),*]
            }

            fn start(&self, _resolved: &mut Resolved<'_>) -> Result<BuildFuture, Cause> {
                let future = self($($arg::inject(_resolved)?),*);
                Ok(Box::pin(async move { future.await.map(Handle::new).map_err(Cause::failed) }))
            }
        }
    };
}

factory!();
factory!(A);
factory!(A B);
factory!(A B C);
factory!(A B C D);
factory!(A B C D E1);
factory!(A B C D E1 F1);
factory!(A B C D E1 F1 G);
factory!(A B C D E1 F1 G H);
