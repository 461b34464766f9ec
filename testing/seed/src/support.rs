//! What the snippets are run with.

use std::sync::{Arc, Mutex, OnceLock};

use nestrs::RunningApplication;
use nestrs::microservices::{TcpMicroserviceOptions, TcpTransport, TcpTransportOptions};
use nestrs::prelude::*;
use serde_json::Value;
use tokio::sync::mpsc;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// Starts an application on a free port.
pub async fn start<M: Module>() -> RunningApplication {
    let options = TcpMicroserviceOptions::new("127.0.0.1:0");
    NestFactory::create_microservice::<M>(options)
        .start()
        .await
        .unwrap()
}

/// A client of it.
pub fn client(app: &RunningApplication) -> ClientProxy {
    let options = TcpTransportOptions::new(app.local_addr().unwrap());
    ClientProxy::new(Arc::new(TcpTransport::new(options)))
}

/// Where `BillingModule` listens.
pub static BILLING: OnceLock<String> = OnceLock::new();

/// Keeps the events it gets.
#[injectable]
pub struct Billing {
    events: Arc<Events>,
}

pub struct Events {
    sender: mpsc::UnboundedSender<Value>,
    receiver: tokio::sync::Mutex<mpsc::UnboundedReceiver<Value>>,
}

impl Default for Events {
    fn default() -> Self {
        let (sender, receiver) = mpsc::unbounded_channel();
        Self {
            sender,
            receiver: receiver.into(),
        }
    }
}

#[micro_routes]
impl Billing {
    #[event_pattern("billing.order_created")]
    async fn order_created(&self, event: Value) {
        self.events.sender.send(event).unwrap();
    }
}

impl Billing {
    pub async fn next_event(&self) -> Value {
        self.events.receiver.lock().await.recv().await.unwrap()
    }
}

#[module(providers = [Provider::value(Events::default())], microservices = [Billing])]
pub struct BillingModule;

/// The messages that are logged in this thread.
#[derive(Debug)]
pub struct Log {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn start() -> Self {
        let lines = Lines::default();
        let guard = tracing::subscriber::set_default(lines.clone());
        Self {
            lines,
            _guard: guard,
        }
    }

    pub fn contains(&self, line: &str) -> bool {
        self.lines
            .0
            .lock()
            .unwrap()
            .iter()
            .any(|logged| logged == line)
    }
}

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        struct Message(String);
        impl Visit for Message {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                if field.name() == "message" {
                    self.0 = format!("{value:?}");
                }
            }
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().unwrap().push(message.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
