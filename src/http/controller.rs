//! [`Controller`]: HTTP routes in the module graph.

use std::sync::Arc;

use axum::Router;
use nestrs_di::{Injectable, Instance, Key, ModuleDefinition};
use nestrs_microservices::BindError;

use super::bind::{Binding, BoundRoute};
use super::check::OneHandlerPerRoute;
use super::declared::Declared;
use super::route::{Injected, Routes, Versions};

/// A provider that has HTTP routes. Listed in a module's `controllers`, it is
/// built like any provider, with its scope and hooks, and its routes are served.
///
/// [`#[controller]`](macro@crate::controller) and
/// [`#[routes]`](macro@crate::routes) write this. To have an axum router of your
/// own in the module graph, implement it:
///
/// ```
/// use std::sync::Arc;
/// use nestrs::axum::extract::State;
/// use nestrs::axum::{Router, routing::get};
/// use nestrs::prelude::*;
///
/// #[injectable]
/// struct CatsController;
///
/// impl Controller for CatsController {
///     fn router(self: Arc<Self>) -> Router {
///         Router::new().route("/cats", get(Self::find_all)).with_state(self)
///     }
/// }
///
/// impl CatsController {
///     async fn find_all(State(_cats): State<Arc<Self>>) -> &'static str {
///         "all of them"
///     }
/// }
///
/// #[module(controllers = [CatsController])]
/// struct AppModule;
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is listed in `controllers` but is no controller",
    label = "no HTTP routes",
    note = "write `#[routes] impl {Self} {{ … }}`, or list it in `providers`"
)]
pub trait Controller: Send + Sync + Sized + 'static {
    /// What `#[routes]` found.
    #[doc(hidden)]
    const ROUTES: Routes<Self> = Routes::NONE;

    /// Routes that are axum's alone, with the controller as their state: what
    /// runs around routes does not run around these.
    fn router(self: Arc<Self>) -> Router {
        Router::new()
    }
}

/// Where a controller's routes are. Written by `#[controller]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has routes, and no path",
    label = "not `#[controller]`",
    note = "write `#[controller(\"/path\")]` on `{Self}`, in the place of `#[injectable]`"
)]
pub trait ControllerPath {
    /// Before the path of each of its routes.
    const PATH: &'static str;
    /// Of its routes that do not say.
    const VERSIONS: Versions;
}

/// Left on a module for each of its controllers.
#[derive(Clone, Copy)]
pub(super) struct ControllerTable {
    pub(super) key: Key,
    pub(super) declared: fn() -> Vec<Declared>,
    pub(super) bind: fn(Option<Instance>, &Binding<'_>) -> Result<Vec<BoundRoute>, BindError>,
    pub(super) router: fn(Instance) -> Option<Router>,
}

/// Lists `T` in a module's controllers.
#[doc(hidden)]
#[track_caller]
pub fn controller<T: Controller + Injectable>(module: ModuleDefinition) -> ModuleDefinition {
    let mut module = module.provide_type_once::<T>();
    for route in T::ROUTES.routes {
        let injected = route.injected.iter().flatten();
        module = route
            .enhancers
            .provide(module)
            .calls_ask::<T>(injected.map(Injected::dependency));
    }
    let table = ControllerTable {
        key: Key::of::<T>(),
        declared: Declared::all_of::<T>,
        bind: BoundRoute::bind::<T>,
        router: |instance| instance.downcast::<T>().ok().map(Controller::router),
    };
    T::ROUTES
        .enhancers
        .provide(module)
        .attach(table)
        .check::<OneHandlerPerRoute>()
}
