//! NestJS with itself: what holds here is what the other directions are measured by.

use nestrs_interop::{
    Case, Command, Direction, Error, Expect, Nest, NestClient, NestServer, cases, play,
};
use serde_json::json;

#[tokio::test]
async fn tcp_11_to_11() -> Result<(), Error> {
    over_tcp(Nest::V11, Nest::V11).await
}

#[tokio::test]
async fn tcp_11_to_12() -> Result<(), Error> {
    over_tcp(Nest::V11, Nest::V12).await
}

#[tokio::test]
async fn tcp_12_to_11() -> Result<(), Error> {
    over_tcp(Nest::V12, Nest::V11).await
}

#[tokio::test]
async fn tcp_12_to_12() -> Result<(), Error> {
    over_tcp(Nest::V12, Nest::V12).await
}

async fn over_tcp(client: Nest, server: Nest) -> Result<(), Error> {
    let direction = Direction::new("tcp", client, server);
    let options = json!({ "host": "127.0.0.1", "port": 0 });
    let server = NestServer::start(server, "tcp", &options).await?;
    let options = json!({ "host": "127.0.0.1", "port": server.port() });
    let client = NestClient::start(client, "tcp", &options).await?;

    let mut all = cases();
    all.push(stream_that_fails());
    play(&direction, &client, &all).await?;
    client.stop().await?;
    server.stop().await
}

fn stream_that_fails() -> Case {
    let error = json!({ "status": "error", "message": "late" });
    let command = Command::send("stream.fail", json!({}));
    Case::new("stream.fail").step(command, Expect::Error(vec![json!(0)], error))
}
