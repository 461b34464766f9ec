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

/// An [`Instance`] that can hand out its `Arc<T>` for a `T` that may be unsized.
#[derive(Clone)]
pub struct Handle {
    instance: Instance,
    // Generic code cannot tell a sized `T` from a trait object, the place that made the handle could.
    read: fn(&Instance, &mut dyn Any),
}

impl Handle {
    /// Takes a new instance.
    pub fn new<T: Send + Sync + 'static>(value: T) -> Self {
        Self::shared(Arc::new(value))
    }

    /// Takes an instance that others may hold too.
    pub fn shared<T: Send + Sync + 'static>(value: Arc<T>) -> Self {
        Self {
            instance: value,
            read: |instance, out| fill(out, || Arc::clone(instance).downcast::<T>().ok()),
        }
    }

    /// Takes a trait object.
    pub fn of_trait<T: ?Sized + Send + Sync + 'static>(value: Arc<T>) -> Self {
        Self {
            instance: Arc::new(value),
            read: |instance, out| fill(out, || instance.downcast_ref::<Arc<T>>().cloned()),
        }
    }

    /// The instance as `T`, if it went in as one.
    pub fn get<T: ?Sized + 'static>(&self) -> Option<Arc<T>> {
        let mut out: Option<Arc<T>> = None;
        (self.read)(&self.instance, &mut out);
        out
    }

    pub(crate) fn instance(&self) -> &Instance {
        &self.instance
    }
}

fn fill<T: ?Sized + 'static>(out: &mut dyn Any, value: impl FnOnce() -> Option<Arc<T>>) {
    if let Some(out) = out.downcast_mut::<Option<Arc<T>>>() {
        *out = value();
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
