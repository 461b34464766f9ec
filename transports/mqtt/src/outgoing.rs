//! From a message of ours to what is published.

use std::time::Duration;

use bytes::Bytes;
use nestrs_core::Outgoing;
use nestrs_core::extras::Extras;
use nestrs_core::packet::{write_event, write_request};
use serde_json::Value;

use crate::driver::Outbound;
use crate::message::{MqttProperties, MqttQos, MqttRecord};

/// A request, called `id` (as JSON), whose caller waits for `timeout`. With
/// MQTT 5 it is replied to at `own_topic`.
pub(crate) fn request(
    message: &Outgoing<'_>,
    id: &str,
    timeout: Duration,
    qos: MqttQos,
    own_topic: Option<&str>,
) -> Outbound {
    let extras = Extras {
        timeout: Some(timeout),
        ..Extras::default()
    };
    let packet = write_request(
        pattern_json(message.pattern).as_bytes(),
        &message.payload,
        extras.metadata(&message.headers).as_deref(),
        id.as_bytes(),
        |parts| parts.concat(),
    );
    let mut outbound = outbound(message, packet, qos, own_topic.is_some());
    if let Some(own_topic) = own_topic {
        outbound.properties.response_topic = Some(own_topic.to_owned());
        outbound.properties.correlation_data = Some(Bytes::copy_from_slice(id.as_bytes()));
    }
    outbound
}

/// An event, with properties if it is for MQTT 5.
pub(crate) fn event(message: &Outgoing<'_>, qos: MqttQos, is_v5: bool) -> Outbound {
    let packet = write_event(
        pattern_json(message.pattern).as_bytes(),
        &message.payload,
        Extras::default().metadata(&message.headers).as_deref(),
        |parts| parts.concat(),
    );
    outbound(message, packet, qos, is_v5)
}

fn outbound(message: &Outgoing<'_>, packet: Vec<u8>, qos: MqttQos, is_v5: bool) -> Outbound {
    let record = message.record_as::<MqttRecord>();
    let properties = match is_v5 {
        true => MqttProperties {
            user_properties: user_properties(message, record),
            ..MqttProperties::default()
        },
        false => MqttProperties::default(),
    };
    Outbound {
        topic: message.pattern.to_owned(),
        payload: packet.into(),
        qos: record.and_then(|record| record.qos).unwrap_or(qos),
        retain: record.is_some_and(|record| record.retain),
        properties,
    }
}

/// The headers are in the packet, too, for peers that speak the other version.
fn user_properties(message: &Outgoing<'_>, record: Option<&MqttRecord>) -> Vec<(String, String)> {
    let headers = message.headers.iter();
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let of_record = record.map(|record| record.user_properties.clone());
    headers.chain(of_record.unwrap_or_default()).collect()
}

/// The pattern of a packet: an object if the route is one.
fn pattern_json(route: &str) -> String {
    match route.starts_with('{')
        && serde_json::from_str::<&serde_json::value::RawValue>(route).is_ok()
    {
        true => route.to_owned(),
        false => Value::from(route).to_string(),
    }
}
