//! What the handler of a gRPC method takes and returns, for the server to
//! compare with the proto file before it starts.
//!
//! The compiler chooses as for what handlers return, see [`crate::answer`]: the
//! generated code calls a method on `&&TypeOf<…>`, and the trait that is
//! implemented with the most references wins. Nothing is called to find out.

use std::future::Future;
use std::marker::PhantomData;

use futures_util::Stream;
use nestrs_transport_grpc::HandlerTypes;
use prost::Name;
use serde_json::Value;

use super::stream::GrpcStream;
use crate::handler::HandlerName;

/// A parameter of a handler.
#[derive(Debug)]
pub struct Taken {
    /// Whether it is the request, or the requests.
    pub is_payload: bool,
    /// Whether it is many.
    pub is_stream: bool,
    /// What the message is called in its proto file, if its type says so.
    pub name: Option<String>,
}

/// What a handler has to say of itself.
pub fn signature(
    handler: HandlerName,
    taken: &[Taken],
    gives_stream: bool,
    gives: Option<String>,
) -> Value {
    let request = taken.iter().find(|taken| taken.is_payload);
    HandlerTypes {
        handler: handler.to_string(),
        takes_stream: request.map(|request| request.is_stream),
        takes: request.and_then(|request| request.name.clone()),
        gives_stream,
        gives,
    }
    .to_extras()
}

/// A type, without a value of it.
pub struct TypeOf<T>(PhantomData<fn() -> T>);

impl<T> TypeOf<T> {
    /// The type.
    pub const NEW: Self = Self(PhantomData);
}

/// What the future of a call comes to.
pub fn returned<Arguments, F: Future>(_: impl FnOnce(Arguments) -> F) -> TypeOf<F::Output> {
    TypeOf::NEW
}

/// A `Result`.
pub trait IsOpen {
    /// What is in it.
    type Value;
    /// That, as a type.
    fn opened(&self) -> TypeOf<Self::Value> {
        TypeOf::NEW
    }
}
impl<T, E> IsOpen for &TypeOf<Result<T, E>> {
    type Value = T;
}

/// Anything else.
pub trait IsOpened {
    /// What is in it.
    type Value;
    /// That, as a type.
    fn opened(&self) -> TypeOf<Self::Value> {
        TypeOf::NEW
    }
}
impl<T> IsOpened for TypeOf<T> {
    type Value = T;
}

/// A stream.
pub trait IsItems {
    /// What there is one or many of.
    type Item;
    /// Whether that is many, and of what.
    fn item(&self) -> (bool, TypeOf<Self::Item>) {
        (true, TypeOf::NEW)
    }
}
impl<S: Stream> IsItems for &TypeOf<S> {
    type Item = S::Item;
}

/// Anything else.
pub trait IsAnyType {
    /// What there is one or many of.
    type Item;
    /// Whether that is many, and of what.
    fn item(&self) -> (bool, TypeOf<Self::Item>) {
        (false, TypeOf::NEW)
    }
}
impl<T> IsAnyType for TypeOf<T> {
    type Item = T;
}

/// A message that says what its proto file calls it.
pub trait IsNamed {
    /// That, as `package.Message`.
    fn name(&self) -> Option<String>;
}
impl<T: Name> IsNamed for &TypeOf<T> {
    fn name(&self) -> Option<String> {
        Some(T::full_name())
    }
}

/// Many of those.
pub trait IsNamedStream {
    /// That, as `package.Message`.
    fn name(&self) -> Option<String>;
}
impl<T: Name> IsNamedStream for &TypeOf<GrpcStream<T>> {
    fn name(&self) -> Option<String> {
        Some(T::full_name())
    }
}

/// Anything else.
pub trait IsUnnamed {
    /// Nothing is known of it.
    fn name(&self) -> Option<String> {
        None
    }
}
impl<T> IsUnnamed for TypeOf<T> {}
