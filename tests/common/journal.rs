//! What happened, in the order it happened.

use std::cell::RefCell;

thread_local! {
    /// Of one test: each has a thread, and what it starts runs there too.
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What is written to from handlers, guards and the like.
pub(crate) struct Journal;

impl Journal {
    pub(crate) fn write(line: impl Into<String>) {
        LINES.with_borrow_mut(|lines| lines.push(line.into()));
    }
}

/// What has been written since this was last asked.
pub(crate) fn written() -> Vec<String> {
    LINES.take()
}
