//! What an application puts around all its handlers.

use std::sync::Arc;

use nestrs::microservices::ErrorKind;
use nestrs::prelude::*;
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower::limit::ConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;

use crate::common::{Gate, client, create};

#[injectable]
struct Numbers {
    gate: Arc<Gate>,
}

#[micro_routes]
impl Numbers {
    #[message_pattern("same")]
    async fn same(&self, n: Value) -> Value {
        n
    }

    #[message_pattern("wait")]
    async fn wait(&self) {
        self.gate.pass().await;
    }

    #[message_pattern("parse")]
    async fn parse(&self, text: String) -> Result<u8, std::num::ParseIntError> {
        text.parse()
    }
}

#[module(providers = [Provider::value(Gate::default())], microservices = [Numbers])]
struct NumbersModule;

/// All kinds at once: even numbers only, one more on the way in, halved on the
/// way out; errors of payloads are `-1`.
#[derive(Default)]
struct Arithmetic;

#[async_trait]
impl Guard for Arithmetic {
    async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
        match message.payload()?.as_i64() {
            Some(n) if n % 2 != 0 => Err(TransportError::new("odd")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Pipe for Arithmetic {
    async fn transform(&self, payload: Value, _: &Incoming) -> Result<Value, TransportError> {
        match payload.as_i64() {
            Some(n) => Ok(json!(n + 2)),
            None => Err(TransportError::new("no number")),
        }
    }
}

#[async_trait]
impl Interceptor for Arithmetic {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        let answer = next.run(message).await?;
        Ok(answer.map(|item| {
            let n: i64 = serde_json::from_slice(&item).unwrap();
            Ok((n / 2).to_string().into())
        }))
    }
}

#[async_trait]
impl ExceptionFilter for Arithmetic {
    async fn catch(&self, error: TransportError, ctx: &Ctx) -> Result<Answer, TransportError> {
        Err(TransportError::new(format!("{}: {error}", ctx.pattern())))
    }
}

#[tokio::test]
async fn enhancers_of_the_application_are_around_every_handler() {
    let app = create::<NumbersModule>()
        .use_global_guard(Arithmetic)
        .use_global_pipe(Arithmetic)
        .use_global_interceptor(Arithmetic)
        .use_global_filter(Arithmetic);
    let app = app.start().await.unwrap();
    let client = client(&app);
    let same = async |n: Value| client.send::<_, i64>("same", &n).await;
    assert_eq!(same(json!(20)).await, Ok(11));
    let refused = same(json!(7)).await.unwrap_err();
    assert_eq!(refused.message, "same: odd");
    let wrong = same(json!("x")).await.unwrap_err();
    assert_eq!(wrong.message, "same: no number");
    app.shutdown().await;
}

#[tokio::test]
async fn errors_are_exposed_where_the_application_says_so() {
    for (expose, message) in [
        (false, "Internal server error"),
        (true, "invalid digit found in string"),
    ] {
        let app = create::<NumbersModule>().expose_errors(expose);
        let app = app.start().await.unwrap();
        let error = client(&app).send::<_, u8>("parse", &"x").await;
        assert_eq!(error.unwrap_err().message, message);
        app.shutdown().await;
    }
}

#[tokio::test]
async fn a_layer_is_around_the_whole_server() {
    let shed = ServiceBuilder::new()
        .layer(LoadShedLayer::new())
        .layer(ConcurrencyLimitLayer::new(1));
    let app = create::<NumbersModule>().layer(shed).start().await.unwrap();
    let (client, gate) = (client(&app), app.get::<Gate>().unwrap());
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.send::<_, ()>("wait", &()).await }
    });
    gate.until_arrived(1).await;
    let refused = client.send::<_, u8>("same", &1).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    gate.open();
    first.await.unwrap().unwrap();
    app.shutdown().await;
}
