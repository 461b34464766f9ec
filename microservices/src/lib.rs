//! Message handlers, clients and the pipeline of nestrs.
//!
//! # Layout
//!
//! In the order a message meets it:
//!
//! | file | holds |
//! |---|---|
//! | `dispatcher.rs` | [`Dispatcher`]: from a message to its handlers |
//! | `pipeline.rs` | [`BoundHandler`]: one handler and what runs around it |
//! | `running.rs`, `finish.rs`, `remains.rs`, `streaming.rs` | one message in one handler, up to its answer |
//! | `enhancer/` | guards, interceptors, pipes, exception filters |
//! | `incoming.rs`, `ctx.rs` | the message as all of these see it |
//! | `home.rs` | the container as they see it |
//! | `payload.rs` | from a message to the handler's parameters |
//! | `valid.rs` (feature `garde`), `checked.rs` | payloads that are checked |
//! | `answer.rs` | from what a handler returns to what goes back |
//! | `grpc/` (feature `grpc`) | methods of gRPC services as handlers |
//! | `client/` | [`ClientProxy`], and how clients become injectable |
//!
//! and, before the first message,
//!
//! | file | holds |
//! |---|---|
//! | `handler.rs` | [`MicroRoutes`]: what `#[micro_routes]` leaves behind |
//! | `bind.rs`, `builder.rs` | from a container to a dispatcher |
//! | `declared.rs` | handlers that are in each other's way, or never called |
//! | `listener.rs` | [`EventRoutes`]: what `#[event_routes]` leaves behind |
//! | `event_bus.rs` | [`EventBus`]: events within the process |
//! | `tower.rs` (feature `tower`) | handlers as services, layers around them |
//! | `error.rs` | [`BindError`]: why handlers cannot be bound |
//!
//! The next file on a message's path is `dispatcher.rs`.

mod answer;
mod bind;
mod boxed;
mod builder;
mod checked;
mod client;
mod ctx;
mod declared;
mod dispatcher;
mod enhancer;
mod error;
mod event_bus;
mod finish;
#[cfg(feature = "grpc")]
mod grpc;
mod handler;
mod home;
mod incoming;
mod listener;
mod panic;
mod payload;
mod pipeline;
mod remains;
mod running;
mod streaming;
#[cfg(feature = "tower")]
mod tower;
#[cfg(feature = "garde")]
mod valid;

pub use bind::{HandlerTable, microservice};
pub use builder::DispatcherBuilder;
pub use client::{
    ClientConfig, ClientInterceptor, ClientMessage, ClientProxy, ClientsModule, ClientsService,
    ReplyStream,
};
pub use ctx::Ctx;
pub use declared::warn_of_unserved;
pub use dispatcher::Dispatcher;
pub use enhancer::{
    AppFilter, AppGuard, AppInterceptor, AppPipe, Enhancers, ExceptionFilter, ExecutionContext,
    GlobalEnhancers, Guard, InPlaceOf, Interceptor, Messages, MicroCanActivate,
    MicroIncomingInterceptor, MicroPipeTransform, ModuleEnhancers, Next, Pipe, Protocol, Source,
};
pub use error::{BindError, Conflict};
pub use event_bus::EventBus;
pub use finish::{Finish, Handled};
#[cfg(feature = "grpc")]
pub use grpc::{FromCall, GrpcMessage, GrpcStream, grpc_client};
pub use handler::{
    Call, Handler, HandlerName, HandlerPattern, MicroRoutes, PatternLiteral, Patterns,
};
pub use incoming::Incoming;
pub use listener::{EventRoutes, Listener, ListenerTable, subscribe_listeners};
pub use payload::{FromMessage, ViaMessage, ViaPayload};
pub use pipeline::BoundHandler;
#[cfg(feature = "tower")]
pub use tower::{DispatchService, LayeredDispatch};
#[cfg(feature = "garde")]
pub use valid::{Valid, ValidationPipe};

#[doc(no_inline)]
pub use nestrs_core::{
    Answer, ErrorKind, MessageContext, Pattern, Transport, TransportError, async_trait,
};
#[cfg(feature = "grpc")]
#[doc(no_inline)]
pub use nestrs_transport_grpc::{GrpcChannel, GrpcTransportOptions};
#[cfg(feature = "kafka")]
#[doc(no_inline)]
pub use nestrs_transport_kafka::KafkaTransportOptions;
#[cfg(feature = "mqtt")]
#[doc(no_inline)]
pub use nestrs_transport_mqtt::MqttTransportOptions;
#[cfg(feature = "nats")]
#[doc(no_inline)]
pub use nestrs_transport_nats::NatsTransportOptions;
#[cfg(feature = "rabbitmq")]
#[doc(no_inline)]
pub use nestrs_transport_rabbitmq::RabbitMqTransportOptions;
#[cfg(feature = "redis")]
#[doc(no_inline)]
pub use nestrs_transport_redis::RedisTransportOptions;
#[cfg(feature = "tcp")]
#[doc(no_inline)]
pub use nestrs_transport_tcp::TcpTransportOptions;

#[doc = include_str!("../docs/micro_routes.md")]
pub use nestrs_microservices_macros::micro_routes;

#[cfg(feature = "grpc")]
#[doc = include_str!("../docs/grpc_service.md")]
pub use nestrs_microservices_macros::grpc_service;

#[cfg(feature = "grpc")]
pub use nestrs_microservices_macros::grpc_method;

#[doc = include_str!("../docs/event_routes.md")]
pub use nestrs_microservices_macros::event_routes;

#[doc = include_str!("../docs/message_contract.md")]
pub use nestrs_microservices_macros::message_contract;

pub use nestrs_microservices_macros::{
    event_pattern, message_pattern, on_event, use_micro_filters, use_micro_guards,
    use_micro_interceptors, use_micro_pipes,
};

/// The macros of HTTP routes, for the crate that documents them. Not part of
/// the API.
#[doc(hidden)]
pub mod __http {
    pub use nestrs_microservices_macros::{
        all, controller, delete, get, head, options, patch, post, put, routes, use_filters,
        use_guards, use_interceptors, use_pipes,
    };
}

/// What a protocol of handlers is made of, for the crate that serves it. Not
/// part of the API.
#[doc(hidden)]
pub mod __protocol {
    pub use crate::enhancer::{Callee, Chain, Level, Waiting};
    pub use crate::home::Home;
    pub use crate::panic::contain;
}

#[doc(hidden)]
pub mod __private;
