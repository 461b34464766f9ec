//! NestJS's client and our server.

use nestrs::RunningApplication;
use nestrs::microservices::GrpcProto;
use nestrs_interop::{Caller, Command, Error, Nest, NestClient, Seen};
use serde_json::{Value, json};

use super::proto::DESCRIPTORS;
use super::services::ServicesModule;
use super::{options, served};

/// A server of ours, and a client of NestJS's.
struct Pair {
    server: RunningApplication,
    client: NestClient,
}

impl Pair {
    async fn start(version: Nest) -> Result<Self, Error> {
        let options = options().proto(GrpcProto::new(DESCRIPTORS).package("shop"));
        let (server, _) = served::<ServicesModule>(options).await;
        let addr = server.local_addr().expect("a socket");
        let options = json!({ "url": addr.to_string() });
        let client = NestClient::start(version, "grpc", &options).await?;
        Ok(Self { server, client })
    }

    async fn call(&self, method: &str, data: Value) -> Result<Seen, Error> {
        self.call_of("Math", method, data).await
    }

    async fn call_of(&self, service: &str, method: &str, data: Value) -> Result<Seen, Error> {
        let pattern = json!({ "service": service, "method": method });
        self.client.call(&Command::send(pattern, data)).await
    }

    async fn stop(self) -> Result<(), Error> {
        self.client.stop().await?;
        self.server.shutdown().await;
        Ok(())
    }
}

fn values(seen: &Seen) -> Vec<i64> {
    let values = seen.values.iter();
    values
        .map(|value| value["value"].as_i64().unwrap_or_default())
        .collect()
}

fn failure(seen: &Seen) -> (i64, &str) {
    let error = seen.error.as_ref().expect("an error");
    let details = error["details"].as_str().unwrap_or_default();
    (error["code"].as_i64().unwrap_or_default(), details)
}

async fn all(version: Nest) -> Result<(), Error> {
    let pair = Pair::start(version).await?;

    // All four kinds.
    let numbers = json!([{ "value": 1 }, { "value": 2 }, { "value": 3 }]);
    let request = json!({ "request": { "firstNumber": 1, "secondNumber": 2 } });
    assert_eq!(values(&pair.call("add", request).await?), [3]);
    let counted = pair
        .call("count", json!({ "request": { "upTo": 3 } }))
        .await?;
    assert_eq!((values(&counted), counted.completed), (vec![1, 2, 3], true));
    let total = pair.call("total", json!({ "requests": numbers })).await?;
    assert_eq!(values(&total), [6]);
    let doubled = pair.call("double", json!({ "requests": numbers })).await?;
    assert_eq!((values(&doubled), doubled.completed), (vec![2, 4, 6], true));
    // Nothing is an answer of a stream.
    let counted = pair.call("count", json!({ "request": {} })).await?;
    assert_eq!((values(&counted), counted.completed), (vec![], true));

    // A service in a package of a package, and one of a second package.
    let id = json!({ "id": "9007199254740993" });
    let order = pair
        .call_of("OrderService", "find", json!({ "request": id }))
        .await?;
    let order = &order.values[0];
    assert_eq!(order["items"], json!(["a", "b"]));
    assert_eq!(order["state"], 1);
    let bill = pair
        .call_of("Bills", "total", json!({ "request": order }))
        .await?;
    assert_eq!(bill.values[0]["total"], 3);

    // Errors.
    for (method, request, expected) in [
        (
            "fail",
            json!({ "code": 5, "message": "no such number" }),
            (5, "no such number"),
        ),
        (
            "fail",
            json!({ "code": 7, "message": "é ✓ 100 %" }),
            (7, "é ✓ 100 %"),
        ),
        ("fail", json!({}), (2, "Internal server error")),
        (
            "absent",
            json!({}),
            (12, "The server does not implement the method Absent"),
        ),
        (
            "nothing",
            json!({}),
            (13, "`Nothing` was answered with nothing"),
        ),
    ] {
        let seen = pair.call(method, json!({ "request": request })).await?;
        assert_eq!(failure(&seen), expected);
    }
    let failure_late = json!({ "request": { "code": 9, "message": "late" } });
    let late = pair.call("failLate", failure_late).await?;
    assert_eq!(values(&late), [1]);
    assert_eq!(failure(&late), (9, "late"));

    // Metadata, binary too.
    let metadata = json!({ "tenant": "acme", "trace-bin": "00ff10" });
    let echo = pair.call("echo", json!({ "metadata": metadata })).await?;
    let entries = &echo.values[0]["entries"];
    assert_eq!(entries["tenant"], "acme");
    assert_eq!(entries["trace-bin"], "00ff10");

    // A deadline, of the client and, by its word, of the server: the handler is
    // given up on either side.
    let waited = pair.call("wait", json!({ "deadlineMs": 200 })).await?;
    assert_eq!(failure(&waited).0, 4);
    let given_up = pair.call("givenUp", json!({ "request": {} })).await?;
    assert_eq!(values(&given_up), [1]);

    // A client that has had enough.
    let ticks = pair.call("tick", json!({ "take": 3 })).await?;
    assert_eq!(values(&ticks), [0, 1, 2]);
    let given_up = pair
        .call("givenUp", json!({ "request": { "value": 1 } }))
        .await?;
    assert_eq!(values(&given_up), [2]);

    // Many at once, of each other apart.
    let calls = (0..64).map(|n| {
        let request = json!({ "request": { "firstNumber": n, "secondNumber": 1 } });
        async { pair.call("add", request).await.map(|seen| values(&seen)) }
    });
    let sums = futures_util::future::try_join_all(calls).await?;
    assert!(sums.into_iter().eq((1..=64).map(|n| vec![n])));
    pair.stop().await
}

#[tokio::test]
async fn nest_11_client_to_nestrs() -> Result<(), Error> {
    all(Nest::V11).await
}

#[tokio::test]
async fn nest_12_client_to_nestrs() -> Result<(), Error> {
    all(Nest::V12).await
}
