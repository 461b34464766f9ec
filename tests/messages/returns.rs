//! What handlers return is what their callers get.

use futures_util::{Stream, StreamExt, stream};
use nestrs::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::common::{Socket, client, start};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sum {
    result: f64,
}

/// An error of the user's own.
enum Trouble {
    OutOfStock { left: u32 },
}

impl From<Trouble> for TransportError {
    fn from(Trouble::OutOfStock { left }: Trouble) -> Self {
        Self::new("out of stock").with_details(json!({ "left": left }))
    }
}

/// As many crates have one.
type Result<T, E = Trouble> = std::result::Result<T, E>;

#[injectable]
struct Answers;

#[micro_routes]
impl Answers {
    #[message_pattern("unit")]
    async fn unit(&self) {}

    #[message_pattern("struct")]
    async fn structure(&self) -> Sum {
        Sum { result: 3.5 }
    }

    #[message_pattern("option")]
    async fn option(&self, n: i8) -> Option<i8> {
        (n > 0).then_some(n)
    }

    #[message_pattern("vec")]
    async fn vec(&self) -> Vec<&'static str> {
        vec!["a", "b"]
    }

    #[message_pattern("result")]
    async fn result(&self, good: bool) -> Result<Sum, TransportError> {
        good.then_some(Sum { result: 1.0 })
            .ok_or_else(|| TransportError::new("bad").with_details(json!({ "code": 42 })))
    }

    #[message_pattern("result.unit")]
    async fn result_unit(&self, good: bool) -> Result<()> {
        good.then_some(()).ok_or(Trouble::OutOfStock { left: 0 })
    }

    #[message_pattern("alias")]
    async fn alias(&self, left: u32) -> Result<u32> {
        match left {
            0..10 => Err(Trouble::OutOfStock { left }),
            enough => Ok(enough),
        }
    }

    #[message_pattern("items")]
    async fn items(&self, n: u8) -> impl Stream<Item = u8> + use<> {
        stream::iter(0..n)
    }

    #[message_pattern("items.fallible")]
    async fn fallible(&self, left: u32) -> Result<impl Stream<Item = Result<u32>> + use<>> {
        let items = move |n| match n < left {
            true => Ok(n),
            false => Err(Trouble::OutOfStock { left }),
        };
        Ok(stream::iter(0..5).map(items))
    }
}

#[module(microservices = [Answers])]
struct AppModule;

#[tokio::test]
async fn values_come_as_they_are() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    assert_eq!(client.send("unit", &()).await, Ok(()));
    assert_eq!(client.send("struct", &()).await, Ok(Sum { result: 3.5 }));
    assert_eq!(client.send("option", &1).await, Ok(Some(1)));
    assert_eq!(client.send("option", &0).await, Ok(None::<i8>));
    assert_eq!(client.send("vec", &()).await, Ok(json!(["a", "b"])));
    assert_eq!(client.send("result", &true).await, Ok(Sum { result: 1.0 }));
    assert_eq!(client.send("result.unit", &true).await, Ok(()));
    assert_eq!(client.send("alias", &12).await, Ok(12));
}

#[tokio::test]
async fn errors_come_with_their_details() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    let error = |message: &str, details| Err(TransportError::new(message).with_details(details));
    let bad = client.send::<_, Value>("result", &false).await;
    assert_eq!(bad, error("bad", json!({ "code": 42 })));
    let out = client.send::<_, Value>("alias", &3).await;
    assert_eq!(out, error("out of stock", json!({ "left": 3 })));
    let out = client.send::<_, Value>("result.unit", &false).await;
    assert_eq!(out, error("out of stock", json!({ "left": 0 })));
}

#[tokio::test]
async fn streams_come_item_by_item() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    let all = async |pattern: &str, n: u32| {
        let items = client.send_stream::<_, u32>(pattern, &n).await.unwrap();
        let shown = items.map(|item| item.map_err(|error| error.message));
        shown.collect::<Vec<_>>().await
    };
    assert_eq!(all("items", 3).await, [Ok(0), Ok(1), Ok(2)]);
    assert_eq!(all("items", 0).await, []);
    let out = || Err("out of stock".to_owned());
    assert_eq!(all("items.fallible", 2).await, [Ok(0), Ok(1), out()]);
}

#[tokio::test]
async fn a_handler_that_returns_nothing_replies_without_a_value() {
    let app = start::<AppModule>().await;
    let mut socket = Socket::connect(app.local_addr().unwrap()).await;
    let unit = socket.ask(json!("unit"), json!(null)).await;
    assert_eq!(unit, json!({ "isDisposed": true, "id": "a" }));
    let none = socket.ask(json!("option"), json!(0)).await;
    assert_eq!(
        none,
        json!({ "response": null, "isDisposed": true, "id": "a" })
    );
}
