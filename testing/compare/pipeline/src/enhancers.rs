//! One of each kind, which does as little as one can.

use async_trait::async_trait;
use nestrs_core::{Answer, TransportError};
use nestrs_microservices::{Guard, Incoming, Interceptor, Next, Pipe};
use serde_json::Value;

/// Looks at a header.
#[derive(Default)]
pub(crate) struct Headers;

#[async_trait]
impl Guard for Headers {
    async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
        match message.ctx().headers.get("banned") {
            None => Ok(()),
            Some(_) => Err(TransportError::new("Forbidden resource")),
        }
    }
}

/// Gives the payload back.
#[derive(Default)]
pub(crate) struct Same;

#[async_trait]
impl Pipe for Same {
    async fn transform(&self, payload: Value, _: &Incoming) -> Result<Value, TransportError> {
        Ok(payload)
    }
}

/// Hands the message on.
#[derive(Default)]
pub(crate) struct Passing;

#[async_trait]
impl Interceptor for Passing {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        next.run(message).await
    }
}
