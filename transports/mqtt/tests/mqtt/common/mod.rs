//! A server of known handlers.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
// Each test file uses its own part of this one.

mod handlers;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nestrs_core::{RunningServer, Shutdown, TransportServer};
use nestrs_transport_mqtt::{
    MqttBroker, MqttMicroserviceOptions, MqttProtocol, MqttTransport, MqttTransportOptions,
};

pub use handlers::Handlers;

pub const LIMIT: Duration = Duration::from_secs(10);

/// The address of the broker that tests share.
pub async fn broker() -> &'static str {
    nestrs_brokers::shared::mosquitto().await.unwrap()
}

/// A name that no other test has.
pub fn unique(name: &str) -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::SeqCst);
    format!("{name}-{}-{count}", std::process::id())
}

/// A service whose session the broker keeps under that name.
pub fn kept(
    protocol: MqttProtocol,
    client_id: &str,
    url: impl Into<String>,
) -> MqttMicroserviceOptions {
    MqttMicroserviceOptions {
        broker: MqttBroker {
            client_id: Some(client_id.to_owned()),
            persistent_session: true,
            protocol,
            ..MqttBroker::new(url)
        },
        ..MqttMicroserviceOptions::default()
    }
}

/// A server that serves until it is stopped.
pub struct Serving {
    pub running: RunningServer,
    pub shutdown: Shutdown,
}

impl Serving {
    pub async fn stop(self) {
        self.shutdown.stop();
        tokio::time::timeout(LIMIT, self.running.done)
            .await
            .expect("it did not stop");
    }
}

pub async fn serve(options: MqttMicroserviceOptions, handlers: &Handlers) -> Serving {
    let shutdown = Shutdown::new();
    let started = Box::new(options).start(Arc::new(handlers.clone()), shutdown.clone());
    Serving {
        running: started.await.unwrap(),
        shutdown,
    }
}

pub async fn served(handlers: &Handlers) -> Serving {
    serve(MqttMicroserviceOptions::new(broker().await), handlers).await
}

pub async fn client() -> MqttTransport {
    MqttTransport::new(MqttTransportOptions::new(broker().await))
}
