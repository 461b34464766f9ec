//! [`Controller`]: HTTP routes in the module graph.

use std::sync::Arc;

use axum::Router;
use nestrs_di::{Container, Injectable, Key, ModuleDefinition};

/// A provider that has HTTP routes. Listed in a module's `controllers`, it is
/// built like any provider and its routes are served.
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
    note = "write `impl Controller for {Self}`, or list it in `providers`"
)]
pub trait Controller: Send + Sync + 'static {
    /// The routes, with the controller as their state.
    fn router(self: Arc<Self>) -> Router;
}

/// Left on a module for each of its controllers.
struct Attached {
    key: Key,
    router: fn(nestrs_di::Instance) -> Option<Router>,
}

/// Lists `T` in a module's controllers.
#[doc(hidden)]
pub fn controller<T: Controller + Injectable>(module: ModuleDefinition) -> ModuleDefinition {
    let router =
        |instance: nestrs_di::Instance| instance.downcast::<T>().ok().map(Controller::router);
    module.provide_type_once::<T>().attach(Attached {
        key: Key::of::<T>(),
        router,
    })
}

/// The routes of every controller, in the order of the modules.
pub(crate) fn routers(container: &Container) -> impl Iterator<Item = Router> {
    container
        .attachments::<Attached>()
        .filter_map(|(module, attached)| (attached.router)(container.get_in(module, attached.key)?))
}
