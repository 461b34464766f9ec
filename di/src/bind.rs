//! Providers that show another provider as something else.

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use crate::build::Build;
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
        // A name nobody asks for keeps it out of sight.
        let source = Self::of::<Impl>()
            .named(std::any::type_name::<Token>())
            .multi();
        Self::view::<Token, Impl>().with_source(source)
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
