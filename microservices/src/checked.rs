//! Parameters that can be checked, and those that cannot: the compiler tells
//! which, as for what handlers return, see [`crate::answer`].

use nestrs_core::TransportError;

use crate::incoming::Incoming;

/// A parameter of a handler.
pub struct Checked<'a, T>(pub &'a T);

/// One that can be checked.
pub trait IsChecked {
    /// Checks it, if a pipe asks for that.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    fn check(&self, message: &Incoming) -> Result<(), TransportError>;
}

#[cfg(feature = "garde")]
impl<T: garde::Validate<Context: Default>> IsChecked for Checked<'_, T> {
    #[inline]
    fn check(&self, message: &Incoming) -> Result<(), TransportError> {
        match message.0.is_validated {
            true => crate::valid::check(self.0, message),
            false => Ok(()),
        }
    }
}

/// Any other.
pub trait IsUnchecked {
    /// There is nothing to check.
    ///
    /// # Errors
    ///
    /// None.
    fn check(&self, message: &Incoming) -> Result<(), TransportError> {
        let _ = message;
        Ok(())
    }
}
impl<T> IsUnchecked for &Checked<'_, T> {}
