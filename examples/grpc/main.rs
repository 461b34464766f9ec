//! A service that speaks gRPC and HTTP on one port: prices are asked for by
//! pattern, one or as they change, and over HTTP through the same service.
//!
//! ```text
//! cargo run --example grpc     # NESTRS_GRPC_URL=host:port for another address
//! ```

use std::sync::Arc;

use nestrs::axum::Json;
use nestrs::axum::extract::Path;
use nestrs::microservices::{ClientConfig, GrpcMicroserviceOptions, GrpcTransportOptions};
use nestrs::prelude::*;
use serde_json::json;

#[injectable]
struct Prices;

#[micro_routes]
impl Prices {
    #[message_pattern("prices.of")]
    async fn of(&self, item: String) -> Result<u64, TransportError> {
        match &*item {
            "tea" => Ok(350),
            "cake" => Ok(480),
            // The caller's status is NOT_FOUND.
            _ => Err(TransportError::new("no such item")
                .with_details(json!({ "code": 5, "message": "no such item" }))),
        }
    }
}

/// Asks the service over gRPC, as it would if that were another process.
#[controller("/prices")]
struct PricesController {
    prices: Arc<ClientProxy>,
}

#[routes]
impl PricesController {
    #[get("/{item}")]
    async fn of(&self, Path(item): Path<String>) -> Result<Json<u64>, HttpException> {
        Ok(Json(self.prices.send("prices.of", &item).await?))
    }
}

#[module(
    imports = [ClientsModule::register(&[ClientConfig::grpc("prices", GrpcTransportOptions::new(address()))])],
    controllers = [PricesController],
    microservices = [Prices],
)]
struct AppModule;

fn address() -> String {
    std::env::var("NESTRS_GRPC_URL").unwrap_or_else(|_| "127.0.0.1:5000".to_owned())
}

#[tokio::main]
async fn main() {
    let address = address();
    // The payload is JSON, and its bytes are base64 in the JSON of grpcurl: "tea".
    let message = r#"{"pattern":"prices.of","payload":"InRlYSI="}"#;
    println!("Try:");
    println!("  curl http://{address}/prices/tea");
    println!("  grpcurl -plaintext -d '{message}' {address} nestrs.v1.Patterns/Send");
    println!("  grpcurl -plaintext {address} list");
    let options = GrpcMicroserviceOptions {
        reflection: true,
        ..GrpcMicroserviceOptions::new(address)
    };
    NestFactory::create_microservice_grpc::<AppModule>(options)
        .also_serve_http()
        .listen()
        .await;
}
