//! [`OverrideModule`]: what takes a module's place.

use std::fmt;
use std::marker::PhantomData;

use nestrs::di::{IntoModule, Module, ModuleImport};

use crate::builder::TestingModuleBuilder;

/// A module whose place is to be taken. See
/// [`TestingModuleBuilder::override_module`].
#[must_use = "say by which: `.use_module::<…>()`"]
pub struct OverrideModule<M, O> {
    builder: TestingModuleBuilder<M>,
    of: PhantomData<fn() -> O>,
}

impl<M: Module, O: Module> OverrideModule<M, O> {
    pub(crate) fn new(builder: TestingModuleBuilder<M>) -> Self {
        let of = PhantomData;
        Self { builder, of }
    }

    /// The module `N`.
    #[track_caller]
    pub fn use_module<N: Module>(self) -> TestingModuleBuilder<M> {
        self.use_dynamic_module(ModuleImport::of::<N>())
    }

    /// A module that is made by a call.
    ///
    /// ```
    /// # use nestrs::di::Provider;
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # #[module] struct DatabaseModule;
    /// # #[module(imports = [DatabaseModule])] struct AppModule;
    /// let module = DynamicModule::builder("InMemory").provide(Provider::value(7_u32));
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_module::<DatabaseModule>()
    ///     .use_dynamic_module(module);
    /// ```
    #[track_caller]
    pub fn use_dynamic_module(self, module: impl IntoModule) -> TestingModuleBuilder<M> {
        self.builder.replace_module::<O>(module.into_module())
    }
}

impl<M, O> fmt::Debug for OverrideModule<M, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = std::any::type_name::<O>();
        f.debug_struct("OverrideModule")
            .field("of", &of)
            .finish_non_exhaustive()
    }
}
