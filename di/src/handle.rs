//! A built instance with its type erased.

use std::any::Any;
use std::sync::Arc;

/// A built provider, whatever its type. Holds a `T` for a provider of `T`, and an `Arc<dyn Trait>` for a provider of `dyn Trait`.
///
/// ```
/// use nestrs_di::Instance;
/// use std::sync::Arc;
///
/// let instance: Instance = Arc::new(7_u32);
/// assert_eq!(instance.downcast_ref::<u32>(), Some(&7));
/// ```
pub type Instance = Arc<dyn Any + Send + Sync>;

/// An [`Instance`] that can hand out its `Arc<T>` for a `T` that may be unsized: generic code cannot tell the two apart, the place that
/// made the handle could.
#[derive(Clone)]
pub enum Handle {
    /// Of a `T`.
    Value(Arc<dyn Value>),
    /// Of an `Arc<dyn Trait>`.
    Object(Arc<dyn Object>),
}

/// A value that knows its own type.
pub trait Value: Any + Send + Sync {
    /// Puts itself into `out`, if that is an `Option<Arc<Self>>`.
    fn put(self: Arc<Self>, out: &mut dyn Any);
}

impl<T: Send + Sync + 'static> Value for T {
    fn put(self: Arc<Self>, out: &mut dyn Any) {
        if let Some(out) = out.downcast_mut() {
            *out = Some(self);
        }
    }
}

/// An `Arc<dyn Trait>`.
pub trait Object: Any + Send + Sync {
    /// Puts a clone into `out`, if that is an `Option<Self>`.
    fn put(&self, out: &mut dyn Any);
}

impl<T: ?Sized + Send + Sync + 'static> Object for Arc<T> {
    fn put(&self, out: &mut dyn Any) {
        if let Some(out) = out.downcast_mut() {
            *out = Some(Self::clone(self));
        }
    }
}

impl Handle {
    /// Takes a new instance.
    pub fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self::Value(Arc::new(value))
    }

    /// Takes an instance that others may hold too.
    pub fn shared<T: Send + Sync + 'static>(value: Arc<T>) -> Self {
        Self::Value(value)
    }

    /// Takes a trait object.
    pub fn of_trait<T: ?Sized + Send + Sync + 'static>(value: Arc<T>) -> Self {
        Self::Object(Arc::new(value))
    }

    /// The instance as `T`, if it went in as one.
    pub fn get<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        let mut out: Option<Arc<T>> = None;
        self.put(&mut out);
        out
    }

    /// Puts the instance into `out`, if that is an `Option<Arc<T>>` of its type. Not generic: there is one of it for all constructors.
    pub(crate) fn put(&self, out: &mut dyn Any) {
        match self {
            Self::Value(value) => Arc::clone(value).put(out),
            Self::Object(object) => (**object).put(out),
        }
    }

    #[inline]
    pub(crate) fn instance(&self) -> Instance {
        match self {
            Self::Value(value) => Arc::clone(value) as Instance,
            Self::Object(object) => Arc::clone(object) as Instance,
        }
    }

    /// The instance without a share in it.
    pub(crate) fn as_any(&self) -> &(dyn Any + Send + Sync) {
        match self {
            Self::Value(value) => &**value,
            Self::Object(object) => &**object,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    trait Greet: Send + Sync {
        fn greet(&self) -> &'static str;
    }
    struct English;
    impl Greet for English {
        fn greet(&self) -> &'static str {
            "hello"
        }
    }

    #[test]
    fn sized_and_unsized_come_back_as_what_they_went_in() {
        let handle = Handle::new(7_u32);
        assert_eq!(handle.get::<u32>().as_deref(), Some(&7));
        assert!(handle.get::<u64>().is_none());

        let handle = Handle::of_trait::<dyn Greet>(Arc::new(English));
        assert_eq!(handle.get::<dyn Greet>().unwrap().greet(), "hello");
        assert!(handle.get::<English>().is_none());
    }
}
