use serde_json::Value;

use crate::{
    Error, Nest,
    peer::{Peer, Pipes},
};

/// A NestJS microservice that implements the contract.
pub struct NestServer {
    peer: Peer,
    pipes: Pipes,
    port: Option<u16>,
}

impl NestServer {
    /// Starts one and waits until it listens. `options` are NestJS's own for the transport.
    ///
    /// # Errors
    ///
    /// When its packages are not installed, or when it does not start.
    pub async fn start(version: Nest, transport: &str, options: &Value) -> Result<Self, Error> {
        let (peer, ready, pipes) = Peer::start(version, "server.mjs", transport, options).await?;
        Ok(Self {
            peer,
            pipes,
            port: ready.port,
        })
    }

    /// The port it listens on, where the transport has one (0 in the options means any).
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// What it has logged up to now, one line each.
    pub fn logged(&self) -> String {
        self.peer.stderr().text()
    }

    /// Closes it and waits for its end.
    ///
    /// # Errors
    ///
    /// When it does not end, or ends with a failure.
    pub async fn stop(self) -> Result<(), Error> {
        drop(self.pipes.stdin);
        self.peer.stop().await
    }
}
