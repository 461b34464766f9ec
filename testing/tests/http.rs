//! The HTTP side answers the same through `http()` as through sockets.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[expect(dead_code, reason = "other tests use more of it")]
#[path = "../../tests/common/http.rs"]
mod sockets;

use std::sync::Arc;

use nestrs::axum::extract::{Path, Query, State};
use nestrs::axum::http::StatusCode;
use nestrs::axum::routing::{get, post};
use nestrs::axum::{Json, Router};
use nestrs::di::Provider;
use nestrs::prelude::*;
use nestrs_testing::{Test, TestHttp, TestResponse};
use serde_json::{Value, json};

struct Shelf(Vec<&'static str>);

#[injectable]
struct BooksController {
    shelf: Arc<Shelf>,
}

impl Controller for BooksController {
    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/books", post(Self::add))
            .route("/books/{id}", get(Self::find))
            .with_state(self)
    }
}

impl BooksController {
    async fn find(
        State(this): State<Arc<Self>>,
        Path(id): Path<usize>,
        Query(query): Query<Value>,
    ) -> Result<Json<Value>, StatusCode> {
        let book = this.shelf.0.get(id).ok_or(StatusCode::NOT_FOUND)?;
        Ok(Json(json!({ "book": book, "as": query["as"] })))
    }

    async fn add(Json(book): Json<Value>) -> (StatusCode, Json<Value>) {
        (StatusCode::CREATED, Json(book))
    }
}

#[module(
    controllers = [BooksController],
    providers = [Provider::value(Shelf(vec!["Emma", "Ulysses"]))],
)]
struct BooksModule;

fn set_up(http: NestApplication) -> NestApplication {
    http.set_global_prefix("api")
        .enable_health_check("/health")
        .enable_cors(CorsOptions::permissive())
}

const REQUESTS: [(&str, &str, &str); 8] = [
    ("GET", "/api/health", ""),
    ("GET", "/api/books/1?as=text", ""),
    ("GET", "/api/books/7", ""),
    ("GET", "/api/books/none", ""),
    ("GET", "/books/1", ""),
    ("DELETE", "/api/books/1", ""),
    ("POST", "/api/books", r#"{"title":"Dune"}"#),
    ("POST", "/api/books", "no JSON"),
];

async fn answer(http: &TestHttp, method: &str, path: &str, body: &'static str) -> TestResponse {
    let request = http.request(method.parse().unwrap(), path);
    let request = request.header("origin", "https://shop.example");
    match body {
        "" => request.send().await,
        body => {
            request
                .header("content-type", "application/json")
                .body(body)
                .send()
                .await
        }
    }
}

#[tokio::test]
async fn the_same_requests_get_the_same_answers() {
    let served = set_up(NestFactory::create::<BooksModule>())
        .start(0)
        .await
        .unwrap();
    let addr = served.http_addr().unwrap();
    let module = Test::create_testing_module::<BooksModule>()
        .configure_http(set_up)
        .compile()
        .await
        .unwrap();
    let mut statuses = Vec::new();
    for (method, path, body) in REQUESTS {
        let ours = answer(module.http(), method, path, body).await;
        let length = format!("content-length: {}", body.len());
        let headers = [
            "origin: https://shop.example",
            "content-type: application/json",
            &length,
        ];
        let headers = if body.is_empty() {
            &headers[..1]
        } else {
            &headers
        };
        let request = format!("{method} {path}");
        let text = sockets::exchange(addr, &request, headers, body)
            .await
            .unwrap();
        let theirs = sockets::Response::parse(&text);
        assert_eq!(
            (ours.status(), ours.text()),
            (theirs.status, theirs.body.clone()),
            "{request}"
        );
        for header in ["content-type", "access-control-allow-origin", "allow"] {
            let value = ours.header(header).map(str::to_lowercase);
            assert_eq!(
                value.as_deref(),
                theirs.header(header),
                "{request}: {header}"
            );
        }
        statuses.push(ours.status());
    }
    assert_eq!(statuses, [200, 200, 404, 400, 404, 405, 201, 400]);
    served.shutdown().await;
    module.close().await;
}

#[tokio::test]
async fn controllers_get_what_is_overridden() {
    let module = Test::create_testing_module::<BooksModule>()
        .override_provider::<Shelf>()
        .use_value(Shelf(vec!["Middlemarch"]))
        .compile()
        .await
        .unwrap();
    let found = module.http().get("/books/0?as=text").send().await;
    let expected = json!({ "book": "Middlemarch", "as": "text" });
    assert_eq!(found.json::<Value>(), expected);
    let added = module.http().post("/books").json(&expected).send().await;
    assert_eq!((added.status(), added.json::<Value>()), (201, expected));
}

#[tokio::test]
async fn what_only_a_route_asks_for_is_mocked_and_stays_when_its_controller_is_overridden() {
    struct Clock(u32);
    #[controller("/now")]
    struct NowController {
        #[inject(value = 0)]
        plus: u32,
    }
    #[routes]
    impl NowController {
        #[get]
        async fn now(&self, clock: Inject<Clock>) -> String {
            (clock.0.0 + self.plus).to_string()
        }
    }
    #[module(controllers = [NowController])]
    struct Missing;
    let module = Test::create_testing_module::<Missing>()
        .use_mocker(|_| Some(Provider::value(Clock(7))))
        .compile()
        .await
        .unwrap();
    assert_eq!(module.http().get("/now").send().await.text(), "7");

    #[module(controllers = [NowController], providers = [Provider::value(Clock(8))])]
    struct There;
    let module = Test::create_testing_module::<There>()
        .override_provider::<NowController>()
        .use_value(NowController { plus: 1 })
        .compile()
        .await
        .unwrap();
    assert_eq!(module.http().get("/now").send().await.text(), "9");
    assert_eq!(module.get::<Clock>().0, 8, "not made for the request alone");
}

#[tokio::test]
#[should_panic(expected = "`books` is no path: write `/books`")]
async fn a_path_without_its_slash_says_so() {
    let module = Test::create_testing_module::<BooksModule>()
        .compile()
        .await
        .unwrap();
    let _ = module.http().get("books");
}

#[tokio::test]
async fn routes_in_each_others_way_are_a_reason_not_to_start() {
    let health = Router::new().route("/health", get(async || "ill"));
    let error = Test::create_testing_module::<BooksModule>()
        .configure_http(|http| http.enable_health_check("/health").merge(health))
        .compile()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("/health"), "{error}");
}
