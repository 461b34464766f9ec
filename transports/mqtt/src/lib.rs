//! MQTT on the wire of NestJS: its services and ours answer each other through
//! one broker.
//!
//! # Our concepts, in MQTT
//!
//! | concept | in MQTT |
//! |---|---|
//! | pattern | a topic: the pattern's route as it is, `{"cmd":"sum"}` included |
//! | request | a JSON packet with an id, published to the topic |
//! | reply | published to `<topic>/reply`, where the request's id tells whose it is; between peers of nestrs that speak MQTT 5 to a topic of the client's own |
//! | event | a packet without an id |
//! | wildcards | `+` for one level, `#` for all that follow |
//! | headers | the packet's `metadata`; with MQTT 5 user properties as well |
//! | deadline | in the packet's `metadata`, where a NestJS peer does not look |
//! | replicas | share their work: subscriptions are `$share/<service>/<topic>` unless [`broadcast`](MqttMicroserviceOptions::broadcast) says otherwise |
//! | back-pressure | see below |
//!
//! **Delivery**: a message of quality 0 at most once. One of quality 1 or 2 at
//! least once: it is acknowledged once its handlers have ended, well or not. It
//! is the publisher who chooses; a NestJS peer publishes with quality 0 unless
//! told otherwise.
//!
//! **Limits**: [`max_in_flight`](MqttMicroserviceOptions::max_in_flight) messages
//! are in hand, and [`max_queued`](MqttMicroserviceOptions::max_queued) more wait
//! here. What comes on top of that with quality 0 is dropped, counted and
//! logged. The broker itself holds back what has quality 1 or 2 and is not
//! acknowledged (Mosquitto: 20 messages to a client, `max_inflight_messages`).
//! A packet above [`max_packet_size`](MqttBroker::max_packet_size) is an error of
//! its sender's.
//!
//! **Not there**: a caller whose pattern nobody answers waits for its timeout, as
//! MQTT tells nobody who listens. A request whose caller stopped waiting runs
//! until its deadline.
//!
//! ```no_run
//! use nestrs_core::Transport;
//! use nestrs_transport_mqtt::{MqttTransport, MqttTransportOptions};
//! use serde_json::json;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), nestrs_core::TransportError> {
//! let client = MqttTransport::new(MqttTransportOptions::new("mqtt://127.0.0.1:1883"));
//! let sum = client.send_json("math.add", json!({ "a": 1, "b": 2 })).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Layout
//!
//! | module | holds |
//! |---|---|
//! | [`broker`] | where the broker is and how to be let in |
//! | [`server`] | takes messages in, answers |
//! | `subscriber`, `filters` | subscribes, and queues what comes; to what |
//! | `received` | from what was published to a message |
//! | [`message`] | what MQTT knows of a message beside its payload |
//! | [`client`] | publishes requests and events |
//! | `outgoing` | from a message to what is published |
//! | `caller`, `replies` | what replies come to, and by what a client hears of them |
//! | `link` | a connection that comes back |
//! | `driver` | the driver for either protocol version, and its socket |
//!
//! The next file on a message's path is [`server`].

pub mod broker;
mod caller;
pub mod client;
mod driver;
mod filters;
mod link;
pub mod message;
mod outgoing;
mod received;
mod replies;
pub mod server;
mod subscriber;

pub use broker::{MqttBroker, MqttLastWill, MqttProtocol};
pub use client::{MqttTransport, MqttTransportOptions};
pub use message::{MqttContext, MqttProperties, MqttQos, MqttRecord};
pub use server::MqttMicroserviceOptions;
