//! What MQTT knows of a message beside its payload, on both sides: the record
//! that goes with one and the context of one that came.

use bytes::Bytes;

/// How surely a message arrives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MqttQos {
    /// Quality 0: sent once and not looked after. What NestJS uses unless told
    /// otherwise.
    #[default]
    AtMostOnce,
    /// Quality 1: sent until the receiver has acknowledged it.
    AtLeastOnce,
    /// Quality 2: received once between a client and its broker.
    ExactlyOnce,
}

/// What only MQTT does with a message, for
/// [`Outgoing::record`](nestrs_core::Outgoing::record): NestJS's `MqttRecord`.
///
/// ```
/// use nestrs_core::Outgoing;
/// use nestrs_transport_mqtt::{MqttQos, MqttRecord};
///
/// let record = MqttRecord { qos: Some(MqttQos::AtLeastOnce), ..MqttRecord::default() };
/// let message = Outgoing::new("lamp.on", "true").record(record);
/// # let _ = message;
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MqttRecord {
    /// Instead of the client's [`qos`](crate::MqttTransportOptions::qos).
    pub qos: Option<MqttQos>,
    /// Whether the broker keeps the message for who subscribes later. Only for
    /// events: a request that is kept is answered again and again.
    pub retain: bool,
    /// Sent beside the payload; MQTT 5 only.
    pub user_properties: Vec<(String, String)>,
}

/// What MQTT knows of a message: the `native` part of its context.
///
/// ```
/// use nestrs_core::MessageContext;
/// use nestrs_transport_mqtt::MqttContext;
///
/// fn topic(context: &MessageContext) -> &str {
///     context.native::<MqttContext>().map_or("not over MQTT", |mqtt| &mqtt.topic)
/// }
/// # assert_eq!(topic(&MessageContext::new("pigeon")), "not over MQTT");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MqttContext {
    /// The topic it was published to.
    pub topic: String,
    /// How it was delivered.
    pub qos: MqttQos,
    /// Whether the broker had kept it.
    pub retain: bool,
    /// Whether it may have been delivered before.
    pub dup: bool,
    /// What came beside it; nothing with MQTT 3.1.1.
    pub properties: MqttProperties,
}

/// What MQTT 5 lets travel beside a payload.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MqttProperties {
    /// Names and values that applications choose.
    pub user_properties: Vec<(String, String)>,
    /// Where the sender wants its replies.
    pub response_topic: Option<String>,
    /// What it knows them by.
    pub correlation_data: Option<Bytes>,
}

impl MqttProperties {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many bytes they are in a packet: each has a byte that says what it is,
    /// and two before each of its texts for their length.
    pub(crate) fn size(&self) -> usize {
        let user = self.user_properties.iter();
        let user = user.map(|(name, value)| 1 + 2 + name.len() + 2 + value.len());
        let response_topic = self
            .response_topic
            .as_ref()
            .map_or(0, |topic| 3 + topic.len());
        let correlation = self
            .correlation_data
            .as_ref()
            .map_or(0, |data| 3 + data.len());
        user.sum::<usize>() + response_topic + correlation
    }
}
