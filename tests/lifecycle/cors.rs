//! Which pages of other origins may call.

use nestrs::RunningApplication;
use nestrs::axum::{Router, routing::get};
use nestrs::prelude::*;

use crate::common::create;
use crate::common::http::{Response, ask};

#[module]
struct AppModule;

async fn start(cors: Option<CorsOptions>) -> RunningApplication {
    let routes = Router::new().route("/cats", get(async || "Tom"));
    let set_up = |http: NestApplication| {
        let http = http.set_global_prefix("api").merge(routes);
        match cors {
            Some(cors) => http.enable_cors(cors),
            None => http,
        }
    };
    let app = create::<AppModule>().also_listen_http(0);
    app.configure_http(set_up).start().await.unwrap()
}

async fn get_from(app: &RunningApplication, origin: &str) -> Response {
    let origin = format!("origin: {origin}");
    ask(app.http_addr().unwrap(), "GET /api/cats", &[&origin]).await
}

/// What a browser asks before it sends anything unusual.
async fn preflight(app: &RunningApplication, origin: &str) -> Response {
    let origin = format!("origin: {origin}");
    let headers = [
        origin.as_str(),
        "access-control-request-method: PUT",
        "access-control-request-headers: x-token",
    ];
    ask(app.http_addr().unwrap(), "OPTIONS /api/cats", &headers).await
}

const ALLOW_ORIGIN: &str = "access-control-allow-origin";

#[tokio::test]
async fn permissive_means_everyone() {
    let app = start(Some(CorsOptions::permissive())).await;
    let response = get_from(&app, "https://any.example").await;
    assert_eq!((response.status, response.body.as_str()), (200, "Tom"));
    assert_eq!(response.header(ALLOW_ORIGIN), Some("*"));
    let response = preflight(&app, "https://any.example").await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header(ALLOW_ORIGIN), Some("*"));
    assert_eq!(response.header("access-control-allow-methods"), Some("*"));
    assert_eq!(response.header("access-control-allow-headers"), Some("*"));
}

#[tokio::test]
async fn a_list_means_those_on_it() {
    let cors = CorsOptions::builder()
        .allow_origins(["https://shop.example", "https://admin.example"])
        .allow_methods(["GET", "PUT"])
        .allow_headers(["X-Token"])
        .allow_credentials(true)
        .max_age_secs(600)
        .build();
    let app = start(Some(cors)).await;
    for origin in ["https://shop.example", "https://admin.example"] {
        let response = get_from(&app, origin).await;
        assert_eq!(response.header(ALLOW_ORIGIN), Some(origin));
        let response = preflight(&app, origin).await;
        assert_eq!(response.header(ALLOW_ORIGIN), Some(origin));
        for (name, value) in [
            ("access-control-allow-methods", "get,put"),
            ("access-control-allow-headers", "x-token"),
            ("access-control-allow-credentials", "true"),
            ("access-control-max-age", "600"),
        ] {
            assert_eq!(response.header(name), Some(value), "{name}");
        }
    }
    // Answered all the same: it is the browser that obeys.
    let response = get_from(&app, "https://evil.example").await;
    assert_eq!(response.header(ALLOW_ORIGIN), None);
    assert_eq!(
        preflight(&app, "https://evil.example")
            .await
            .header(ALLOW_ORIGIN),
        None
    );
}

#[tokio::test]
async fn nothing_means_nobody() {
    for cors in [None, Some(CorsOptions::default())] {
        let app = start(cors).await;
        let response = get_from(&app, "https://any.example").await;
        assert_eq!(response.header(ALLOW_ORIGIN), None);
    }
}
