//! Modules made at run time: `ClientsModule::register(…)` and its like.

use std::any::Any;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use crate::import::IntoModule;
use crate::injectable::Injectable;
use crate::key::Key;
use crate::module::{Module, ModuleDefinition};
use crate::provider::Provider;

/// A module made at run time. A clone is the same module; each [`build`](DynamicModuleBuilder::build) makes a new one.
///
/// ```
/// use nestrs_di::{DynamicModule, Graph, Provider, module};
///
/// struct Config { url: &'static str }
///
/// fn config(url: &'static str) -> DynamicModule {
///     DynamicModule::builder("ConfigModule").provide(Provider::value(Config { url })).export::<Config>().build()
/// }
///
/// #[module(imports = [config("db://local")])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// assert_eq!(container.get::<Config>().unwrap().url, "db://local");
/// # }
/// ```
#[derive(Clone)]
pub struct DynamicModule(Arc<ModuleDefinition>);

impl DynamicModule {
    /// Starts a module called `name` in messages.
    #[track_caller]
    pub fn builder(name: &'static str) -> DynamicModuleBuilder {
        DynamicModuleBuilder(ModuleDefinition::empty(
            None,
            name.to_owned(),
            Location::caller(),
        ))
    }

    /// Starts from the module `M`, to which the builder adds: whoever exports `M` exports this one.
    ///
    /// ```
    /// use nestrs_di::{DynamicModule, Provider, module};
    ///
    /// #[module]
    /// struct ConfigModule;
    ///
    /// let module = DynamicModule::from_module::<ConfigModule>().provide(Provider::value(7_u32)).build();
    /// ```
    pub fn from_module<M: Module>() -> DynamicModuleBuilder {
        DynamicModuleBuilder(M::definition())
    }

    pub(crate) fn definition(&self) -> &Arc<ModuleDefinition> {
        &self.0
    }
}

impl fmt::Debug for DynamicModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicModule").field(&self.0.name).finish()
    }
}

/// Puts a [`DynamicModule`] together.
///
/// ```
/// use nestrs_di::{DynamicModule, Provider};
/// let module = DynamicModule::builder("Numbers").provide(Provider::value(7_u32)).export::<u32>().build();
/// ```
#[derive(Debug)]
#[must_use]
pub struct DynamicModuleBuilder(ModuleDefinition);

impl DynamicModuleBuilder {
    /// As [`ModuleDefinition::import`].
    ///
    /// ```
    /// # use nestrs_di::{DynamicModule, module};
    /// # #[module] struct UsersModule;
    /// let module = DynamicModule::builder("Time").import(UsersModule).build();
    /// ```
    pub fn import(self, module: impl IntoModule) -> Self {
        Self(self.0.import(module))
    }

    /// As [`ModuleDefinition::provide`].
    ///
    /// ```
    /// use nestrs_di::{DynamicModule, Provider};
    ///
    /// let module = DynamicModule::builder("Time").provide(Provider::value(7_u32)).build();
    /// ```
    pub fn provide(self, provider: impl Into<Provider>) -> Self {
        Self(self.0.provide(provider))
    }

    /// As [`ModuleDefinition::provide_type`].
    ///
    /// ```
    /// # use nestrs_di::{DynamicModule, injectable};
    /// # #[injectable] struct Clock;
    /// let module = DynamicModule::builder("Time").provide_type::<Clock>().build();
    /// ```
    #[track_caller]
    pub fn provide_type<T: Injectable>(self) -> Self {
        Self(self.0.provide_type::<T>())
    }

    /// As [`ModuleDefinition::export`].
    ///
    /// ```
    /// # use nestrs_di::{DynamicModule, injectable};
    /// # #[injectable] struct Clock;
    /// let module = DynamicModule::builder("Time").provide_type::<Clock>().export::<Clock>().build();
    /// ```
    #[track_caller]
    pub fn export<T: ?Sized + 'static>(self) -> Self {
        Self(self.0.export::<T>())
    }

    /// As [`ModuleDefinition::export_key`].
    ///
    /// ```
    /// use nestrs_di::{DynamicModule, Key, Provider};
    ///
    /// let title = Provider::value(String::from("Sales")).named("title");
    /// let title_key = Key::of::<String>().named("title");
    /// let module = DynamicModule::builder("Titles").provide(title).export_key(title_key).build();
    /// ```
    #[track_caller]
    pub fn export_key(self, key: Key) -> Self {
        Self(self.0.export_key(key))
    }

    /// As [`ModuleDefinition::global`].
    ///
    /// ```
    /// # use nestrs_di::{DynamicModule, injectable};
    /// # #[injectable] struct Clock;
    /// let module = DynamicModule::builder("Time").provide_type::<Clock>().export::<Clock>().global(true).build();
    /// ```
    pub fn global(self, global: bool) -> Self {
        Self(self.0.global(global))
    }

    /// As [`ModuleDefinition::attach`].
    ///
    /// ```
    /// use nestrs_di::DynamicModule;
    ///
    /// let module = DynamicModule::builder("Time").attach("/health").build();
    /// ```
    pub fn attach<A: Any + Send + Sync>(self, attachment: A) -> Self {
        Self(self.0.attach(attachment))
    }

    /// As [`ModuleDefinition::provide_type_once`].
    ///
    /// ```
    /// # use nestrs_di::{DynamicModule, injectable};
    /// # #[injectable] struct Clock;
    /// let module = DynamicModule::builder("Time").provide_type_once::<Clock>().build();
    /// ```
    #[track_caller]
    pub fn provide_type_once<T: Injectable>(self) -> Self {
        Self(self.0.provide_type_once::<T>())
    }

    /// The module.
    #[must_use]
    pub fn build(self) -> DynamicModule {
        DynamicModule(Arc::new(self.0))
    }
}
