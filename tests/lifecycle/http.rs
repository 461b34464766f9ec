//! The HTTP side: prefix, health check, controllers, routes of one's own.

use std::sync::Arc;

use nestrs::axum::extract::State;
use nestrs::axum::{Router, routing::get};
use nestrs::prelude::*;

use crate::common::create;
use crate::common::http::ask;

#[injectable]
struct Cats {
    name: Arc<String>,
}

impl Controller for Cats {
    fn router(self: Arc<Self>) -> Router {
        let name = async |State(cats): State<Arc<Self>>| (*cats.name).clone();
        Router::new().route("/cats", get(name)).with_state(self)
    }
}

#[module(providers = [Provider::value("Tom".to_owned())], controllers = [Cats])]
struct CatsModule;

#[injectable]
struct Dogs;

impl Controller for Dogs {
    fn router(self: Arc<Self>) -> Router {
        Router::new().route("/dogs", get(async || "Rex"))
    }
}

#[module(imports = [CatsModule], controllers = [Dogs])]
struct AppModule;

#[tokio::test]
async fn controllers_of_all_modules_and_own_routes_serve() {
    let app = create::<AppModule>()
        .also_listen_http(0)
        .configure_http(|http| http.merge(Router::new().route("/version", get(async || "1"))));
    let app = app.start().await.unwrap();
    let addr = app.http_addr().unwrap();
    assert!(addr.ip().is_loopback());
    for (path, body) in [("/cats", "Tom"), ("/dogs", "Rex"), ("/version", "1")] {
        let response = ask(addr, &format!("GET {path}"), &[]).await;
        assert_eq!(
            (response.status, response.body.as_str()),
            (200, body),
            "{path}"
        );
    }
    for path in ["/", "/birds", "/health"] {
        assert_eq!(
            ask(addr, &format!("GET {path}"), &[]).await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(ask(addr, "DELETE /cats", &[]).await.status, 405);
}

#[tokio::test]
async fn the_prefix_is_before_everything_with_or_without_slashes() {
    for (prefix, health, at) in [
        ("api", "/health", "/api/health"),
        ("/api/v1/", "health", "/api/v1/health"),
        ("", "/health", "/health"),
        ("/", "health", "/health"),
    ] {
        let app = create::<AppModule>()
            .also_listen_http(0)
            .configure_http(|http| http.set_global_prefix(prefix).enable_health_check(health));
        let app = app.start().await.unwrap();
        let addr = app.http_addr().unwrap();
        let healthy = ask(addr, &format!("GET {at}"), &[]).await;
        assert_eq!(healthy.status, 200, "{at}");
        assert_eq!(healthy.header("content-type"), Some("application/json"));
        assert_eq!(healthy.body, r#"{"status":"ok"}"#);
        let cats = at.replace("health", "cats");
        assert_eq!(ask(addr, &format!("GET {cats}"), &[]).await.body, "Tom");
        if cats != "/cats" {
            assert_eq!(ask(addr, "GET /cats", &[]).await.status, 404, "{prefix}");
        }
        app.shutdown().await;
    }
}

#[tokio::test]
async fn without_being_told_there_is_no_http() {
    let app = create::<AppModule>().configure_http(|http| http.enable_health_check("/health"));
    let app = app.start().await.unwrap();
    assert_eq!(app.http_addr(), None);
    assert_eq!(app.addresses().len(), 1);
}
