//! Health, and readiness: of servers, clients and whatever says so itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nestrs::di::HealthIndicator;
use nestrs::microservices::{TcpMicroserviceOptions, TcpTransportOptions};
use nestrs::prelude::*;
use serde_json::{Value, json};

use crate::common::{Gate, free_addr, http::ask, until_refusing};

#[injectable]
struct Database {
    #[inject(default)]
    is_down: AtomicBool,
}

impl HealthIndicator for Database {
    async fn check_health(&self) -> Result<(), HookError> {
        match self.is_down.load(Ordering::SeqCst) {
            true => Err("no connection".into()),
            false => Ok(()),
        }
    }
}

/// Far from the root, and listed nowhere as anything but a provider.
#[module(providers = [Database], exports = [Database])]
struct DatabaseModule;

#[module(imports = [DatabaseModule])]
struct AppModule;

async fn ready(addr: std::net::SocketAddr) -> (u16, Value) {
    let response = ask(addr, "GET /ready", &[]).await;
    (
        response.status,
        serde_json::from_str(&response.body).unwrap(),
    )
}

#[tokio::test]
async fn a_provider_that_is_down_keeps_the_application_from_being_ready() {
    let app = NestFactory::create::<AppModule>()
        .enable_health_check("/health")
        .enable_readiness_check("/ready")
        .connect_microservice(TcpMicroserviceOptions::new("127.0.0.1:0"));
    let app = app.start(0).await.unwrap();
    let addr = app.http_addr().unwrap();
    let up = json!({ "status": "up" });
    let all_up = json!({ "Database": up, "tcp": up });
    let expected = json!({ "status": "ok", "info": all_up, "error": {}, "details": all_up });
    assert_eq!(ready(addr).await, (200, expected));

    app.get::<Database>()
        .unwrap()
        .is_down
        .store(true, Ordering::SeqCst);
    let down = json!({ "status": "down", "message": "no connection" });
    let expected = json!({
        "status": "error",
        "info": { "tcp": up },
        "error": { "Database": down },
        "details": { "Database": down, "tcp": up },
    });
    assert_eq!(ready(addr).await, (503, expected));
    let health = ask(addr, "GET /health", &[]).await;
    assert_eq!(health.status, 200, "it lives all the same");
    app.shutdown().await;
}

#[tokio::test]
async fn so_does_a_client_without_a_connection() {
    let served = TcpMicroserviceOptions::new("127.0.0.1:0");
    let peer = NestFactory::create_microservice::<AppModule>(served)
        .start()
        .await
        .unwrap();
    let there = TcpTransportOptions::new(peer.local_addr().unwrap());
    let gone = TcpTransportOptions::new(free_addr());
    let clients = ClientsModule::register(&[
        ClientConfig::tcp("billing", there),
        ClientConfig::tcp("gone", gone),
    ]);
    let app = NestFactory::create::<AppModule>()
        .configure_graph(|graph| graph.replace_module::<DatabaseModule>(clients))
        .enable_readiness_check("/ready");
    let app = app.start(0).await.unwrap();
    let (status, told) = ready(app.http_addr().unwrap()).await;
    assert_eq!((status, &told["status"]), (503, &json!("error")));
    assert_eq!(told["info"], json!({ "billing": { "status": "up" } }));
    assert_eq!(told["error"]["gone"]["status"], "down");
    app.shutdown().await;
    peer.shutdown().await;
}

#[injectable]
struct Stops {
    gate: Arc<Gate>,
}

impl OnModuleDestroy for Stops {
    async fn on_module_destroy(&self) -> Result<(), HookError> {
        self.gate.pass().await;
        Ok(())
    }
}

#[module(providers = [Stops, Provider::value(Gate::default())])]
struct StopsModule;

#[tokio::test]
async fn what_is_told_to_stop_is_not_ready() {
    let app = NestFactory::create::<StopsModule>().enable_readiness_check("/ready");
    let app = app.start(0).await.unwrap();
    let (addr, gate) = (app.http_addr().unwrap(), app.get::<Gate>().unwrap());
    assert_eq!(ready(addr).await.0, 200);
    tokio::join!(app.shutdown(), async {
        gate.until_arrived(1).await;
        // It still serves, and those who send work here can see that it ends.
        let (status, told) = ready(addr).await;
        assert_eq!((status, &told["status"]), (503, &json!("shutting_down")));
        gate.open();
    });
    until_refusing(addr).await;
}
