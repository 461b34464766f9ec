//! What does not finish within the grace period is dropped.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nestrs::axum::{Router, routing::get};
use nestrs::microservices::ErrorKind;
use nestrs::prelude::*;

use crate::common::{Gate, Journal, client, create, http, written};

const GRACE_PERIOD: Duration = Duration::from_millis(200);
/// What it may take beyond that to clean up.
const SLACK: Duration = Duration::from_secs(1);

#[injectable]
struct Stuck {
    gate: Arc<Gate>,
}

#[micro_routes]
impl Stuck {
    #[message_pattern("stuck")]
    async fn stuck(&self) {
        let _dropped = Dropped("handler");
        self.gate.pass().await;
        Journal::write("finished");
    }
}

struct Dropped(&'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        Journal::write(format!("{} dropped", self.0));
    }
}

#[module(providers = [Provider::value(Gate::default())], microservices = [Stuck])]
struct AppModule;

#[tokio::test]
async fn a_stuck_handler_is_dropped_when_the_grace_period_is_over() {
    let app = create::<AppModule>().grace_period(GRACE_PERIOD);
    let app = app.start().await.unwrap();
    let (client, gate) = (client(&app), app.get::<Gate>().unwrap());
    let end = async {
        gate.until_arrived(1).await;
        let stopped = Instant::now();
        app.shutdown().await;
        assert_eq!(written(), ["handler dropped"], "when the shutdown returns");
        stopped.elapsed()
    };
    let (answer, took) = tokio::join!(client.send::<_, ()>("stuck", &()), end);
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::ConnectionClosed);
    assert!(
        GRACE_PERIOD <= took && took < GRACE_PERIOD + SLACK,
        "{took:?}"
    );
}

#[tokio::test]
async fn a_stuck_http_request_is_dropped_too() {
    let gate = Arc::new(Gate::default());
    let passes = Arc::clone(&gate);
    let stuck = async move || {
        let _dropped = Dropped("request");
        passes.pass().await;
    };
    let app = create::<AppModule>()
        .grace_period(GRACE_PERIOD)
        .also_listen_http(0)
        .configure_http(|http| http.merge(Router::new().route("/stuck", get(stuck))));
    let app = app.start().await.unwrap();
    let request = http::exchange(app.http_addr().unwrap(), "GET /stuck", &[], "");
    let end = async {
        gate.until_arrived(1).await;
        let stopped = Instant::now();
        app.shutdown().await;
        stopped.elapsed()
    };
    let (answer, took) = tokio::join!(request, end);
    assert_eq!(answer.unwrap_or_default(), "");
    assert_eq!(written(), ["request dropped"]);
    assert!(
        GRACE_PERIOD <= took && took < GRACE_PERIOD + SLACK,
        "{took:?}"
    );
}

#[tokio::test]
async fn without_anything_in_hand_there_is_nothing_to_wait_for() {
    let app = create::<AppModule>().also_listen_http(0);
    let app = app.start().await.unwrap();
    let client = client(&app);
    client.send::<_, ()>("unknown", &()).await.unwrap_err();
    // Idle connections: one that was used, and one that never was.
    let _idle = tokio::net::TcpStream::connect(app.http_addr().unwrap()).await;
    let stopped = Instant::now();
    app.shutdown().await;
    assert!(stopped.elapsed() < SLACK, "{:?}", stopped.elapsed());
}
