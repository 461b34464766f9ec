//! [`PassThrough`]: an enhancer that does nothing.

use async_trait::async_trait;
use nestrs::microservices::{Guard, Interceptor, Next, Pipe, Protocol};
use serde_json::Value;

/// Stands in for a guard, an interceptor or a pipe, and lets everything
/// through as it is. See
/// [`override_guard`](crate::TestingModuleBuilder::override_guard).
#[derive(Debug, Clone, Copy, Default)]
pub struct PassThrough;

#[async_trait]
impl<P: Protocol> Guard<P> for PassThrough {
    async fn can_activate(&self, _: &P::Call) -> Result<(), P::Error> {
        Ok(())
    }
}

#[async_trait]
impl<P: Protocol> Interceptor<P> for PassThrough {
    async fn intercept(&self, call: P::Call, next: Next<'_, P>) -> Result<P::Answer, P::Error> {
        next.run(call).await
    }
}

#[async_trait]
impl<P: Protocol> Pipe<P> for PassThrough {
    async fn transform(&self, payload: Value, _: &P::Call) -> Result<Value, P::Error> {
        Ok(payload)
    }
}
