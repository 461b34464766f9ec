//! An application on a free port, and two ways to call it.
// Each test binary uses its own part of this.
#![allow(dead_code, unused_imports)]

mod gate;
pub(crate) mod http;
mod journal;
mod ports;
mod socket;

use std::sync::Arc;

use nestrs::microservices::{ErrorKind, TcpMicroserviceOptions, TcpTransport, TcpTransportOptions};
use nestrs::prelude::*;
use nestrs::{MicroserviceApplication, RunningApplication};

pub(crate) use gate::Gate;
pub(crate) use journal::{Journal, written};
pub(crate) use ports::{free_addr, taken_addr, until_accepting, until_refusing};
pub(crate) use socket::Socket;

/// An application of `M` that will listen on a free port.
pub(crate) fn create<M: Module>() -> MicroserviceApplication {
    NestFactory::create_microservice::<M>(TcpMicroserviceOptions::new("127.0.0.1:0"))
}

/// An application of `M` that listens.
pub(crate) async fn start<M: Module>() -> RunningApplication {
    create::<M>().start().await.unwrap()
}

/// A client of it.
pub(crate) fn client(app: &RunningApplication) -> ClientProxy {
    let options = TcpTransportOptions::new(app.local_addr().unwrap());
    ClientProxy::new(Arc::new(TcpTransport::new(options)))
}

/// Waits until everything that was sent through `client` has been handled, and
/// stops the application.
pub(crate) async fn drain(app: RunningApplication, client: &ClientProxy) {
    // It comes last on their connection, so once it is answered they are in hand.
    let fence = client.send::<_, ()>("no such pattern", &()).await;
    assert_eq!(fence.unwrap_err().kind(), ErrorKind::NoHandler);
    app.shutdown().await;
}
