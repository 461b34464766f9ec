//! A request is called off when nobody waits for its replies any more.
//!
//! Which replica of which service has the request nobody knows, so all nestrs
//! servers are told: they listen at [`CALLED_OFF`] for the reply subjects of
//! such requests. NestJS peers do not listen there.

use std::sync::Arc;

use async_nats::Subject;
use async_nats::message::OutboundMessage;
use bytes::Bytes;
use tokio::runtime::Handle;

use crate::link::Link;

/// Where clients say which requests they do not wait for any more.
pub(crate) const CALLED_OFF: &str = "_NESTRS.called-off";

/// Calls off the request that is replied to at `reply`.
pub(crate) fn call_off(link: &Arc<Link>, reply: Subject) {
    // Without a runtime there is no connection either.
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    let link = link.clone();
    runtime.spawn(async move {
        let message = OutboundMessage {
            subject: Subject::from_static(CALLED_OFF),
            reply: None,
            payload: Bytes::copy_from_slice(reply.as_bytes()),
            headers: None,
        };
        // Behind its request. On a connection that has ended nobody hears it.
        let _ = link.outbox.push_last(message).await;
    });
}
