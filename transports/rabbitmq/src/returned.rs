//! Requests that found no queue: the broker returns them, and they are answered
//! by that.

use std::sync::{Arc, Weak};
use std::time::Duration;

use nestrs_core::TransportError;
use nestrs_core::error::NO_MESSAGE_HANDLER;
use nestrs_core::packet::ReplyPacket;
use tokio::sync::Notify;

use crate::session::Session;

/// How often requests are looked for that the broker returned, while any are
/// in flight: the driver does not say when there is one.
const RETURNS: Duration = Duration::from_millis(10);

/// Looks for returned requests as long as any are in flight.
pub(crate) async fn take_back(asked: Arc<Notify>, session: Weak<Session>) {
    loop {
        asked.notified().await;
        loop {
            tokio::time::sleep(RETURNS).await;
            let Some(session) = session.upgrade() else {
                return;
            };
            if session.answer_returned().await.is_err() || session.in_flight.is_empty() {
                break;
            }
        }
    }
}

impl Session {
    /// Requests that found no queue are answered by that.
    async fn answer_returned(&self) -> lapin::Result<()> {
        for returned in self.requests.wait_for_confirms().await? {
            if let Some(number) = self.number(returned.properties.correlation_id().as_ref()) {
                let reply = ReplyPacket {
                    id: None,
                    body: Err(TransportError::from_wire(NO_MESSAGE_HANDLER.into())),
                    is_last: true,
                };
                self.in_flight.complete(number, reply);
            }
        }
        Ok(())
    }
}
