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
#[derive(Debug)]
pub struct Incoming {
    pub(crate) ctx: Ctx,
    pub(crate) payload: Payload,
    pub(crate) home: Option<Home>,
    /// Whether what is made of the payload has to be checked.
    pub(crate) is_validated: bool,
}

/// The payload of a message, in the forms it is there: at least one of them.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// As it came, unless it was changed since: JSON, or what the message's
    /// encoding says.
    pub(crate) json: Option<Bytes>,
    pub(crate) value: OnceLock<Value>,
}

impl Incoming {
    pub(crate) fn new(ctx: Ctx, payload: Payload) -> Self {
        Self {
            ctx,
            payload,
            home: None,
            is_validated: false,
        }
    }

    /// What is made for each message is made for this one from here on.
    #[cold]
    pub(crate) fn begin_request(&mut self) {
        if let Some(home) = &mut self.home {
            home.request = Some(home.container.scope().supply(self.ctx.clone()));
        }
    }

    /// Everything but the payload.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// The payload. Made of the message's text, or of what its
    /// [`encoding`](nestrs_core::MessageContext::encoding) makes of its bytes,
    /// when it is first asked for. `null` where it comes item by item.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`](crate::ErrorKind::InvalidPayload) when it is no JSON.
    pub fn payload(&self) -> Result<&Value, TransportError> {
        let value = &self.payload.value;
        match value.get() {
            Some(value) => Ok(value),
            None => {
                let read = self.read()?;
                Ok(value.get_or_init(|| read))
            }
        }
    }

    /// What its bytes say.
    fn read(&self) -> Result<Value, TransportError> {
        match (&self.ctx.encoding, &self.payload.json) {
            (Some(encoding), Some(_)) if !encoding.is_whole() => Ok(Value::Null),
            (Some(encoding), Some(bytes)) => encoding.read(bytes),
            (_, json) => decode(json.as_deref().unwrap_or(b"null"), || {
                format!("the payload of `{}` is no JSON", self.ctx.pattern)
            }),
        }
    }

    /// Puts another payload in place of the one there is.
    pub fn set_payload(&mut self, payload: Value) {
        self.payload = payload.into();
    }

    /// What pipes transform; nothing of a payload that comes item by item.
    pub(crate) fn take_payload(&mut self) -> Result<Option<Value>, TransportError> {
        if let Some(encoding) = &self.ctx.encoding
            && !encoding.is_whole()
        {
            return Ok(None);
        }
        let value = match self.payload.value.take() {
            Some(value) => value,
            None => self.read()?,
        };
        self.payload.json = None;
        Ok(Some(value))
    }

    /// What the handler's module gets for `key`.
    pub(crate) async fn instance(&self, key: Key) -> Result<Instance, TransportError> {
        match &self.home {
            Some(home) => home.instance(key).await,
            None => Err(internal(format!(
                "`{key}` comes from a container, and {} was bound without one",
                self.ctx.handler
            ))),
        }
    }
}

impl From<Value> for Payload {
    fn from(value: Value) -> Self {
        Self {
            json: None,
            value: OnceLock::from(value),
        }
    }
}

impl From<Bytes> for Payload {
    fn from(json: Bytes) -> Self {
        Self {
            json: Some(json),
            value: OnceLock::new(),
        }
    }
}
