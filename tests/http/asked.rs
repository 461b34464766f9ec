//! One application, asked in both ways there are.

use nestrs::axum::Router;
use nestrs::axum::body::{Body, to_bytes};
use nestrs::axum::http::Request;
use nestrs::di::Module;
use nestrs::prelude::*;
use nestrs::{BootstrapError, RunningApplication};
use serde_json::Value;
use tower::ServiceExt;

use crate::common::http::send;

/// The same application twice: behind a socket, and as a router.
pub(crate) struct App {
    served: RunningApplication,
    router: Router,
    _mounted: RunningApplication,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) content_type: Option<String>,
    pub(crate) allow: Option<String>,
}

impl App {
    pub(crate) async fn start<M: Module>() -> Self {
        Self::set_up::<M>(|http| http).await
    }

    pub(crate) async fn set_up<M: Module>(
        set_up: impl Fn(NestApplication) -> NestApplication,
    ) -> Self {
        let app = || set_up(NestFactory::create::<M>());
        let served = app().start(0).await.unwrap();
        let (router, mounted) = app().into_axum_router().await.unwrap();
        Self {
            served,
            router,
            _mounted: mounted,
        }
    }

    /// Asks for `GET /cats`, or whatever `request` says. Both ways answer the
    /// same.
    pub(crate) async fn ask(&self, request: &str, headers: &[&str], body: &str) -> Answer {
        let over_socket = self.over_socket(request, headers, body).await;
        let in_process = self.in_process(request, headers, body).await;
        assert_eq!(over_socket, in_process);
        over_socket
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask(&format!("GET {path}"), &[], "").await
    }

    pub(crate) async fn post_json(&self, path: &str, json: &str) -> Answer {
        let headers = ["content-type: application/json"];
        self.ask(&format!("POST {path}"), &headers, json).await
    }

    pub(crate) async fn over_socket(&self, request: &str, headers: &[&str], body: &str) -> Answer {
        let length = format!("content-length: {}", body.len());
        let mut headers = headers.to_vec();
        let says =
            |header: &&str| header.starts_with("content-length") || header.contains("chunked");
        if !body.is_empty() && !headers.iter().any(says) {
            headers.push(&length);
        }
        let addr = self.served.http_addr().unwrap();
        let response = send(addr, request, &headers, body).await;
        Answer {
            status: response.status,
            content_type: response.header("content-type").map(str::to_owned),
            allow: response.header("allow").map(str::to_owned),
            body: response.body,
        }
    }

    /// One header of what is answered, in process.
    pub(crate) async fn header_of(
        &self,
        path: &str,
        asked: (&str, &str),
        name: &str,
    ) -> Option<String> {
        let (header, value) = asked;
        let request = Request::get(path).header(header, value);
        let request = request.body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let found = response.headers().get(name)?;
        Some(found.to_str().unwrap().to_owned())
    }

    async fn in_process(&self, request: &str, headers: &[&str], body: &str) -> Answer {
        let (method, uri) = request.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(uri);
        for header in headers {
            let (name, value) = header.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().unwrap().to_lowercase())
        };
        let (content_type, allow) = (header("content-type"), header("allow"));
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer {
            status,
            content_type,
            allow,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }
}

impl Answer {
    /// Status and body, for those who expect both.
    pub(crate) fn told(&self) -> (u16, &str) {
        (self.status, &self.body)
    }

    /// The problem it is, which has to say its own status.
    pub(crate) fn problem(&self) -> (u16, Value) {
        let content_type = self.content_type.as_deref();
        assert_eq!(content_type, Some("application/problem+json"), "{self:?}");
        let problem: Value = serde_json::from_str(&self.body).unwrap();
        assert_eq!(problem["status"], self.status);
        (self.status, problem)
    }

    pub(crate) fn detail(&self) -> (u16, String) {
        let (status, problem) = self.problem();
        (
            status,
            problem["detail"].as_str().unwrap_or_default().to_owned(),
        )
    }
}

/// Why an application does not start.
pub(crate) async fn report<M: Module>(
    set_up: impl Fn(NestApplication) -> NestApplication,
) -> String {
    let app = set_up(NestFactory::create::<M>());
    let error: BootstrapError = app.start(0).await.unwrap_err();
    error.to_string()
}
