//! [`CorsOptions`]: which pages may call.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

/// Which pages of other origins may call, and how.
///
/// By default none may; what is not allowed by one of the methods is not
/// allowed.
///
/// ```
/// use nestrs::CorsOptions;
///
/// let cors = CorsOptions::builder()
///     .allow_origins(["https://shop.example"])
///     .allow_methods(["GET", "POST"])
///     .allow_headers(["content-type"])
///     .allow_credentials(true)
///     .max_age_secs(600)
///     .build();
/// # let _ = cors;
/// ```
#[derive(Debug, Clone, Default)]
pub struct CorsOptions {
    permissive: bool,
    origins: Vec<HeaderValue>,
    methods: Vec<Method>,
    headers: Vec<HeaderName>,
    credentials: bool,
    max_age: Option<Duration>,
}

impl CorsOptions {
    /// Every page may call, with any method and header, without credentials.
    pub fn permissive() -> Self {
        Self {
            permissive: true,
            ..Self::default()
        }
    }

    /// Nothing is allowed yet.
    pub fn builder() -> Self {
        Self::default()
    }

    /// Pages of these origins may call, as `https://shop.example`.
    ///
    /// # Panics
    ///
    /// When an origin is no header value.
    #[must_use]
    #[track_caller]
    pub fn allow_origins<S: Into<String>>(mut self, origins: impl IntoIterator<Item = S>) -> Self {
        self.origins = parsed("origin", origins.into_iter().map(Into::into));
        self
    }

    /// With these methods.
    ///
    /// # Panics
    ///
    /// When one is no HTTP method.
    #[must_use]
    #[track_caller]
    pub fn allow_methods<S: AsRef<str>>(mut self, methods: impl IntoIterator<Item = S>) -> Self {
        self.methods = parsed("method", methods);
        self
    }

    /// With these request headers.
    ///
    /// # Panics
    ///
    /// When one is no header name.
    #[must_use]
    #[track_caller]
    pub fn allow_headers<S: AsRef<str>>(mut self, headers: impl IntoIterator<Item = S>) -> Self {
        self.headers = parsed("header", headers);
        self
    }

    /// With cookies and the like.
    #[must_use]
    pub fn allow_credentials(mut self, allow: bool) -> Self {
        self.credentials = allow;
        self
    }

    /// A browser may remember the answer for that long.
    #[must_use]
    pub fn max_age_secs(mut self, seconds: u64) -> Self {
        self.max_age = Some(Duration::from_secs(seconds));
        self
    }

    /// The options, done.
    #[must_use]
    pub fn build(self) -> Self {
        self
    }

    pub(crate) fn into_layer(self) -> CorsLayer {
        if self.permissive {
            return CorsLayer::permissive();
        }
        let layer = CorsLayer::new()
            .allow_origin(AllowOrigin::list(self.origins))
            .allow_methods(AllowMethods::list(self.methods))
            .allow_headers(AllowHeaders::list(self.headers))
            .allow_credentials(self.credentials);
        match self.max_age {
            Some(max_age) => layer.max_age(max_age),
            None => layer,
        }
    }
}

#[track_caller]
fn parsed<T: std::str::FromStr, S: AsRef<str>>(
    what: &str,
    values: impl IntoIterator<Item = S>,
) -> Vec<T> {
    let mut parsed = Vec::new();
    for value in values {
        match value.as_ref().parse() {
            Ok(value) => parsed.push(value),
            Err(_) => panic!("CORS: {:?} is no {what}", value.as_ref()),
        }
    }
    parsed
}
