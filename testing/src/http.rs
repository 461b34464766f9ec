//! [`TestHttp`]: requests to an application without sockets.

use std::fmt;

use bytes::Bytes;
use nestrs::axum::Router;
use nestrs::axum::body::{Body, to_bytes};
use nestrs::axum::http::header::CONTENT_TYPE;
use nestrs::axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower_service::Service;

/// The HTTP side of an application under test. See
/// [`TestingModule::http`](crate::TestingModule::http).
///
/// ```
/// use nestrs::axum::{Json, Router, routing::post};
/// use nestrs::prelude::*;
/// use nestrs_testing::Test;
/// use serde_json::{Value, json};
///
/// #[module]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs::BootstrapError> {
/// let echo = Router::new().route("/echo", post(async |Json(body): Json<Value>| Json(body)));
/// let module = Test::create_testing_module::<AppModule>()
///     .configure_http(|http| http.merge(echo))
///     .compile()
///     .await?;
/// let response = module.http().post("/echo").json(&json!({ "n": 1 })).send().await;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.json::<Value>(), json!({ "n": 1 }));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TestHttp {
    router: Router,
}

macro_rules! methods {
    ($($name:ident $method:ident)*) => {$(
        #[doc = concat!("A `", stringify!($method), "` request of `path`, its query included.")]
        #[track_caller]
        pub fn $name(&self, path: &str) -> TestRequest {
            self.request(Method::$method, path)
        }
    )*};
}

impl TestHttp {
    pub(crate) fn new(router: Router) -> Self {
        Self { router }
    }

    methods!(get GET post POST put PUT patch PATCH delete DELETE);

    /// A request of `path`, its query included.
    ///
    /// # Panics
    ///
    /// When it is no path: it starts with `/`.
    #[track_caller]
    pub fn request(&self, method: Method, path: &str) -> TestRequest {
        let uri = match path.parse::<Uri>() {
            Ok(uri) if path.starts_with('/') => uri,
            _ => panic!(
                "`{path}` is no path: write `/{}`",
                path.trim_start_matches('/')
            ),
        };
        TestRequest {
            router: self.router.clone(),
            method,
            uri,
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

/// A request that is not sent yet.
#[derive(Debug)]
#[must_use = "a request does nothing until it is sent: `.send().await`"]
pub struct TestRequest {
    router: Router,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl TestRequest {
    /// With a header.
    ///
    /// # Panics
    ///
    /// When it is none: its name or its value has letters that a header cannot
    /// have.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        match (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            (Ok(name), Ok(value)) => self.headers.append(name, value),
            _ => panic!("`{name}: {value}` is no header"),
        };
        self
    }

    /// With a body as JSON, and the header that says so.
    ///
    /// # Panics
    ///
    /// When the body is no JSON.
    #[track_caller]
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(body) {
            Ok(json) => self.body = json.into(),
            Err(error) => panic!("the body is no JSON: {error}"),
        }
        let json = HeaderValue::from_static("application/json");
        self.headers.insert(CONTENT_TYPE, json);
        self
    }

    /// With a body as it is.
    pub fn body(self, body: impl Into<Bytes>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }

    /// Sends it, and waits for the whole response.
    ///
    /// # Panics
    ///
    /// When the response breaks off.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the handler where it stands, as a client does
    /// that goes away.
    pub async fn send(self) -> TestResponse {
        let Self { mut router, .. } = self;
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.headers_mut() = self.headers;
        let response = match router.call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let (parts, body) = response.into_parts();
        match to_bytes(body, usize::MAX).await {
            Ok(body) => TestResponse {
                status: parts.status.as_u16(),
                headers: parts.headers,
                body,
            },
            Err(error) => panic!("the response breaks off: {error}"),
        }
    }
}

/// A response, whole.
#[derive(Clone)]
pub struct TestResponse {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl TestResponse {
    /// The status: 200, or what went wrong.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header's value, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.body
    }

    /// The body as text; what is no UTF-8 is shown as `�`.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a `T`.
    ///
    /// # Panics
    ///
    /// When it is none; the message shows the response.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| {
            let wanted = std::any::type_name::<T>();
            panic!("the response is no `{wanted}`: {error}\n{self:?}")
        })
    }
}

impl fmt::Debug for TestResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text())
    }
}
