//! Calling a constructor, with what it depends on built first where that is its own.

use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures_util::future::{BoxFuture, FutureExt};

use crate::container::Inner;
use crate::failure::{Cause, Failure};
use crate::graph::{Edge, ModuleId, ProviderId};
use crate::handle::Handle;
use crate::injectable::Descriptor;
use crate::resolved::Resolved;
use crate::scope::{RequestScope, Scope};

/// How a provider comes into being.
#[derive(Clone)]
pub enum Build {
    /// It is there already.
    Ready(Handle),
    /// Nothing to wait for: no boxing.
    Sync(fn(&mut Resolved<'_>) -> Result<Handle, Cause>),
    /// Takes its dependencies at once, then waits.
    Async(fn(&mut Resolved<'_>) -> Result<BuildFuture, Cause>),
    /// As `Async`, with state of its own.
    Factory(Arc<Factory>),
    /// Whoever opens a request scope brings it along.
    Supplied,
}

/// A constructor under way.
pub type BuildFuture = BoxFuture<'static, Result<Handle, Cause>>;
/// A constructor with state.
pub type Factory = dyn Fn(&mut Resolved<'_>) -> Result<BuildFuture, Cause> + Send + Sync;

/// What `#[injectable]` writes of a type that is code. Functions of the type's own, and no closures: the compiler lays code out by its name,
/// and with it the data it is the first to refer to. So what belongs to the types of one module lies together, and the processor has the next
/// fetched before it is looked at; closures are all over the place.
pub trait Construct {
    /// A [`Handle`], or a [`BuildFuture`].
    type Made;

    /// The type's description.
    fn describe() -> &'static Descriptor;

    /// Calls its constructor with what that depends on.
    ///
    /// # Errors
    /// The constructor's, and that of a dependency that is not there.
    fn construct(resolved: &mut Resolved<'_>) -> Result<Self::Made, Cause>;
}

/// What starting a constructor led to.
pub(crate) enum Step {
    Built(Handle),
    Pending(BuildFuture),
}

impl Build {
    /// Calls the constructor; its panics are errors.
    pub(crate) fn start(&self, resolved: &mut Resolved<'_>) -> Result<Step, Cause> {
        let started = catch_unwind(AssertUnwindSafe(|| match self {
            Self::Ready(handle) => Ok(Step::Built(handle.clone())),
            Self::Sync(build) => build(resolved).map(Step::Built),
            Self::Async(build) => build(resolved).map(Step::Pending),
            Self::Factory(build) => build(resolved).map(Step::Pending),
            Self::Supplied => Err(Cause::NotSupplied),
        }));
        started.unwrap_or_else(|panic| Err(Cause::panicked(&*panic)))
    }
}

/// What a constructor may return.
#[diagnostic::on_unimplemented(
    message = "a constructor of `{T}` cannot return `{Self}`",
    label = "returns `{Self}`",
    note = "return `Self` or `Result<Self, E>`, where `E` is an error, a `String` or a `&str`"
)]
pub trait Outcome<T> {
    /// As the container takes it.
    ///
    /// # Errors
    /// The constructor's.
    fn outcome(self) -> Result<T, Cause>;
}

impl<T> Outcome<T> for T {
    fn outcome(self) -> Result<T, Cause> {
        Ok(self)
    }
}

impl<T, E: Into<Box<dyn Error + Send + Sync>>> Outcome<T> for Result<T, E> {
    fn outcome(self) -> Result<T, Cause> {
        self.map_err(Cause::failed)
    }
}

/// Who is built, and for whom.
pub(crate) struct Order<'a> {
    pub(crate) descriptor: &'a Descriptor,
    pub(crate) module: ModuleId,
    pub(crate) edges: &'a [Edge],
    /// What transient dependencies are told about who asks.
    pub(crate) asks: Option<ProviderId>,
    /// What it is told itself.
    pub(crate) caller: Option<ProviderId>,
}

/// Builds a new instance of a provider, and of what it has for itself alone. Boxed, because it recurs.
pub(crate) fn fresh<'a>(
    inner: &'a Arc<Inner>,
    id: ProviderId,
    caller: Option<ProviderId>,
    scope: Option<&'a RequestScope>,
) -> BoxFuture<'a, Result<Handle, Failure>> {
    let node = inner.graph.provider(id);
    // A view only passes on.
    let asks = if node.provider.view { caller } else { Some(id) };
    let order = Order {
        descriptor: &node.provider,
        module: node.module,
        edges: inner.graph.edges(id),
        asks,
        caller,
    };
    let failed = move |cause| Failure::new(&inner.graph, id, None, cause);
    async move {
        if matches!(order.descriptor.build, Build::Supplied) {
            let supplied = scope.and_then(|scope| scope.supplied(order.descriptor.key.type_id()));
            return supplied.ok_or_else(|| failed(Cause::NotSupplied));
        }
        ordered(inner, &order, scope)
            .await
            .map_err(|error| error.unwrap_or_else(failed))
    }
    .boxed()
}

/// The failure of a dependency, or the cause of one's own.
pub(crate) enum Broken {
    Dependency(Failure),
    Own(Cause),
}

impl Broken {
    pub(crate) fn unwrap_or_else(self, own: impl FnOnce(Cause) -> Failure) -> Failure {
        match self {
            Self::Dependency(failure) => failure,
            Self::Own(cause) => own(cause),
        }
    }
}

pub(crate) async fn ordered(
    inner: &Arc<Inner>,
    order: &Order<'_>,
    scope: Option<&RequestScope>,
) -> Result<Handle, Broken> {
    let mut own = vec![None; order.edges.len()];
    for (slot, edge) in own
        .iter_mut()
        .zip(order.edges)
        .filter(|(_, edge)| !edge.lazy)
    {
        let built = match (inner.graph.provider(edge.target).scope, scope) {
            (Scope::Transient, _) => fresh(inner, edge.target, order.asks, scope).await,
            (Scope::Request, Some(scope)) => scope.get_or_build(edge.target).await,
            _ => continue,
        };
        *slot = Some(built.map_err(Broken::Dependency)?);
    }
    let step = {
        let mut resolved = Resolved::new(inner, order.module, order.caller, order.edges, &own);
        order.descriptor.build.start(&mut resolved)
    };
    match step.map_err(Broken::Own)? {
        Step::Built(handle) => Ok(handle),
        Step::Pending(future) => inner.options.supervise(future).await.map_err(Broken::Own),
    }
}
