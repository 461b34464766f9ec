//! What stands in a module's `imports`.

use std::any::TypeId;
use std::fmt;
use std::sync::Arc;

use crate::dynamic::{DynamicModule, DynamicModuleBuilder};
use crate::module::{Module, ModuleDefinition};

/// What can be imported: a `#[module]` by its name, or a [`DynamicModule`].
///
/// ```
/// use nestrs_di::{DynamicModule, IntoModule, module};
///
/// #[module]
/// struct UsersModule;
///
/// let _ = UsersModule.into_module();
/// let _ = DynamicModule::builder("Config").build().into_module();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be imported",
    label = "not a module",
    note = "put `#[module]` on the type, or give an expression that makes a `DynamicModule`"
)]
pub trait IntoModule {
    /// The import.
    fn into_module(self) -> ModuleImport;
}

/// A module that is imported; looked into only when the graph is made, so modules may import each other.
///
/// ```
/// use nestrs_di::{ModuleImport, module};
///
/// #[module]
/// struct UsersModule;
///
/// let import = ModuleImport::of::<UsersModule>();
/// ```
#[derive(Clone)]
pub struct ModuleImport(Source);

#[derive(Clone)]
enum Source {
    Static {
        type_id: TypeId,
        definition: fn() -> ModuleDefinition,
    },
    Dynamic(DynamicModule),
}

/// What makes two imports the same module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Identity {
    Type(TypeId),
    /// The address of a dynamic module's definition, which outlives the walk over the modules.
    Address(usize),
}

impl ModuleImport {
    /// The module `M`.
    pub const fn of<M: Module>() -> Self {
        Self(Source::Static {
            type_id: TypeId::of::<M>(),
            definition: M::definition,
        })
    }

    pub(crate) fn identity(&self) -> Identity {
        match &self.0 {
            Source::Static { type_id, .. } => Identity::Type(*type_id),
            Source::Dynamic(module) => Identity::Address(Arc::as_ptr(module.definition()).addr()),
        }
    }

    /// The identity of the module without its options, if it has any.
    pub(crate) fn kind(&self) -> Identity {
        match &self.0 {
            Source::Dynamic(module) => match module.definition().key {
                Some(key) => Identity::Type(key.type_id()),
                None => self.identity(),
            },
            Source::Static { .. } => self.identity(),
        }
    }

    pub(crate) fn definition(&self) -> Arc<ModuleDefinition> {
        match &self.0 {
            Source::Static { definition, .. } => Arc::new(definition()),
            Source::Dynamic(module) => Arc::clone(module.definition()),
        }
    }
}

impl<M: Module> IntoModule for M {
    fn into_module(self) -> ModuleImport {
        ModuleImport::of::<M>()
    }
}

impl IntoModule for ModuleImport {
    fn into_module(self) -> ModuleImport {
        self
    }
}

impl IntoModule for DynamicModule {
    fn into_module(self) -> ModuleImport {
        ModuleImport(Source::Dynamic(self))
    }
}

impl IntoModule for DynamicModuleBuilder {
    fn into_module(self) -> ModuleImport {
        self.build().into_module()
    }
}

impl fmt::Debug for ModuleImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Source::Static { type_id, .. } => f.debug_tuple("ModuleImport").field(type_id).finish(),
            Source::Dynamic(module) => f.debug_tuple("ModuleImport").field(module).finish(),
        }
    }
}
