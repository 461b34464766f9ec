//! What travels beside a payload: headers as NestJS 12's metadata, and what nestrs peers tell each
//! other, of which NestJS peers must not take notice.

use std::sync::Arc;
use std::time::Duration;

use nestrs::core::dispatch::BoxFuture;
use nestrs::core::{Answer, Dispatch, Message, Shutdown, TransportServer};
use nestrs::microservices::{TcpMicroserviceOptions, TcpTransport, TcpTransportOptions};
use nestrs::prelude::*;
use nestrs_interop::{Caller, Command, Error, Nest, NestClient, NestServer};
use serde_json::{Value, json};

/// Answers with the headers of each message.
struct Headers;

impl Dispatch for Headers {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let headers = json!(message.context.headers).to_string();
        Box::pin(async { Answer::One(Ok(Some(headers.into()))) })
    }
    fn routes(&self) -> Vec<String> {
        Vec::new()
    }
}

async fn nest_metadata_is_our_headers(version: Nest, expected: Value) -> Result<(), Error> {
    let server = Box::new(TcpMicroserviceOptions::new("127.0.0.1:0"));
    let running = server.start(Arc::new(Headers), Shutdown::new()).await;
    let port = running
        .expect("a port is free")
        .local_addr
        .map(|at| at.port());
    let options = json!({ "host": "127.0.0.1", "port": port, "metadata": { "tenant": "acmé" } });
    let client = NestClient::start(version, "tcp", &options).await?;
    let seen = client.call(&Command::send("metadata", json!(1))).await?;
    assert_eq!(seen.values, [expected]);
    client.stop().await
}

#[tokio::test]
async fn nest_12_metadata_is_our_headers() -> Result<(), Error> {
    nest_metadata_is_our_headers(Nest::V12, json!({ "tenant": "acmé" })).await
}

#[tokio::test]
async fn nest_11_sends_no_headers() -> Result<(), Error> {
    nest_metadata_is_our_headers(Nest::V11, json!({})).await
}

/// Headers arrive, a call that is given up disturbs nobody, and of what nestrs peers tell each
/// other nothing is logged.
async fn our_headers_at_nest(version: Nest, expected: Value) -> Result<(), Error> {
    let options = json!({ "host": "127.0.0.1", "port": 0 });
    let server = NestServer::start(version, "tcp", &options).await?;
    let started = server.logged();
    let port = server.port().expect("TCP has a port");
    let transport = TcpTransport::new(TcpTransportOptions::new(format!("127.0.0.1:{port}")));
    let client = ClientProxy::new(Arc::new(transport));

    let first: Value = client.send("echo", &1).await.expect("it is answered");
    assert_eq!(first, 1);
    let message = client.message("metadata", &1).header("tenant", "acmé");
    let seen: Value = message.send().await.expect("it is answered");
    assert_eq!(seen, expected);

    let slow = json!({ "ms": 200 });
    let given_up = client.message("slow", &slow);
    let given_up = given_up.timeout(Duration::from_millis(20)).send::<Value>();
    given_up.await.expect_err("it is slower than that");
    client
        .send::<_, Value>("slow", &slow)
        .await
        .expect("it is answered");
    assert_eq!(server.logged(), started);
    server.stop().await
}

#[tokio::test]
async fn our_headers_are_nest_12_metadata() -> Result<(), Error> {
    our_headers_at_nest(Nest::V12, json!({ "tenant": "acmé" })).await
}

#[tokio::test]
async fn our_headers_are_nothing_to_nest_11() -> Result<(), Error> {
    our_headers_at_nest(Nest::V11, Value::Null).await
}
