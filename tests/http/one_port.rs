//! HTTP and gRPC on one port.

use std::net::SocketAddr;
use std::sync::Arc;

use nestrs::BootstrapError;
use nestrs::microservices::{
    GrpcMicroserviceOptions, GrpcTransport, GrpcTransportOptions, TcpMicroserviceOptions,
};
use nestrs::prelude::*;
use tokio::sync::Semaphore;

use crate::common::http::ask;

/// Opened by the test, entered by handlers.
#[derive(Clone)]
struct Gate {
    entered: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

#[controller("/sum")]
struct Sums {
    gate: Arc<Gate>,
}

#[routes]
impl Sums {
    #[get]
    async fn get(&self) -> &'static str {
        "3"
    }

    #[get("/gated")]
    async fn gated(&self) -> &'static str {
        self.gate.entered.add_permits(1);
        let _open = self.gate.open.acquire().await;
        "late"
    }
}

#[micro_routes]
impl Sums {
    #[message_pattern("sum")]
    async fn sum(&self, numbers: Vec<u8>) -> u8 {
        numbers.iter().sum()
    }
}

#[module(controllers = [Sums], microservices = [Sums], providers = [Provider::value(Gate { entered: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) })])]
struct AppModule;

fn client(addr: SocketAddr) -> ClientProxy {
    let options = GrpcTransportOptions::new(addr);
    ClientProxy::new(Arc::new(GrpcTransport::new(options)))
}

#[tokio::test]
async fn what_is_no_grpc_is_http() {
    let app = NestFactory::create_microservice_grpc::<AppModule>(GrpcMicroserviceOptions::new(
        "127.0.0.1:0",
    ))
    .also_serve_http()
    .configure_http(|http| http.set_global_prefix("api").enable_health_check("/health"))
    .start()
    .await
    .unwrap();
    let addr = app.local_addr().unwrap();
    assert_eq!(app.http_addr(), Some(addr));
    assert_eq!(ask(addr, "GET /api/sum", &[]).await.body, "3");
    assert_eq!(ask(addr, "GET /api/health", &[]).await.status, 200);
    assert_eq!(ask(addr, "GET /nowhere", &[]).await.status, 404);
    let sum: u8 = client(addr).send("sum", &[1, 2]).await.unwrap();
    assert_eq!(sum, 3);

    // What is in hand over HTTP is finished as well.
    let gate = app.get::<Gate>().unwrap();
    let asked = tokio::spawn(async move { ask(addr, "GET /api/sum/gated", &[]).await.body });
    gate.entered.acquire().await.unwrap().forget();
    let stopping = tokio::spawn(app.shutdown());
    while tokio::net::TcpStream::connect(addr).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!stopping.is_finished());
    gate.open.add_permits(1);
    assert_eq!(asked.await.unwrap(), "late");
    stopping.await.unwrap();
}

#[tokio::test]
async fn without_a_grpc_server_there_is_no_port_to_share() {
    let app =
        NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::new("127.0.0.1:0"));
    let Err(BootstrapError::Http(error)) = app.also_serve_http().start().await else {
        panic!("it started")
    };
    assert!(
        error.to_string().contains("`also_listen_http(port)`"),
        "{error}"
    );
}
