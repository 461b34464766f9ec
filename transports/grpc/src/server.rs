//! The listening side: accepts connections, and answers the calls on them
//! with the service of patterns, the standard ones and those of one's own.
//!
//! The next file on a message's path is `connection.rs`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use nestrs_core::intake::Intake;
use nestrs_core::{
    ClientStatus, Dispatch, RunningServer, Shutdown, StartError, StatusStream, TransportServer,
};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use crate::calls::Calls;
use crate::connection::{self, Connections};
use crate::health::Health;
use crate::limits::{GrpcKeepAlive, GrpcLimits};
use crate::methods::GrpcProto;
use crate::services::GrpcServices;
use crate::{DEFAULT_ADDR, health, methods, patterns};

/// How long to wait after a failed accept (no file descriptors left, mostly).
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// A gRPC server's options; starting them is the server.
///
/// ```
/// use nestrs_transport_grpc::GrpcMicroserviceOptions;
///
/// assert_eq!(GrpcMicroserviceOptions::default().addr, "127.0.0.1:5000");
/// let options = GrpcMicroserviceOptions { max_in_flight: 100, ..GrpcMicroserviceOptions::new("0.0.0.0:0") };
/// # let _ = options;
/// ```
#[derive(Debug, Clone)]
pub struct GrpcMicroserviceOptions {
    /// Where to listen, `host:port`; port 0 is a free one.
    pub addr: String,
    /// How many calls may be in hand at a time, over all connections; 4,096
    /// unless told otherwise. More wait for their turn.
    pub max_in_flight: usize,
    /// What a message may cost.
    pub limits: GrpcLimits,
    /// Pings clients that say nothing, every 60 s unless told otherwise.
    pub keep_alive: Option<GrpcKeepAlive>,
    /// Packs replies with gzip for clients that take it; not unless told so.
    /// What clients pack is always taken.
    pub compression: bool,
    /// Answers for `grpc.health.v1.Health`, as it does unless told otherwise.
    pub health: bool,
    /// Lists its services and their messages to whoever asks, as `grpcurl`
    /// does; not unless told so.
    pub reflection: bool,
    /// The proto files whose methods handlers answer.
    pub protos: Vec<GrpcProto>,
    /// What else it answers.
    pub services: GrpcServices,
    /// Listen for TLS only.
    #[cfg(feature = "tls")]
    pub tls: Option<nestrs_core::tls::TlsServerOptions>,
}

impl Default for GrpcMicroserviceOptions {
    fn default() -> Self {
        Self::new(DEFAULT_ADDR)
    }
}

impl GrpcMicroserviceOptions {
    /// Options to listen at `addr`, a `host:port` or a [`SocketAddr`].
    pub fn new(addr: impl ToString) -> Self {
        Self {
            addr: addr.to_string(),
            max_in_flight: 4_096,
            limits: GrpcLimits::default(),
            keep_alive: Some(GrpcKeepAlive::default()),
            compression: false,
            health: true,
            reflection: false,
            protos: Vec::new(),
            services: GrpcServices::default(),
            #[cfg(feature = "tls")]
            tls: None,
        }
    }

    /// Has the methods of a proto file answered by their handlers; see
    /// [`GrpcProto`].
    #[must_use]
    pub fn proto(mut self, proto: impl Into<GrpcProto>) -> Self {
        self.protos.push(proto.into());
        self
    }
}

#[async_trait]
impl TransportServer for GrpcMicroserviceOptions {
    fn transport(&self) -> &'static str {
        "grpc"
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        #[cfg(feature = "tls")]
        let tls = self.tls.as_ref().map(crate::tls::acceptor).transpose()?;
        let intake = Intake::new(self.max_in_flight, shutdown.clone());
        let mut services = self.services;
        methods::add(
            &mut services,
            self.protos,
            &dispatch,
            &self.limits,
            self.compression,
        )?;
        patterns::add(
            &mut services,
            dispatch,
            &intake,
            &self.limits,
            self.compression,
        );
        let health = match self.health {
            true => Some(Health::add(&mut services).await),
            false => None,
        };
        if self.reflection {
            health::add_reflection(&mut services)?;
        }
        let (services, http) = services.routers()?;
        let bind = |source| StartError::Bind {
            address: self.addr.clone(),
            source,
        };
        let listener = TcpListener::bind(&self.addr).await.map_err(bind)?;
        let local_addr = listener.local_addr().map_err(bind)?;
        let server = Arc::new(Connections {
            builder: connection::builder(&self.limits, self.keep_alive, self.max_in_flight),
            calls: Arc::new(Calls {
                services,
                http,
                intake,
            }),
            shutdown,
            #[cfg(feature = "tls")]
            tls,
        });
        let done = tokio::spawn(run(server, listener, health));
        Ok(RunningServer {
            address: format!("grpc://{local_addr}"),
            local_addr: Some(local_addr),
            status: StatusStream::always(ClientStatus::Connected),
            done: Box::pin(async move {
                if let Err(error) = done.await {
                    tracing::error!(%error, "the gRPC server ended early");
                }
            }),
        })
    }
}

async fn run(server: Arc<Connections>, listener: TcpListener, health: Option<Health>) {
    let connections = TaskTracker::new();
    loop {
        tokio::select! {
            biased;
            () = server.shutdown.stopping() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve(server.clone(), stream, peer));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_RETRY).await;
                }
            },
        }
    }
    drop(listener);
    if let Some(health) = health {
        health.stop().await;
    }
    connections.close();
    server.calls.intake.drained().await;
    connections.wait().await;
}

async fn serve(server: Arc<Connections>, stream: TcpStream, peer: SocketAddr) {
    // Of small frames the last would wait for an acknowledgement.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot send small packets at once");
    }
    #[cfg(feature = "tls")]
    if let Some(acceptor) = &server.tls {
        if let Some(stream) = crate::tls::accept(acceptor, stream, peer, &server.shutdown).await {
            server.serve(stream, peer).await;
        }
        return;
    }
    server.serve(stream, peer).await;
}
