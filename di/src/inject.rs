//! How a field's type says what it wants, and how it gets it.

use std::panic::Location;
use std::sync::Arc;

use crate::failure::Cause;
use crate::handle::Handle;
use crate::key::Key;
use crate::resolved::Resolved;

/// What a field or a constructor's parameter can be: its type decides what is injected.
///
/// | type | what it gets |
/// |---|---|
/// | `Arc<T>`, `Arc<dyn Trait>` | the provider of `T`; a graph without one is rejected |
/// | `Option<Arc<T>>` | the provider of `T`, or `None` |
/// | `Vec<Arc<T>>` | every provider of `T` in sight, in the order they are listed |
/// | [`Lazy<T>`](crate::Lazy) | the provider of `T` when it is first used: for one side of a circle |
/// | [`ModuleRef`](crate::ModuleRef) | the container, as this provider's module sees it |
/// | [`Caller`](crate::Caller) | in a transient provider: who it is built for |
///
/// ```
/// use nestrs_di::{Module, Provider, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Report { title: Arc<String>, footer: Option<Arc<u8>>, pages: Vec<Arc<u16>> }
///
/// #[module(providers = [
///     Report,
///     Provider::value(String::from("Sales")),
///     Provider::value(1_u16).multi(),
///     Provider::value(2_u16).multi(),
/// ])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = nestrs_di::Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// let report = container.get::<Report>().unwrap();
/// assert_eq!(report.pages, [Arc::new(1), Arc::new(2)]);
/// assert!(report.footer.is_none());
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be injected",
    label = "not something the container can hand out",
    note = "write `Arc<T>` for a provider of `T`; also `Option<Arc<T>>`, `Vec<Arc<T>>`, `Lazy<T>`",
    note = "for a plain field, say where its value comes from: `#[inject(default)]` or `#[inject(value = …)]`"
)]
pub trait Inject: Sized + Send {
    /// What is asked for.
    const REQUEST: Request;

    /// Takes it from what the container resolved for this request.
    ///
    /// # Errors
    /// Only if called out of step with the requests its provider declared.
    #[doc(hidden)]
    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause>;
}

/// What one field asks the container for.
///
/// ```
/// use nestrs_di::{Inject, Key};
/// use std::sync::Arc;
/// assert_eq!(<Arc<String> as Inject>::REQUEST.key, Key::of::<String>());
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Request {
    /// The provider wanted.
    pub key: Key,
    /// How many of it.
    pub arity: Arity,
}

/// How many providers a [`Request`] takes.
///
/// ```
/// use nestrs_di::{Arity, Inject};
/// use std::sync::Arc;
/// assert_eq!(<Arc<String> as Inject>::REQUEST.arity, Arity::One);
/// assert_eq!(<Option<Arc<String>> as Inject>::REQUEST.arity, Arity::Optional);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Arity {
    /// Exactly one; it is an error if there is none.
    One,
    /// One, if there is one.
    Optional,
    /// All in sight.
    Many,
    /// One, but not yet.
    Lazy,
    /// One, each time a method of the provider is called from outside: it may be of that call's request.
    Call,
    /// No provider: something the container knows.
    Context,
}

impl Arity {
    /// Whether what answers it need not be there first.
    pub(crate) fn is_later(self) -> bool {
        matches!(self, Self::Lazy | Self::Call)
    }
}

impl Request {
    /// So many providers of `key`.
    pub const fn new(key: Key, arity: Arity) -> Self {
        Self { key, arity }
    }

    /// One provider of `key`.
    pub const fn one(key: Key) -> Self {
        Self::new(key, Arity::One)
    }

    /// The same request for a named provider.
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self {
            key: self.key.named(name),
            ..self
        }
    }
}

/// A [`Request`] and the place in the user's source that makes it.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// What is asked for.
    pub request: Request,
    /// As written: `repo: Arc<UsersRepo>`.
    pub written: &'static str,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Arc<T> {
    const REQUEST: Request = Request::one(Key::of::<T>());

    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause> {
        let instance = from.one().and_then(Handle::get);
        instance.ok_or_else(|| Cause::unresolved(&Self::REQUEST.key))
    }
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Option<Arc<T>> {
    const REQUEST: Request = Request::new(Key::of::<T>(), Arity::Optional);

    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause> {
        Ok(from.one().and_then(Handle::get))
    }
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Vec<Arc<T>> {
    const REQUEST: Request = Request::new(Key::of::<T>(), Arity::Many);

    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause> {
        Ok(from.all().into_iter().filter_map(Handle::get).collect())
    }
}
