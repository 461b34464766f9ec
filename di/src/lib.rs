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
//! # What there is to know
//! - What can be injected: [`Inject`]. What can be provided: [`Provider`]. How long it lives: [`Scope`].
//! - Modules: [`module`](macro@module), [`DynamicModule`], [`ConfigurableModule`].
//! - Mistakes: [`Finding`] before anything is built, [`Failure`] from then on. [`Module::verify`] is a test in one line.
//! - An application's life: [`OnModuleInit`] and its like, called by [`Container::init`] and its like.
//! - Tests: [`GraphBuilder`] replaces providers and modules. Pictures: [`GraphView`].
//!
//! # Layout
//! In reading order:
//! 1. Describing: `key` (what a provider is asked for by), `injectable` (what `#[injectable]` says about a type), `inject` (what a
//!    field's type asks for), `provider`, `factory` and `bind` (what modules list), `hooks`, `scope`.
//! 2. Bringing together: `module`, `import`, `dynamic`, `configurable`.
//! 3. Checking: `graph` (the application as a value, and what is wrong with it).
//! 4. Building: `construct` (all of it, in order), `build` (one of it), `resolved` (what a constructor is called with), `field` (what
//!    it takes of that), `handle` (what comes out), `options`, `waiting`.
//! 5. Using: `container`, `resolve`, `scope`, `lazy`, `discovery`, `lifecycle`, `health`.
//! 6. Failing: `failure`, `error`.

mod bind;
mod build;
mod configurable;
mod construct;
mod container;
mod discovery;
mod dynamic;
mod error;
mod factory;
mod failure;
mod field;
mod graph;
mod handle;
mod health;
mod hooks;
mod import;
mod inject;
mod injectable;
mod key;
mod lazy;
mod lifecycle;
mod module;
mod options;
mod provider;
mod resolve;
mod resolved;
mod scope;
mod waiting;

pub use bind::ProvidedBy;
pub use configurable::ConfigurableModule;
pub use container::Container;
pub use discovery::{Discovered, Each, OfRequest};
pub use dynamic::{DynamicModule, DynamicModuleBuilder};
pub use error::Error;
pub use factory::FactoryFn;
pub use failure::{ConstructError, Failure, LifecycleError};
pub use graph::{
    Code, Finding, Graph, GraphBuilder, GraphCheck, GraphError, ModuleId, Provided, Severity, Site,
};
pub use graph::{DependencyView, GraphView, ModuleView, ProviderView};
pub use handle::Instance;
pub use hooks::{
    BeforeApplicationShutdown, HealthIndicator, Hook, HookError, OnApplicationBootstrap,
    OnApplicationShutdown, OnModuleDestroy, OnModuleInit,
};
pub use import::{IntoModule, ModuleImport};
pub use inject::{Arity, Dependency, Inject, Request};
pub use injectable::{Descriptor, Injectable};
pub use key::Key;
pub use lazy::Lazy;
pub use module::{Module, ModuleDefinition};
pub use options::Options;
pub use provider::Provider;
pub use resolve::{Caller, ModuleRef, ResolveError};
pub use scope::{RequestScope, Scope};

#[doc = include_str!("docs/injectable.md")]
pub use nestrs_di_macros::injectable;

#[doc = include_str!("docs/module.md")]
pub use nestrs_di_macros::module;

/// What the macros' output refers to. Not part of the API.
#[doc(hidden)]
pub mod __private {
    pub use std::borrow::Cow;
    pub use std::panic::Location;

    pub use inventory;
    pub use nestrs_di_macros::{nestrs_injectable, nestrs_module};

    pub use crate::bind::ProvidedBy;
    pub use crate::build::{Build, BuildFuture, Construct, Factory, Outcome};
    pub use crate::failure::Cause;
    pub use crate::field::{AnyField, Field};
    pub use crate::graph::EveryApplication;
    pub use crate::handle::Handle;
    pub use crate::hooks::{HookFn, Hooks, NoHook, Probe};
    pub use crate::import::ModuleImport;
    pub use crate::inject::{Dependency, Inject, Request};
    pub use crate::injectable::{Descriptor, InRoot, Injectable, Registered};
    pub use crate::key::Key;
    pub use crate::module::{Module, ModuleDefinition};
    pub use crate::provider::Provider;
    pub use crate::resolved::Resolved;
    pub use crate::scope::Scope;
}
