//! What a module lists.

use std::any::TypeId;
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
pub struct Provider(Entry);

/// Two words: a graph has many of these, and nearly all are a type just as it describes itself.
#[derive(Clone, Debug)]
enum Entry {
    Described(&'static Descriptor, &'static Location<'static>),
    Special(Arc<Special>),
}

/// What is described at run time, or listed with more to say.
#[derive(Clone, Debug)]
struct Special {
    descriptor: Cow<'static, Descriptor>,
    name: Option<&'static str>,
    scope: Option<Scope>,
    multi: bool,
    /// Whether a layer above calls it: a controller.
    entry: bool,
    /// A provider that is listed with this one, for it alone: what it is a view of.
    source: Option<Provider>,
    listed: &'static Location<'static>,
}

impl Special {
    fn new(descriptor: Cow<'static, Descriptor>, listed: &'static Location<'static>) -> Self {
        Self {
            descriptor,
            name: None,
            scope: None,
            multi: false,
            entry: false,
            source: None,
            listed,
        }
    }
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
    pub const fn of<T: Injectable>() -> Self {
        Self(Entry::Described(T::DESCRIPTOR, Location::caller()))
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
        const {
            assert!(
                size_of::<&T>() > size_of::<usize>(),
                "`Provider::object` is for `Arc<dyn Trait>`: of any other type write `Provider::shared`"
            );
        }
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
        Self::from_descriptor(descriptor)
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
    ///
    /// ```
    /// use nestrs_di::{Module, Provider, injectable, module};
    /// use std::sync::Arc;
    ///
    /// #[injectable]
    /// struct Report { #[inject("title")] title: Arc<String> }
    ///
    /// #[module(providers = [Report, Provider::value(String::from("Sales")).named("title")])]
    /// struct AppModule;
    ///
    /// AppModule::verify().unwrap();
    /// ```
    pub fn named(self, name: &'static str) -> Self {
        self.called(Some(name))
    }

    /// With another scope than its own.
    ///
    /// ```
    /// use nestrs_di::{Provider, Scope, injectable};
    ///
    /// #[injectable]
    /// struct Job;
    ///
    /// let provider = Provider::of::<Job>().scope(Scope::Transient);
    /// ```
    pub fn scope(self, scope: Scope) -> Self {
        self.with(|special| special.scope = Some(scope))
    }

    /// One of several of its type in its module: `Vec<Arc<T>>` asks for all of them.
    ///
    /// ```
    /// use nestrs_di::Provider;
    ///
    /// let providers = [Provider::value(80_u16).multi(), Provider::value(443_u16).multi()];
    /// ```
    pub fn multi(self) -> Self {
        self.with(|special| special.multi = true)
    }

    #[track_caller]
    fn made(key: Key, build: Build) -> Self {
        Self::from_descriptor(Descriptor::plain(key, Location::caller(), build))
    }

    /// The same with more to say.
    fn with(self, say: impl FnOnce(&mut Special)) -> Self {
        let mut special = match self.0 {
            Entry::Described(descriptor, listed) => Arc::new(Special {
                multi: descriptor.view,
                ..Special::new(Cow::Borrowed(descriptor), listed)
            }),
            Entry::Special(special) => special,
        };
        say(Arc::make_mut(&mut special));
        Self(Entry::Special(special))
    }

    fn special(&self) -> Option<&Special> {
        match &self.0 {
            Entry::Described(..) => None,
            Entry::Special(special) => Some(special),
        }
    }
}

/// What the rest of the crate asks a provider.
impl Provider {
    pub(crate) fn from_descriptor(descriptor: Descriptor) -> Self {
        let at = descriptor.at;
        let special = Special::new(Cow::Owned(descriptor), at);
        Self(Entry::Special(Arc::new(special)))
    }

    pub(crate) fn described(
        descriptor: &'static Descriptor,
        listed: &'static Location<'static>,
    ) -> Self {
        Self(Entry::Described(descriptor, listed))
    }

    /// Lists `source` with it, for it alone.
    pub(crate) fn with_source(self, source: Provider) -> Self {
        self.with(|special| special.source = Some(source))
    }

    /// What it shows as something else, where it does.
    pub(crate) fn shows(&self) -> Option<Key> {
        let shown = self.deref().dependencies.first().filter(|_| self.view);
        shown.map(|dependency| dependency.request.key)
    }

    /// The same in the role `old` had: called by a layer above, one of several. What calls of its methods ask for they still do.
    pub(crate) fn in_place_of(self, old: &Provider) -> Self {
        let (is_entry, is_multi) = (old.is_entry(), old.is_multi());
        let new = self.with(|special| (special.entry, special.multi) = (is_entry, is_multi));
        let asked = old.dependencies.iter();
        let mut asked = asked
            .filter(|dependency| dependency.request.arity == Arity::Call)
            .peekable();
        match new.key() == old.key() && asked.peek().is_some() {
            true => new.asking(asked.cloned()),
            false => new,
        }
    }

    /// The same, seen by every module.
    pub(crate) fn everywhere(self) -> Self {
        self.with(|special| special.descriptor.to_mut().in_root = true)
    }

    pub(crate) fn called(self, name: Option<&'static str>) -> Self {
        match name == self.name() {
            true => self,
            false => self.with(|special| special.name = name),
        }
    }

    /// The same that also asks for these.
    pub(crate) fn asking(self, more: impl IntoIterator<Item = Dependency>) -> Self {
        self.with(|special| {
            let dependencies = &mut special.descriptor.to_mut().dependencies;
            dependencies.to_mut().extend(more);
        })
    }

    /// The same that a layer above calls.
    pub(crate) fn entry(self) -> Self {
        self.with(|special| special.entry = true)
    }

    pub(crate) fn key(&self) -> Key {
        let key = self.deref().key;
        self.name().map_or(key, |name| key.named(name))
    }

    pub(crate) fn type_id(&self) -> TypeId {
        self.deref().key.type_id()
    }

    /// Its name, if it has one: names are given where a provider is listed.
    pub(crate) fn name(&self) -> Option<&'static str> {
        self.special()?.name
    }

    pub(crate) fn lifetime(&self) -> Scope {
        let said = self.special().and_then(|special| special.scope);
        said.unwrap_or(self.deref().scope)
    }

    pub(crate) fn is_entry(&self) -> bool {
        self.special().is_some_and(|special| special.entry)
    }

    pub(crate) fn is_multi(&self) -> bool {
        match &self.0 {
            // A trait has as many views as types are bound to it.
            Entry::Described(descriptor, _) => descriptor.view,
            Entry::Special(special) => special.multi,
        }
    }

    pub(crate) fn source(&self) -> Option<&Provider> {
        self.special()?.source.as_ref()
    }

    /// Where a module lists it.
    pub(crate) fn listed(&self) -> &'static Location<'static> {
        match &self.0 {
            Entry::Described(_, listed) => listed,
            Entry::Special(special) => special.listed,
        }
    }
}

impl Deref for Provider {
    type Target = Descriptor;

    fn deref(&self) -> &Descriptor {
        match &self.0 {
            Entry::Described(descriptor, _) => descriptor,
            Entry::Special(special) => &special.descriptor,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_words() {
        assert_eq!(size_of::<Provider>(), 2 * size_of::<usize>());
    }
}
