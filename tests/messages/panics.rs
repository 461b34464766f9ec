//! A panic is the end of one message, not of the connection it came by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{Stream, StreamExt, stream};
use nestrs::prelude::*;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::common::{Socket, client, start};

#[injectable]
struct Fragile {
    gate: Arc<Semaphore>,
}

#[micro_routes]
impl Fragile {
    #[message_pattern("panic")]
    #[event_pattern("panic.event")]
    async fn panic(&self) {
        panic!("as told");
    }

    #[message_pattern("nth")]
    async fn nth(&self, n: usize) -> u8 {
        [1, 2, 3][n]
    }

    #[message_pattern("items")]
    async fn items(&self, good: u8) -> impl Stream<Item = u8> + use<> {
        stream::iter(0..=good).map(move |n| if n < good { n } else { panic!("too many") })
    }

    #[message_pattern("guard")]
    #[use_micro_guards(Bomb)]
    async fn guard(&self) {}

    #[message_pattern("pipe")]
    #[use_micro_pipes(Bomb)]
    async fn pipe(&self) {}

    #[message_pattern("interceptor")]
    #[use_micro_interceptors(Bomb)]
    async fn interceptor(&self) {}

    #[message_pattern("gate")]
    async fn gate(&self) -> &'static str {
        self.gate.acquire().await.unwrap().forget();
        "open"
    }
}

#[derive(Default)]
struct Bomb;

#[async_trait]
impl MicroCanActivate for Bomb {
    async fn can_activate_micro(&self, _: &str, _: &Value) -> Result<(), TransportError> {
        panic!("in a guard");
    }
}

#[async_trait]
impl MicroPipeTransform for Bomb {
    async fn transform_micro(&self, _: &str, _: Value) -> Result<Value, TransportError> {
        panic!("in a pipe");
    }
}

#[async_trait]
impl MicroIncomingInterceptor for Bomb {
    async fn before_handle_micro(&self, _: &str, _: &Value) {
        panic!("in an interceptor");
    }
}

#[module(providers = [Provider::value(Semaphore::new(0))], microservices = [Fragile])]
struct AppModule;

/// What NestJS replies when a handler throws something unexpected.
fn internal_server_error() -> Value {
    json!({
        "err": { "status": "error", "message": "Internal server error" },
        "isDisposed": true,
        "id": "a",
    })
}

#[tokio::test]
async fn a_panic_is_answered_at_once_and_the_connection_lives_on() {
    let app = start::<AppModule>().await;
    let mut socket = Socket::connect(app.local_addr().unwrap()).await;
    let mut fastest = Duration::MAX;
    for _ in 0..5 {
        let asked = Instant::now();
        let reply = socket.ask(json!("panic"), json!({})).await;
        fastest = fastest.min(asked.elapsed());
        assert_eq!(reply, internal_server_error());
    }
    // The machine may be busy once, and not five times.
    assert!(fastest < Duration::from_millis(10), "{fastest:?}");
    let reply = socket.ask(json!("nth"), json!(0)).await;
    assert_eq!(reply["response"], 1);
}

#[tokio::test]
async fn a_panic_anywhere_on_the_way_is_answered() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    for pattern in ["interceptor", "guard", "pipe", "panic"] {
        let error = client.send::<_, ()>(pattern, &1).await.unwrap_err();
        assert_eq!(error, TransportError::new("Internal server error"));
    }
    let error = client.send::<_, u8>("nth", &3).await.unwrap_err();
    assert_eq!(error, TransportError::new("Internal server error"));
    assert_eq!(client.send("nth", &2).await, Ok(3));
}

#[tokio::test]
async fn a_stream_that_panics_ends_with_an_error() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    let items = client.send_stream::<_, u8>("items", &2).await.unwrap();
    let items: Vec<_> = items.collect().await;
    let error = TransportError::new("Internal server error");
    assert_eq!(items, [Ok(0), Ok(1), Err(error)]);
    assert_eq!(client.send("nth", &0).await, Ok(1));
}

#[tokio::test]
async fn a_panic_leaves_what_else_is_in_hand_alone() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    let calls = async {
        for _ in 0..2 {
            client.send::<_, ()>("panic", &()).await.unwrap_err();
            client.emit("panic.event", &()).await.unwrap();
        }
        app.get::<Semaphore>().unwrap().add_permits(1);
    };
    let (answer, ()) = tokio::join!(client.send::<_, String>("gate", &()), calls);
    assert_eq!(answer.as_deref(), Ok("open"));
}
