//! One side of a circle.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use crate::container::Inner;
use crate::failure::Cause;
use crate::graph::ProviderId;
use crate::inject::{Arity, Inject, Request};
use crate::key::Key;
use crate::resolved::Resolved;

/// A singleton that is looked up when it is used, not when it is injected: two providers may need each other if one of them says so.
///
/// ```
/// use nestrs_di::{Graph, Lazy, injectable, module};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Parent { child: Arc<Child> }
///
/// #[injectable]
/// struct Child { parent: Lazy<Parent> }
///
/// #[module(providers = [Parent, Child])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// let parent = container.get::<Parent>().unwrap();
/// assert!(Arc::ptr_eq(&parent, &parent.child.parent.get()));
/// # }
/// ```
pub struct Lazy<T: ?Sized> {
    inner: Weak<Inner>,
    target: ProviderId,
    marker: PhantomData<fn() -> Arc<T>>,
}

impl<T: ?Sized + Send + Sync + 'static> Lazy<T> {
    /// The instance.
    ///
    /// # Panics
    /// Inside a constructor, as long as the other side is not built; and after the application is gone.
    pub fn get(&self) -> Arc<T> {
        match self.try_get() {
            Some(instance) => instance,
            None => panic!(
                "`{}` is not there: it is still being built, or its application is gone",
                Key::of::<T>()
            ),
        }
    }

    /// The instance, if it is built and its application is still there.
    ///
    /// ```
    /// use nestrs_di::{Lazy, injectable};
    ///
    /// #[injectable]
    /// struct Parent;
    ///
    /// #[injectable]
    /// struct Child { parent: Lazy<Parent> }
    ///
    /// impl Drop for Child {
    ///     fn drop(&mut self) {
    ///         if let Some(parent) = self.parent.try_get() { /* … */ }
    ///     }
    /// }
    /// ```
    pub fn try_get(&self) -> Option<Arc<T>> {
        self.inner.upgrade()?.handle(self.target)?.get()
    }
}

impl<T: ?Sized + Send + Sync + 'static> Inject for Lazy<T> {
    const REQUEST: Request = Request::new(Key::of::<T>(), Arity::Lazy);

    fn inject(from: &mut Resolved<'_>) -> Result<Self, Cause> {
        let inner = Arc::downgrade(from.inner);
        let target = from.later();
        Ok(Self {
            inner,
            target: target.ok_or_else(|| Cause::unresolved(&Self::REQUEST.key))?,
            marker: PhantomData,
        })
    }
}

impl<T: ?Sized> Clone for Lazy<T> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            target: self.target,
            marker: PhantomData,
        }
    }
}

impl<T: ?Sized + 'static> fmt::Debug for Lazy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lazy<{}>", Key::of::<T>())
    }
}
