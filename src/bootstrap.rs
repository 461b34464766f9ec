//! From a description to an application that runs: check, build, bind, call
//! the hooks, listen.
//!
//! The next file on a message's path is a transport's `server.rs`.

#[cfg(feature = "microservices")]
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "microservices")]
use nestrs_core::{Dispatch, TransportServer};
#[cfg(feature = "microservices")]
use nestrs_di::Container;
use nestrs_di::{GraphBuilder, Options};
#[cfg(feature = "microservices")]
use nestrs_microservices::{Dispatcher, GlobalEnhancers};

use crate::BootstrapError;
#[cfg(feature = "http")]
use crate::http::NestApplication;
use crate::running::RunningApplication;
use crate::signal::StopSignals;

/// How long an application may take to finish what is in hand, unless told
/// otherwise.
pub(crate) const DEFAULT_GRACE_PERIOD: Duration = Duration::from_secs(10);

/// An application, described.
pub(crate) struct Bootstrap {
    pub(crate) graph: GraphBuilder,
    pub(crate) options: Options,
    #[cfg(feature = "microservices")]
    pub(crate) server: Option<Served>,
    #[cfg(feature = "http")]
    pub(crate) http: Option<(u16, NestApplication)>,
    pub(crate) grace_period: Duration,
}

/// A microservice server, and how its handlers are bound.
#[cfg(feature = "microservices")]
pub(crate) struct Served {
    /// What its replicas have in common.
    pub(crate) service: &'static str,
    pub(crate) server: Box<dyn TransportServer>,
    pub(crate) global: GlobalEnhancers,
    pub(crate) expose_errors: bool,
    pub(crate) layers: Vec<DispatchLayer>,
}

/// A server, and what it is to call.
#[cfg(feature = "microservices")]
type Bound = (Box<dyn TransportServer>, Arc<dyn Dispatch>);

/// Puts something around a dispatcher.
#[cfg(feature = "microservices")]
pub(crate) type DispatchLayer = Box<dyn FnOnce(Arc<dyn Dispatch>) -> Arc<dyn Dispatch> + Send>;

#[cfg(feature = "microservices")]
impl Served {
    fn bind(self, container: &Container) -> Result<Bound, BootstrapError> {
        let dispatcher = Dispatcher::builder(container)
            .service(self.service)
            .global(self.global)
            .transport(self.server.transport())
            .wildcards(self.server.wildcards())
            .expose_errors(self.expose_errors)
            .build()?;
        let dispatch: Arc<dyn Dispatch> = Arc::new(dispatcher);
        let layered = self.layers.into_iter();
        Ok((
            self.server,
            layered.fold(dispatch, |inner, layer| layer(inner)),
        ))
    }
}

impl Bootstrap {
    /// Runs until a signal; the report of a failed start goes to standard
    /// error, and the process exits with 1.
    pub(crate) async fn run_or_exit(self) {
        if let Err(error) = self.run().await {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }

    /// Runs until a signal.
    pub(crate) async fn run(self) -> Result<(), BootstrapError> {
        let mut signals = StopSignals::watch().map_err(BootstrapError::Signals)?;
        let running = self.start().await?;
        let signal = signals.next().await;
        tracing::info!(signal, "stopping");
        tokio::select! {
            () = running.stop(Some(signal)) => {}
            // Whoever asks twice does not want to wait.
            signal = signals.next() => tracing::warn!(signal, "stopped without finishing"),
        }
        Ok(())
    }

    pub(crate) async fn start(self) -> Result<RunningApplication, BootstrapError> {
        let graph = self.graph.build()?;
        for warning in graph.warnings() {
            tracing::warn!("{warning}");
        }
        let container = graph.construct_with(self.options).await?;
        #[cfg(feature = "microservices")]
        let server = {
            nestrs_microservices::subscribe_listeners(&container);
            self.server
                .map(|server| server.bind(&container))
                .transpose()?
        };
        container.init().await?;
        container.bootstrap().await?;

        let mut running = RunningApplication::new(container, self.grace_period);
        let listening = async {
            #[cfg(feature = "microservices")]
            if let Some((server, dispatcher)) = server {
                running.serve(server, dispatcher).await?;
            }
            #[cfg(feature = "http")]
            if let Some((port, http)) = self.http {
                running.serve_http(http, port).await?;
            }
            Ok(())
        };
        match listening.await {
            Ok(()) => {
                for address in running.addresses() {
                    tracing::info!(%address, "listening");
                }
                Ok(running)
            }
            Err(error) => {
                running.shutdown().await;
                Err(error)
            }
        }
    }
}
