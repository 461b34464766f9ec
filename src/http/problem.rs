//! Everything that goes wrong on the way becomes a problem: what axum rejects,
//! paths nobody has, panics. Nothing of the application's inside leaves it.

use axum::body::HttpBody;
use axum::body::to_bytes;
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use nestrs_microservices::__protocol::contain;

use super::HttpException;

/// Longer explanations of what axum rejects are cut off.
const MAX_EXPLANATION: usize = 4096;

/// Runs around everything that is served.
pub(super) async fn problems(
    State(expose_errors): State<bool>,
    request: Request,
    next: Next,
) -> Response {
    let asked = Asked {
        method: request.method().clone(),
        uri: request.uri().clone(),
        is_route: request.extensions().get::<MatchedPath>().is_some(),
    };
    let mut response = match contain(|| next.run(request)).await {
        Ok(response) => response,
        Err(panic) => {
            let Asked { method, uri, .. } = &asked;
            tracing::error!(%method, path = uri.path(), "a handler panicked: {panic}");
            return HttpException::of(StatusCode::INTERNAL_SERVER_ERROR, None).into_problem(false);
        }
    };
    if let Some(exception) = response.extensions_mut().remove::<HttpException>() {
        asked.log(&exception);
        return match expose_errors && exception.source().is_some() {
            true => exception.into_problem(true),
            false => response,
        };
    }
    match is_bare_error(&response) {
        true => asked.explain(response),
        false => response,
    }
}

struct Asked {
    method: Method,
    uri: Uri,
    is_route: bool,
}

impl Asked {
    fn log(&self, exception: &HttpException) {
        let (method, path) = (&self.method, self.uri.path());
        if exception.status().is_server_error() && exception.source().is_some() {
            tracing::error!(%method, path, "a handler failed: {exception}");
        }
    }

    /// What has a status and nothing else: axum's own answers, and those of
    /// handlers that return no more.
    fn explain(&self, response: Response) -> Response {
        let (method, path) = (&self.method, self.uri.path());
        let status = response.status();
        let detail = match status {
            StatusCode::NOT_FOUND if !self.is_route => {
                Some(format!("there is no route for {method} {path}"))
            }
            // Which it answers, axum says in `Allow`.
            StatusCode::METHOD_NOT_ALLOWED => Some(format!("{path} does not answer {method}")),
            _ => None,
        };
        let (parts, _) = response.into_parts();
        let mut problem = HttpException::of(status, detail).into_problem(false);
        for (name, value) in &parts.headers {
            if !problem.headers().contains_key(name) && name != "content-length" {
                problem.headers_mut().append(name, value.clone());
            }
        }
        *problem.extensions_mut() = parts.extensions;
        problem
    }
}

fn is_bare_error(response: &Response) -> bool {
    let status = response.status();
    (status.is_client_error() || status.is_server_error())
        && response.body().size_hint().exact() == Some(0)
        && !response.headers().contains_key(CONTENT_TYPE)
}

/// What axum says of a request that it rejects, as a problem. A rejection that
/// is more than text is left as it is.
pub(super) async fn rejected(response: Response) -> Response {
    let content_type = response.headers().get(CONTENT_TYPE);
    let is_text = content_type.is_some_and(|value| value.as_bytes().starts_with(b"text/plain"));
    match is_text {
        true => of_text(response).await.into_response(),
        false => response,
    }
}

/// [`rejected`], of a rejection that is known to be text.
pub(super) async fn told(rejection: impl IntoResponse) -> HttpException {
    of_text(rejection.into_response()).await
}

async fn of_text(response: Response) -> HttpException {
    let (parts, body) = response.into_parts();
    let text = to_bytes(body, MAX_EXPLANATION).await.unwrap_or_default();
    let text = String::from_utf8_lossy(&text).into_owned();
    match parts.status.is_server_error() {
        // An extractor that the application has no use for: its own mistake.
        true => HttpException::of(parts.status, None).caused_by(text),
        false => HttpException::new(parts.status, text),
    }
}
