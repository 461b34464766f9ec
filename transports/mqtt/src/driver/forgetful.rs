//! [`Forgetful`]: how a session is resumed by who remembers nothing of it.
//!
//! The driver for MQTT 5 takes up what the broker kept only if it has its own
//! half of it, from a store. Ours has nothing in it, and each connection has a
//! driver of its own: what was published and not confirmed is published again by
//! who waits for it, and what had come and was not acknowledged comes again. That
//! is what the driver for MQTT 3.1.1 does by itself.

use std::future::Future;
use std::pin::Pin;

use rumqttc_v5::{
    AckMode, MqttOptions, PersistedAckMode, PersistedSession, SessionStore, SessionStoreError,
    SessionStoreKey,
};

/// What a store answers.
type Stored<'a, T> = Pin<Box<dyn Future<Output = Result<T, SessionStoreError>> + Send + 'a>>;

/// A store of a session with nothing in flight.
#[derive(Debug)]
pub(super) struct Forgetful(PersistedSession);

impl Forgetful {
    /// The session of these options, which the driver compares it with.
    pub(super) fn of(options: &MqttOptions) -> Self {
        Self(PersistedSession {
            format_version: 1,
            client_id: options.client_id(),
            clean_start: options.clean_start(),
            session_expiry_interval: options.session_expiry_interval(),
            outgoing_inflight_upper_limit: options.get_outgoing_inflight_upper_limit(),
            ack_mode: match options.ack_mode() {
                AckMode::Manual => PersistedAckMode::Manual,
                AckMode::Automatic => PersistedAckMode::Automatic,
            },
            last_pkid: 0,
            last_puback: 0,
            replay: Vec::new(),
            incoming_qos2: Vec::new(),
        })
    }
}

impl SessionStore for Forgetful {
    fn load<'a>(&'a self, _: &'a SessionStoreKey) -> Stored<'a, Option<PersistedSession>> {
        Box::pin(async { Ok(Some(self.0.clone())) })
    }

    fn save<'a>(&'a self, _: &'a SessionStoreKey, _: &'a PersistedSession) -> Stored<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn clear<'a>(&'a self, _: &'a SessionStoreKey) -> Stored<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}
