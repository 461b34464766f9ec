//! MQTT 3.1.1.

use nestrs_core::pace::Pace;
use nestrs_core::{ErrorKind, TransportError};
use rumqttc_v4::{
    AckMode, ConnectReturnCode, ConnectionError, LastWill, MqttOptions, PublishOptions,
};

use super::socket::Socket;
use super::{Ack, Inbound, Lost, Outbound, driver};
use crate::broker::Endpoint;
use crate::message::{MqttProperties, MqttQos};

driver!(rumqttc_v4, Ack::V4);

fn options(endpoint: &Endpoint) -> MqttOptions {
    let address = (endpoint.host.clone(), endpoint.port);
    let mut options = MqttOptions::new(endpoint.client_id.clone(), address);
    options
        .set_keep_alive(endpoint.keep_alive)
        .set_clean_session(!endpoint.persistent)
        .set_ack_mode(AckMode::Manual)
        .set_inflight(super::IN_FLIGHT)
        .set_max_request_batch(super::BATCH)
        .set_max_packet_size(endpoint.max_packet_size, endpoint.max_packet_size);
    if let Some((user, password)) = &endpoint.credentials {
        options.set_credentials(user.clone(), password.clone());
    }
    if let Some(will) = &endpoint.last_will {
        let (topic, payload) = (will.topic.clone(), will.payload.clone());
        options.set_last_will(LastWill::new(topic, payload, qos(will.qos), will.retain));
    }
    #[cfg(feature = "tls")]
    if let Some(tls) = &endpoint.tls {
        options.set_transport(encrypted(tls));
    }
    options
}

/// It is not said with MQTT 3.1.1.
fn max_packet_size(_: &rumqttc_v4::ConnAck) -> Option<usize> {
    None
}

fn publish_options(message: &Outbound) -> PublishOptions {
    PublishOptions::new(qos(message.qos)).retain(message.retain)
}

fn filter_of(filter: &str, at_most: MqttQos) -> rumqttc_v4::SubscribeFilterInput {
    rumqttc_v4::SubscribeFilterInput::new(filter, qos(at_most))
}

fn inbound(publish: rumqttc_v4::Publish, ack: Option<Ack>) -> Inbound {
    Inbound {
        topic: String::from_utf8_lossy(&publish.topic).into_owned(),
        payload: publish.payload,
        qos: our_qos(publish.qos),
        retain: publish.retain,
        dup: publish.dup,
        properties: MqttProperties::default(),
        ack,
    }
}

fn is_refusal(error: &ConnectionError) -> bool {
    use ConnectReturnCode::{BadClientId, BadUserNamePassword, NotAuthorized};
    matches!(
        error,
        ConnectionError::ConnectionRefused(BadUserNamePassword | NotAuthorized | BadClientId)
    )
}
