//! What NATS knows of a message beside its payload, and headers in both
//! directions.

use std::str::FromStr;

use async_nats::header::{HeaderMap, HeaderName, HeaderValue};
use async_nats::{Message, Subject};
use nestrs_core::{ErrorKind, Headers, TransportError};

/// What NATS knows of a message: the `native` part of its context, and NestJS's
/// `NatsContext`.
///
/// ```
/// use nestrs_core::MessageContext;
/// use nestrs_transport_nats::NatsContext;
///
/// /// The 7 of `orders.7.paid`, for a handler of `orders.*.paid`.
/// fn order(context: &MessageContext) -> Option<&str> {
///     context.native::<NatsContext>()?.subject.split('.').nth(1)
/// }
/// # assert_eq!(order(&MessageContext::new("pigeon")), None);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NatsContext {
    /// What it was published to; it has no wildcards.
    pub subject: Subject,
    /// Where an answer goes, if one is wanted.
    pub reply: Option<Subject>,
    /// All its headers, those with several values too, of which the context's
    /// own `headers` have the first.
    pub headers: HeaderMap,
}

impl NatsContext {
    pub(crate) fn of(message: Message) -> Self {
        Self {
            subject: message.subject,
            reply: message.reply,
            headers: message.headers.unwrap_or_default(),
        }
    }

    /// The first value of each header, over those that came in the packet.
    pub(crate) fn add_headers(&self, headers: &mut Headers) {
        let first = |(name, values): (&HeaderName, &Vec<HeaderValue>)| {
            Some((name.to_string(), values.first()?.as_str().to_owned()))
        };
        headers.extend(self.headers.iter().filter_map(first));
    }
}

/// A message's headers, over those that every message of its client has.
pub(crate) fn outgoing(
    message: &Headers,
    client: &Headers,
) -> Result<Option<HeaderMap>, TransportError> {
    if message.is_empty() && client.is_empty() {
        return Ok(None);
    }
    let mut headers = HeaderMap::new();
    for (name, value) in client.iter().chain(message.iter()) {
        let refused = |why: &dyn std::fmt::Display| {
            let message = format!("NATS takes no header {name:?} of the value {value:?}: {why}");
            TransportError::of_kind(ErrorKind::InvalidPayload, message)
        };
        headers.insert(
            HeaderName::from_str(name).map_err(|why| refused(&why))?,
            HeaderValue::from_str(value).map_err(|why| refused(&why))?,
        );
    }
    Ok(Some(headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_messages_own_header_comes_first() {
        let client = Headers::from_iter([("tenant", "acme"), ("app", "shop")]);
        let message = Headers::from_iter([("tenant", "other")]);
        let headers = outgoing(&message, &client).unwrap().unwrap();
        assert_eq!(headers.get("tenant").unwrap().as_str(), "other");
        assert_eq!(headers.get("app").unwrap().as_str(), "shop");
        assert_eq!(outgoing(&Headers::new(), &Headers::new()), Ok(None));
    }

    #[test]
    fn what_would_break_the_protocol_is_an_error() {
        for (name, value) in [("a b", "c"), ("a:", "b"), ("é", "c"), ("a", "b\r\nPUB x 0")] {
            let headers = Headers::from_iter([(name, value)]);
            let error = outgoing(&headers, &Headers::new()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidPayload, "{name} {value}");
        }
    }
}
