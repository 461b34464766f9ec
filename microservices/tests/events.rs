//! Events, which any number of handlers receive and none answers.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::Mutex;

use common::Log;
use common::served::{module_of, serve};
use nestrs_di::{Graph, injectable};
use nestrs_microservices::{TransportError, micro_routes};
use serde_json::json;

#[injectable]
struct Fan {
    #[inject(default)]
    heard: Mutex<Vec<&'static str>>,
}

#[micro_routes]
impl Fan {
    #[event_pattern("fan")]
    async fn fails(&self) -> Result<(), TransportError> {
        self.heard.lock().unwrap().push("fails");
        Err(TransportError::new("no luck"))
    }

    #[event_pattern("fan")]
    async fn panics(&self) {
        self.heard.lock().unwrap().push("panics");
        panic!("at the disco")
    }

    #[event_pattern("fan", "other")]
    async fn hears(&self) -> u8 {
        self.heard.lock().unwrap().push("hears");
        7
    }

    #[message_pattern("asked")]
    async fn asked(&self) -> u8 {
        self.heard.lock().unwrap().push("asked");
        8
    }
}

module_of!(FanModule: Fan);

#[tokio::test]
async fn every_handler_of_an_event_runs_whatever_becomes_of_the_others() {
    let log = Log::start();
    let app = serve::<FanModule>().await;
    let fan = app.container.get::<Fan>().unwrap();
    let heard = || std::mem::take(&mut *fan.heard.lock().unwrap());

    app.client.emit("fan", &1).await.unwrap();
    // A request to event handlers runs them as well, and the first answers.
    assert_eq!(app.replies("fan", json!(1)).await, "!no luck");
    assert_eq!(app.replies("other", json!(1)).await, "7");
    // And an event to a message handler runs that.
    app.client.emit("asked", &1).await.unwrap();
    app.client.emit("nobody", &1).await.unwrap();
    app.drain().await;
    let all = ["fails", "panics", "hears"];
    assert_eq!(heard(), [&all[..], &all, &["hears", "asked"]].concat());
    log.assert_contains(&[
        "ERROR an event failed: no luck",
        "ERROR a handler panicked: at the disco",
        "WARN There is no matching event handler defined in the remote service. Event pattern: nobody",
    ]);
}

#[injectable]
struct Again;

#[micro_routes]
impl Again {
    #[event_pattern("fan")]
    async fn fine(&self) {}

    #[message_pattern("asked")]
    async fn asked(&self) {}
}

module_of!(TwiceModule: Fan, Again);

#[test]
fn a_request_has_one_handler() {
    let error = Graph::of::<TwiceModule>().unwrap_err();
    let [finding] = error.findings() else {
        panic!("{error}");
    };
    let part = "pattern `asked` has two message handlers";
    assert!(finding.message.contains(part), "{finding}");
}
