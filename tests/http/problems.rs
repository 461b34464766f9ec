//! Whatever goes wrong is a problem, and tells nothing it should not.

use std::fmt;
use std::time::Duration;

use nestrs::axum::Json;
use nestrs::axum::http::StatusCode;
use nestrs::axum::response::IntoResponse;
use nestrs::prelude::*;
use serde_json::{Value, json};

use crate::asked::App;

#[derive(Debug)]
struct Secret;

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password is hunter2")
    }
}

impl std::error::Error for Secret {}

#[controller("/fails")]
struct Fails;

#[routes]
impl Fails {
    #[get("/gone")]
    async fn gone(&self) -> Result<(), HttpException> {
        Err(HttpException::gone("no longer")
            .with("since", 1999)
            .with_type("https://shop.example/problems/gone"))
    }

    #[get("/any")]
    async fn any(&self) -> Result<Json<u8>, HttpException> {
        Err(Secret)?
    }

    #[get("/message")]
    async fn message(&self) -> Result<Json<u8>, HttpException> {
        let details = json!({ "code": "NOT_FOUND", "id": 7 });
        Err(TransportError::new("no order 7").with_details(details))?
    }

    #[get("/panic")]
    async fn panic(&self) -> &'static str {
        panic!("the password is hunter2")
    }

    #[get("/bare")]
    async fn bare(&self) -> StatusCode {
        StatusCode::IM_A_TEAPOT
    }

    #[get("/text")]
    async fn text(&self) -> impl IntoResponse {
        (StatusCode::CONFLICT, "in my own words")
    }

    #[get("/slow")]
    async fn slow(&self) {
        std::future::pending().await
    }

    #[post("/body")]
    async fn body(&self, body: String) -> String {
        body.len().to_string()
    }

    #[post("/unread")]
    async fn unread(&self) {}
}

#[module(controllers = [Fails])]
struct AppModule;

#[tokio::test]
async fn exceptions_say_what_they_are_told_to() {
    let app = App::start::<AppModule>().await;
    let (_, problem) = app.get("/fails/gone").await.problem();
    let expected = json!({
        "type": "https://shop.example/problems/gone",
        "title": "Gone", "status": 410, "detail": "no longer", "since": 1999,
    });
    assert_eq!(problem, expected);
    let (_, problem) = app.get("/fails/message").await.problem();
    let expected = json!({
        "title": "Not Found", "status": 404, "detail": "no order 7", "code": "NOT_FOUND", "id": 7,
    });
    assert_eq!(problem, expected);
}

fn internal() -> Value {
    json!({ "title": "Internal Server Error", "status": 500 })
}

#[tokio::test]
async fn what_is_inside_stays_inside() {
    let app = App::start::<AppModule>().await;
    for path in ["/fails/any", "/fails/panic"] {
        assert_eq!(app.get(path).await.problem(), (500, internal()), "{path}");
    }
    // And the server lives.
    assert_eq!(
        app.get("/fails/text").await.told(),
        (409, "in my own words")
    );
}

#[tokio::test]
async fn unless_it_is_to_be_told() {
    let app = App::set_up::<AppModule>(|http| http.expose_errors(true)).await;
    let told = (500, "the password is hunter2".to_owned());
    assert_eq!(app.get("/fails/any").await.detail(), told);
    assert_eq!(app.get("/fails/panic").await.problem(), (500, internal()));
}

#[tokio::test]
async fn paths_and_methods_nobody_has_are_problems() {
    let app = App::start::<AppModule>().await;
    let (status, detail) = app.get("/nowhere?x=1").await.detail();
    assert_eq!(
        (status, &*detail),
        (404, "there is no route for GET /nowhere")
    );
    let answer = app.ask("DELETE /fails/gone", &[], "").await;
    assert_eq!(answer.allow.as_deref(), Some("get,head"));
    let (status, detail) = answer.detail();
    assert_eq!(status, 405);
    assert_eq!(detail, "/fails/gone does not answer DELETE");
    let (status, problem) = app.get("/fails/bare").await.problem();
    assert_eq!((status, &problem["title"]), (418, &"I'm a teapot".into()));
}

#[tokio::test]
async fn a_body_has_a_limit_whether_it_is_read_or_not() {
    let app = App::set_up::<AppModule>(|http| http.body_limit(5)).await;
    assert_eq!(
        app.ask("POST /fails/body", &[], "12345").await.told(),
        (200, "5")
    );
    for path in ["/fails/body", "/fails/unread"] {
        let request = format!("POST {path}");
        let answer = app.ask(&request, &["content-length: 6"], "123456").await;
        let (status, detail) = answer.detail();
        let expected = "the body has 6 bytes, and may have 5";
        assert_eq!((status, &*detail), (413, expected), "{path}");
    }
    // Where nobody says how long it is, it is read as far as it may be.
    let headers = ["transfer-encoding: chunked"];
    let chunks = "3\r\n123\r\n3\r\n456\r\n0\r\n\r\n";
    let answer = app.over_socket("POST /fails/body", &headers, chunks).await;
    let (status, detail) = answer.detail();
    assert_eq!(status, 413);
    assert!(detail.ends_with("length limit exceeded"), "{detail}");
    let app = App::set_up::<AppModule>(|http| http.body_limit(None)).await;
    let large = "x".repeat(3 * 1024 * 1024);
    let length = format!("content-length: {}", large.len());
    let answer = app.ask("POST /fails/body", &[&length], &large).await;
    assert_eq!(answer.told(), (200, "3145728"));
    let app = App::start::<AppModule>().await;
    assert_eq!(
        app.ask("POST /fails/body", &[&length], &large).await.status,
        413
    );
}

#[tokio::test]
async fn a_handler_has_a_time_limit() {
    let limit = Duration::from_millis(50);
    let app = App::set_up::<AppModule>(|http| http.request_timeout(limit)).await;
    let (status, _) = app.get("/fails/slow").await.problem();
    assert_eq!(status, 503);
}
