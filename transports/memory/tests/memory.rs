//! Client and server in one process keep the promises every transport makes.
#![allow(clippy::expect_used, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::route_table::pattern_text;
use nestrs_core::{
    Answer, ClientStatus, Dispatch, ErrorKind, Message, Outgoing, Shutdown, StartError, Transport,
    TransportError, TransportServer,
};
use nestrs_transport_memory::{
    MemoryHub, MemoryMicroserviceOptions, MemoryTransport, MemoryTransportOptions,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

#[derive(Clone)]
struct Handlers {
    gate: Arc<Semaphore>,
    started: Arc<AtomicUsize>,
    /// A permit for each handler that is over, however it ended.
    over: Arc<Semaphore>,
}

struct Running(Arc<Semaphore>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Dispatch for Handlers {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let (this, running) = (self.clone(), Running(self.over.clone()));
        Box::pin(async move {
            this.started.fetch_add(1, Ordering::SeqCst);
            let pattern = pattern_text(&message.pattern).unwrap_or_default();
            match &*pattern {
                "echo" => Answer::One(Ok(Some(message.payload))),
                "nothing" => Answer::One(Ok(None)),
                "fail" => Answer::One(Err(TransportError::new("boom"))),
                "context" => {
                    let context = json!({
                        "transport": message.context.transport,
                        "hasId": message.context.id.is_some(),
                        "headers": message.context.headers,
                        "left": message.context.time_left().unwrap().as_secs(),
                    });
                    Answer::One(Ok(Some(context.to_string().into())))
                }
                "count" => Answer::Many(stream::iter(1..=3).map(|n| Ok(text(n))).boxed()),
                "endless" => {
                    let items = stream::once(async { Ok(text(1)) }).chain(stream::pending());
                    let held = items.map(move |item| (item, &running).0);
                    // The stream owns `running` for as long as it runs.
                    Answer::Many(held.boxed())
                }
                "gated" => {
                    this.gate.acquire().await.unwrap().forget();
                    Answer::One(Ok(Some(message.payload)))
                }
                _ => Answer::NoHandler,
            }
        })
    }

    fn routes(&self) -> Vec<String> {
        Vec::new()
    }
}

fn text(n: u8) -> Bytes {
    n.to_string().into()
}

struct Server {
    hub: MemoryHub,
    handlers: Handlers,
    shutdown: Shutdown,
    done: JoinHandle<()>,
}

impl Server {
    async fn start() -> Self {
        Self::at(MemoryMicroserviceOptions::new(&MemoryHub::new())).await
    }

    async fn at(options: MemoryMicroserviceOptions) -> Self {
        let handlers = Handlers {
            gate: Arc::new(Semaphore::new(0)),
            started: Arc::default(),
            over: Arc::new(Semaphore::new(0)),
        };
        let (hub, shutdown) = (options.hub.clone(), Shutdown::new());
        let dispatch = Arc::new(handlers.clone());
        let running = Box::new(options).start(dispatch, shutdown.clone()).await;
        Self {
            hub,
            handlers,
            shutdown,
            done: tokio::spawn(running.unwrap().done),
        }
    }

    fn client(&self) -> MemoryTransport {
        MemoryTransport::new(MemoryTransportOptions::new(&self.hub))
    }

    async fn until_started(&self, count: usize) {
        while self.handlers.started.load(Ordering::SeqCst) < count {
            tokio::task::yield_now().await;
        }
    }

    async fn until_one_is_over(&self) {
        let over = tokio::time::timeout(Duration::from_secs(5), self.handlers.over.acquire());
        over.await.expect("a handler ends").unwrap().forget();
    }
}

#[tokio::test]
async fn the_context_arrives() {
    let message = Outgoing::new("context", "null")
        .timeout(Duration::from_secs(60))
        .header("tenant", "acme");
    let seen = Server::start().await.client().send(message).await.unwrap();
    let seen: Value = serde_json::from_slice(&seen.unwrap()).unwrap();
    let headers = json!({ "tenant": "acme" });
    assert_eq!(
        seen,
        json!({ "transport": "memory", "hasId": true, "headers": headers, "left": 59 })
    );
}

#[tokio::test]
async fn a_call_that_is_dropped_stops_its_handler() {
    let server = Server::start().await;
    let client = server.client();
    let call = tokio::spawn(async move { client.send_json("gated", json!(1)).await });
    server.until_started(1).await;
    call.abort();
    server.until_one_is_over().await;

    let client = server.client();
    let mut replies = client
        .send_stream(Outgoing::new("endless", "1"))
        .await
        .unwrap();
    replies.next().await.unwrap().unwrap();
    assert_eq!(server.handlers.over.available_permits(), 0);
    drop(replies);
    server.until_one_is_over().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_as_long_as_it_is_told() {
    let server = Server::start().await;
    let message = Outgoing::new("gated", "1").timeout(Duration::from_millis(30));
    let error = server.client().send(message).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(
        error.message,
        "no reply to \"gated\" from memory within 30ms"
    );
    server.until_one_is_over().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_a_server_but_not_for_ever() {
    let hub = MemoryHub::new();
    let client = MemoryTransport::new(MemoryTransportOptions::new(&hub));
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    let call = tokio::spawn(async move { client.send_json("echo", json!(1)).await });
    tokio::task::yield_now().await;
    let server = Server::at(MemoryMicroserviceOptions::new(&hub)).await;
    assert_eq!(call.await.unwrap(), Ok(json!(1)));

    let second = Box::new(MemoryMicroserviceOptions::new(&hub));
    let dispatch = Arc::new(server.handlers.clone());
    let error = second.start(dispatch, Shutdown::new()).await.unwrap_err();
    assert!(matches!(error, StartError::Options { .. }));
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_hand_and_an_abort_does_not() {
    let server = Server::start().await;
    let client = server.client();
    let mut status = client.status();
    assert_eq!(status.next().await, Some(ClientStatus::Connected));
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(1)).await }
    });
    server.until_started(1).await;
    server.shutdown.stop();
    assert_eq!(status.next().await, Some(ClientStatus::Disconnected));
    assert!(!server.done.is_finished());
    server.handlers.gate.add_permits(1);
    server.done.await.unwrap();
    assert_eq!(call.await.unwrap(), Ok(json!(1)));

    let server = Server::at(MemoryMicroserviceOptions::new(&server.hub)).await;
    let call = tokio::spawn(async move { client.send_json("gated", json!(1)).await });
    server.until_started(1).await;
    server.shutdown.abort();
    server.done.await.unwrap();
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
}

#[tokio::test]
async fn a_closed_client_ends_its_calls_and_goes_on_when_used() {
    let server = Server::start().await;
    let client = server.client();
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.send_json("gated", json!(1)).await }
    });
    server.until_started(1).await;
    client.close().await;
    let error = call.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed);
    assert_eq!(client.send_json("echo", json!(2)).await, Ok(json!(2)));
}
