//! The crate is being written.
