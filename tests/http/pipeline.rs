//! What runs around routes, and in which order.

use nestrs::axum::Json;
use nestrs::axum::extract::Extension;
use nestrs::axum::response::{IntoResponse, Response};
use nestrs::http::{AppHttpGuard, HttpCtx};
use nestrs::prelude::*;
use serde_json::{Value, json};

use crate::asked::App;
use crate::common::{Journal, written};

macro_rules! of_place {
    ($($name:ident $place:literal)*) => {$(
        #[derive(Default)]
        struct $name;

        #[async_trait]
        impl Guard<Http> for $name {
            async fn can_activate(&self, request: &HttpRequest) -> Result<(), HttpException> {
                Journal::write(concat!("guard ", $place));
                match request.ctx().header("refuse") {
                    Some($place) => Err(HttpException::forbidden(concat!("not past ", $place))),
                    _ => Ok(()),
                }
            }
        }

        #[async_trait]
        impl Interceptor<Http> for $name {
            async fn intercept(
                &self,
                request: HttpRequest,
                next: Next<'_, Http>,
            ) -> Result<Response, HttpException> {
                Journal::write(concat!("in ", $place));
                let answer = next.run(request).await;
                Journal::write(concat!("out ", $place));
                answer
            }
        }

        #[async_trait]
        impl Pipe<Http> for $name {
            async fn transform(
                &self,
                mut payload: Value,
                _: &HttpRequest,
            ) -> Result<Value, HttpException> {
                Journal::write(concat!("pipe ", $place));
                let Some(list) = payload.as_array_mut() else {
                    return Err(HttpException::bad_request("a list, please"));
                };
                list.push($place.into());
                Ok(payload)
            }
        }

        #[async_trait]
        impl ExceptionFilter<Http> for $name {
            fn catches(&self, error: &HttpException) -> bool {
                error.detail().is_some_and(|detail| detail.ends_with($place))
            }

            async fn catch(
                &self,
                error: HttpException,
                ctx: &HttpCtx,
            ) -> Result<Response, HttpException> {
                let route = ctx.route().unwrap_or_default();
                Journal::write(concat!("filter ", $place));
                Err(error.with("caught", concat!("by ", $place)).with("route", route))
            }
        }
    )*};
}

of_place! { Global "global" OfBlock "block" OfMethod "method" }

#[controller("/lists")]
struct Lists;

#[routes]
#[use_guards(OfBlock)]
#[use_interceptors(OfBlock)]
#[use_pipes(OfBlock)]
#[use_filters(OfBlock)]
impl Lists {
    #[post("/{id}")]
    #[use_guards(OfMethod)]
    #[use_interceptors(OfMethod)]
    #[use_pipes(OfMethod)]
    #[use_filters(OfMethod)]
    async fn create(&self, body: String) -> String {
        Journal::write("handler");
        body
    }

    #[get]
    async fn fails(&self) -> Result<(), HttpException> {
        Err(HttpException::conflict("in handler of method, for block"))
    }
}

#[module(controllers = [Lists])]
struct AppModule;

async fn start() -> App {
    let app = App::set_up::<AppModule>(|http| {
        http.use_global_guard(Global)
            .use_global_interceptor(Global)
            .use_global_pipe(Global)
            .use_global_filter(Global)
    });
    app.await
}

/// What was written while asking once: each application was asked.
fn once() -> Vec<String> {
    let mut lines = written();
    let second = lines.split_off(lines.len() / 2);
    assert_eq!(lines, second);
    lines
}

#[tokio::test]
async fn the_order_is_that_of_nestjs() {
    let app = start().await;
    let answer = app.post_json("/lists/1", "[]").await;
    assert_eq!(answer.told(), (200, r#"["global","block","method"]"#));
    let expected = [
        "guard global",
        "guard block",
        "guard method",
        "in global",
        "in block",
        "in method",
        "pipe global",
        "pipe block",
        "pipe method",
        "handler",
        "out method",
        "out block",
        "out global",
    ];
    assert_eq!(once(), expected);
}

#[tokio::test]
async fn a_guard_that_refuses_is_the_last_that_runs() {
    let app = start().await;
    for (place, ran) in [("global", 1), ("block", 2), ("method", 3)] {
        let refuse = format!("refuse: {place}");
        let answer = app.ask("POST /lists/1", &[&refuse], "").await;
        let (status, problem) = answer.problem();
        assert_eq!(status, 403);
        assert_eq!(problem["detail"], format!("not past {place}"));
        // Its own filter answered, whichever place it is of.
        assert_eq!(problem["caught"], format!("by {place}"));
        assert_eq!(problem["route"], "/lists/{id}");
        let lines = once();
        assert_eq!(lines.len(), ran + 1, "{lines:?}");
    }
}

#[tokio::test]
async fn filters_see_what_handlers_return() {
    let app = start().await;
    let (status, problem) = app.get("/lists").await.problem();
    assert_eq!((status, &problem["caught"]), (409, &"by block".into()));
}

#[tokio::test]
async fn pipes_transform_json_and_leave_everything_else_alone() {
    let app = start().await;
    let answer = app
        .ask("POST /lists/1", &["content-type: text/plain"], "[1]")
        .await;
    assert_eq!(answer.told(), (200, "[1]"));
    assert_eq!(app.post_json("/lists/1", "").await.told(), (200, ""));
    assert_eq!(
        app.post_json("/lists/1", "{}").await.detail(),
        (400, "a list, please".to_owned())
    );
    let (status, detail) = app.post_json("/lists/1", "{").await.detail();
    assert_eq!(status, 400);
    assert!(detail.starts_with("the body is no JSON: EOF"), "{detail}");
    let headers = ["content-type: application/vnd.api+json; charset=utf-8"];
    let answer = app.ask("POST /lists/1", &headers, "[]").await;
    assert_eq!(answer.body, r#"["global","block","method"]"#);
}

/// For every protocol.
#[injectable]
struct Tenants;

#[async_trait]
impl<P: Protocol> Guard<P> for Tenants {
    async fn can_activate(&self, call: &P::Call) -> Result<(), P::Error> {
        let over = if call.switch_to_http().is_some() {
            "http"
        } else {
            "rpc"
        };
        Journal::write(format!("{over} {}", call.handler().method));
        match call.header("tenant") {
            Some(_) => Ok(()),
            None => {
                let details = json!({ "code": "UNAUTHORIZED" });
                Err(TransportError::new("who are you?")
                    .with_details(details)
                    .into())
            }
        }
    }
}

#[derive(Clone)]
struct User(&'static str);

/// Changes the request, and the response.
#[derive(Default)]
struct Sessions;

#[async_trait]
impl Interceptor<Http> for Sessions {
    async fn intercept(
        &self,
        mut request: HttpRequest,
        next: Next<'_, Http>,
    ) -> Result<Response, HttpException> {
        if request.ctx().header("cached").is_some() {
            return Ok("from the cache".into_response());
        }
        request.parts_mut().extensions.insert(User("ada"));
        let mut response = next.run(request).await?;
        response
            .headers_mut()
            .insert("allow", "everything".parse()?);
        Ok(response)
    }
}

#[controller("/shop")]
struct Shop;

#[routes]
impl Shop {
    #[get]
    #[use_interceptors(Sessions)]
    async fn user(&self, Extension(User(name)): Extension<User>) -> Json<&'static str> {
        Json(name)
    }
}

#[micro_routes]
impl Shop {
    #[message_pattern("shop.user")]
    async fn by_message(&self) -> &'static str {
        "ada"
    }
}

#[module(
    controllers = [Shop],
    microservices = [Shop],
    providers = [
        Tenants,
        Provider::bind::<AppGuard, Tenants>(),
        Provider::bind::<AppHttpGuard, Tenants>(),
    ],
)]
struct ShopModule;

#[tokio::test]
async fn an_interceptor_changes_requests_and_responses_or_answers_itself() {
    let app = App::start::<ShopModule>().await;
    let answer = app.ask("GET /shop", &["tenant: acme"], "").await;
    assert_eq!(answer.told(), (200, r#""ada""#));
    assert_eq!(answer.allow.as_deref(), Some("everything"));
    let answer = app
        .ask("GET /shop", &["tenant: acme", "cached: yes"], "")
        .await;
    assert_eq!(answer.told(), (200, "from the cache"));
}

#[tokio::test]
async fn one_guard_serves_http_and_messages() {
    let app = crate::common::create::<ShopModule>().also_listen_http(0);
    let app = app.start().await.unwrap();
    let addr = app.http_addr().unwrap();
    let refused = crate::common::http::ask(addr, "GET /shop", &[]).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    let client = crate::common::client(&app);
    let error = client
        .send::<_, String>("shop.user", &())
        .await
        .unwrap_err();
    assert_eq!(error.message, "who are you?");
    assert_eq!(written(), ["http user", "rpc by_message"]);
    let message = client.message("shop.user", &()).header("tenant", "acme");
    assert_eq!(message.send::<String>().await.unwrap(), "ada");
}

#[module(controllers = [Shop], microservices = [Shop])]
struct PlainShop;

#[tokio::test]
async fn one_instance_can_go_around_all_of_an_application() {
    let app = crate::common::create::<PlainShop>().use_hybrid_guard(Tenants);
    let app = app.also_listen_http(0).start().await.unwrap();
    let addr = app.http_addr().unwrap();
    let refused = crate::common::http::ask(addr, "GET /shop", &[]).await;
    assert_eq!(refused.status, 401, "{}", refused.body);
    let client = crate::common::client(&app);
    let error = client
        .send::<_, String>("shop.user", &())
        .await
        .unwrap_err();
    assert_eq!(error.message, "who are you?");
    assert_eq!(written(), ["http user", "rpc by_message"]);
}
