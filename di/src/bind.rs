//! Providers that show another provider as something else.

use std::any::TypeId;
use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use crate::build::Build;
use crate::factory::FactoryFn;
use crate::handle::Handle;
use crate::inject::{Dependency, Inject};
use crate::injectable::{Descriptor, Injectable};
use crate::key::Key;
use crate::provider::Provider;

impl Provider {
    /// The provider of `Impl` as `Token`. Several may be bound to one trait: `Vec<Arc<dyn Trait>>` asks for all of them.
    ///
    /// ```
    /// use nestrs_di::{Graph, Provider, injectable, module};
    /// use std::sync::Arc;
    ///
    /// #[injectable]
    /// trait Payments: Send + Sync { fn pay(&self) -> u32; }
    ///
    /// #[injectable]
    /// struct Stripe;
    /// impl Payments for Stripe { fn pay(&self) -> u32 { 7 } }
    ///
    /// #[injectable]
    /// struct Orders { payments: Arc<dyn Payments> }
    ///
    /// #[module(providers = [Orders, Stripe, Provider::bind::<dyn Payments, Stripe>()])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert_eq!(container.get::<Orders>().unwrap().payments.pay(), 7);
    /// # }
    /// ```
    #[track_caller]
    pub fn bind<Token, Impl>() -> Self
    where
        Token: ProvidedBy<Impl> + ?Sized + Send + Sync + 'static,
        Impl: Send + Sync + 'static,
    {
        Self::view::<Token, Impl>().multi()
    }

    /// An `Impl` of its own as `Token`: not the one that is listed as itself, if there is one.
    ///
    /// ```
    /// use nestrs_di::{Provider, injectable};
    ///
    /// #[injectable]
    /// trait Payments: Send + Sync {}
    /// #[injectable]
    /// struct Stripe;
    /// impl Payments for Stripe {}
    ///
    /// let provider = Provider::class::<dyn Payments, Stripe>().named("backup");
    /// ```
    #[track_caller]
    pub fn class<Token, Impl>() -> Self
    where
        Token: ProvidedBy<Impl> + ?Sized + Send + Sync + 'static,
        Impl: Injectable,
    {
        Self::of::<Impl>().shown_as::<Token, Impl>()
    }

    /// An instance that others hold too, as `Token`.
    ///
    /// ```
    /// use nestrs_di::{Provider, injectable};
    /// use std::sync::Arc;
    ///
    /// #[injectable]
    /// trait Payments: Send + Sync {}
    /// struct Free;
    /// impl Payments for Free {}
    ///
    /// let free = Arc::new(Free);
    /// let provider = Provider::shared_as::<dyn Payments, _>(Arc::clone(&free));
    /// ```
    #[track_caller]
    pub fn shared_as<Token, Impl>(instance: Arc<Impl>) -> Self
    where
        Token: ProvidedBy<Impl> + ?Sized + Send + Sync + 'static,
        Impl: Send + Sync + 'static,
    {
        let build = Build::Ready(Token::handle(instance));
        Self::from_descriptor(Descriptor::plain(
            Key::of::<Token>(),
            Location::caller(),
            build,
        ))
    }

    /// What a factory makes, as `Token`: see [`factory`](Self::factory).
    ///
    /// ```
    /// use nestrs_di::{Provider, injectable};
    /// use std::sync::Arc;
    ///
    /// #[injectable]
    /// trait Payments: Send + Sync {}
    /// struct Prepaid(u64);
    /// impl Payments for Prepaid {}
    ///
    /// let provider = Provider::factory_as::<dyn Payments, _, _>(|cents: Arc<u64>| async move {
    ///     Ok::<_, std::io::Error>(Prepaid(*cents))
    /// });
    /// ```
    #[track_caller]
    pub fn factory_as<Token, F, Args>(factory: F) -> Self
    where
        F: FactoryFn<Args>,
        Token: ProvidedBy<F::Value> + ?Sized + Send + Sync + 'static,
    {
        Self::factory(factory).shown_as::<Token, F::Value>()
    }

    /// Of an `Impl`: it as `Token`, and for that alone.
    #[track_caller]
    fn shown_as<Token, Impl>(self) -> Self
    where
        Token: ProvidedBy<Impl> + ?Sized + Send + Sync + 'static,
        Impl: Send + Sync + 'static,
    {
        if TypeId::of::<Token>() == TypeId::of::<Impl>() {
            return self;
        }
        // A name nobody asks for keeps it out of sight.
        let source = self.named(std::any::type_name::<Token>()).multi();
        Self::view::<Token, Impl>().with_source(source)
    }

    /// What `decorate` makes of it: it is listed for that alone, and keeps its hooks.
    pub(crate) fn decorated<T: Send + Sync + 'static>(
        self,
        decorate: Arc<dyn Fn(&T) -> T + Send + Sync>,
    ) -> Self {
        let build = Build::Factory(Arc::new(move |resolved| {
            let new = decorate(&*Arc::<T>::inject(resolved)?);
            Ok(Box::pin(std::future::ready(Ok(Handle::new(new)))))
        }));
        let mut descriptor = Descriptor::plain(Key::of::<T>(), self.at, build);
        descriptor.dependencies = Cow::Owned(vec![Dependency {
            request: Arc::<T>::REQUEST,
            written: std::any::type_name::<T>(),
            at: self.at,
        }]);
        descriptor.view = true;
        descriptor.views = self.views;
        let decorated = Self::from_descriptor(descriptor)
            .called(self.key().name())
            .in_place_of(&self);
        // A name nobody asks for keeps it out of sight.
        decorated.with_source(self.named(std::any::type_name::<(T, Self)>()).multi())
    }

    /// Another way to ask for the provider of `New`: as `Old`, or under another name.
    ///
    /// ```
    /// use nestrs_di::{Graph, Provider, module};
    /// use std::sync::Arc;
    ///
    /// #[nestrs_di::injectable]
    /// struct Title { title: Arc<String>, #[inject("heading")] heading: Arc<String> }
    ///
    /// #[module(providers = [
    ///     Title,
    ///     Provider::value(String::from("Sales")),
    ///     Provider::alias::<String, String>().named("heading"),
    /// ])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// let title = container.get::<Title>().unwrap();
    /// assert!(Arc::ptr_eq(&title.title, &title.heading));
    /// # }
    /// ```
    #[track_caller]
    pub fn alias<Old, New>() -> Self
    where
        Old: ProvidedBy<New> + ?Sized + Send + Sync + 'static,
        New: Send + Sync + 'static,
    {
        Self::view::<Old, New>()
    }

    #[track_caller]
    fn view<Token, Impl>() -> Self
    where
        Token: ProvidedBy<Impl> + ?Sized + Send + Sync + 'static,
        Impl: Send + Sync + 'static,
    {
        let at = Location::caller();
        let build = Build::Sync(|resolved| Ok(Token::handle(Arc::<Impl>::inject(resolved)?)));
        let mut descriptor = Descriptor::plain(Key::of::<Token>(), at, build);
        let dependency = Dependency {
            request: Arc::<Impl>::REQUEST,
            written: std::any::type_name::<Impl>(),
            at,
        };
        descriptor.dependencies = Cow::Owned(vec![dependency]);
        descriptor.view = true;
        Self::from_descriptor(descriptor)
    }
}

/// `Self` can be provided by an `Impl`: a trait by what implements it, and every type by itself.
/// `#[injectable]` on a trait implements it for the trait's objects.
///
/// ```
/// use nestrs_di::{ProvidedBy, injectable};
///
/// #[injectable]
/// trait Payments: Send + Sync {}
///
/// fn check<Impl: Payments + 'static>() where dyn Payments: ProvidedBy<Impl> {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be provided by `{Impl}`",
    label = "`{Impl}` does not implement it, or the trait is not `#[injectable]`",
    note = "put `#[injectable]` on the trait, and implement it for `{Impl}`"
)]
pub trait ProvidedBy<Impl> {
    /// The instance as `Self`.
    #[doc(hidden)]
    fn handle(instance: Arc<Impl>) -> Handle
    where
        Self: Send + Sync;
}

impl<T: Send + Sync + 'static> ProvidedBy<T> for T {
    fn handle(instance: Arc<T>) -> Handle {
        Handle::shared(instance)
    }
}
