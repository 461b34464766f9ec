//! How a client learns whether its server is one of nestrs: its first request
//! says who it is, and such a server's first reply says the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nestrs_core::extras::PEER;

/// So many calls that were dropped before the server said who it is are
/// remembered; any more are left to their deadlines.
const REMEMBERED: usize = 1_024;

#[derive(Default)]
pub(crate) struct Greeting {
    has_spoken: AtomicBool,
    /// Held by the request that says who we are, until it is on its way: on the
    /// wire it is the first.
    speaking: Mutex<()>,
    server: Mutex<Server>,
}

#[derive(Default)]
struct Server {
    is_nestrs: bool,
    /// Calls that were dropped before it said so.
    dropped: Vec<u64>,
}

impl Greeting {
    /// Sends a request by `push`, which is told whether to say who we are.
    pub(crate) fn around<T>(&self, push: impl FnOnce(bool) -> T) -> T {
        if self.has_spoken.load(Ordering::Acquire) {
            return push(false);
        }
        let _speaking = lock(&self.speaking);
        let is_first = !self.has_spoken.load(Ordering::Acquire);
        let pushed = push(is_first);
        self.has_spoken.store(true, Ordering::Release);
        pushed
    }

    /// Whether to tell the server that nobody waits for a call any more. If it
    /// has not said yet who it is, it is told once it does.
    pub(crate) fn may_cancel(&self, id: u64) -> bool {
        let mut server = self.server();
        if !server.is_nestrs && server.dropped.len() < REMEMBERED {
            server.dropped.push(id);
        }
        server.is_nestrs
    }

    /// A reply to no call of ours, which is how a server says who it is; the
    /// calls to be called off now.
    pub(crate) fn heard(&self, id: &str) -> Vec<u64> {
        let mut server = self.server();
        server.is_nestrs |= id == PEER;
        match server.is_nestrs {
            true => std::mem::take(&mut server.dropped),
            false => Vec::new(),
        }
    }

    fn server(&self) -> MutexGuard<'_, Server> {
        lock(&self.server)
    }
}

/// Nothing is half done where code under these locks could panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
