//! A shutdown finishes what is in hand and begins nothing.

use std::sync::Arc;

use futures_util::future::join_all;
use futures_util::{Stream, StreamExt, stream};
use nestrs::prelude::*;
use serde_json::json;

use crate::common::{Gate, Journal, Socket, client, start, until_refusing, written};

#[injectable]
struct Slow {
    gate: Arc<Gate>,
}

#[micro_routes]
impl Slow {
    #[message_pattern("wait")]
    async fn wait(&self, n: u32) -> u32 {
        self.gate.pass().await;
        n
    }

    #[message_pattern("items")]
    async fn items(&self) -> impl Stream<Item = u32> + use<> {
        let gate = Arc::clone(&self.gate);
        stream::iter(0..3).then(move |n| {
            let gate = Arc::clone(&gate);
            async move {
                if n == 1 {
                    gate.pass().await;
                }
                n
            }
        })
    }

    #[event_pattern("happened")]
    async fn happened(&self) {
        self.gate.pass().await;
        Journal::write("done");
    }
}

#[module(providers = [Provider::value(Gate::default())], microservices = [Slow])]
struct AppModule;

#[tokio::test]
async fn all_that_is_in_hand_is_answered_and_nothing_is_begun() {
    const IN_HAND: u32 = 200;
    let app = start::<AppModule>().await;
    let (addr, gate) = (app.local_addr().unwrap(), app.get::<Gate>().unwrap());
    let client = client(&app);
    let mut late = Socket::connect(addr).await;
    late.ask(json!("no such pattern"), json!(0)).await;

    let calls = join_all((0..IN_HAND).map(|n| {
        let client = &client;
        async move { client.send::<_, u32>("wait", &n).await }
    }));
    let rest = async {
        gate.until_arrived(IN_HAND).await;
        // In this order: the first thing a shutdown does is to stop.
        tokio::join!(biased; app.shutdown(), async {
            let request = json!({ "pattern": "wait", "data": 7, "id": "late" });
            late.send(request).await;
            assert_eq!(late.receive().await, None, "not even read");
            until_refusing(addr).await;
            gate.open();
        });
    };
    let (answers, ()) = tokio::join!(calls, rest);
    let expected: Vec<_> = (0..IN_HAND).map(Ok).collect();
    assert_eq!(answers, expected);
    assert_eq!(gate.unexpected(), 0, "begun after the stop");
}

#[tokio::test]
async fn streams_go_on_to_their_end() {
    let app = start::<AppModule>().await;
    let gate = app.get::<Gate>().unwrap();
    let items = client(&app).send_stream::<_, u32>("items", &()).await;
    let end = async {
        gate.until_arrived(1).await;
        let addr = app.local_addr().unwrap();
        tokio::join!(biased; app.shutdown(), async {
            until_refusing(addr).await;
            gate.open();
        });
    };
    let (items, ()) = tokio::join!(items.unwrap().collect::<Vec<_>>(), end);
    assert_eq!(items, [Ok(0), Ok(1), Ok(2)]);
}

#[tokio::test]
async fn events_are_finished_too() {
    let app = start::<AppModule>().await;
    let (client, gate) = (client(&app), app.get::<Gate>().unwrap());
    client.emit("happened", &()).await.unwrap();
    gate.until_arrived(1).await;
    assert_eq!(written(), Vec::<String>::new());
    let addr = app.local_addr().unwrap();
    tokio::join!(biased; app.shutdown(), async {
        until_refusing(addr).await;
        gate.open();
    });
    assert_eq!(written(), ["done"]);
}
