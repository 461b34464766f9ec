//! An application's routes in somebody else's axum server.

use std::sync::Arc;

use nestrs::axum::{Router, routing, serve};
use nestrs::prelude::*;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::common::http::ask;
use crate::common::{Journal, written};

#[controller("/cats")]
struct Cats;

#[routes]
impl Cats {
    #[get]
    async fn all(&self) -> &'static str {
        "Tom"
    }
}

impl OnModuleInit for Cats {
    async fn on_module_init(&self) -> Result<(), HookError> {
        Journal::write("up");
        Ok(())
    }
}

impl OnApplicationShutdown for Cats {
    async fn on_application_shutdown(&self, _: Option<&str>) -> Result<(), HookError> {
        Journal::write("down");
        Ok(())
    }
}

#[module(controllers = [Cats])]
struct CatsModule;

#[tokio::test]
async fn hooks_run_before_it_serves_and_once_it_has_stopped() {
    let app = NestFactory::create::<CatsModule>().set_global_prefix("api");
    let (cats, running) = app.into_axum_router().await.unwrap();
    assert_eq!(written(), ["up"]);
    assert_eq!(running.http_addr(), None);

    let site = Router::new()
        .route("/", routing::get(async || "site"))
        .nest("/shop", cats);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let server =
        serve(listener, site).with_graceful_shutdown(async move { stopped.notified().await });
    let (served, ()) = tokio::join!(async { server.await }, async {
        assert_eq!(ask(addr, "GET /", &[]).await.body, "site");
        assert_eq!(ask(addr, "GET /shop/api/cats", &[]).await.body, "Tom");
        assert_eq!(ask(addr, "GET /api/cats", &[]).await.status, 404);
        stop.notify_one();
    });
    served.unwrap();
    assert_eq!(written(), Vec::<String>::new());
    running.shutdown().await;
    assert_eq!(written(), ["down"]);
}
