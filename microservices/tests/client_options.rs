//! What one call, or one client, can ask for beside its payload, seen from the
//! other end of an in-memory transport.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{
    Answer, ClientStatus, Dispatch, ErrorKind, Message, Outgoing, Shutdown, TransportServer,
};
use nestrs_di::{Container, Graph, Module, Provider, module};
use nestrs_microservices::{
    ClientConfig, ClientInterceptor, ClientProxy, ClientsModule, ClientsService, Transport,
    TransportError, async_trait,
};
use nestrs_transport_memory::{
    MemoryHub, MemoryMicroserviceOptions, MemoryTransport, MemoryTransportOptions,
};
use serde_json::{Value, json};

/// Answers with what it sees of a message, twice; `never` is not answered.
struct Mirror;

impl Dispatch for Mirror {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        if message.pattern == r#""never""# {
            return Box::pin(std::future::pending());
        }
        let seen = json!({
            "headers": message.context.headers,
            "limited": message.context.time_left().is_some_and(|left| left < Duration::from_secs(1)),
        });
        let seen = Bytes::from(seen.to_string());
        let twice = futures_util::stream::iter([Ok(seen.clone()), Ok(seen)]);
        Box::pin(async { Answer::Many(twice.boxed()) })
    }
    fn routes(&self) -> Vec<String> {
        Vec::new()
    }
}

async fn mirror() -> MemoryTransportOptions {
    let hub = MemoryHub::new();
    let server = Box::new(MemoryMicroserviceOptions::new(&hub));
    server
        .start(Arc::new(Mirror), Shutdown::new())
        .await
        .unwrap();
    MemoryTransportOptions::new(&hub)
}

async fn client() -> ClientProxy {
    ClientProxy::new(Arc::new(MemoryTransport::new(mirror().await)))
}

/// Notes the priorities of what it sends.
#[derive(Default)]
struct Priorities(std::sync::Mutex<Vec<Option<u8>>>);

/// A record of this transport's own.
struct Priority(u8);

#[async_trait]
impl Transport for Priorities {
    async fn send_json(&self, _: &str, payload: Value) -> Result<Value, TransportError> {
        Ok(payload)
    }
    async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> {
        Ok(())
    }
    async fn emit(&self, message: Outgoing<'_>) -> Result<(), TransportError> {
        let priority = message.record_as::<Priority>();
        let priority = priority.map(|Priority(priority)| *priority);
        self.0.lock().unwrap().push(priority);
        Ok(())
    }
}

#[tokio::test]
async fn a_record_reaches_the_transport_that_knows_it() {
    let transport = Arc::new(Priorities::default());
    let client = ClientProxy::new(transport.clone());
    client.emit("a", &1).await.unwrap();
    let urgent = client.message("a", &1).record(Priority(9));
    urgent.emit().await.unwrap();
    client
        .message("a", &1)
        .record("another's")
        .emit()
        .await
        .unwrap();
    assert_eq!(*transport.0.lock().unwrap(), [None, Some(9), None]);
}

/// Adds its name to a header, and counts what it sent.
#[derive(Clone)]
struct Signs(&'static str, Arc<AtomicUsize>);

#[async_trait]
impl ClientInterceptor for Signs {
    async fn prepare(&self, message: &mut Outgoing<'_>) -> Result<(), TransportError> {
        if message.pattern == "forbidden" {
            return Err(TransportError::new("not from here"));
        }
        self.1.fetch_add(1, Ordering::SeqCst);
        let before = message.headers.get("signed").unwrap_or_default();
        let signed = format!("{before}{}", self.0);
        message.headers.insert("signed", signed);
        Ok(())
    }
}

/// Tries a request again that timed out.
struct Retries;

#[async_trait]
impl ClientInterceptor for Retries {
    async fn send(
        &self,
        message: Outgoing<'_>,
        next: &dyn Transport,
    ) -> Result<Option<Bytes>, TransportError> {
        match next.send(message.clone()).await {
            Err(error) if error.kind() == ErrorKind::Timeout => next.send(message).await,
            reply => reply,
        }
    }
}

#[tokio::test]
async fn a_message_has_options_of_its_own() {
    let client = client().await;
    let message = client
        .message("p", &1)
        .timeout(Duration::from_millis(500))
        .header("a", "1")
        .headers([("b", "2"), ("a", "3")]);
    let seen: Value = message.send().await.unwrap();
    let headers = json!({ "a": "3", "b": "2" });
    assert_eq!(seen, json!({ "headers": headers, "limited": true }));
    let seen: Value = client.send("p", &1).await.unwrap();
    assert_eq!(seen, json!({ "headers": {}, "limited": false }));

    let message = client.message("p", &1).header("a", "1");
    let seen = message.send_stream::<Value>().await.unwrap();
    let seen: Vec<_> = seen
        .map(|item| item.unwrap()["headers"].clone())
        .collect()
        .await;
    assert_eq!(seen, [json!({ "a": "1" }), json!({ "a": "1" })]);
    client
        .message("e", &1)
        .header("a", "1")
        .emit()
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_calls_own_timeout_is_what_counts() {
    let config = ClientConfig::memory("m", mirror().await).timeout(Duration::from_secs(2));
    let client = ClientProxy::new(config.transport);
    let error = client.send::<_, Value>("never", &1).await.unwrap_err();
    assert!(error.message.ends_with("within 2s"), "{error}");
    let message = client
        .message("never", &1)
        .timeout(Duration::from_millis(30));
    let error = message.send::<Value>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message.ends_with("within 30ms"), "{error}");
}

#[tokio::test]
async fn interceptors_nest_around_every_kind_of_message() {
    let sent = Arc::new(AtomicUsize::new(0));
    let signs = |name| Signs(name, sent.clone());
    let client = client().await;
    let client = client
        .with_interceptor(signs("inner"))
        .with_interceptor(signs("outer "));
    let seen: Value = client.send("p", &1).await.unwrap();
    assert_eq!(seen["headers"], json!({ "signed": "outer inner" }));
    client.emit("p", &1).await.unwrap();
    let seen = client.send_stream::<_, Value>("p", &1).await.unwrap();
    assert_eq!(seen.count().await, 2);
    assert_eq!(sent.load(Ordering::SeqCst), 6);

    let error = client.emit("forbidden", &1).await.unwrap_err();
    assert_eq!(error.message, "not from here");
    assert_eq!(sent.load(Ordering::SeqCst), 6);
}

#[tokio::test(start_paused = true)]
async fn an_interceptor_can_send_again() {
    let sent = Arc::new(AtomicUsize::new(0));
    let client = client()
        .await
        .with_interceptor(Signs("", sent.clone()))
        .with_interceptor(Retries);
    client.send::<_, Value>("never", &1).await.unwrap_err();
    assert_eq!(sent.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn an_interceptor_does_not_hide_the_connection() {
    let client = client().await.with_interceptor(Signs("", Arc::default()));
    client.connect().await.unwrap();
    assert_eq!(client.status().next().await, Some(ClientStatus::Connected));
    assert!(client.driver::<u8>().is_none());
}

/// A transport that notes that it was closed.
#[derive(Default)]
struct Closable(AtomicUsize);

#[async_trait]
impl Transport for Closable {
    async fn send_json(&self, _: &str, payload: Value) -> Result<Value, TransportError> {
        Ok(payload)
    }
    async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> {
        Ok(())
    }
    async fn close(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

async fn build<M: Module>() -> Container {
    Graph::of::<M>().unwrap().construct().await.unwrap()
}

#[tokio::test]
async fn clients_are_closed_when_the_application_has_shut_down() {
    static CLOSABLE: std::sync::OnceLock<Arc<Closable>> = std::sync::OnceLock::new();
    let closable = CLOSABLE.get_or_init(Arc::default);
    fn config(name: &'static str) -> ClientConfig {
        ClientConfig::new(name, CLOSABLE.get().unwrap().clone())
    }
    #[module(imports = [ClientsModule::register(&[config("a"), config("b")])])]
    struct App;

    let container = build::<App>().await;
    container.destroy().await.unwrap();
    container.before_shutdown(None).await.unwrap();
    assert_eq!(closable.0.load(Ordering::SeqCst), 0);
    container.shutdown(None).await.unwrap();
    assert_eq!(closable.0.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_factory_makes_clients_of_what_it_asks_for() {
    #[module(providers = [Provider::value(7_u8)], exports = [u8])]
    struct Config;

    async fn make(seven: Arc<u8>) -> Result<Vec<ClientConfig>, std::io::Error> {
        assert_eq!(*seven, 7);
        let config = |name| ClientConfig::new(name, Arc::new(Closable::default()));
        Ok(vec![config("b"), config("a")])
    }
    #[module(imports = [ClientsModule::register_async(["a", "b"], make).import(Config)])]
    struct App;
    #[module(imports = [App, ClientsModule::register_async(["a", "c"], make).import(Config)])]
    struct Wrong;

    let container = build::<App>().await;
    let clients = container.get::<ClientsService>().unwrap();
    assert_eq!(clients.expect("b").send("p", &5).await, Ok(5));
    let a = container.get_named::<ClientProxy>("a").unwrap();
    assert_eq!(a.send("p", &6).await, Ok(6));
    assert!(container.get::<ClientProxy>().is_none());

    let error = Graph::of::<Wrong>().unwrap().construct().await.unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains(r#"made the clients ["a", "b"] where ["a", "c"] were promised"#),
        "{error}"
    );
}
