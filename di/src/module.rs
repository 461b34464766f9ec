//! A module: what it brings together and what it shows to those who import it.

use std::any::{Any, TypeId};
use std::panic::Location;

use crate::graph::{Finding, Graph, GraphCheck, GraphError};
use crate::import::{IntoModule, ModuleImport};
use crate::inject::Dependency;
use crate::injectable::Injectable;
use crate::key::Key;
use crate::provider::Provider;

/// A part of an application. Implemented by [`#[module]`](macro@crate::module).
///
/// ```
/// use nestrs_di::{Module, injectable, module};
///
/// #[injectable]
/// struct Clock;
///
/// #[module(providers = [Clock])]
/// struct AppModule;
///
/// AppModule::verify().unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a module",
    label = "not `#[module]`",
    note = "put `#[module]` on `{Self}`"
)]
pub trait Module: Sized + Send + Sync + 'static {
    /// What the module consists of.
    fn definition() -> ModuleDefinition;

    /// Checks the application that starts at this module, without building anything: no runtime, no I/O.
    ///
    /// # Errors
    /// Everything wrong with the wiring, at once.
    fn verify() -> Result<(), GraphError> {
        Graph::of::<Self>().map(drop)
    }
}

/// A module as data. `#[module]` writes it; a [`DynamicModule`](crate::DynamicModule) is one made at run time.
///
/// ```
/// use nestrs_di::{Module, ModuleDefinition, injectable};
///
/// #[injectable]
/// struct Clock;
///
/// struct ByHand;
/// impl Module for ByHand {
///     fn definition() -> ModuleDefinition {
///         ModuleDefinition::of::<Self>().provide_type::<Clock>().export::<Clock>()
///     }
/// }
/// ByHand::verify().unwrap();
/// ```
#[derive(Debug)]
#[must_use]
pub struct ModuleDefinition {
    /// The module's own type; a dynamic module may have none.
    pub(crate) key: Option<Key>,
    pub(crate) name: String,
    pub(crate) at: &'static Location<'static>,
    pub(crate) imports: Vec<ModuleImport>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) exports: Vec<Export>,
    pub(crate) global: bool,
    pub(crate) attachments: Vec<Box<dyn Any + Send + Sync>>,
    pub(crate) checks: Vec<(TypeId, Check)>,
    pub(crate) mentions: Vec<Key>,
}

/// The function of a [`GraphCheck`].
type Check = fn(&Graph) -> Vec<Finding>;

/// One entry of a module's `exports`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Export {
    pub(crate) key: Key,
    /// Whether the type is meant under each of its names.
    pub(crate) any_name: bool,
    pub(crate) at: &'static Location<'static>,
}

impl ModuleDefinition {
    /// An empty definition of `M`.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>()
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    #[track_caller]
    pub fn of<M: Module>() -> Self {
        let key = Key::of::<M>();
        Self::empty(Some(key), key.short_name(), Location::caller())
    }

    pub(crate) fn empty(key: Option<Key>, name: String, at: &'static Location<'static>) -> Self {
        Self {
            key,
            name,
            at,
            imports: Vec::new(),
            providers: Vec::new(),
            exports: Vec::new(),
            global: false,
            attachments: Vec::new(),
            checks: Vec::new(),
            mentions: Vec::new(),
        }
    }

    /// Says where the module is written, where that is not the place that calls [`of`](Self::of).
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().at(std::panic::Location::caller())
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    pub fn at(self, at: &'static Location<'static>) -> Self {
        Self { at, ..self }
    }

    /// Sees what another module exports. Importing one twice, or in a circle, is fine.
    ///
    /// ```
    /// # use nestrs_di::{ModuleDefinition, Module, module};
    /// # #[module] struct UsersModule;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().import(UsersModule)
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    pub fn import(mut self, module: impl IntoModule) -> Self {
        self.imports.push(module.into_module());
        self
    }

    /// Lists a provider.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().provide(Provider::value(7_u32))
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    pub fn provide(mut self, provider: impl Into<Provider>) -> Self {
        self.providers.push(provider.into());
        self
    }

    /// Lists several, in this order.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().provide_all(const { &[Provider::of::<Clock>()] })
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    pub fn provide_all(mut self, providers: &[Provider]) -> Self {
        // One more is the module's own instance.
        self.providers.reserve(providers.len() + 1);
        self.providers.extend_from_slice(providers);
        self
    }

    /// Lists a type that is `#[injectable]`.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().provide_type::<Clock>()
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    #[track_caller]
    pub fn provide_type<T: Injectable>(self) -> Self {
        self.provide(Provider::of::<T>())
    }

    /// Lists a type that is `#[injectable]` unless this module has it already. For what a layer above calls: controllers, handlers.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().provide_type::<Clock>().provide_type_once::<Clock>()
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    #[track_caller]
    pub fn provide_type_once<T: Injectable>(self) -> Self {
        self.provide(Provider::of::<T>().entry())
    }

    /// Says what calls of a listed type's methods ask the container for, beside the type's own fields: it has to be there, and need
    /// not be a singleton. For a layer above, see [`provide_type_once`](Self::provide_type_once).
    ///
    /// ```
    /// use nestrs_di::{Arity, Dependency, Key, Module, ModuleDefinition, Request, injectable};
    /// use std::panic::Location;
    ///
    /// #[injectable]
    /// struct Routes;
    ///
    /// struct AppModule;
    /// impl Module for AppModule {
    ///     fn definition() -> ModuleDefinition {
    ///         let user = Dependency {
    ///             request: Request::new(Key::of::<String>(), Arity::Call),
    ///             written: "a parameter",
    ///             at: Location::caller(),
    ///         };
    ///         ModuleDefinition::of::<Self>().provide_type_once::<Routes>().calls_ask::<Routes>([user])
    ///     }
    /// }
    ///
    /// let error = AppModule::verify().unwrap_err().to_string();
    /// assert!(error.contains("`Routes` needs `String`"));
    /// ```
    pub fn calls_ask<T: Injectable>(
        mut self,
        dependencies: impl IntoIterator<Item = Dependency>,
    ) -> Self {
        let mut dependencies = dependencies.into_iter().peekable();
        let listed = self
            .providers
            .iter_mut()
            .find(|provider| provider.key() == Key::of::<T>());
        if let (Some(provider), Some(_)) = (listed, dependencies.peek()) {
            *provider = provider.clone().asking(dependencies);
        }
        self
    }

    /// Shows a provider to the modules that import this one: its type, under every name it has.
    /// With the type of an imported module: everything that one exports.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().provide_type::<Clock>().export::<Clock>()
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    #[track_caller]
    pub fn export<T: ?Sized + 'static>(mut self) -> Self {
        self.exports.push(Export {
            key: Key::of::<T>(),
            any_name: true,
            at: Location::caller(),
        });
        self
    }

    /// Shows the provider of exactly this key.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider};
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     let title = Provider::value(String::from("Sales")).named("title");
    ///     ModuleDefinition::of::<Self>().provide(title).export_key(Key::of::<String>().named("title"))
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    #[track_caller]
    pub fn export_key(mut self, key: Key) -> Self {
        self.exports.push(Export {
            key,
            any_name: false,
            at: Location::caller(),
        });
        self
    }

    /// Whether every module sees what this one exports without importing it.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().provide_type::<Clock>().export::<Clock>().global(true)
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    pub fn global(mut self, global: bool) -> Self {
        self.global = global;
        self
    }

    /// Has an application with this module checked by a layer above, see [`GraphCheck`]. Once, however many modules ask for it.
    pub fn check<C: GraphCheck + 'static>(mut self) -> Self {
        self.checks.push((TypeId::of::<C>(), C::check));
        self
    }

    /// Leaves data on the module for a layer above: [`Container::attachments`](crate::Container::attachments) finds it by its type.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().attach("/health")
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    pub fn attach<A: Any + Send + Sync>(mut self, attachment: A) -> Self {
        self.attachments.push(Box::new(attachment));
        self
    }

    /// Names what a layer above makes by itself instead of asking for it, so that it can be
    /// [replaced](crate::GraphBuilder::replace_key) like a provider.
    ///
    /// ```
    /// # use nestrs_di::{Key, ModuleDefinition, Module, Provider, injectable};
    /// # #[injectable] struct Clock;
    /// # struct AppModule;
    /// # impl Module for AppModule {
    /// fn definition() -> ModuleDefinition {
    ///     ModuleDefinition::of::<Self>().mention(Key::of::<String>())
    /// }
    /// # }
    /// # AppModule::verify().unwrap();
    /// ```
    pub fn mention(mut self, key: Key) -> Self {
        self.mentions.push(key);
        self
    }
}
