//! Guards, pipes and interceptors that are none.
use nestrs::prelude::*;
use serde_json::Value;

#[derive(Default)]
struct NoGuard;

struct NoDefault;

#[async_trait]
impl MicroCanActivate for NoDefault {
    async fn can_activate_micro(&self, _: &str, _: &Value) -> Result<(), TransportError> {
        Ok(())
    }
}

#[injectable]
struct Orders;

#[micro_routes]
impl Orders {
    #[message_pattern("guarded")]
    #[use_micro_guards(NoGuard)]
    async fn guarded(&self) {}

    #[message_pattern("piped")]
    #[use_micro_pipes(NoGuard)]
    async fn piped(&self) {}

    #[message_pattern("intercepted")]
    #[use_micro_interceptors(NoGuard)]
    async fn intercepted(&self) {}
}

fn main() {}
