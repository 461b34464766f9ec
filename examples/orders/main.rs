//! An HTTP gateway and an orders microservice in one process, and the billing
//! microservice it calls in another application beside it. Needs nothing but
//! itself:
//!
//! ```text
//! cargo run --example orders
//! cargo run --example orders -- graph    # prints how it is wired, as Mermaid
//! ```
//!
//! | file | is |
//! |---|---|
//! | `gateway.rs` | the HTTP side: `POST /api/orders`, `GET /api/orders/{id}` |
//! | `orders.rs` | the orders microservice, with a guard and a pipe |
//! | `audit.rs` | a listener on the event bus |
//! | `billing.rs` | the other microservice |
//! | `../tests/orders.rs` | how it is tested |

mod audit;
mod billing;
mod gateway;
mod orders;

use nestrs::BootstrapError;
use nestrs::di::Graph;
use nestrs::microservices::{TcpMicroserviceOptions, TcpTransportOptions};
use nestrs::prelude::*;

#[module(
    imports = [
        ClientsModule::register(&[
            ClientConfig::tcp("orders", TcpTransportOptions::new(address("ORDERS_ADDR", ORDERS))),
            ClientConfig::tcp("billing", TcpTransportOptions::new(address("BILLING_ADDR", BILLING))),
        ]),
    ],
    controllers = [gateway::OrdersController],
    microservices = [orders::OrdersService],
    providers = [audit::AuditLog],
)]
pub(crate) struct AppModule;

const HTTP_PORT: u16 = 3000;
const ORDERS: &str = "127.0.0.1:3001";
const BILLING: &str = "127.0.0.1:3002";

/// An address from the environment, so that several can run on one machine.
fn address(variable: &str, default: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| default.to_owned())
}

#[tokio::main]
async fn main() -> Result<(), BootstrapError> {
    if std::env::args().nth(1).as_deref() == Some("graph") {
        println!("{}", Graph::of::<AppModule>()?.view().to_mermaid());
        return Ok(());
    }
    tracing_subscriber::fmt().with_target(false).init();
    let port = std::env::var("PORT")
        .ok()
        .and_then(|port| port.parse().ok())
        .unwrap_or(HTTP_PORT);

    let billing = TcpMicroserviceOptions::new(address("BILLING_ADDR", BILLING));
    let billing = NestFactory::create_microservice::<billing::BillingModule>(billing)
        .start()
        .await?;

    println!("Try:");
    println!("  curl -i localhost:{port}/api/health");
    println!(
        "  curl -i localhost:{port}/api/orders -H 'content-type: application/json' \\\n       -d '{{\"customer\":\"ada\",\"item\":\" Book \",\"quantity\":2}}'"
    );
    println!("  curl -i localhost:{port}/api/orders/1");

    let orders = TcpMicroserviceOptions::new(address("ORDERS_ADDR", ORDERS));
    NestFactory::create_microservice::<AppModule>(orders)
        .also_listen_http(port)
        .configure_http(|http| {
            http.set_global_prefix("api")
                .enable_health_check("/health")
                .enable_readiness_check("/ready")
                .enable_cors(CorsOptions::permissive())
        })
        .try_listen()
        .await?;
    billing.shutdown().await;
    Ok(())
}
