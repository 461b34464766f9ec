//! The harness itself: that it notices what goes wrong, and leaves nothing behind.

use std::time::Duration;

use nestrs_interop::{Caller, Case, Command, Direction, Error, Nest, NestClient, NestServer, play};
use serde_json::json;

async fn pair(version: Nest) -> Result<(NestServer, NestClient), Error> {
    let options = json!({ "host": "127.0.0.1", "port": 0 });
    let server = NestServer::start(version, "tcp", &options).await?;
    let options = json!({ "host": "127.0.0.1", "port": server.port() });
    Ok((server, NestClient::start(version, "tcp", &options).await?))
}

#[tokio::test]
async fn every_case_that_fails_is_reported() -> Result<(), Error> {
    let (_server, client) = pair(Nest::V12).await?;
    let cases = [
        Case::new("wrong sum").answers(json!({ "cmd": "sum" }), json!([1]), 2),
        Case::new("right sum").answers(json!({ "cmd": "sum" }), json!([1]), 1),
        Case::new("no error").fails("echo", json!(1), json!("boom")),
    ];
    let direction = Direction::new("tcp", "wrong", "expectations of a");
    let error = play(&direction, &client, &cases).await.unwrap_err();
    let Error::Cases(failed) = error else {
        panic!("{error}")
    };
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(failed[0].contains("wrong sum") && failed[0].contains("values: [Number(1)]"));
    assert!(failed[1].contains("no error"));
    Ok(())
}

#[tokio::test]
async fn a_clients_own_errors_are_told_from_a_servers() -> Result<(), Error> {
    let (_server, client) = pair(Nest::V11).await?;
    let mut command = Command::send("slow", json!({ "ms": 60_000 }));
    command.timeout = Duration::from_millis(20);
    let seen = client.call(&command).await?;
    assert_eq!(seen.error.unwrap()["instanceOf"], "TimeoutError");
    assert!(!seen.completed);
    Ok(())
}

#[tokio::test]
async fn a_peer_that_does_not_start_says_why() {
    let error = NestServer::start(Nest::V12, "pigeon", &json!({}))
        .await
        .err()
        .unwrap();
    assert!(matches!(error, Error::Ended { .. }), "{error}");
    assert!(
        error.to_string().contains(r#"no transport "pigeon""#),
        "{error}"
    );
}

#[tokio::test]
async fn a_port_in_use_is_an_error_with_the_peers_own_words() -> Result<(), Error> {
    let (server, _client) = pair(Nest::V12).await?;
    let options = json!({ "host": "127.0.0.1", "port": server.port() });
    let error = NestServer::start(Nest::V12, "tcp", &options)
        .await
        .err()
        .unwrap();
    assert!(error.to_string().contains("EADDRINUSE"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_dropped_peer_is_gone() -> Result<(), Error> {
    let (server, client) = pair(Nest::V12).await?;
    let command = Command::send("slow", json!({ "ms": 60_000 }));
    let call = client.call(&command);
    let kill = async { drop(server) };
    let (seen, ()) = tokio::join!(call, kill);

    // Refused, reset or closed, as far as the request had come; never an answer.
    let error = seen?.error.unwrap();
    assert!(error["instanceOf"].is_string(), "{error}");
    Ok(())
}
