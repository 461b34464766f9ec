//! HTTP and messages in one process, to the end.

use std::sync::Arc;

use nestrs::axum::extract::State;
use nestrs::axum::{Router, routing::get};
use nestrs::prelude::*;

use crate::common::http::ask;
use crate::common::{Gate, client, create, until_refusing};

/// Both a controller and a message handler, on one instance.
#[injectable]
struct Orders {
    gate: Arc<Gate>,
}

#[micro_routes]
impl Orders {
    #[message_pattern("orders")]
    async fn orders(&self) -> usize {
        self.gate.pass().await;
        std::ptr::from_ref(self).addr()
    }
}

impl Controller for Orders {
    fn router(self: Arc<Self>) -> Router {
        let orders = async |State(this): State<Arc<Self>>| this.orders().await.to_string();
        Router::new().route("/orders", get(orders)).with_state(self)
    }
}

#[module(
    providers = [Provider::value(Gate::default())],
    controllers = [Orders],
    microservices = [Orders],
)]
struct AppModule;

#[tokio::test]
async fn what_is_in_hand_is_answered_on_both_sides() {
    let app = create::<AppModule>().also_listen_http(0);
    let app = app.start().await.unwrap();
    let (addr, http_addr) = (app.local_addr().unwrap(), app.http_addr().unwrap());
    let (client, gate) = (client(&app), app.get::<Gate>().unwrap());
    let instance = Arc::as_ptr(&app.get::<Orders>().unwrap()).addr();

    let shutdown = async {
        gate.until_arrived(2).await;
        tokio::join!(biased; app.shutdown(), async {
            until_refusing(addr).await;
            until_refusing(http_addr).await;
            gate.open();
        });
    };
    let request = ask(http_addr, "GET /orders", &[]);
    let message = client.send::<_, usize>("orders", &());
    let (response, answer, ()) = tokio::join!(request, message, shutdown);
    assert_eq!(answer, Ok(instance));
    assert_eq!(
        (response.status, response.body),
        (200, instance.to_string())
    );
}
