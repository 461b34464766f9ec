//! What a NestJS client sees of guards, filters, parameters and errors of a
//! nestrs server.

use garde::Validate;
use nestrs::microservices::{ErrorKind, TcpMicroserviceOptions, Valid};
use nestrs::prelude::*;
use nestrs_interop::{Case, Direction, Error, Nest, NestClient, play};
use serde::Deserialize;
use serde_json::{Value, json};

#[injectable]
struct Guarded;

#[injectable]
struct NotOnSundays;

#[async_trait]
impl Guard for NotOnSundays {
    async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
        match message.payload()?["day"] == "sunday" {
            true => Err(TransportError::new("Forbidden resource")),
            false => Ok(()),
        }
    }
}

/// As an `RpcException` of an object.
#[derive(Default)]
struct BadRequests;

#[async_trait]
impl ExceptionFilter for BadRequests {
    fn catches(&self, error: &TransportError) -> bool {
        error.kind() == ErrorKind::InvalidPayload
    }

    async fn catch(&self, _: TransportError, ctx: &Ctx) -> Result<Answer, TransportError> {
        let error = json!({ "status": 400, "message": "bad request", "to": ctx.pattern() });
        Err(TransportError::new("bad request").with_details(error))
    }
}

/// Tells the caller that it was there.
#[derive(Default)]
struct Wrapped;

#[async_trait]
impl Interceptor for Wrapped {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        let answer = next.run(message).await?;
        Ok(answer.map(|item| Ok([b"{\"data\":", &*item, b"}"].concat().into())))
    }
}

#[micro_routes]
#[use_micro_guards(NotOnSundays)]
#[use_micro_filters(BadRequests)]
impl Guarded {
    #[message_pattern({ "cmd": "where" })]
    #[use_micro_interceptors(Wrapped)]
    async fn whence(&self, ctx: Ctx, _: Value) -> (String, &'static str) {
        (ctx.pattern().to_owned(), ctx.transport)
    }

    #[message_pattern("count")]
    async fn count(&self, numbers: Vec<u8>) -> usize {
        numbers.len()
    }

    #[message_pattern("fail")]
    async fn fail(&self) -> Result<(), std::num::ParseIntError> {
        "what a caller must not get to see".parse::<u8>().map(drop)
    }
}

#[derive(Deserialize, Validate)]
struct NewUser {
    #[garde(length(min = 2))]
    name: String,
    #[garde(range(min = 18))]
    age: u8,
}

#[injectable]
struct Checked;

#[micro_routes]
impl Checked {
    #[message_pattern("sign-up")]
    async fn sign_up(&self, Valid(user): Valid<NewUser>) -> String {
        user.name
    }
}

#[module(microservices = [Guarded, Checked])]
struct GuardedModule;

/// All that is wrong, as a NestJS client gets it.
fn violations() -> Value {
    let name = "length is lower than 2";
    let age = "lower than 18";
    json!({
        "status": "error",
        "message": format!("the payload of `sign-up` is not valid: at `age`: {age}; at `name`: {name}"),
        "details": {
            "code": "INVALID_PAYLOAD",
            "violations": [{ "field": "age", "message": age }, { "field": "name", "message": name }],
        },
    })
}

fn cases() -> Vec<Case> {
    let failed = |message: &str| json!({ "status": "error", "message": message });
    let bad = json!({ "status": 400, "message": "bad request", "to": "count" });
    vec![
        Case::new("context and interceptor").answers(
            json!({ "cmd": "where" }),
            json!({}),
            json!({ "data": [r#"{"cmd":"where"}"#, "tcp"] }),
        ),
        Case::new("guard").fails(
            "count",
            json!({ "day": "sunday" }),
            failed("Forbidden resource"),
        ),
        Case::new("filter")
            .fails("count", json!({ "day": "monday" }), bad)
            .answers("count", json!([1, 2]), 2),
        Case::new("a payload that is not valid")
            .fails("sign-up", json!({ "name": "A", "age": 7 }), violations())
            .answers("sign-up", json!({ "name": "Ada", "age": 36 }), "Ada"),
        Case::new("masked error").fails("fail", json!({}), failed("Internal server error")),
    ]
}

#[tokio::test]
async fn nest_clients_meet_the_pipeline() -> Result<(), Error> {
    let options = TcpMicroserviceOptions::new("127.0.0.1:0");
    let app = NestFactory::create_microservice::<GuardedModule>(options);
    let app = app.start().await.expect("the handlers can be served");
    let port = app.local_addr().expect("TCP is bound").port();
    for version in [Nest::V11, Nest::V12] {
        let options = json!({ "host": "127.0.0.1", "port": port });
        let client = NestClient::start(version, "tcp", &options).await?;
        play(&Direction::new("tcp", version, "nestrs"), &client, &cases()).await?;
        client.stop().await?;
    }
    app.shutdown().await;
    Ok(())
}
