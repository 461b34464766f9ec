//! From what was published to a message, and to where its replies go.

use std::sync::Arc;

use bytes::Bytes;
use nestrs_core::extras::Extras;
use nestrs_core::packet::Packet;
use nestrs_core::{Message, MessageKind};
use serde_json::Value;

use crate::driver::{Inbound, Outbound};
use crate::message::{MqttContext, MqttProperties, MqttQos};

/// What stands behind a topic where its replies are published.
pub(crate) const REPLY: &str = "/reply";

/// Where the replies to a request go.
pub(crate) struct ReplyTo {
    /// What they are known by, as JSON.
    pub(crate) id: Bytes,
    topic: String,
    correlation_data: Option<Bytes>,
}

impl ReplyTo {
    /// A reply, as NestJS sends it: with quality 0.
    pub(crate) fn outbound(&self, payload: Vec<u8>) -> Outbound {
        let properties = MqttProperties {
            correlation_data: self.correlation_data.clone(),
            ..MqttProperties::default()
        };
        Outbound {
            topic: self.topic.clone(),
            payload: payload.into(),
            qos: MqttQos::AtMostOnce,
            retain: false,
            properties,
        }
    }
}

/// The message in what was published, unless it is a reply that a wildcard
/// caught.
pub(crate) fn message(
    inbound: Inbound,
    route: Option<Arc<str>>,
) -> Option<(Message, Option<ReplyTo>)> {
    let Inbound {
        topic,
        payload,
        qos,
        retain,
        dup,
        properties,
        ..
    } = inbound;
    let packet = Packet::parse(&payload).unwrap_or_default();
    let is_packet = packet.pattern.is_some() || packet.data.is_some();
    if !is_packet && packet.id.is_some() && topic.ends_with(REPLY) {
        return None;
    }
    let metadata = packet.metadata.clone();
    // What is no packet is the payload of an event, as it is to NestJS.
    let (mut message, id) = match is_packet {
        true => Message::from_packet(packet),
        false => (
            Message::new(MessageKind::Event, Bytes::new(), foreign(payload)),
            None,
        ),
    };
    // As NestJS does: whatever the packet says, it is the topic that counts.
    message.pattern = Value::from(topic.as_str()).to_string().into();
    message.route = route;
    for (name, value) in &properties.user_properties {
        message.context.headers.insert(name, value);
    }
    let extras = metadata.as_ref().map(Extras::of_metadata);
    message.context.transport = "mqtt";
    let reply_to = id.map(|id| {
        if let Some(timeout) = extras.and_then(|extras| extras.timeout) {
            message.context.expire_in(timeout);
        }
        ReplyTo {
            id,
            topic: properties
                .response_topic
                .clone()
                .unwrap_or_else(|| format!("{topic}{REPLY}")),
            correlation_data: properties.correlation_data.clone(),
        }
    });
    message.context.native = Some(Arc::new(MqttContext {
        topic,
        qos,
        retain,
        dup,
        properties,
    }));
    Some((message, reply_to))
}

/// A payload of somebody who knows nothing of packets: JSON as it is, and
/// anything else as a string.
fn foreign(payload: Bytes) -> Bytes {
    match serde_json::from_slice::<&serde_json::value::RawValue>(&payload) {
        Ok(_) => payload,
        Err(_) => Value::from(String::from_utf8_lossy(&payload))
            .to_string()
            .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inbound(topic: &str, payload: &'static str) -> Inbound {
        Inbound {
            topic: topic.to_owned(),
            payload: Bytes::from_static(payload.as_bytes()),
            qos: MqttQos::AtMostOnce,
            retain: false,
            dup: false,
            properties: MqttProperties::default(),
            ack: None,
        }
    }

    fn received(topic: &str, payload: &'static str) -> Option<(Message, Option<ReplyTo>)> {
        message(inbound(topic, payload), None)
    }

    #[test]
    fn a_request_is_matched_by_its_topic_and_answered_beside_it() {
        let text =
            r#"{"pattern":"other","data":[1],"metadata":{"nestrs-timeout-ms":"50"},"id":"a"}"#;
        let (message, reply_to) = received("users/42", text).unwrap();
        assert_eq!(message.pattern, r#""users/42""#);
        assert_eq!(message.payload, "[1]");
        assert!(message.context.deadline.is_some());
        let reply = reply_to.unwrap().outbound(b"x".to_vec());
        assert_eq!(reply.topic, "users/42/reply");
    }

    #[test]
    fn what_is_no_packet_is_an_event() {
        for (payload, data) in [
            ("21.5", "21.5"),
            ("on", r#""on""#),
            (r#"{"a":1}"#, r#"{"a":1}"#),
        ] {
            let (message, reply_to) = received("lamp", payload).unwrap();
            assert!(reply_to.is_none());
            assert_eq!(
                (message.kind, message.payload),
                (MessageKind::Event, data.into())
            );
        }
    }

    #[test]
    fn a_reply_that_a_wildcard_caught_is_no_message() {
        assert!(received("a/reply", r#"{"response":1,"isDisposed":true,"id":"x"}"#).is_none());
        assert!(received("a/reply", r#"{"pattern":"a/reply","data":1,"id":"x"}"#).is_some());
        assert!(received("a", r#"{"response":1,"id":"x"}"#).is_some());
    }

    #[test]
    fn user_properties_are_headers_and_say_where_replies_go() {
        let mut inbound = inbound("a", r#"{"pattern":"a","data":1,"id":"x"}"#);
        inbound.properties.user_properties = vec![("tenant".into(), "acme".into())];
        inbound.properties.response_topic = Some("mine".into());
        let (message, reply_to) = message(inbound, None).unwrap();
        assert_eq!(message.context.headers.get("tenant"), Some("acme"));
        assert_eq!(reply_to.unwrap().outbound(Vec::new()).topic, "mine");
    }
}
