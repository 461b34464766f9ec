//! The guide: pages that are read from the top. Every Rust block in them is
//! compiled and run with the tests.
//!
//! A page lies in `docs/guide/`, and is a module here.

#[doc = include_str!("../docs/guide/from-nestjs.md")]
pub mod from_nestjs {}

#[cfg(feature = "microservices-grpc")]
#[doc = include_str!("../docs/guide/grpc.md")]
pub mod grpc {}

#[cfg(feature = "microservices-grpc")]
#[doc = include_str!("../docs/guide/grpc-proto.md")]
pub mod grpc_proto {}

#[cfg(feature = "microservices-kafka")]
#[doc = include_str!("../docs/guide/kafka.md")]
pub mod kafka {}

#[cfg(feature = "microservices-mqtt")]
#[doc = include_str!("../docs/guide/mqtt.md")]
pub mod mqtt {}

#[cfg(feature = "microservices-nats")]
#[doc = include_str!("../docs/guide/nats.md")]
pub mod nats {}

#[cfg(feature = "microservices-redis")]
#[doc = include_str!("../docs/guide/redis.md")]
pub mod redis {}

#[cfg(feature = "microservices-rabbitmq")]
#[doc = include_str!("../docs/guide/rabbitmq.md")]
pub mod rabbitmq {}
