//! The promised declarations: traits as users implement them, signatures as
//! users call them.

use std::sync::Arc;

use nestrs::microservices::{TcpMicroserviceOptions, TcpTransportOptions};
use nestrs::prelude::*;
use serde_json::{Value, json};

/// A transport of the two promised methods.
struct Loopback;

#[async_trait]
impl Transport for Loopback {
    async fn send_json(&self, pattern: &str, payload: Value) -> Result<Value, TransportError> {
        match pattern {
            "fail" => Err(TransportError::new("failed").with_details(payload)),
            _ => Ok(json!({ "pattern": pattern, "payload": payload })),
        }
    }

    async fn emit_json(&self, _: &str, _: Value) -> Result<(), TransportError> {
        Ok(())
    }
}

#[tokio::test]
async fn a_transport_needs_two_methods_and_a_proxy_takes_any() {
    let config = ClientConfig {
        name: "loopback",
        transport: Arc::new(Loopback),
    };
    let client = ClientProxy::new(config.transport);
    let reply = client.send::<i32, Value>("p", &1).await.unwrap();
    assert_eq!(reply, json!({ "pattern": "p", "payload": 1 }));
    client.emit("p", &"x").await.unwrap();
    let TransportError { message, details } = client
        .send::<_, Value>("fail", &json!({ "field": "a" }))
        .await
        .unwrap_err();
    assert_eq!(
        (message.as_str(), details),
        ("failed", Some(json!({ "field": "a" })))
    );
}

#[derive(Default)]
struct Everything;

#[async_trait]
impl MicroCanActivate for Everything {
    async fn can_activate_micro(&self, _: &str, _: &Value) -> Result<(), TransportError> {
        Ok(())
    }
}

#[async_trait]
impl MicroIncomingInterceptor for Everything {
    async fn before_handle_micro(&self, _: &str, _: &Value) {}
}

#[async_trait]
impl MicroPipeTransform for Everything {
    async fn transform_micro(&self, _: &str, payload: Value) -> Result<Value, TransportError> {
        Ok(payload)
    }
}

#[test]
fn declarations_are_as_promised() {
    let _: fn(&[ClientConfig]) -> DynamicModule = ClientsModule::register;
    let _: fn(&'static str, TcpTransportOptions) -> ClientConfig = ClientConfig::tcp;
    let _: fn(&ClientsService, &str) -> Option<ClientProxy> = ClientsService::get;
    let _: fn(&ClientsService, &str) -> ClientProxy = ClientsService::expect;
    let _: fn(TransportError, Value) -> TransportError = TransportError::with_details;
    let _ = TcpMicroserviceOptions::default();
    fn error<T: std::error::Error + Clone + Send + Sync + 'static>() {}
    error::<TransportError>();
    fn debug_and_clone<T: std::fmt::Debug + Clone>() {}
    debug_and_clone::<TcpMicroserviceOptions>();
    debug_and_clone::<TcpTransportOptions>();
}
