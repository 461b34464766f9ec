//! [`Versioning`]: several versions of an API, side by side.

use axum::http::header::{ACCEPT, HeaderName};
use axum::http::request::Parts;

use super::route::Versions;

/// Where a request says which version of the API it is for.
///
/// Controllers and routes say which they are of: `#[controller("/orders",
/// version = "1")]`, `#[get("/{id}", version = ["1", "2"])]`, `version =
/// neutral` for what answers whatever the version. What says nothing has the
/// default version, or is neutral if there is none.
///
/// ```
/// use nestrs::http::Versioning;
/// use nestrs::prelude::*;
///
/// #[controller("/cats", version = "1")]
/// struct CatsController;
///
/// #[routes]
/// impl CatsController {
///     #[get]
///     async fn all(&self) -> &'static str {
///         "Tom" // GET /v1/cats
///     }
///
///     #[get(version = "2")]
///     async fn all_by_name(&self) -> &'static str {
///         "Tom, a cat" // GET /v2/cats
///     }
/// }
///
/// #[module(controllers = [CatsController])]
/// struct AppModule;
///
/// let app = NestFactory::create::<AppModule>().enable_versioning(Versioning::uri());
/// # drop(app);
/// ```
#[derive(Debug, Clone)]
pub struct Versioning {
    by: By,
    default: Vec<String>,
}

#[derive(Debug, Clone)]
enum By {
    /// `/v1`, with what stands before the number.
    Uri(String),
    Header(HeaderName),
    /// `Accept: application/json;v=1`, with the parameter's name.
    MediaType(String),
}

impl Versioning {
    /// The path says it: `/v1/cats`.
    pub fn uri() -> Self {
        Self::by(By::Uri("v".to_owned()))
    }

    /// As [`uri`](Self::uri), with something else than `v` before the version.
    pub fn uri_with_prefix(prefix: impl Into<String>) -> Self {
        Self::by(By::Uri(prefix.into()))
    }

    /// A header says it.
    ///
    /// # Panics
    ///
    /// When `name` is no header's name.
    #[track_caller]
    pub fn header(name: &str) -> Self {
        match name.parse() {
            Ok(name) => Self::by(By::Header(name)),
            Err(_) => panic!("versioning: {name:?} is no header name"),
        }
    }

    /// A parameter of the media type in `Accept` says it: with `v`,
    /// `application/json;v=1`.
    pub fn media_type(parameter: impl Into<String>) -> Self {
        Self::by(By::MediaType(parameter.into()))
    }

    /// The version, or versions, of what says nothing.
    #[must_use]
    pub fn default_version<V: Into<String>>(self, versions: impl IntoIterator<Item = V>) -> Self {
        Self {
            default: versions.into_iter().map(Into::into).collect(),
            ..self
        }
    }

    fn by(by: By) -> Self {
        let default = Vec::new();
        Self { by, default }
    }

    /// The versions of a route; none for all.
    pub(super) fn versions(&self, said: Versions) -> Vec<String> {
        match said {
            Versions::Unsaid => self.default.clone(),
            Versions::Neutral => Vec::new(),
            Versions::Only(versions) => versions.iter().map(|&version| version.into()).collect(),
        }
    }

    /// What stands in the path for a version, where it is the path that says
    /// it.
    pub(super) fn segment(&self, version: &str) -> Option<String> {
        match &self.by {
            By::Uri(prefix) => Some(format!("{prefix}{version}")),
            _ => None,
        }
    }

    /// The version that a request asks for.
    pub(super) fn asked<'r>(&self, request: &'r Parts) -> Option<&'r str> {
        match &self.by {
            By::Uri(_) => None,
            By::Header(name) => request.headers.get(name)?.to_str().ok().map(str::trim),
            By::MediaType(parameter) => {
                let accept = request.headers.get(ACCEPT)?.to_str().ok()?;
                let mut parameters = accept.split([';', ',']).map(str::trim);
                parameters.find_map(|one| one.strip_prefix(parameter)?.strip_prefix('='))
            }
        }
    }
}
