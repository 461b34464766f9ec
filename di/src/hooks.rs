//! What an application's life does to its providers: implement a trait, and it is called.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::{Future, ready};
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::future::BoxFuture;

macro_rules! hooks {
    ($(#[$doc:meta] $trait:ident :: $method:ident ($($signal:ident)?) $constant:ident;)*) => {$(
        #[$doc]
        ///
        /// ```
        #[doc = concat!("use nestrs_di::{HookError, ", stringify!($trait), ", injectable};")]
        ///
        /// #[injectable]
        /// struct Pool;
        ///
        #[doc = concat!("impl ", stringify!($trait), " for Pool {")]
        #[doc = concat!("    async fn ", stringify!($method), "(&self", $(", ", stringify!($signal), ": Option<&str>",)? ") -> Result<(), HookError> {")]
        ///         Ok(())
        ///     }
        /// }
        /// ```
        pub trait $trait: Send + Sync {
            /// Called on each singleton, and awaited; other scopes have no hooks.
            ///
            /// # Errors
            /// What the implementation makes of it.
            fn $method(&self $(, $signal: Option<&str>)?) -> impl Future<Output = Result<(), HookError>> + Send;
        }

        impl<T: $trait + 'static> Probe<T> {
            /// The hook of a type that has it.
            pub const $constant: Option<HookFn> = Some(|instance, _signal| match instance.downcast_ref::<T>() {
                Some(provider) => Box::pin(provider.$method($({ let $signal = _signal; $signal })?)),
                None => Box::pin(ready(Ok(()))),
            });
        }
    )*

        /// Hides behind [`Probe`]'s own constants where these exist: a type without a hook costs nothing.
        pub trait NoHook {
            $(
                /// The hook of a type that has none.
                const $constant: Option<HookFn> = None;
            )*
        }
    };
}

hooks! {
    /// After every provider is built; dependencies first. An error ends the start: what was initialised is shut down again.
    OnModuleInit::on_module_init() INIT;
    /// After every provider is initialised; dependencies first. An error ends the start as above.
    OnApplicationBootstrap::on_application_bootstrap() BOOTSTRAP;
    /// When the application is asked to end; dependencies last.
    OnModuleDestroy::on_module_destroy() DESTROY;
    /// Before servers stop, with the signal that ended the application, if one did; dependencies last.
    BeforeApplicationShutdown::before_application_shutdown(signal) BEFORE_SHUTDOWN;
    /// After servers have stopped and drained; dependencies last.
    OnApplicationShutdown::on_application_shutdown(signal) SHUTDOWN;
    /// Each time somebody asks whether the application is ready for work: an error says why it is not.
    HealthIndicator::check_health() HEALTH;
}

/// Which hooks a type has, asked of the compiler: `Probe::<T>::INIT` is `Some` where `T: OnModuleInit`.
pub struct Probe<T>(PhantomData<T>);

impl<T> NoHook for Probe<T> {}

/// Calls one hook of an instance.
pub type HookFn = for<'a> fn(
    &'a (dyn Any + Send + Sync),
    Option<&'a str>,
) -> BoxFuture<'a, Result<(), HookError>>;

/// The hooks of a type, in the order of [`Hook`].
#[derive(Clone, Copy)]
pub struct Hooks(pub [Option<HookFn>; 6]);

impl Hooks {
    /// Of something that has none.
    pub const NONE: Self = Self([None; 6]);

    pub(crate) fn is_none(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// The first of those it has.
    pub(crate) fn first(&self) -> Option<Hook> {
        let mut all = Hook::ALL.into_iter();
        all.find(|hook| self.get(*hook).is_some())
    }

    pub(crate) fn get(&self, hook: Hook) -> Option<HookFn> {
        self.0[hook as usize]
    }
}

/// A moment in an application's life.
///
/// ```
/// assert_eq!(nestrs_di::Hook::Init.to_string(), "on_module_init");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// [`OnModuleInit`]
    Init,
    /// [`OnApplicationBootstrap`]
    Bootstrap,
    /// [`OnModuleDestroy`]
    Destroy,
    /// [`BeforeApplicationShutdown`]
    BeforeShutdown,
    /// [`OnApplicationShutdown`]
    Shutdown,
    /// [`HealthIndicator`], at any time
    Health,
}

impl Hook {
    const ALL: [Self; 6] = [
        Self::Init,
        Self::Bootstrap,
        Self::Destroy,
        Self::BeforeShutdown,
        Self::Shutdown,
        Self::Health,
    ];
}

impl fmt::Display for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Init => "on_module_init",
            Self::Bootstrap => "on_application_bootstrap",
            Self::Destroy => "on_module_destroy",
            Self::BeforeShutdown => "before_application_shutdown",
            Self::Shutdown => "on_application_shutdown",
            Self::Health => "check_health",
        })
    }
}

/// What a hook returns when it fails. Made from any error by `?`, or from a text.
///
/// ```
/// use nestrs_di::HookError;
///
/// fn port(text: &str) -> Result<u16, HookError> {
///     let port = text.parse()?;
///     if port == 0 {
///         return Err("port 0 is nobody's".into());
///     }
///     Ok(port)
/// }
/// assert_eq!(port("0").unwrap_err().to_string(), "port 0 is nobody's");
/// assert_eq!(port("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
#[derive(Clone)]
pub struct HookError(Arc<dyn Error + Send + Sync>);

impl HookError {
    pub(crate) fn into_inner(self) -> Arc<dyn Error + Send + Sync> {
        self.0
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for HookError {
    fn from(error: E) -> Self {
        Self(Arc::from(error.into()))
    }
}

impl fmt::Display for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for HookError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
