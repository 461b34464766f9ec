//! [`OverrideEnhancer`]: what takes the place of a guard and its like.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use nestrs::di::{FactoryFn, Injectable, Key, Module, ProvidedBy, Provider};
use nestrs::microservices::InPlaceOf;

use crate::builder::TestingModuleBuilder;

/// A guard, interceptor, pipe or exception filter `G` whose place is to be
/// taken, `E` being the trait. See [`TestingModuleBuilder::override_guard`].
///
/// What only `G` needed is left out. An instance that `main` hands to
/// `use_global_guard` is no part of the modules: leave it out of
/// [`configure_microservice`](TestingModuleBuilder::configure_microservice)
/// instead.
#[must_use = "say by what: `.use_value(…)`, `.use_shared(…)`, `.use_factory(…)` or `.use_class::<…>()`"]
pub struct OverrideEnhancer<M, G, E: ?Sized> {
    builder: TestingModuleBuilder<M>,
    of: PhantomData<fn(&G, &E)>,
}

impl<M: Module, G: 'static, E: ?Sized + Send + Sync + 'static> OverrideEnhancer<M, G, E> {
    pub(crate) fn new(builder: TestingModuleBuilder<M>) -> Self {
        let of = PhantomData;
        Self { builder, of }
    }

    /// An instance of another type of its kind, such as
    /// [`PassThrough`](crate::PassThrough).
    #[track_caller]
    pub fn use_value<V>(self, value: V) -> TestingModuleBuilder<M>
    where
        InPlaceOf<G, E>: ProvidedBy<V>,
        E: ProvidedBy<V>,
        V: Send + Sync + 'static,
    {
        self.use_shared(Arc::new(value))
    }

    /// One that the test holds on to, to see what became of it.
    #[track_caller]
    pub fn use_shared<V>(self, value: Arc<V>) -> TestingModuleBuilder<M>
    where
        InPlaceOf<G, E>: ProvidedBy<V>,
        E: ProvidedBy<V>,
        V: Send + Sync + 'static,
    {
        let named = Provider::shared_as::<InPlaceOf<G, E>, V>(Arc::clone(&value));
        self.by(named, Provider::shared_as::<E, V>(value))
    }

    /// What an asynchronous function makes of what it asks for, as
    /// [`Provider::factory`] does.
    #[track_caller]
    pub fn use_factory<F, Args>(self, factory: F) -> TestingModuleBuilder<M>
    where
        F: FactoryFn<Args> + Clone,
        InPlaceOf<G, E>: ProvidedBy<F::Value>,
        E: ProvidedBy<F::Value>,
    {
        let named = Provider::factory_as::<InPlaceOf<G, E>, F, Args>(factory.clone());
        self.by(named, Provider::factory_as::<E, F, Args>(factory))
    }

    /// What the container builds of `U`, which is `#[injectable]`.
    #[track_caller]
    pub fn use_class<U>(self) -> TestingModuleBuilder<M>
    where
        InPlaceOf<G, E>: ProvidedBy<U>,
        E: ProvidedBy<U>,
        U: Injectable,
    {
        let named = Provider::class::<InPlaceOf<G, E>, U>();
        self.by(named, Provider::class::<E, U>())
    }

    fn by(self, named: Provider, bound: Provider) -> TestingModuleBuilder<M> {
        let of = Key::of::<G>();
        self.builder
            .configure_graph(|graph| graph.replace_key(of, named, vec![bound]))
    }
}

impl<M, G, E: ?Sized> fmt::Debug for OverrideEnhancer<M, G, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = std::any::type_name::<G>();
        f.debug_struct("OverrideEnhancer")
            .field("of", &of)
            .finish_non_exhaustive()
    }
}
