//! [`Incoming`]: a message on its way through the pipeline.
//!
//! The next file on a message's path is [`crate::payload`].

use std::sync::OnceLock;

use bytes::Bytes;
use nestrs_core::TransportError;
use nestrs_di::{Instance, Key};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::home::{Home, internal};
use crate::payload::decode;

/// A message as the pipeline and its handler get it.
// Interceptors take it and give it on, each time into another future: it stays
// where it is.
#[derive(Debug)]
pub struct Incoming(pub(crate) Box<Parts>);

#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) ctx: Ctx,
    pub(crate) payload: Payload,
    pub(crate) home: Option<Home>,
    /// Whether what is made of the payload has to be checked.
    pub(crate) is_validated: bool,
}

/// The payload of a message.
#[derive(Debug)]
pub(crate) enum Payload {
    /// As it came, until it is taken: JSON, or what the message's encoding
    /// says. And what was read of it, if anybody has looked.
    Came(Option<Bytes>, OnceLock<Value>),
    /// What was made of it.
    Made(Value),
}

impl Incoming {
    #[inline]
    pub(crate) fn new(ctx: Ctx, payload: Payload) -> Self {
        Self(Box::write(
            Box::new_uninit(),
            Parts {
                ctx,
                payload,
                home: None,
                is_validated: false,
            },
        ))
    }

    /// What is made for each message is made for this one from here on.
    #[cold]
    pub(crate) fn begin_request(&mut self) {
        if let Some(home) = &mut self.0.home {
            home.request = Some(home.container.scope().supply(self.0.ctx.clone()));
        }
    }

    /// Everything but the payload.
    pub fn ctx(&self) -> &Ctx {
        &self.0.ctx
    }

    /// The payload. Made of the message's text, or of what its
    /// [`encoding`](nestrs_core::MessageContext::encoding) makes of its bytes,
    /// when it is first asked for. `null` where it comes item by item.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`](crate::ErrorKind::InvalidPayload) when it is no JSON.
    pub fn payload(&self) -> Result<&Value, TransportError> {
        let (bytes, value) = match &self.0.payload {
            Payload::Made(value) => return Ok(value),
            Payload::Came(bytes, value) => (bytes, value),
        };
        match value.get() {
            Some(value) => Ok(value),
            None => {
                let read = read(&self.0.ctx, bytes.as_ref())?;
                Ok(value.get_or_init(|| read))
            }
        }
    }

    /// Puts another payload in place of the one there is.
    pub fn set_payload(&mut self, payload: Value) {
        self.0.payload = payload.into();
    }

    /// What pipes transform; nothing of a payload that comes item by item.
    pub(crate) fn take_payload(&mut self) -> Result<Option<Value>, TransportError> {
        if let Some(encoding) = &self.0.ctx.encoding
            && !encoding.is_whole()
        {
            return Ok(None);
        }
        let value = match &mut self.0.payload {
            Payload::Made(value) => value.take(),
            Payload::Came(bytes, value) => {
                let value = match value.take() {
                    Some(value) => value,
                    None => read(&self.0.ctx, bytes.as_ref())?,
                };
                *bytes = None;
                value
            }
        };
        Ok(Some(value))
    }

    /// What the handler's module gets for `key`.
    pub(crate) async fn instance(&self, key: Key) -> Result<Instance, TransportError> {
        match &self.0.home {
            Some(home) => home.instance(key).await,
            None => Err(internal(format!(
                "`{key}` comes from a container, and {} was bound without one",
                self.0.ctx.handler()
            ))),
        }
    }
}

/// What the bytes of a message say.
fn read(ctx: &Ctx, bytes: Option<&Bytes>) -> Result<Value, TransportError> {
    match (&ctx.encoding, bytes) {
        (Some(encoding), Some(_)) if !encoding.is_whole() => Ok(Value::Null),
        (Some(encoding), Some(bytes)) => encoding.read(bytes),
        (_, json) => decode(json.map_or(b"null", |json| json), || {
            format!("the payload of `{}` is no JSON", ctx.pattern())
        }),
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self::Made(value)
    }
}

impl From<Bytes> for Payload {
    fn from(json: Bytes) -> Self {
        Self::Came(Some(json), OnceLock::new())
    }
}
