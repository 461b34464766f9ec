//! What a test puts in the place of guards of HTTP routes and their like.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nestrs::prelude::*;
use nestrs_testing::{PassThrough, Test};
use serde_json::{Value, json};

/// Nobody provides it.
struct Sessions;

/// Of routes and of messages.
#[injectable]
struct Members {
    _sessions: Arc<Sessions>,
}

#[async_trait]
impl<P: Protocol> Guard<P> for Members {
    async fn can_activate(&self, _: &P::Call) -> Result<(), P::Error> {
        unreachable!()
    }
}

/// Made by `Default`.
#[derive(Default)]
struct Shout;

#[async_trait]
impl Pipe<Http> for Shout {
    async fn transform(&self, body: Value, _: &HttpRequest) -> Result<Value, HttpException> {
        Ok(body.as_str().unwrap_or_default().to_uppercase().into())
    }
}

#[controller("/echo")]
struct EchoController;

#[routes]
#[use_guards(Members)]
impl EchoController {
    #[post]
    #[use_pipes(Shout)]
    async fn echo(&self, text: nestrs::axum::Json<String>) -> String {
        text.0
    }
}

#[injectable]
struct EchoService;

#[micro_routes]
impl EchoService {
    #[message_pattern("echo")]
    #[use_micro_guards(Members)]
    async fn echo(&self, text: String) -> String {
        text
    }
}

#[module(controllers = [EchoController], microservices = [EchoService])]
struct AppModule;

#[derive(Default)]
struct Count(AtomicUsize);

#[async_trait]
impl<P: Protocol> Guard<P> for Count {
    async fn can_activate(&self, _: &P::Call) -> Result<(), P::Error> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::test]
async fn a_guard_of_both_is_overridden_for_both() {
    let count = Arc::new(Count::default());
    let module = Test::create_testing_module::<AppModule>()
        .override_guard::<Members>()
        .use_shared(Arc::clone(&count))
        .override_http_guard::<Members>()
        .use_shared(Arc::clone(&count))
        .compile()
        .await
        .unwrap();
    let echo = || module.http().post("/echo").json("hello").send();
    assert_eq!(echo().await.text(), "HELLO");
    let said: String = module.client().send("echo", "hello").await.unwrap();
    assert_eq!(said, "hello");
    assert_eq!(count.0.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn pipes_interceptors_and_filters_of_routes() {
    #[derive(Default)]
    struct Cached;
    #[async_trait]
    impl Interceptor<Http> for Cached {
        async fn intercept(
            &self,
            _: HttpRequest,
            _: Next<'_, Http>,
        ) -> Result<nestrs::axum::response::Response, HttpException> {
            Err(HttpException::not_found("nothing is cached"))
        }
    }
    #[derive(Default)]
    struct Teapot(u16);
    #[async_trait]
    impl ExceptionFilter<Http> for Teapot {
        async fn catch(
            &self,
            _: HttpException,
            _: &<Http as Protocol>::Ctx,
        ) -> Result<nestrs::axum::response::Response, HttpException> {
            let status = nestrs::axum::http::StatusCode::from_u16(418 + self.0).unwrap();
            Ok(nestrs::axum::response::IntoResponse::into_response(status))
        }
    }
    #[controller("/tea")]
    struct TeaController;
    #[routes]
    #[use_interceptors(Cached)]
    #[use_filters(Teapot)]
    impl TeaController {
        #[post]
        #[use_pipes(Shout)]
        async fn tea(&self, text: nestrs::axum::Json<String>) -> String {
            text.0
        }
    }
    #[module(controllers = [TeaController])]
    struct App;
    let test = Test::create_testing_module::<App>;
    let module = test()
        .override_http_filter::<Teapot>()
        .use_value(Teapot(3))
        .compile()
        .await
        .unwrap();
    let response = module
        .http()
        .post("/tea")
        .json(&json!("green"))
        .send()
        .await;
    assert_eq!(response.status(), 421);
    let module = test()
        .override_http_interceptor::<Cached>()
        .use_value(PassThrough)
        .override_http_pipe::<Shout>()
        .use_value(PassThrough)
        .compile()
        .await
        .unwrap();
    let response = module
        .http()
        .post("/tea")
        .json(&json!("green"))
        .send()
        .await;
    assert_eq!(
        (response.status(), response.text()),
        (200, "green".to_owned())
    );
}
