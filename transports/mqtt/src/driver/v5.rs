//! MQTT 5.

use nestrs_core::pace::Pace;
use nestrs_core::{ErrorKind, TransportError};
use rumqttc_v5::mqttbytes::v5::{LastWill, PublishProperties};
use rumqttc_v5::{
    AckMode, ConnectReturnCode, ConnectionError, IncomingPacketSizeLimit, MqttOptions,
    PublishOptions,
};

use super::forgetful::Forgetful;
use super::socket::Socket;
use super::{Ack, Inbound, Lost, Outbound, driver};
use crate::broker::Endpoint;
use crate::message::{MqttProperties, MqttQos};

/// How long a broker keeps a session, in its words.
const FOR_EVER: u32 = u32::MAX;

driver!(rumqttc_v5, Ack::V5);

fn options(endpoint: &Endpoint) -> MqttOptions {
    let address = (endpoint.host.clone(), endpoint.port);
    let mut options = MqttOptions::new(endpoint.client_id.clone(), address);
    let limit = u32::try_from(endpoint.max_packet_size).unwrap_or(u32::MAX);
    options
        .set_keep_alive(endpoint.keep_alive)
        .set_clean_start(!endpoint.persistent)
        .set_ack_mode(AckMode::Manual)
        .set_outgoing_inflight_upper_limit(super::IN_FLIGHT)
        .set_max_packet_size(Some(limit))
        .set_incoming_packet_size_limit(IncomingPacketSizeLimit::Bytes(limit))
        .set_max_request_batch(super::BATCH)
        .set_receive_maximum(Some(super::IN_FLIGHT));
    if endpoint.persistent {
        options.set_session_expiry_interval(Some(FOR_EVER));
        let store = Forgetful::of(&options);
        options.set_session_store(store);
    }
    if let Some((user, password)) = &endpoint.credentials {
        options.set_credentials(user.clone(), password.clone());
    }
    if let Some(will) = &endpoint.last_will {
        let (topic, payload) = (will.topic.clone(), will.payload.clone());
        let will = LastWill::new(topic, payload, qos(will.qos), will.retain, None);
        options.set_last_will(will);
    }
    #[cfg(feature = "tls")]
    if let Some(tls) = &endpoint.tls {
        options.set_transport(encrypted(tls));
    }
    options
}

fn max_packet_size(accepted: &rumqttc_v5::ConnAck) -> Option<usize> {
    let max = accepted.properties.as_ref()?.max_packet_size?;
    usize::try_from(max).ok()
}

fn publish_options(message: &Outbound) -> PublishOptions {
    let options = PublishOptions::new(qos(message.qos)).retain(message.retain);
    let properties = &message.properties;
    if properties.is_empty() {
        return options;
    }
    options.properties(PublishProperties {
        response_topic: properties.response_topic.clone(),
        correlation_data: properties.correlation_data.clone(),
        user_properties: properties.user_properties.clone(),
        ..PublishProperties::default()
    })
}

fn filter_of(filter: &str, at_most: MqttQos) -> rumqttc_v5::SubscribeFilterInput {
    rumqttc_v5::SubscribeFilterInput::new(filter, qos(at_most))
}

fn inbound(publish: rumqttc_v5::mqttbytes::v5::Publish, ack: Option<Ack>) -> Inbound {
    let properties = publish.properties.unwrap_or_default();
    Inbound {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload,
        qos: our_qos(publish.qos),
        retain: publish.retain,
        dup: publish.dup,
        properties: MqttProperties {
            user_properties: properties.user_properties,
            response_topic: properties.response_topic,
            correlation_data: properties.correlation_data,
        },
        ack,
    }
}

fn is_refusal(error: &ConnectionError) -> bool {
    use ConnectReturnCode::{BadUserNamePassword, Banned, ClientIdentifierNotValid, NotAuthorized};
    matches!(
        error,
        ConnectionError::ConnectionRefused(
            BadUserNamePassword | NotAuthorized | Banned | ClientIdentifierNotValid
        )
    )
}
