//! The channels a server is subscribed to, and what a message on one of them
//! means.
//!
//! The next file on a message's path is `handling.rs`.

use std::sync::Arc;

use bytes::Bytes;
use nestrs_core::packet::Packet;
use nestrs_core::{Message, Wildcards};
use redis::aio::PubSubSink;
use redis::{Msg, RedisResult};
use rustc_hash::FxHashMap;
use serde_json::Value;

use crate::context::RedisContext;

/// What replies are published to, behind the channel of the request.
pub(crate) const REPLY: &str = ".reply";
/// What is published when a call is not waited for any more, before the channel
/// of the request. NestJS peers are not subscribed to it.
pub(crate) const CANCEL: &str = "nestrs-cancel:";

pub(crate) struct Channels {
    exact: FxHashMap<String, Arc<Channel>>,
    /// Routes with wildcards, in an order that stays the same.
    open: Vec<String>,
}

/// What is known of a channel before a message comes.
pub(crate) struct Channel {
    /// The route that it was subscribed to by.
    route: Arc<str>,
    /// Where replies go.
    pub(crate) reply: Arc<str>,
    /// Its name as the pattern of a message.
    pattern: Bytes,
    context: Arc<RedisContext>,
}

/// A message, and what to answer it by and where.
pub(crate) struct Received {
    pub(crate) message: Message,
    pub(crate) id: Option<Bytes>,
    /// As it came.
    pub(crate) metadata: Option<Bytes>,
    pub(crate) channel: Arc<Channel>,
}

impl Channels {
    pub(crate) fn new(routes: Vec<String>, wildcards: bool) -> Self {
        let (mut open, exact): (Vec<_>, Vec<_>) = routes
            .into_iter()
            .partition(|route| wildcards && Wildcards::Glob.are_in(route));
        open.sort_unstable();
        let channel = |route: String| {
            let channel = Channel::new(&route, &route, None);
            (route, Arc::new(channel))
        };
        Self {
            exact: exact.into_iter().map(channel).collect(),
            open,
        }
    }

    /// Subscribes to all of them, and is done when Redis has confirmed it.
    pub(crate) async fn subscribe(&self, to: &mut PubSubSink) -> RedisResult<()> {
        if !self.exact.is_empty() {
            to.subscribe(self.exact.keys().collect::<Vec<_>>()).await?;
        }
        if !self.open.is_empty() {
            to.psubscribe(&self.open).await?;
        }
        // Who may not be told of calls that are given up can do without.
        if let Err(error) = self.subscribe_to_cancels(to).await
            && error.code().is_some()
        {
            tracing::info!(%error, "calls that are given up go on: this user may not subscribe to channels that start with {CANCEL:?}");
        }
        Ok(())
    }

    async fn subscribe_to_cancels(&self, to: &mut PubSubSink) -> RedisResult<()> {
        let cancel = |route: &String| format!("{CANCEL}{route}");
        if !self.exact.is_empty() {
            let names: Vec<_> = self.exact.keys().map(cancel).collect();
            to.subscribe(names).await?;
        }
        if !self.open.is_empty() {
            let names: Vec<_> = self.open.iter().map(cancel).collect();
            to.psubscribe(names).await?;
        }
        Ok(())
    }

    /// Ends all subscriptions but those to calls that are given up.
    pub(crate) async fn unsubscribe(&self, from: &mut PubSubSink) -> RedisResult<()> {
        if !self.exact.is_empty() {
            let names: Vec<_> = self.exact.keys().collect();
            from.unsubscribe(names).await?;
        }
        if !self.open.is_empty() {
            from.punsubscribe(&self.open).await?;
        }
        Ok(())
    }

    /// What was published, unless it is not for us.
    pub(crate) fn receive(&self, message: &Msg) -> Option<Received> {
        let name = message.get_channel_name();
        let packet = packet(message.get_payload_bytes());
        let subscribed: Option<String> = message.get_pattern().ok().flatten();
        let channel = match subscribed {
            None => self.exact.get(name)?.clone(),
            Some(subscribed) => {
                // Our own replies, and what others say of their calls.
                if name.ends_with(REPLY) || name.starts_with(CANCEL) {
                    return None;
                }
                self.channel(name, subscribed, packet.id.is_some())?
            }
        };
        let metadata = packet.metadata.clone();
        let (mut message, id) = Message::from_packet(packet);
        message.context.transport = "redis";
        message.context.native = Some(channel.context.clone());
        // As for NestJS it is the channel that counts, whatever the packet says.
        message.pattern = channel.pattern.clone();
        message.route = Some(channel.route.clone());
        Some(Received {
            message,
            id,
            metadata,
            channel,
        })
    }

    /// What a message is taken for that came by a pattern with wildcards. Where
    /// several subscriptions match, Redis delivers it for each of them: an event
    /// is for the handlers of each, a request is answered once.
    fn channel(&self, name: &str, subscribed: String, is_request: bool) -> Option<Arc<Channel>> {
        if is_request {
            let mut open = self.open.iter();
            let first = open.find(|route| Wildcards::Glob.matches(route, name))?;
            if self.exact.contains_key(name) || *first != subscribed {
                return None;
            }
        }
        let channel = Channel::new(&subscribed.clone(), name, Some(subscribed));
        Some(Arc::new(channel))
    }
}

impl Channel {
    fn new(route: &str, name: &str, subscribed: Option<String>) -> Self {
        let context = RedisContext {
            channel: name.to_owned(),
            subscribed,
            delivery: None,
        };
        Self {
            route: route.into(),
            reply: format!("{name}{REPLY}").into(),
            pattern: pattern(name),
            context: Arc::new(context),
        }
    }
}

/// A route as the pattern of a message: objects as they are, text as a string.
pub(crate) fn pattern(route: &str) -> Bytes {
    match route.starts_with('{') {
        true => Bytes::copy_from_slice(route.as_bytes()),
        false => Value::from(route).to_string().into(),
    }
}

/// The packet in what was published. What is none is an event with that for its
/// payload, JSON or text, as it is to NestJS.
pub(crate) fn packet(payload: &[u8]) -> Packet {
    let payload = Bytes::copy_from_slice(payload);
    match Packet::parse(&payload) {
        Ok(packet) if packet.pattern.is_some() || packet.data.is_some() => packet,
        Ok(_) => of_data(payload),
        Err(_) => {
            let text = Value::from(String::from_utf8_lossy(&payload));
            of_data(text.to_string().into())
        }
    }
}

fn of_data(data: Bytes) -> Packet {
    Packet {
        data: Some(data),
        ..Packet::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(subscribed: Option<&str>, channel: &str, payload: &str) -> Msg {
        let text = |text: &str| redis::Value::BulkString(text.into());
        let mut parts = match subscribed {
            Some(pattern) => vec![text("pmessage"), text(pattern)],
            None => vec![text("message")],
        };
        parts.extend([text(channel), text(payload)]);
        Msg::from_owned_value(redis::Value::Array(parts)).unwrap_or_else(|| panic!("a message"))
    }

    fn channels(routes: &[&str]) -> Channels {
        Channels::new(routes.iter().map(ToString::to_string).collect(), true)
    }

    #[test]
    fn what_is_no_packet_is_an_event_with_that_for_its_payload() {
        for (payload, data) in [
            ("not json", r#""not json""#),
            (r#""raw""#, r#""raw""#),
            (r#"{"x":1}"#, r#"{"x":1}"#),
            (r#"{"id":1}"#, r#"{"id":1}"#),
            ("null", "null"),
            ("[1]", "[1]"),
        ] {
            let packet = packet(payload.as_bytes());
            assert_eq!(packet.data.as_deref(), Some(data.as_bytes()), "{payload}");
            assert_eq!(packet.id, None);
        }
        assert_eq!(
            packet(b"\xff").data.as_deref(),
            Some("\"\u{fffd}\"".as_bytes())
        );
    }

    #[test]
    fn the_channel_is_the_pattern_whatever_the_packet_says() {
        let channels = channels(&["a", r#"{"cmd":"sum"}"#]);
        let packet = r#"{"pattern":"other","data":1}"#;
        for (channel, pattern) in [("a", r#""a""#), (r#"{"cmd":"sum"}"#, r#"{"cmd":"sum"}"#)] {
            let received = channels.receive(&message(None, channel, packet));
            let received = received.unwrap_or_else(|| panic!("{channel}"));
            assert_eq!(received.message.pattern, pattern);
            assert_eq!(&*received.channel.reply, format!("{channel}.reply"));
        }
    }

    #[test]
    fn a_request_is_taken_once_and_an_event_by_each_subscription() {
        let channels = channels(&["u.*", "u.1*", "u.12"]);
        let (request, event) = (r#"{"data":1,"id":"x"}"#, r#"{"data":1}"#);
        let route = |subscribed: Option<&str>, channel: &str, payload: &str| {
            let received = channels.receive(&message(subscribed, channel, payload))?;
            assert_eq!(received.message.pattern, format!("{channel:?}"));
            received.message.route
        };
        for (subscribed, channel, of_request, of_event) in [
            (None, "u.12", Some("u.12"), Some("u.12")),
            (Some("u.*"), "u.12", None, Some("u.*")),
            (Some("u.*"), "u.13", Some("u.*"), Some("u.*")),
            (Some("u.1*"), "u.13", None, Some("u.1*")),
            (Some("u.*"), "u.2.reply", None, None),
        ] {
            assert_eq!(
                route(subscribed, channel, request).as_deref(),
                of_request,
                "{channel}"
            );
            assert_eq!(
                route(subscribed, channel, event).as_deref(),
                of_event,
                "{channel}"
            );
        }
    }
}
