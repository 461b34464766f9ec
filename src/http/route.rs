//! What `#[controller]` and `#[routes]` leave behind about a type: its routes,
//! as constant data. What axum extracts for a handler, and what it makes of
//! what the handler returns, are axum's own.

use std::panic::Location;
use std::sync::Arc;

use axum::extract::{FromRequest, FromRequestParts};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodFilter;
use nestrs_core::dispatch::BoxFuture;
use nestrs_di::{Arity, Dependency, Key, Request};
use nestrs_microservices::Enhancers;

use super::Http;
use super::problem::rejected;

/// The routes of a controller.
pub struct Routes<T: 'static> {
    /// Before the path of each.
    pub path: &'static str,
    /// Of those that do not say.
    pub versions: Versions,
    /// Around each of them.
    pub enhancers: Enhancers<Http>,
    /// One for each method.
    pub routes: &'static [Route<T>],
}

impl<T> Routes<T> {
    /// Of a controller that has a router of its own instead.
    pub const NONE: Self = Self {
        path: "",
        versions: Versions::Unsaid,
        enhancers: Enhancers::NONE,
        routes: &[],
    };
}

/// One method that answers requests.
pub struct Route<T: 'static> {
    /// Which requests.
    pub patterns: &'static [RoutePattern],
    /// The method's name.
    pub method: &'static str,
    /// Where it is written.
    pub at: &'static Location<'static>,
    /// What runs around it.
    pub enhancers: Enhancers<Http>,
    /// What its parameters ask of the container.
    pub injected: &'static [Option<Injected>],
    /// Calls it.
    pub call: Call<T>,
}

/// Extracts the parameters, calls the method, and makes a response.
pub type Call<T> = fn(Arc<T>, axum::extract::Request) -> BoxFuture<'static, Response>;

/// One of `#[get("/a", "/b", version = "1")]` and its like.
#[derive(Debug, Clone, Copy)]
pub struct RoutePattern {
    /// Of which method.
    pub verb: Verb,
    /// Behind the controller's.
    pub paths: &'static [&'static str],
    /// Those it answers to.
    pub versions: Versions,
}

/// The method of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are what they are called")]
pub enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
    All,
}

impl Verb {
    /// `None` for all of them.
    pub(super) fn filter(self) -> Option<MethodFilter> {
        Some(match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
            Self::Head => MethodFilter::HEAD,
            Self::Options => MethodFilter::OPTIONS,
            Self::All => return None,
        })
    }
}

impl std::fmt::Display for Verb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&format!("{self:?}").to_ascii_uppercase())
    }
}

/// Which versions of an API something belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// Those of what it is in.
    Unsaid,
    /// All, and none.
    Neutral,
    /// These.
    Only(&'static [&'static str]),
}

/// What a parameter asks of the container, as far as its type tells.
#[derive(Debug, Clone, Copy)]
pub struct Injected {
    /// What is asked for.
    pub key: Key,
    /// Where it is written.
    pub at: &'static Location<'static>,
}

impl Injected {
    pub(super) fn dependency(&self) -> Dependency {
        Dependency {
            request: Request::new(self.key, Arity::Call),
            written: "a parameter of a route",
            at: self.at,
        }
    }
}

/// What one parameter asks for.
pub const fn injected(key: Option<Key>, at: &'static Location<'static>) -> Option<Injected> {
    match key {
        Some(key) => Some(Injected { key, at }),
        None => None,
    }
}

/// A parameter that is made of the request without its body.
///
/// Boxed, because in the future of a route the compiler forgets that the `dyn
/// Trait` of an [`Inject<dyn Trait>`](super::Inject) is `'static`.
///
/// # Errors
///
/// What the request is answered instead.
pub fn from_parts<T: FromRequestParts<()>>(
    parts: &mut Parts,
) -> BoxFuture<'_, Result<T, Response>> {
    Box::pin(async {
        let rejection = match T::from_request_parts(parts, &()).await {
            Ok(extracted) => return Ok(extracted),
            Err(rejection) => rejection.into_response(),
        };
        Err(rejected(rejection).await)
    })
}

/// The last parameter, which may take the body.
///
/// # Errors
///
/// As of [`from_parts`].
pub fn from_request<'a, T, M>(request: axum::extract::Request) -> BoxFuture<'a, Result<T, Response>>
where
    T: FromRequest<(), M> + 'a,
{
    Box::pin(async {
        let rejection = match T::from_request(request, &()).await {
            Ok(extracted) => return Ok(extracted),
            Err(rejection) => rejection.into_response(),
        };
        Err(rejected(rejection).await)
    })
}
