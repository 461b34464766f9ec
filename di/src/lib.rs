//! The dependency-injection container of nestrs.
//!
//! An application is described by modules and providers, checked as a whole before anything of it exists, and then built.
//!
//! ```
//! use nestrs_di::{Graph, Module, injectable, module};
//! use std::sync::Arc;
//!
//! #[injectable]
//! struct UsersRepo;
//!
//! #[injectable]
//! struct UsersService { repo: Arc<UsersRepo> }
//!
//! #[module(providers = [UsersRepo, UsersService], exports = [UsersService])]
//! struct UsersModule;
//!
//! #[injectable]
//! struct OrdersService { users: Arc<UsersService> }
//!
//! #[module(imports = [UsersModule], providers = [OrdersService])]
//! struct AppModule;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
//! assert!(container.get::<OrdersService>().is_some());
//! # }
//! ```
//!
//! # Layout
//! In reading order: `key` (what a provider is asked for by), `injectable` (what `#[injectable]` says about a type), `inject` (what a
//! field's type asks for), `provider` and `module` (what modules list), `import` and `dynamic` (how modules come together), `graph`
//! (the application as a value, and what is wrong with it), `construct` (building it), `container` (the finished application).

mod construct;
mod container;
mod dynamic;
mod failure;
mod graph;
mod handle;
mod hooks;
mod import;
mod inject;
mod injectable;
mod key;
mod lifecycle;
mod module;
mod options;
mod provider;
mod waiting;

pub use container::Container;
pub use dynamic::{DynamicModule, DynamicModuleBuilder};
pub use failure::{ConstructError, Failure, LifecycleError};
pub use graph::{Code, Finding, Graph, GraphError, ModuleId, Severity, Site};
pub use handle::Instance;
pub use hooks::{
    BeforeApplicationShutdown, Hook, HookError, OnApplicationBootstrap, OnApplicationShutdown,
    OnModuleDestroy, OnModuleInit,
};
pub use import::{IntoModule, ModuleImport};
pub use inject::{Arity, Inject, Request};
pub use injectable::{Descriptor, Injectable};
pub use key::Key;
pub use module::{Module, ModuleDefinition};
pub use options::Options;
pub use provider::Provider;

/// On a struct: the container can build it. What its fields ask for is decided by their types, see [`Inject`].
///
/// ```
/// use nestrs_di::{Module, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Clock;
///
/// #[injectable]
/// struct Report { clock: Arc<Clock> }
///
/// #[module(providers = [Clock, Report])]
/// struct AppModule;
///
/// AppModule::verify().unwrap();
/// ```
///
/// # Arguments
/// - `provided_in = "root"`: every application has one, visible everywhere, without a module that lists it.
///
/// ```
/// # use nestrs_di::{Module, injectable, module};
/// # use std::sync::Arc;
/// #[injectable(provided_in = "root")]
/// struct Clock;
///
/// #[injectable]
/// struct Report { clock: Arc<Clock> }
///
/// #[module(providers = [Report])]
/// struct AppModule;
///
/// AppModule::verify().unwrap();
/// ```
pub use nestrs_di_macros::injectable;

/// On a struct: it is a module, and can be imported by its name.
///
/// ```
/// use nestrs_di::{Module, Provider, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Clock;
///
/// #[injectable]
/// struct Report { clock: Arc<Clock>, title: Arc<String> }
///
/// #[module(providers = [Clock], exports = [Clock])]
/// struct TimeModule;
///
/// #[module(imports = [TimeModule], providers = [Report, Provider::value(String::from("Sales"))])]
/// struct AppModule;
///
/// AppModule::verify().unwrap();
/// ```
///
/// # Arguments
/// - `imports = […]`: modules by name, or expressions that make a [`DynamicModule`]. It sees what they export.
/// - `providers = […]`: types that are `#[injectable]`, or expressions that make a [`Provider`].
/// - `exports = […]`: types of its own providers, or of modules it imports: these are exported whole.
/// - `global`: every module sees what this one exports.
pub use nestrs_di_macros::module;

/// What the macros' output refers to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;
    pub use std::panic::Location;

    pub use inventory;
    pub use nestrs_di_macros::{nestrs_injectable, nestrs_module};

    pub use crate::failure::Cause;
    pub use crate::handle::Handle;
    pub use crate::hooks::{HookFn, Hooks, NoHook, Probe};
    pub use crate::inject::{Dependency, Inject, Request, Resolved};
    pub use crate::injectable::{Build, BuildFuture, Descriptor, Factory, Injectable, Registered};
    pub use crate::key::Key;
    pub use crate::module::{Module, ModuleDefinition};
    pub use crate::provider::Provider;
}
