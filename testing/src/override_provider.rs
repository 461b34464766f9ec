//! [`OverrideProvider`]: what takes a provider's place.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use nestrs::di::{FactoryFn, Injectable, Module, ProvidedBy, Provider};

use crate::builder::TestingModuleBuilder;

/// A provider whose place is to be taken. See
/// [`TestingModuleBuilder::override_provider`].
///
/// What only the overridden provider needed is left out, and need not even be
/// there.
#[must_use = "say by what: `.use_value(…)`, `.use_shared(…)`, `.use_factory(…)` or `.use_class::<…>()`"]
pub struct OverrideProvider<M, T: ?Sized> {
    builder: TestingModuleBuilder<M>,
    name: Option<&'static str>,
    of: PhantomData<fn(&T)>,
}

impl<M: Module, T: ?Sized + Send + Sync + 'static> OverrideProvider<M, T> {
    pub(crate) fn new(builder: TestingModuleBuilder<M>) -> Self {
        Self {
            builder,
            name: None,
            of: PhantomData,
        }
    }

    /// The one that is provided under this name.
    ///
    /// ```
    /// # use nestrs::di::Provider;
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// #[module(providers = [Provider::value(String::from("db://production")).named("url")])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_provider::<String>()
    ///     .named("url")
    ///     .use_value(String::from("db://test"))
    ///     .compile()
    ///     .await?;
    /// assert_eq!(*module.get_named::<String>("url"), "db://test");
    /// # Ok(())
    /// # }
    /// ```
    pub fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// An instance: of `T`, or of what implements it where `T` is a trait.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # use std::sync::Arc;
    /// #[injectable]
    /// trait Payments: Send + Sync {
    ///     fn charge(&self, cents: u64) -> bool;
    /// }
    /// # #[injectable(bind = dyn Payments)]
    /// # struct Stripe;
    /// # impl Payments for Stripe { fn charge(&self, _: u64) -> bool { panic!() } }
    /// # #[module(providers = [Stripe])]
    /// # struct AppModule;
    ///
    /// struct Declined;
    ///
    /// impl Payments for Declined {
    ///     fn charge(&self, _: u64) -> bool {
    ///         false
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_provider::<dyn Payments>()
    ///     .use_value(Declined)
    ///     .compile()
    ///     .await?;
    /// assert!(!module.get::<dyn Payments>().charge(100));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn use_value<V>(self, value: V) -> TestingModuleBuilder<M>
    where
        T: ProvidedBy<V>,
        V: Send + Sync + 'static,
    {
        self.use_shared(Arc::new(value))
    }

    /// An instance that the test holds on to, to see what became of it.
    ///
    /// ```
    /// # use nestrs::di::Provider;
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// use std::sync::{Arc, Mutex};
    ///
    /// type Log = Mutex<Vec<String>>;
    ///
    /// #[module(providers = [Provider::value(Log::default())])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let log = Arc::new(Log::default());
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_provider::<Log>()
    ///     .use_shared(Arc::clone(&log))
    ///     .compile()
    ///     .await?;
    /// assert!(Arc::ptr_eq(&log, &module.get::<Log>()));
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn use_shared<V>(self, value: Arc<V>) -> TestingModuleBuilder<M>
    where
        T: ProvidedBy<V>,
        V: Send + Sync + 'static,
    {
        self.by(Provider::shared_as::<T, V>(value))
    }

    /// What an asynchronous function makes of what it asks for, as
    /// [`Provider::factory`] does: one for each module that has the provider.
    ///
    /// ```
    /// # use nestrs::di::Provider;
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::Test;
    /// # use std::sync::Arc;
    /// # struct Pool(String);
    /// # #[module(providers = [Provider::value(Pool(String::new())), Provider::value(7_u16)])]
    /// # struct AppModule;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), nestrs::BootstrapError> {
    /// let module = Test::create_testing_module::<AppModule>()
    ///     .override_provider::<Pool>()
    ///     .use_factory(|port: Arc<u16>| async move {
    ///         Ok::<_, std::io::Error>(Pool(format!("db://localhost:{port}")))
    ///     })
    ///     .compile()
    ///     .await?;
    /// assert_eq!(module.get::<Pool>().0, "db://localhost:7");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn use_factory<F, Args>(self, factory: F) -> TestingModuleBuilder<M>
    where
        F: FactoryFn<Args>,
        T: ProvidedBy<F::Value>,
    {
        self.by(Provider::factory_as::<T, F, Args>(factory))
    }

    /// What the container builds of `U`, which is `#[injectable]`: one for each
    /// module that has the provider, of what that module sees. Its hooks run.
    #[track_caller]
    pub fn use_class<U>(self) -> TestingModuleBuilder<M>
    where
        T: ProvidedBy<U>,
        U: Injectable,
    {
        self.by(Provider::class::<T, U>())
    }

    #[track_caller]
    fn by(self, provider: Provider) -> TestingModuleBuilder<M> {
        let provider = match self.name {
            Some(name) => provider.named(name),
            None => provider,
        };
        self.builder
            .configure_graph(|graph| graph.replace(provider))
    }
}

impl<M, T: ?Sized> fmt::Debug for OverrideProvider<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = std::any::type_name::<T>();
        f.debug_struct("OverrideProvider")
            .field("of", &of)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
