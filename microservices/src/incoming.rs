//! [`Incoming`]: a message on its way through the pipeline.
//!
//! The next file on a message's path is [`crate::payload`].

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use nestrs_core::{ErrorKind, TransportError};
use nestrs_di::{Container, Instance, Key, ModuleId, RequestScope};
use serde_json::Value;

use crate::ctx::Ctx;
use crate::payload::decode;

/// A message as the pipeline and its handler get it.
#[derive(Debug)]
pub struct Incoming {
    pub(crate) ctx: Ctx,
    pub(crate) payload: Payload,
    pub(crate) home: Option<Home>,
}

/// The payload of a message, in the forms it is there: at least one of them.
#[derive(Debug, Default)]
pub(crate) struct Payload {
    /// As it came, unless it was changed since.
    pub(crate) json: Option<Bytes>,
    pub(crate) value: OnceLock<Value>,
}

/// Where what a handler asks the container for comes from.
#[derive(Clone)]
pub(crate) struct Home {
    pub(crate) container: Container,
    pub(crate) module: ModuleId,
    /// There where anything for this handler is of a request.
    pub(crate) request: Option<RequestScope>,
}

impl Incoming {
    pub(crate) fn new(ctx: Ctx, payload: Payload) -> Self {
        Self {
            ctx,
            payload,
            home: None,
        }
    }

    /// Everything but the payload.
    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// The payload. Made of the message's text when it is first asked for.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::InvalidPayload`] when it is no JSON.
    pub fn payload(&self) -> Result<&Value, TransportError> {
        let Payload { json, value } = &self.payload;
        if let Some(value) = value.get() {
            return Ok(value);
        }
        let parsed = decode(json.as_deref().unwrap_or(b"null"), || {
            format!("the payload of `{}` is no JSON", self.ctx.pattern)
        })?;
        Ok(value.get_or_init(|| parsed))
    }

    /// Puts another payload in place of the one there is.
    pub fn set_payload(&mut self, payload: Value) {
        self.payload = payload.into();
    }

    pub(crate) fn take_payload(&mut self) -> Result<Value, TransportError> {
        self.payload()?;
        Ok(std::mem::take(&mut self.payload)
            .value
            .take()
            .unwrap_or_default())
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

impl Home {
    pub(crate) async fn instance(&self, key: Key) -> Result<Instance, TransportError> {
        let Self {
            container,
            module,
            request,
        } = self;
        match request {
            Some(request) => {
                let instance = request.get_in(*module, key).await;
                instance.map_err(|error| internal(error.to_string()))
            }
            None => container
                .get_in(*module, key)
                .ok_or_else(|| internal(format!("nothing provides `{key}` here"))),
        }
    }
}

/// An error that is the application's own fault, and for its log alone.
pub(crate) fn internal(message: String) -> TransportError {
    TransportError::of_kind(ErrorKind::Internal, message)
}

/// `instance` as a `T`, which is what was asked for.
pub(crate) fn downcast<T: Any + Send + Sync>(instance: Instance) -> Result<Arc<T>, TransportError> {
    let other = |_| internal(format!("no `{}`", std::any::type_name::<T>()));
    instance.downcast().map_err(other)
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

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Home").field(&self.module).finish()
    }
}
