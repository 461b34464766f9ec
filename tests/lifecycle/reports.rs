//! What is wrong with an application is said before anything of it listens,
//! all of it at once.

use std::error::Error;
use std::sync::Arc;

use nestrs::BootstrapError;
use nestrs::microservices::TcpMicroserviceOptions;
use nestrs::prelude::*;

use crate::common::{Journal, taken_addr, written};

struct Database;

#[injectable]
impl Database {
    #[constructor]
    async fn connect() -> Result<Self, std::io::Error> {
        Journal::write("connecting");
        Err(std::io::Error::other("no such host"))
    }
}

#[injectable]
struct Broken {
    _missing: Arc<Missing>,
    _other: Arc<String>,
}

struct Missing;

#[module(providers = [Broken, Database])]
struct BrokenModule;

#[module(providers = [Database])]
struct DatabaseModule;

/// Starts on a port that is taken: whoever comes so far says so.
async fn start_on_a_taken_port<M: Module>() -> BootstrapError {
    let (_listener, addr) = taken_addr();
    let options = TcpMicroserviceOptions::new(addr);
    let app = NestFactory::create_microservice::<M>(options);
    app.start().await.unwrap_err()
}

#[tokio::test]
async fn modules_that_do_not_fit_are_reported_whole_and_nothing_is_constructed() {
    let error = start_on_a_taken_port::<BrokenModule>().await;
    assert!(matches!(error, BootstrapError::Graph(_)), "{error:?}");
    let report = error.to_string();
    assert_eq!(report, BrokenModule::verify().unwrap_err().to_string());
    for part in [
        "`Broken` needs `Missing`, which nothing provides",
        "`Broken` needs `String`, which nothing provides",
        "path: BrokenModule > Broken > Missing",
        "fix: ",
        file!(),
    ] {
        assert!(report.contains(part), "no {part} in\n{report}");
    }
    assert_eq!(written(), Vec::<String>::new());
}

#[tokio::test]
async fn a_constructor_that_fails_is_reported_and_nothing_listens() {
    let error = start_on_a_taken_port::<DatabaseModule>().await;
    assert!(matches!(error, BootstrapError::Construct(_)), "{error:?}");
    assert_eq!(written(), ["connecting"]);
    let report = error.to_string();
    for part in [
        "the constructor of `Database` failed: no such host",
        "path: DatabaseModule > Database",
        file!(),
    ] {
        assert!(report.contains(part), "no {part} in\n{report}");
    }
    assert_eq!(error.source().unwrap().to_string(), "no such host");
}
