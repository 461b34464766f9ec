//! A trait with `#[message_contract]`, with NestJS on the other side of it.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use nestrs::microservices::{
    ReplyStream, TcpMicroserviceOptions, TcpTransport, TcpTransportOptions,
};
use nestrs::prelude::*;
use nestrs_interop::{Case, Direction, Error, Nest, NestClient, NestServer, play};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;

#[derive(Deserialize, Serialize)]
struct Terms {
    a: i64,
    b: i64,
}

#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Sum {
    result: i64,
}

#[derive(Deserialize, Serialize)]
struct Count {
    n: i64,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Seen {
    at_least: usize,
}

/// Some of what both sides' handlers are called for.
#[message_contract]
trait Peer {
    #[message_pattern("math.add")]
    async fn add(&self, terms: Terms) -> Sum;

    #[message_pattern({ "cmd": "sum" })]
    async fn sum(&self, numbers: Vec<i64>) -> i64;

    #[message_pattern("stream")]
    async fn count(&self, to: Count) -> ReplyStream<i64>;

    #[message_pattern("fail.object")]
    async fn fail(&self) -> Result<(), TransportError>;

    #[event_pattern("user.created")]
    async fn created(&self, user: Value);

    #[message_pattern("events.seen")]
    async fn seen(&self, seen: Seen) -> Vec<Value>;
}

#[tokio::test]
async fn a_nestjs_server_answers_the_client() -> Result<(), Error> {
    for version in [Nest::V11, Nest::V12] {
        let options = json!({ "host": "127.0.0.1", "port": 0 });
        let server = NestServer::start(version, "tcp", &options).await?;
        let port = server.port().expect("TCP has a port");
        let options = TcpTransportOptions::new(format!("127.0.0.1:{port}"));
        let peer = PeerClient::new(ClientProxy::new(Arc::new(TcpTransport::new(options))));

        assert_eq!(peer.add(&Terms { a: 1, b: 2 }).await, Ok(Sum { result: 3 }));
        assert_eq!(peer.sum(&vec![1, 2, 3]).await, Ok(6));
        let counted = peer.count(&Count { n: 3 }).await.expect("it streams");
        let counted: Vec<_> = counted.collect().await;
        assert_eq!(counted, [Ok(0), Ok(1), Ok(2)]);
        let error = peer.fail().await.expect_err("it fails");
        assert_eq!(
            error.to_wire(),
            json!({ "code": 42, "message": "obj boom" })
        );
        let user = json!({ "name": "Ada" });
        peer.created(&user).await.expect("it is sent");
        assert_eq!(peer.seen(&Seen { at_least: 1 }).await, Ok(vec![user]));
        server.stop().await?;
    }
    Ok(())
}

#[injectable]
struct Service {
    #[inject(default)]
    events: watch::Sender<Vec<Value>>,
}

#[micro_routes]
impl Peer for Service {
    async fn add(&self, terms: Terms) -> Sum {
        Sum {
            result: terms.a + terms.b,
        }
    }

    async fn sum(&self, numbers: Vec<i64>) -> i64 {
        numbers.iter().sum()
    }

    async fn count(&self, to: Count) -> ReplyStream<i64> {
        stream::iter((0..to.n).map(Ok)).boxed()
    }

    async fn fail(&self) -> Result<(), TransportError> {
        let error = json!({ "code": 42, "message": "obj boom" });
        Err(TransportError::new("obj boom").with_details(error))
    }

    async fn created(&self, user: Value) {
        self.events.send_modify(|events| events.push(user));
    }

    async fn seen(&self, seen: Seen) -> Vec<Value> {
        let mut events = self.events.subscribe();
        let events = events.wait_for(|events| events.len() >= seen.at_least);
        events
            .await
            .map(|events| events.clone())
            .unwrap_or_default()
    }
}

#[module(microservices = [Service])]
struct ServiceModule;

#[tokio::test]
async fn a_nestjs_client_is_answered_by_the_service() -> Result<(), Error> {
    for version in [Nest::V11, Nest::V12] {
        let options = TcpMicroserviceOptions::new("127.0.0.1:0");
        let app = NestFactory::create_microservice::<ServiceModule>(options);
        let app = app.start().await.expect("the contract can be served");
        let port = app.local_addr().expect("TCP is bound").port();
        let options = json!({ "host": "127.0.0.1", "port": port });
        let client = NestClient::start(version, "tcp", &options).await?;
        let ada = json!({ "name": "Ada" });
        let cases = [
            Case::new("typed payload").answers(
                "math.add",
                json!({ "a": 1, "b": 2 }),
                json!({ "result": 3 }),
            ),
            Case::new("object pattern").answers(json!({ "cmd": "sum" }), json!([1, 2, 3]), 6),
            Case::new("stream").streams(
                "stream",
                json!({ "n": 3 }),
                vec![json!(0), json!(1), json!(2)],
            ),
            Case::new("error").fails(
                "fail.object",
                json!({}),
                json!({ "code": 42, "message": "obj boom" }),
            ),
            Case::new("event")
                .emits("user.created", ada.clone())
                .answers("events.seen", json!({ "atLeast": 1 }), json!([ada])),
        ];
        play(&Direction::new("tcp", version, "nestrs"), &client, &cases).await?;
        client.stop().await?;
        app.shutdown().await;
    }
    Ok(())
}
