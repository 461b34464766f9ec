//! [`Sending`]: what messages of a client have in common, whichever connection
//! there is, and where each of them goes.

use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::ShortString;
use nestrs_core::extras::Extras;
use nestrs_core::{ErrorKind, Outgoing, TransportError};

use crate::callers::DIRECT_REPLY_TO;
use crate::record::RabbitMqRecord;
use crate::table;
use crate::topology::Target;

/// What does not change from one connection to the next.
pub(crate) struct Sending {
    pub(crate) target: Target,
    /// Where replies come to, if not straight to us.
    pub(crate) reply_queue: Option<ShortString>,
    pub(crate) persistent: bool,
    pub(crate) max_message_size: usize,
    pub(crate) request_timeout: Duration,
}

impl Sending {
    pub(crate) fn reply_to(&self) -> ShortString {
        self.reply_queue
            .clone()
            .unwrap_or_else(|| DIRECT_REPLY_TO.into())
    }

    /// The exchange and the key, if the broker will take it.
    pub(crate) fn way(
        &self,
        message: &Outgoing<'_>,
        body: &[u8],
    ) -> Result<(ShortString, ShortString), TransportError> {
        let (size, limit) = (body.len(), self.max_message_size);
        if size > limit {
            let message = format!(
                "the message has {size} bytes, which is more than `max_message_size` allows ({limit})"
            );
            return Err(TransportError::of_kind(ErrorKind::PayloadTooLarge, message));
        }
        let way = self.target.of(message.pattern);
        way.map_err(|why| invalid("pattern", &why))
    }
}

/// The properties with all that a message says of itself.
pub(crate) fn says(
    message: &Outgoing<'_>,
    properties: BasicProperties,
    extras: &Extras,
) -> Result<BasicProperties, TransportError> {
    let headers = table::of_headers(&message.headers, extras);
    let headers = headers.map_err(|why| invalid("a header's name", &why))?;
    let properties = properties.with_headers(headers);
    match message.record_as::<RabbitMqRecord>() {
        Some(record) => {
            let written = record.apply(properties);
            written.map_err(|why| invalid("`RabbitMqRecord`", &why))
        }
        None => Ok(properties),
    }
}

fn invalid(what: &str, why: &str) -> TransportError {
    TransportError::of_kind(ErrorKind::InvalidPayload, format!("{what}: {why}"))
}
