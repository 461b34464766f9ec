//! A running application that is dropped stops at once.

use std::sync::Arc;

use nestrs::microservices::ErrorKind;
use nestrs::prelude::*;

use crate::common::{Gate, client, create, until_refusing};

#[injectable]
struct Stuck {
    gate: Arc<Gate>,
}

#[micro_routes]
impl Stuck {
    #[message_pattern("stuck")]
    async fn stuck(&self) {
        self.gate.pass().await;
    }
}

#[module(providers = [Provider::value(Gate::default())], microservices = [Stuck])]
struct AppModule;

#[tokio::test]
async fn it_listens_no_longer_and_finishes_nothing() {
    let app = create::<AppModule>().also_listen_http(0);
    let app = app.start().await.unwrap();
    let (addr, http_addr) = (app.local_addr().unwrap(), app.http_addr().unwrap());
    let (client, gate) = (client(&app), app.get::<Gate>().unwrap());
    let end = async {
        gate.until_arrived(1).await;
        drop(app);
    };
    let (answer, ()) = tokio::join!(client.send::<_, ()>("stuck", &()), end);
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::ConnectionClosed);
    until_refusing(addr).await;
    until_refusing(http_addr).await;
}

#[tokio::test]
async fn so_does_one_whose_shutdown_is_dropped() {
    let app = create::<AppModule>().start().await.unwrap();
    let (client, gate) = (client(&app), app.get::<Gate>().unwrap());
    let end = async {
        gate.until_arrived(1).await;
        let mut shutdown = Box::pin(app.shutdown());
        // Far enough to have begun.
        assert!(futures_util::poll!(&mut shutdown).is_pending());
    };
    let (answer, ()) = tokio::join!(client.send::<_, ()>("stuck", &()), end);
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::ConnectionClosed);
}
