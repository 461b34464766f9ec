//! Several servers in one process, and which handlers answer where.

use nestrs::Microservice;
use nestrs::microservices::{
    ErrorKind, MemoryHub, MemoryMicroserviceOptions, TcpMicroserviceOptions, TcpTransport,
    TcpTransportOptions,
};
use nestrs::prelude::*;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::common::http::ask;

#[controller("/orders")]
struct Orders;

#[routes]
impl Orders {
    #[get]
    async fn list(&self) -> &'static str {
        "over http"
    }
}

#[micro_routes]
impl Orders {
    #[message_pattern("everywhere")]
    async fn everywhere(&self) -> u8 {
        1
    }

    #[message_pattern("tcp", transport = "tcp")]
    async fn tcp(&self) -> u8 {
        2
    }

    #[message_pattern("internal", transport = "internal")]
    async fn internal(&self) -> u8 {
        3
    }
}

#[module(controllers = [Orders], microservices = [Orders])]
struct AppModule;

#[derive(Default)]
struct Closed;

#[async_trait]
impl MicroCanActivate for Closed {
    async fn can_activate_micro(&self, _: &str, _: &Value) -> Result<(), TransportError> {
        Err(TransportError::new("closed"))
    }
}

fn tcp() -> TcpMicroserviceOptions {
    TcpMicroserviceOptions::new("127.0.0.1:0")
}

fn client(addr: Option<SocketAddr>) -> ClientProxy {
    let options = TcpTransportOptions::new(addr.unwrap());
    ClientProxy::new(Arc::new(TcpTransport::new(options)))
}

async fn answers(client: &ClientProxy) -> Vec<Option<u8>> {
    let mut answers = Vec::new();
    for pattern in ["everywhere", "tcp", "internal"] {
        let answer = client.send::<_, u8>(pattern, &()).await;
        if let Err(error) = &answer {
            assert_eq!(error.kind(), ErrorKind::NoHandler);
        }
        answers.push(answer.ok());
    }
    answers
}

#[tokio::test]
async fn handlers_answer_by_transport_or_by_name() {
    let hub = MemoryHub::new();
    let app = NestFactory::create::<AppModule>()
        .connect_microservice(tcp())
        .connect_microservice(Microservice::new(tcp()).named("internal"))
        .connect_microservice(MemoryMicroserviceOptions::new(&hub));
    let app = app.start(0).await.unwrap();
    assert_eq!(app.addresses().len(), 4);
    let public = client(app.local_addr_of("tcp"));
    assert_eq!(app.local_addr(), app.local_addr_of("tcp"));
    assert_eq!(answers(&public).await, [Some(1), Some(2), None]);
    let internal = client(app.local_addr_of("internal"));
    assert_eq!(answers(&internal).await, [Some(1), Some(2), Some(3)]);
    assert_eq!(app.local_addr_of("memory"), None);
    let response = ask(app.http_addr().unwrap(), "GET /orders", &[]).await;
    assert_eq!(response.body, "over http");
    app.shutdown().await;
}

#[tokio::test]
async fn what_a_server_has_of_its_own_is_its_own() {
    let closed = Microservice::new(tcp())
        .named("closed")
        .use_global_guard(Closed);
    let app = NestFactory::create_microservice::<AppModule>(tcp()).connect_microservice(closed);
    let app = app.start().await.unwrap();
    let open = client(app.local_addr());
    assert_eq!(open.send::<_, u8>("everywhere", &()).await, Ok(1));
    let closed = client(app.local_addr_of("closed"));
    let error = closed.send::<_, u8>("everywhere", &()).await.unwrap_err();
    assert_eq!(error.message, "closed");
    app.shutdown().await;
}

#[tokio::test]
async fn one_server_that_cannot_listen_stops_them_all() {
    let (_taken, addr) = crate::common::taken_addr();
    let app = NestFactory::create::<AppModule>()
        .connect_microservice(tcp())
        .connect_microservice(TcpMicroserviceOptions::new(addr));
    let report = app.start(0).await.unwrap_err().to_string();
    assert!(
        report.contains(&format!("cannot listen on {addr}")),
        "{report}"
    );
}
