//! Handlers as users write them, through the macros. Nothing here may warn:
//! unused payloads are no mistake.
#![deny(warnings)]
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use common::served::serve_instance;
use futures_util::{Stream, StreamExt, stream};
use nestrs_core::Pattern;
use nestrs_core::dispatch::BoxStream;
use nestrs_microservices::{
    EventRoutes, MicroCanActivate, MicroIncomingInterceptor, MicroPipeTransform, MicroRoutes,
    TransportError, async_trait, event_routes, micro_routes,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

type Reply<T> = Result<T, OutOfStock>;

struct OutOfStock;

impl From<OutOfStock> for TransportError {
    fn from(_: OutOfStock) -> Self {
        Self::new("out of stock")
    }
}

#[derive(Serialize, Deserialize)]
struct Order {
    id: u32,
}

struct Orders {
    name: &'static str,
}

#[micro_routes]
impl Orders {
    #[message_pattern("unit")]
    async fn unit(&self) {}

    #[message_pattern("unused")]
    async fn unused(&self, payload: Value) {}

    #[message_pattern("typed")]
    async fn typed(&self, order: Order) -> Order {
        Order { id: order.id + 1 }
    }

    #[message_pattern("destructured")]
    async fn destructured(&self, Order { id }: Order) -> u32 {
        id
    }

    #[message_pattern("borrowed")]
    async fn borrowed(&self) -> &str {
        self.name
    }

    #[message_pattern("alias")]
    async fn alias(&self, in_stock: bool) -> Reply<&'static str> {
        if in_stock {
            Ok("yours")
        } else {
            Err(OutOfStock)
        }
    }

    #[message_pattern("alias.unit")]
    async fn alias_unit(&self) -> Reply<()> {
        Ok(())
    }

    #[message_pattern("stream")]
    async fn stream(&self, to: u8) -> impl Stream<Item = u8> + use<> {
        stream::iter(0..to)
    }

    #[message_pattern("stream.fallible")]
    async fn stream_fallible(
        &self,
    ) -> Result<BoxStream<'static, Result<Order, OutOfStock>>, TransportError> {
        Ok(stream::iter([Ok(Order { id: 1 }), Err(OutOfStock)]).boxed())
    }

    #[message_pattern({ "cmd": "sum", "v": 1 }, [2, { "a": ["b", null, -1.5] }])]
    #[nestrs_microservices::message_pattern("sum")]
    async fn sum(&self, mut numbers: Vec<i64>) -> i64 {
        numbers.push(0);
        numbers.into_iter().sum()
    }

    #[cfg(any())]
    #[message_pattern("not.compiled")]
    async fn not_compiled(&self, payload: NoSuchType) {}

    #[cfg(test)]
    #[message_pattern("compiled")]
    async fn compiled(&self) {}

    #[message_pattern("both")]
    #[event_pattern("both.event")]
    async fn both(&self) -> bool {
        self.plain()
    }

    /// No handler.
    fn plain(&self) -> bool {
        true
    }
}

#[derive(Default)]
struct Shout;

#[async_trait]
impl MicroPipeTransform for Shout {
    async fn transform_micro(&self, _: &str, payload: Value) -> Result<Value, TransportError> {
        Ok(format!("{}!", payload.as_str().unwrap_or_default()).into())
    }
}

#[async_trait]
impl MicroCanActivate for Shout {
    async fn can_activate_micro(&self, _: &str, payload: &Value) -> Result<(), TransportError> {
        match payload.as_str() {
            Some("") => Err(TransportError::new("nothing to shout")),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl MicroIncomingInterceptor for Shout {
    async fn before_handle_micro(&self, _: &str, _: &Value) {}
}

/// A generic service, with enhancers.
struct Echo<T>(std::marker::PhantomData<T>);

#[micro_routes]
impl<T> Echo<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    #[message_pattern("echo")]
    #[use_micro_pipes(Shout, Shout)]
    #[use_micro_guards(Shout)]
    #[use_micro_interceptors(Shout)]
    async fn echo(&self, payload: T) -> T {
        payload
    }
}

async fn reply(service: impl MicroRoutes, pattern: Value, payload: Value) -> String {
    let app = serve_instance(service).await;
    app.replies(&Pattern::from(pattern), payload).await
}

#[tokio::test]
async fn handlers_take_and_return_what_their_signature_says() {
    for (pattern, payload, expected) in [
        (json!("unit"), json!({ "any": 1 }), "-"),
        (json!("unused"), json!(1), "-"),
        (json!("typed"), json!({ "id": 1 }), r#"{"id":2}"#),
        (json!("destructured"), json!({ "id": 1 }), "1"),
        (json!("borrowed"), json!(null), "\"orders\""),
        (json!("alias"), json!(true), "\"yours\""),
        (json!("alias"), json!(false), "!out of stock"),
        (json!("alias.unit"), json!(null), "-"),
        (json!("stream"), json!(3), "0 1 2"),
        (
            json!("stream.fallible"),
            json!(null),
            r#"{"id":1} !out of stock"#,
        ),
        (json!({ "v": 1, "cmd": "sum" }), json!([1, 2]), "3"),
        (json!(2), json!([1, 2]), "3"),
        (json!({ "a": ["b", null, -1.5] }), json!([1, 2]), "3"),
        (json!("sum"), json!([1, 2]), "3"),
        (json!("compiled"), json!(null), "-"),
        (json!("both"), json!(null), "true"),
        (json!("both.event"), json!(null), "true"),
    ] {
        let orders = Orders { name: "orders" };
        assert_eq!(
            reply(orders, pattern.clone(), payload).await,
            expected,
            "{pattern}"
        );
    }
}

#[tokio::test]
async fn generic_services_and_enhancers_work_together() {
    let echo = || Echo::<String>(std::marker::PhantomData);
    let shouted = reply(echo(), json!("echo"), json!("hey")).await;
    assert_eq!(shouted, "\"hey!!\"");
    let refused = reply(echo(), json!("echo"), json!("")).await;
    assert_eq!(refused, "!nothing to shout");
}

#[test]
fn what_is_not_compiled_is_no_handler() {
    let methods: Vec<_> = Orders::HANDLERS.iter().map(|h| h.method).collect();
    assert!(methods.contains(&"compiled"), "{methods:?}");
    assert!(!methods.contains(&"not_compiled"), "{methods:?}");
}

struct Audit;

const AT: u32 = line!();

#[event_routes]
impl Audit {
    #[on_event("user.created", "user.deleted")]
    #[on_event("user.renamed")]
    async fn changed(&self, payload: Value) {}
}

#[test]
fn a_listener_is_where_its_method_is() {
    let [listener] = Audit::LISTENERS else {
        panic!("{:?}", Audit::LISTENERS);
    };
    assert_eq!(
        listener.events,
        ["user.created", "user.deleted", "user.renamed"]
    );
    assert_eq!((listener.at.file(), listener.at.line()), (file!(), AT + 6));
}
