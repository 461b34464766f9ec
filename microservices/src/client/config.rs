//! [`ClientConfig`]: a client before it is part of an application.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use nestrs_core::Transport;
#[cfg(feature = "grpc")]
use nestrs_transport_grpc::{GrpcTransport, GrpcTransportOptions};
#[cfg(feature = "kafka")]
use nestrs_transport_kafka::{KafkaTransport, KafkaTransportOptions};
use nestrs_transport_memory::{MemoryTransport, MemoryTransportOptions};
#[cfg(feature = "mqtt")]
use nestrs_transport_mqtt::{MqttTransport, MqttTransportOptions};
#[cfg(feature = "nats")]
use nestrs_transport_nats::{NatsTransport, NatsTransportOptions};
#[cfg(feature = "rabbitmq")]
use nestrs_transport_rabbitmq::{RabbitMqTransport, RabbitMqTransportOptions};
#[cfg(feature = "redis")]
use nestrs_transport_redis::{RedisTransport, RedisTransportOptions};
#[cfg(feature = "tcp")]
use nestrs_transport_tcp::{TcpTransport, TcpTransportOptions};

use crate::client::ClientInterceptor;
use crate::client::interceptor::{DefaultTimeout, Intercepted};

/// A named client, to be registered in a
/// [`ClientsModule`](crate::ClientsModule).
///
/// Connections are made with the first message, so a configuration needs no
/// running runtime.
#[derive(Clone)]
pub struct ClientConfig {
    /// What it is looked up by in [`ClientsService`](crate::ClientsService).
    pub name: &'static str,
    /// How it sends.
    pub transport: Arc<dyn Transport>,
}

impl ClientConfig {
    /// A client over any transport.
    ///
    /// ```
    /// # use nestrs_microservices::{Transport, TransportError, async_trait};
    /// # use serde_json::Value;
    /// # struct MyTransport;
    /// # #[async_trait]
    /// # impl Transport for MyTransport {
    /// #     async fn send_json(&self, _: &str, _: Value) -> Result<Value, TransportError> { Ok(Value::Null) }
    /// #     async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> { Ok(()) }
    /// # }
    /// use nestrs_microservices::ClientConfig;
    /// use std::sync::Arc;
    ///
    /// let billing = ClientConfig::new("billing", Arc::new(MyTransport));
    /// assert_eq!(billing.name, "billing");
    /// ```
    pub fn new(name: &'static str, transport: Arc<dyn Transport>) -> Self {
        Self { name, transport }
    }

    /// A client of a server in the same process.
    ///
    /// ```
    /// use nestrs_microservices::ClientConfig;
    /// use nestrs_transport_memory::{MemoryHub, MemoryTransportOptions};
    ///
    /// let hub = MemoryHub::new();
    /// let billing = ClientConfig::memory("billing", MemoryTransportOptions::new(&hub));
    /// ```
    pub fn memory(name: &'static str, options: MemoryTransportOptions) -> Self {
        Self::new(name, Arc::new(MemoryTransport::new(options)))
    }

    /// A client over TCP.
    ///
    /// ```
    /// use nestrs_microservices::{ClientConfig, TcpTransportOptions};
    ///
    /// let billing = ClientConfig::tcp("billing", TcpTransportOptions::default());
    /// ```
    #[cfg(feature = "tcp")]
    pub fn tcp(name: &'static str, options: TcpTransportOptions) -> Self {
        Self::new(name, Arc::new(TcpTransport::new(options)))
    }

    /// A client over gRPC.
    ///
    /// ```
    /// use nestrs_microservices::{ClientConfig, GrpcTransportOptions};
    ///
    /// let billing = ClientConfig::grpc("billing", GrpcTransportOptions::default());
    /// ```
    #[cfg(feature = "grpc")]
    pub fn grpc(name: &'static str, options: GrpcTransportOptions) -> Self {
        Self::new(name, Arc::new(GrpcTransport::new(options)))
    }

    /// A client over Apache Kafka.
    ///
    /// ```
    /// use nestrs_microservices::{ClientConfig, KafkaTransportOptions};
    ///
    /// let billing = ClientConfig::kafka("billing", KafkaTransportOptions::default());
    /// ```
    #[cfg(feature = "kafka")]
    pub fn kafka(name: &'static str, options: KafkaTransportOptions) -> Self {
        Self::new(name, Arc::new(KafkaTransport::new(options)))
    }

    /// A client over MQTT.
    ///
    /// ```
    /// use nestrs_microservices::{ClientConfig, MqttTransportOptions};
    ///
    /// let lamps = ClientConfig::mqtt("lamps", MqttTransportOptions::default());
    /// ```
    #[cfg(feature = "mqtt")]
    pub fn mqtt(name: &'static str, options: MqttTransportOptions) -> Self {
        Self::new(name, Arc::new(MqttTransport::new(options)))
    }

    /// A client over NATS.
    ///
    /// ```
    /// use nestrs_microservices::{ClientConfig, NatsTransportOptions};
    ///
    /// let billing = ClientConfig::nats("billing", NatsTransportOptions::default());
    /// ```
    #[cfg(feature = "nats")]
    pub fn nats(name: &'static str, options: NatsTransportOptions) -> Self {
        Self::new(name, Arc::new(NatsTransport::new(options)))
    }

    /// A client over Redis.
    ///
    /// ```
    /// use nestrs_microservices::{ClientConfig, RedisTransportOptions};
    ///
    /// let billing = ClientConfig::redis("billing", RedisTransportOptions::default());
    /// ```
    #[cfg(feature = "redis")]
    pub fn redis(name: &'static str, options: RedisTransportOptions) -> Self {
        Self::new(name, Arc::new(RedisTransport::new(options)))
    }

    /// A client over RabbitMQ.
    ///
    /// ```
    /// use nestrs_microservices::{ClientConfig, RabbitMqTransportOptions};
    ///
    /// let billing = ClientConfig::rabbitmq("billing", RabbitMqTransportOptions::default());
    /// ```
    #[cfg(feature = "rabbitmq")]
    pub fn rabbitmq(name: &'static str, options: RabbitMqTransportOptions) -> Self {
        Self::new(name, Arc::new(RabbitMqTransport::new(options)))
    }

    /// The same client, whose messages wait this long for their reply unless
    /// they say otherwise.
    ///
    /// ```
    /// # use nestrs_microservices::ClientConfig;
    /// # fn example(config: ClientConfig) -> ClientConfig {
    /// config.timeout(std::time::Duration::from_secs(2))
    /// # }
    /// ```
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        self.interceptor(DefaultTimeout(timeout))
    }

    /// The same client with an interceptor around each of its messages. Of
    /// several the one added last sees a message first.
    ///
    /// ```
    /// # use nestrs_microservices::{ClientConfig, ClientInterceptor};
    /// # fn example(config: ClientConfig, tenant: impl ClientInterceptor) -> ClientConfig {
    /// config.interceptor(tenant)
    /// # }
    /// ```
    #[must_use]
    pub fn interceptor(self, interceptor: impl ClientInterceptor) -> Self {
        let next = self.transport;
        Self::new(self.name, Arc::new(Intercepted::new(interceptor, next)))
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
