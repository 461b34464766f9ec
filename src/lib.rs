#![cfg_attr(docsrs, feature(doc_cfg))]
// An application without servers needs none of what starts them.
#![cfg_attr(
    not(any(feature = "http", feature = "microservices")),
    allow(dead_code, unused_imports, unused_mut, unused_variables)
)]
//! Dependency injection and microservices in the style of NestJS, and on the
//! same wire: a NestJS service cannot tell a nestrs service from one of its
//! own.
//!
//! ```no_run
//! use nestrs::microservices::TcpMicroserviceOptions;
//! use nestrs::prelude::*;
//! use serde_json::{Value, json};
//!
//! #[injectable]
//! struct MathService;
//!
//! #[micro_routes]
//! impl MathService {
//!     #[message_pattern("math.add")]
//!     async fn add(&self, payload: Value) -> Result<Value, TransportError> {
//!         let sum = payload["a"].as_f64().unwrap_or(0.0) + payload["b"].as_f64().unwrap_or(0.0);
//!         Ok(json!({ "result": sum }))
//!     }
//! }
//!
//! #[module(providers = [MathService], microservices = [MathService])]
//! struct AppModule;
//!
//! #[tokio::main]
//! async fn main() {
//!     NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::default())
//!         .listen()
//!         .await;
//! }
//! ```
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `http` (default) | the HTTP side of an application, on axum |
//! | `microservices` | message handlers and clients, over TCP |
//! | `microservices-grpc` | gRPC |
//! | `microservices-kafka` | Apache Kafka |
//! | `microservices-mqtt` | MQTT |
//! | `microservices-nats` | NATS |
//! | `microservices-rabbitmq` | RabbitMQ |
//! | `microservices-redis` | Redis |
//! | `garde` | `Valid<T>`: payloads that `garde` checks |
//! | `tower` | layers of `tower` around the dispatch of messages |
//! | `tls` | TLS for the transports that are on |
//!
//! A [guide] for those who [come from NestJS](crate::guide::from_nestjs).
//!
//! # Layout
//!
//! [`factory`] makes an [`application`], or a [`context`] without servers; `bootstrap` checks, builds and starts
//! it; once it is [`running`] it can be asked, whether it is ready among other
//! things ([`readiness`]), and stopped. [`http`] is its HTTP side,
//! [`microservice`] one of its servers. Everything else is re-exported from the crates below: [`di`], the
//! container, and [`microservices`], handlers and clients.

#[cfg(feature = "microservices")]
pub mod application;
mod bootstrap;
pub mod context;
pub mod error;
pub mod factory;
// Needs no more than to be read.
#[cfg(all(doc, feature = "http", feature = "microservices"))]
pub mod guide;
#[cfg(feature = "http")]
pub mod http;
#[cfg(all(feature = "http", feature = "microservices"))]
mod hybrid;
#[cfg(feature = "microservices")]
pub mod microservice;
#[cfg(all(feature = "http", feature = "microservices-grpc"))]
mod one_port;
pub mod prelude;
pub mod readiness;
pub mod running;
mod signal;

#[cfg(feature = "microservices")]
pub use application::MicroserviceApplication;
pub use context::ApplicationContext;
pub use error::BootstrapError;
pub use factory::NestFactory;
#[cfg(feature = "http")]
pub use http::{Controller, CorsOptions, HttpException, Inject, NestApplication};
#[cfg(feature = "microservices")]
pub use microservice::Microservice;
pub use readiness::Readiness;
pub use running::RunningApplication;

#[doc(no_inline)]
pub use async_trait::async_trait;
#[cfg(feature = "http")]
#[doc(no_inline)]
pub use axum;

/// The dependency-injection container.
pub mod di {
    #[doc(inline)]
    pub use nestrs_di::*;
}

/// What a transport is made of: for those who write one.
pub mod core {
    #[doc(inline)]
    pub use nestrs_core::*;
}

/// Transports, where there is more to them than options and clients.
#[cfg(feature = "microservices-grpc")]
pub mod transports {
    /// gRPC.
    pub mod grpc {
        #[doc(inline)]
        pub use nestrs_transport_grpc::*;
    }
}

/// Message handlers, clients, and the options of every transport that is on.
#[cfg(feature = "microservices")]
pub mod microservices {
    #[doc(inline)]
    pub use nestrs_core::{
        ErrorKind, Headers, MessageContext, Pattern, Transport, TransportError, TransportServer,
    };
    #[doc(inline)]
    pub use nestrs_microservices::*;
    /// From errors to statuses of gRPC, and back.
    #[cfg(feature = "microservices-grpc")]
    #[doc(inline)]
    pub use nestrs_transport_grpc::status as grpc_status;
    #[cfg(feature = "microservices-grpc")]
    #[doc(inline)]
    pub use nestrs_transport_grpc::{
        ChannelError, GrpcChannel, GrpcContext, GrpcKeepAlive, GrpcLimits, GrpcMicroserviceOptions,
        GrpcProto, GrpcServices, GrpcTransport, GrpcTransportOptions,
    };
    #[cfg(feature = "microservices-kafka")]
    #[doc(inline)]
    pub use nestrs_transport_kafka::{
        KafkaConnection, KafkaContext, KafkaFailurePolicy, KafkaMicroserviceOptions, KafkaOrder,
        KafkaReceived, KafkaRecord, KafkaSasl, KafkaSaslMechanism, KafkaSharing, KafkaTopics,
        KafkaTransport, KafkaTransportOptions,
    };
    #[doc(inline)]
    pub use nestrs_transport_memory::{
        MemoryHub, MemoryMicroserviceOptions, MemoryTransport, MemoryTransportOptions,
    };
    #[cfg(feature = "microservices-mqtt")]
    #[doc(inline)]
    pub use nestrs_transport_mqtt::{
        MqttBroker, MqttContext, MqttLastWill, MqttMicroserviceOptions, MqttProperties,
        MqttProtocol, MqttQos, MqttRecord, MqttTransport, MqttTransportOptions,
    };
    #[cfg(all(feature = "microservices-nats", feature = "tls"))]
    #[doc(inline)]
    pub use nestrs_transport_nats::NatsTls;
    #[cfg(feature = "microservices-nats")]
    #[doc(inline)]
    pub use nestrs_transport_nats::{
        NatsAuth, NatsBroker, NatsContext, NatsMicroserviceOptions, NatsQueue, NatsTransport,
        NatsTransportOptions,
    };
    #[cfg(feature = "microservices-rabbitmq")]
    #[doc(inline)]
    pub use nestrs_transport_rabbitmq::{
        RabbitMqConnection, RabbitMqContext, RabbitMqExchange, RabbitMqFailurePolicy,
        RabbitMqMicroserviceOptions, RabbitMqQueueOptions, RabbitMqRecord, RabbitMqRouting,
        RabbitMqTransport, RabbitMqTransportOptions,
    };
    #[cfg(feature = "microservices-redis")]
    #[doc(inline)]
    pub use nestrs_transport_redis::{
        RedisAccess, RedisContext, RedisDelivery, RedisDurableOptions, RedisMicroserviceOptions,
        RedisSentinel, RedisTransport, RedisTransportOptions,
    };
    #[doc(inline)]
    pub use nestrs_transport_tcp::{
        TcpConnection, TcpContext, TcpLimits, TcpMicroserviceOptions, TcpTransport,
        TcpTransportOptions,
    };
    #[cfg(feature = "tls")]
    #[doc(inline)]
    pub use nestrs_transport_tcp::{TlsClientOptions, TlsServerOptions};
}

/// On a struct: the container can build it; what its fields ask for is decided
/// by their types. See [`di::injectable`](macro@di::injectable) for its
/// arguments.
///
/// ```
/// use std::sync::Arc;
/// use nestrs::prelude::*;
///
/// #[injectable]
/// struct UsersRepo;
///
/// #[injectable]
/// struct UsersService {
///     repo: Arc<UsersRepo>,
/// }
/// ```
pub use nestrs_di::__private::nestrs_injectable as injectable;
/// On a struct: a module, which brings providers, controllers and message
/// handlers together. Every argument is a list, and every one may be left out.
///
/// | argument | lists |
/// |---|---|
/// | `imports` | modules whose exports this one sees |
/// | `providers` | what can be injected in this module |
/// | `controllers` | providers with HTTP routes ([`Controller`]) |
/// | `microservices` | providers with message handlers (`#[micro_routes]`) |
/// | `exports` | what modules that import this one see |
/// | `global` | no list: what it exports is seen by every module |
///
/// ```
/// use nestrs::prelude::*;
///
/// #[injectable]
/// struct UsersService;
///
/// #[module(providers = [UsersService], exports = [UsersService])]
/// struct UsersModule;
///
/// #[module(imports = [UsersModule])]
/// struct AppModule;
///
/// AppModule::verify().unwrap();
/// ```
pub use nestrs_di::__private::nestrs_module as module;

#[cfg(feature = "http")]
#[doc = include_str!("http/docs/controller.md")]
pub use nestrs_microservices::__http::controller;
#[cfg(feature = "http")]
#[doc = include_str!("http/docs/routes.md")]
pub use nestrs_microservices::__http::routes;
#[cfg(feature = "http")]
pub use nestrs_microservices::__http::{
    all, delete, get, head, options, patch, post, put, use_filters, use_guards, use_interceptors,
    use_pipes,
};

/// What the macros' expansions refer to. Not for direct use.
#[doc(hidden)]
pub mod __private {
    pub use nestrs_di::__private as di;

    #[cfg(feature = "http")]
    pub use crate::http::__private as http;
    #[cfg(feature = "http")]
    pub use crate::http::controller::controller;
    #[cfg(any(feature = "http", feature = "microservices"))]
    pub use nestrs_microservices::__private as micro;
    #[cfg(feature = "microservices")]
    pub use nestrs_microservices::microservice;
}
