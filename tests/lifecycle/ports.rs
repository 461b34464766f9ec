//! Ports that are taken, and what is left behind then: nothing.

use std::net::TcpListener;

use nestrs::BootstrapError;
use nestrs::microservices::TcpMicroserviceOptions;
use nestrs::prelude::*;

use crate::common::{free_addr, taken_addr};

#[module]
struct AppModule;

#[tokio::test]
async fn a_taken_port_is_named() {
    let (_listener, addr) = taken_addr();
    let options = TcpMicroserviceOptions::new(addr);
    let app = NestFactory::create_microservice::<AppModule>(options);
    let error = app.try_listen().await.unwrap_err();
    assert!(matches!(error, BootstrapError::Server { .. }), "{error:?}");
    let report = error.to_string();
    let start = format!("the tcp server: cannot listen on {addr}: Address already in use");
    assert!(report.starts_with(&start), "{report}");
    assert!(report.contains("choose another port"), "{report}");
}

#[tokio::test]
async fn a_taken_http_port_is_named_and_the_other_is_free_again() {
    let (listener, http_addr) = taken_addr();
    let addr = free_addr();
    let start = || {
        let app = NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::new(addr));
        app.also_listen_http(http_addr.port())
    };
    let error = start().try_listen().await.unwrap_err();
    // At once, not some time later.
    drop(TcpListener::bind(addr).unwrap());
    assert!(matches!(error, BootstrapError::Http(_)), "{error:?}");
    let report = error.to_string();
    let expected = format!("the HTTP side: cannot listen on {http_addr}: Address already in use");
    assert!(report.starts_with(&expected), "{report}");
    assert!(report.contains("choose another port"), "{report}");

    drop(listener);
    let app = start().start().await.unwrap();
    assert_eq!(app.local_addr(), Some(addr));
    assert_eq!(app.http_addr(), Some(http_addr));
    let addresses = [format!("tcp://{addr}"), format!("http://{http_addr}")];
    assert_eq!(app.addresses(), addresses);
    // An application that ended has given its ports back.
    app.shutdown().await;
    start().start().await.unwrap().shutdown().await;
}

#[tokio::test]
async fn what_is_no_address_is_named() {
    let options = TcpMicroserviceOptions::new("no-port-in-here");
    let app = NestFactory::create_microservice::<AppModule>(options);
    let report = app.start().await.unwrap_err().to_string();
    let start = "the tcp server: cannot listen on no-port-in-here: ";
    assert!(report.starts_with(start), "{report}");
}
