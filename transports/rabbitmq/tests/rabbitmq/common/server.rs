//! A server of these handlers, and a client of it.

use std::sync::Arc;

use nestrs_core::{Shutdown, StatusStream, TransportServer};
use nestrs_transport_rabbitmq::{
    RabbitMqMicroserviceOptions, RabbitMqRouting, RabbitMqTransport, RabbitMqTransportOptions,
};
use tokio::task::JoinHandle;

use super::handlers::Handlers;
use super::journal::Journal;
use super::{soon, unique, url};

/// A server of some routes.
pub(crate) struct Server {
    pub(crate) journal: Journal,
    pub(crate) shutdown: Shutdown,
    pub(crate) address: String,
    pub(crate) status: StatusStream,
    pub(crate) done: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(options: RabbitMqMicroserviceOptions, routes: &[&str]) -> Self {
        Self::of(None, options, routes).await
    }

    /// Of a service that has a name.
    pub(crate) async fn of(
        service: Option<&str>,
        options: RabbitMqMicroserviceOptions,
        routes: &[&str],
    ) -> Self {
        let journal = Journal::default();
        let handlers = Handlers {
            routes: routes.iter().map(ToString::to_string).collect(),
            service: service.map(str::to_owned),
            journal: journal.clone(),
        };
        let shutdown = Shutdown::new();
        let start = Box::new(options).start(Arc::new(handlers), shutdown.clone());
        let running = start.await.unwrap();
        Self {
            journal,
            shutdown,
            address: running.address,
            status: running.status,
            done: tokio::spawn(running.done),
        }
    }

    pub(crate) async fn stop(self) {
        self.shutdown.stop();
        soon("the server stops", self.done).await.unwrap();
    }
}

pub(crate) async fn server_options() -> RabbitMqMicroserviceOptions {
    RabbitMqMicroserviceOptions::new(url().await)
}

pub(crate) async fn client_options() -> RabbitMqTransportOptions {
    RabbitMqTransportOptions::new(url().await)
}

/// A client and a server of one queue.
pub(crate) async fn pair(
    server: impl FnOnce(RabbitMqMicroserviceOptions) -> RabbitMqMicroserviceOptions,
    routes: &[&str],
) -> (Server, RabbitMqTransport, String) {
    let queue = unique("pair");
    let options = server_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let options = server(options);
    let of_queue = options.queue.clone();
    let server = Server::start(options, routes).await;
    let client = client_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let client = RabbitMqTransport::new(client.queue(of_queue));
    (server, client, queue)
}
