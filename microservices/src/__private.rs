//! What the macros' output refers to, as `::nestrs::__private::micro`. Not part
//! of the API.

use std::borrow::Cow;
pub use std::boxed::Box;
pub use std::panic::Location;
pub use std::result::Result;

pub use inventory;
pub use nestrs_core::{Answer, MessageKind, TransportError};

pub use crate::answer::{IsFallibleStream, IsPlain, IsResult, IsStream, IsUnit, IsValue, Probe};
pub use crate::client::{ClientProxy, ReplyStream};
pub use crate::enhancer::Enhancers;
pub use crate::handler::{Handler, MicroRoutes, PatternLiteral, Patterns};
pub use crate::listener::{EventRoutes, Listener, ListenerTable};
pub use crate::payload::FromMessage;

use crate::enhancer::{
    Guard, Interceptor, MicroCanActivate, MicroIncomingInterceptor, MicroPipeTransform, Pipe,
};

/// This module under the name the facade gives it: this crate's own tests and
/// examples say `extern crate nestrs_microservices as nestrs`.
pub use crate::__private as micro;

/// Makes a guard of the type that is named in an attribute.
pub fn guard<G: MicroCanActivate>() -> Box<dyn Guard> {
    Box::new(G::default())
}

/// Makes an interceptor of the type that is named in an attribute.
pub fn interceptor<I: MicroIncomingInterceptor>() -> Box<dyn Interceptor> {
    Box::new(I::default())
}

/// Makes a pipe of the type that is named in an attribute.
pub fn pipe<P: MicroPipeTransform>() -> Box<dyn Pipe> {
    Box::new(P::default())
}

/// Where a client sends a message of a contract.
pub fn first_route(patterns: Patterns) -> Cow<'static, str> {
    match patterns {
        [(_, PatternLiteral::Text(route)), ..] => Cow::Borrowed(route),
        [(_, pattern), ..] => Cow::Owned(pattern.to_pattern().into_string()),
        // The macro writes none without.
        [] => Cow::Borrowed(""),
    }
}
