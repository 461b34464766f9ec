//! Interceptors, guards, pipes, the handler: in this order, for requests and
//! for events.

use nestrs::prelude::*;
use serde_json::{Value, json};

use crate::common::{Journal, client, drain, start, written};

/// An interceptor, a guard and a pipe, each called `N`.
#[derive(Default)]
struct Step<const N: char>;

#[async_trait]
impl<const N: char> MicroIncomingInterceptor for Step<N> {
    async fn before_handle_micro(&self, pattern: &str, payload: &Value) {
        Journal::write(format!("interceptor {N}: {pattern} {payload}"));
    }
}

#[async_trait]
impl<const N: char> MicroCanActivate for Step<N> {
    async fn can_activate_micro(
        &self,
        pattern: &str,
        payload: &Value,
    ) -> Result<(), TransportError> {
        Journal::write(format!("guard {N}: {pattern} {payload}"));
        match payload["refused by"] == N.to_string() {
            true => Err(TransportError::new(format!("{N} says no"))),
            false => Ok(()),
        }
    }
}

#[async_trait]
impl<const N: char> MicroPipeTransform for Step<N> {
    async fn transform_micro(
        &self,
        pattern: &str,
        payload: Value,
    ) -> Result<Value, TransportError> {
        Journal::write(format!("pipe {N}: {pattern} {payload}"));
        let piped = payload["piped"].as_str().unwrap_or_default();
        Ok(json!({ "piped": format!("{piped}{N}") }))
    }
}

#[injectable]
struct Steps;

#[micro_routes]
impl Steps {
    // Written in no order at all: the kind decides.
    #[use_micro_pipes(Step<'e'>, Step<'f'>)]
    #[use_micro_guards(Step<'c'>)]
    #[message_pattern("do")]
    #[event_pattern("done")]
    #[use_micro_guards(Step<'d'>)]
    #[use_micro_interceptors(Step<'a'>, Step<'b'>)]
    async fn run(&self, payload: Value) -> Value {
        Journal::write(format!("handler: {payload}"));
        payload
    }

    #[message_pattern("strict")]
    #[use_micro_pipes(TimesTen)]
    async fn strict(&self, number: u8) -> u8 {
        Journal::write(format!("strict {number}"));
        number
    }
}

#[derive(Default)]
struct TimesTen;

#[async_trait]
impl MicroPipeTransform for TimesTen {
    async fn transform_micro(&self, _: &str, payload: Value) -> Result<Value, TransportError> {
        let number = payload.as_i64();
        let number = number.ok_or_else(|| TransportError::new("no number"))?;
        Ok(json!(10 * number))
    }
}

#[module(microservices = [Steps])]
struct AppModule;

fn expected(pattern: &str) -> Vec<String> {
    [
        "interceptor a: PATTERN {}",
        "interceptor b: PATTERN {}",
        "guard c: PATTERN {}",
        "guard d: PATTERN {}",
        "pipe e: PATTERN {}",
        r#"pipe f: PATTERN {"piped":"e"}"#,
        r#"handler: {"piped":"ef"}"#,
    ]
    .map(|line| line.replace("PATTERN", pattern))
    .to_vec()
}

#[tokio::test]
async fn requests_pass_everything_in_order() {
    let app = start::<AppModule>().await;
    let reply = client(&app).send("do", &json!({})).await;
    assert_eq!(reply, Ok(json!({ "piped": "ef" })));
    assert_eq!(written(), expected("do"));
}

#[tokio::test]
async fn events_pass_everything_in_order() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    client.emit("done", &json!({})).await.unwrap();
    drain(app, &client).await;
    assert_eq!(written(), expected("done"));
}

#[tokio::test]
async fn a_guard_that_refuses_stops_all_that_follows() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    let refused = json!({ "refused by": "c" });
    let error = client.send::<_, Value>("do", &refused).await.unwrap_err();
    assert_eq!(error, TransportError::new("c says no"));
    let steps = |pattern: &str| {
        ["interceptor a", "interceptor b", "guard c"]
            .map(|step| format!("{step}: {pattern} {refused}"))
    };
    assert_eq!(written(), steps("do"));

    client.emit("done", &refused).await.unwrap();
    drain(app, &client).await;
    assert_eq!(written(), steps("done"));
}

#[tokio::test]
async fn a_pipe_that_refuses_stops_the_handler() {
    let app = start::<AppModule>().await;
    let error = client(&app).send::<_, Value>("strict", &"x").await;
    assert_eq!(error, Err(TransportError::new("no number")));
    assert_eq!(written(), Vec::<String>::new());
    assert_eq!(client(&app).send("strict", &2).await, Ok(20));
    assert_eq!(written(), ["strict 20"]);
}
