//! What the macros' output refers to, as `::nestrs::__private::micro`. Not part
//! of the API.

pub use std::assert;
use std::borrow::Cow;
pub use std::boxed::Box;
pub use std::option::Option;
use std::panic::AssertUnwindSafe;
pub use std::panic::Location;
pub use std::result::Result;

use futures_util::FutureExt;
use futures_util::future::CatchUnwind;
pub use inventory;
pub use nestrs_core::{Answer, MessageKind, TransportError};

pub use nestrs_di::Key;

pub use crate::answer::{
    IsFallibleStream, IsForeignResult, IsForeignStream, IsPlain, IsResult, IsStream, IsUnit,
    IsValue, IsWrongResult, Probe,
};
pub use crate::boxed::boxed;
pub use crate::checked::{Checked, IsChecked, IsUnchecked};
pub use crate::client::{ClientProxy, ReplyStream};
pub use crate::enhancer::{Enhancers, Listed, Made, Messages, NotMade};
pub use crate::finish::Handled;
#[cfg(feature = "grpc")]
pub use crate::grpc::__private as grpc;
pub use crate::handler::{
    Handler, HandlerName, HandlerPattern, MicroRoutes, PatternLiteral, Patterns,
};
pub use crate::listener::{EventRoutes, Listener, ListenerTable};
pub use crate::payload::FromMessage;

use crate::enhancer::{ExceptionFilter, Guard, Interceptor, Pipe, Protocol, Source};

/// This module under the name the facade gives it: this crate's own tests and
/// examples say `extern crate nestrs_microservices as nestrs`.
pub use crate::__private as micro;

/// A handler's body, whose panic is an outcome too.
pub fn contain<F: Future>(body: F) -> CatchUnwind<AssertUnwindSafe<F>> {
    AssertUnwindSafe(body).catch_unwind()
}

/// The guard that is named in an attribute.
pub const fn guard<P: Protocol, G: Guard<P>>(
    listed: &'static Listed<G>,
) -> &'static dyn Source<dyn Guard<P>> {
    listed
}

/// The interceptor that is named in an attribute.
pub const fn interceptor<P: Protocol, I: Interceptor<P>>(
    listed: &'static Listed<I>,
) -> &'static dyn Source<dyn Interceptor<P>> {
    listed
}

/// The pipe that is named in an attribute.
pub const fn pipe<P: Protocol, T: Pipe<P>>(
    listed: &'static Listed<T>,
) -> &'static dyn Source<dyn Pipe<P>> {
    listed
}

/// The exception filter that is named in an attribute.
pub const fn filter<P: Protocol, F: ExceptionFilter<P>>(
    listed: &'static Listed<F>,
) -> &'static dyn Source<dyn ExceptionFilter<P>> {
    listed
}

/// Where a client sends a message of a contract.
pub fn first_route(patterns: Patterns) -> Cow<'static, str> {
    match patterns.first().map(|first| first.pattern) {
        Some(PatternLiteral::Text(route)) => Cow::Borrowed(route),
        Some(pattern) => Cow::Owned(pattern.to_pattern().into_string()),
        // The macro writes none without.
        None => Cow::Borrowed(""),
    }
}
