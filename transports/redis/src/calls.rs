//! The requests in hand that their callers may give up, by id.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use nestrs_core::{Cancellation, MessageContext};
use rustc_hash::FxHashMap;

/// Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<FxHashMap<Bytes, Cancellation>>>);

impl Calls {
    /// A call that can be given up until what is returned is dropped.
    pub(crate) fn enter(&self, id: Bytes, context: &mut MessageContext) -> Call {
        context.cancelled = Cancellation::new();
        self.lock().insert(id.clone(), context.cancelled.clone());
        Call {
            id,
            calls: self.clone(),
        }
    }

    /// Gives up the call of that id, if it is in hand here.
    pub(crate) fn cancel(&self, id: &[u8]) {
        let call = self.lock().remove(id);
        if let Some(call) = call {
            call.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, FxHashMap<Bytes, Cancellation>> {
        // No code that can panic runs under the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request in hand.
pub(crate) struct Call {
    id: Bytes,
    calls: Calls,
}

impl Drop for Call {
    fn drop(&mut self) {
        self.calls.lock().remove(&self.id);
    }
}
