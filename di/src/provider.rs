//! What a module lists.

use std::borrow::Cow;
use std::ops::Deref;
use std::panic::Location;
use std::sync::Arc;

use crate::build::Build;
use crate::factory::FactoryFn;
use crate::handle::Handle;
use crate::inject::{Arity, Dependency};
use crate::injectable::{Descriptor, Injectable};
use crate::key::Key;
use crate::scope::Scope;

/// One entry of a module's `providers`.
///
/// ```
/// use nestrs_di::{Graph, Provider, module};
///
/// struct Port(u16);
///
/// #[module(providers = [Provider::value(Port(3000))])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// assert_eq!(container.get::<Port>().unwrap().0, 3000);
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Provider {
    recipe: Recipe,
    name: Option<&'static str>,
    scope: Option<Scope>,
    multi: bool,
    /// Whether a layer above calls it: a controller.
    entry: bool,
    /// A provider that is listed with this one, for it alone: what it is a view of.
    source: Option<Arc<Provider>>,
    listed: &'static Location<'static>,
}

/// Described at compile time, or put together at run time.
#[derive(Clone, Debug)]
enum Recipe {
    Described(&'static Descriptor),
    Made(Arc<Descriptor>),
}

impl Provider {
    /// Built by the container as `#[injectable]` describes it.
    ///
    /// ```
    /// use nestrs_di::{Provider, injectable};
    ///
    /// #[injectable]
    /// struct Clock;
    ///
    /// let second = Provider::of::<Clock>().named("second");
    /// ```
    #[track_caller]
    pub fn of<T: Injectable>() -> Self {
        Self::new(Recipe::Described(T::DESCRIPTOR), Location::caller())
    }

    /// An instance that is there already.
    ///
    /// ```
    /// let provider = nestrs_di::Provider::value(String::from("Sales")).named("title");
    /// ```
    #[track_caller]
    pub fn value<T: Send + Sync + 'static>(value: T) -> Self {
        Self::made(Key::of::<T>(), Build::Ready(Handle::new(value)))
    }

    /// An instance that others hold too.
    ///
    /// ```
    /// use nestrs_di::Provider;
    /// use std::sync::Arc;
    ///
    /// let clock = Arc::new(std::time::Instant::now());
    /// let provider = Provider::shared(Arc::clone(&clock));
    /// ```
    #[track_caller]
    pub fn shared<T: Send + Sync + 'static>(value: Arc<T>) -> Self {
        Self::made(Key::of::<T>(), Build::Ready(Handle::shared(value)))
    }

    /// A trait object that is there already.
    ///
    /// ```
    /// use nestrs_di::Provider;
    /// use std::fmt::Display;
    /// use std::sync::Arc;
    ///
    /// let provider = Provider::object::<dyn Display + Send + Sync>(Arc::new(7));
    /// ```
    #[track_caller]
    pub fn object<T: ?Sized + Send + Sync + 'static>(object: Arc<T>) -> Self {
        Self::made(Key::of::<T>(), Build::Ready(Handle::of_trait(object)))
    }

    /// What an asynchronous function returns, called with what its parameters ask for: at most eight, of any type that can be
    /// [injected](crate::Inject).
    ///
    /// ```
    /// use nestrs_di::{Graph, Provider, module};
    /// use std::sync::Arc;
    ///
    /// struct Pool { url: String }
    ///
    /// async fn connect(url: &str) -> Result<Pool, std::io::Error> {
    ///     Ok(Pool { url: url.to_owned() })
    /// }
    ///
    /// #[module(providers = [
    ///     Provider::value(String::from("db://local")),
    ///     Provider::factory(|url: Arc<String>| async move { connect(&url).await }),
    /// ])]
    /// struct AppModule;
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    /// assert_eq!(container.get::<Pool>().unwrap().url, "db://local");
    /// # }
    /// ```
    #[track_caller]
    pub fn factory<F: FactoryFn<Args>, Args>(factory: F) -> Self {
        let at = Location::caller();
        let build = Build::Factory(Arc::new(move |resolved| factory.start(resolved)));
        let mut descriptor = Descriptor::plain(Key::of::<F::Value>(), at, build);
        descriptor.dependencies = Cow::Owned(F::dependencies(at));
        Self::new(Recipe::Made(Arc::new(descriptor)), at)
    }

    /// Brought along by whoever opens a request scope: [`RequestScope::supply`](crate::RequestScope::supply).
    ///
    /// ```
    /// struct UserId(u32);
    /// let provider = nestrs_di::Provider::supplied::<UserId>();
    /// ```
    #[track_caller]
    pub fn supplied<T: Send + Sync + 'static>() -> Self {
        Self::made(Key::of::<T>(), Build::Supplied).scope(Scope::Request)
    }

    /// The same under a name: `#[inject("name")]` asks for it.
    pub fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// With another scope than its own.
    pub fn scope(self, scope: Scope) -> Self {
        Self {
            scope: Some(scope),
            ..self
        }
    }

    /// One of several of its type in its module: `Vec<Arc<T>>` asks for all of them.
    pub fn multi(self) -> Self {
        Self {
            multi: true,
            ..self
        }
    }

    #[track_caller]
    fn made(key: Key, build: Build) -> Self {
        let at = Location::caller();
        Self::new(
            Recipe::Made(Arc::new(Descriptor::plain(key, at, build))),
            at,
        )
    }

    fn new(recipe: Recipe, listed: &'static Location<'static>) -> Self {
        Self {
            recipe,
            name: None,
            scope: None,
            multi: false,
            entry: false,
            source: None,
            listed,
        }
    }
}

/// What the rest of the crate asks a provider.
impl Provider {
    pub(crate) fn from_descriptor(descriptor: Descriptor) -> Self {
        let at = descriptor.at;
        Self::new(Recipe::Made(Arc::new(descriptor)), at)
    }

    /// Lists `source` with it, for it alone.
    pub(crate) fn with_source(self, source: Provider) -> Self {
        Self {
            source: Some(Arc::new(source)),
            ..self
        }
    }

    /// What it shows as something else, where it does.
    pub(crate) fn shows(&self) -> Option<Key> {
        let shown = self.deref().dependencies.first().filter(|_| self.view);
        shown.map(|dependency| dependency.request.key)
    }

    /// The same in the role `old` had: called by a layer above, one of several. What calls of its methods ask for they still do.
    pub(crate) fn in_place_of(mut self, old: &Provider) -> Self {
        (self.entry, self.multi) = (old.entry, old.multi);
        let asked = old.dependencies.iter();
        let mut asked = asked
            .filter(|dependency| dependency.request.arity == Arity::Call)
            .peekable();
        if self.key() == old.key() && asked.peek().is_some() {
            self.ask(asked.cloned());
        }
        self
    }

    /// The same, seen by every module.
    pub(crate) fn everywhere(self) -> Self {
        let mut descriptor = Descriptor::clone(&self);
        descriptor.in_root = true;
        Self {
            recipe: Recipe::Made(Arc::new(descriptor)),
            ..self
        }
    }

    pub(crate) fn described(
        descriptor: &'static Descriptor,
        listed: &'static Location<'static>,
    ) -> Self {
        let multi = descriptor.view;
        Self {
            multi,
            ..Self::new(Recipe::Described(descriptor), listed)
        }
    }

    pub(crate) fn called(self, name: Option<&'static str>) -> Self {
        Self { name, ..self }
    }

    pub(crate) fn key(&self) -> Key {
        let key = self.deref().key;
        self.name.map_or(key, |name| key.named(name))
    }

    /// Its name, if it has one: names are given where a provider is listed.
    pub(crate) fn name(&self) -> Option<&'static str> {
        self.name
    }

    pub(crate) fn lifetime(&self) -> Scope {
        self.scope.unwrap_or(self.deref().scope)
    }

    /// Also asks for these.
    pub(crate) fn ask(&mut self, more: impl IntoIterator<Item = Dependency>) {
        let mut descriptor = Descriptor::clone(self);
        descriptor.dependencies.to_mut().extend(more);
        self.recipe = Recipe::Made(Arc::new(descriptor));
    }

    pub(crate) fn mark_entry(&mut self) {
        self.entry = true;
    }

    pub(crate) fn is_entry(&self) -> bool {
        self.entry
    }

    pub(crate) fn is_multi(&self) -> bool {
        self.multi
    }

    pub(crate) fn source(&self) -> Option<&Provider> {
        self.source.as_deref()
    }

    /// Where a module lists it.
    pub(crate) fn listed(&self) -> &'static Location<'static> {
        self.listed
    }
}

impl Deref for Provider {
    type Target = Descriptor;

    fn deref(&self) -> &Descriptor {
        match &self.recipe {
            Recipe::Described(descriptor) => descriptor,
            Recipe::Made(descriptor) => descriptor,
        }
    }
}
