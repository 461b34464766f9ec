//! From a description to an application that runs: check, build, bind, call
//! the hooks, listen.
//!
//! The next file on a message's path is a transport's `server.rs`.

use std::time::Duration;

use nestrs_di::{GraphBuilder, Module, Options};
#[cfg(feature = "microservices")]
use nestrs_microservices::GlobalEnhancers;

use crate::BootstrapError;
#[cfg(feature = "http")]
use crate::http::{HttpAt, NestApplication};
#[cfg(feature = "microservices")]
use crate::microservice::Microservice;
#[cfg(all(feature = "http", feature = "microservices-grpc"))]
use crate::one_port;
use crate::running::RunningApplication;
use crate::signal::StopSignals;

/// How long an application may take to finish what is in hand, unless told
/// otherwise.
pub(crate) const DEFAULT_GRACE_PERIOD: Duration = Duration::from_secs(10);

/// An application, described, but for its HTTP side.
#[derive(Clone)]
pub(crate) struct Bootstrap {
    pub(crate) graph: GraphBuilder,
    pub(crate) options: Options,
    pub(crate) grace_period: Duration,
    /// What its replicas have in common.
    #[cfg(feature = "microservices")]
    pub(crate) service: &'static str,
    /// Around the handlers of all servers.
    #[cfg(feature = "microservices")]
    pub(crate) global: GlobalEnhancers,
}

/// What an application serves.
#[derive(Default)]
pub(crate) struct Served {
    #[cfg(feature = "microservices")]
    pub(crate) microservices: Vec<Microservice>,
    #[cfg(feature = "http")]
    pub(crate) http: Option<(HttpAt, NestApplication)>,
}

impl Bootstrap {
    pub(crate) fn of<M: Module>() -> Self {
        Self {
            graph: nestrs_di::Graph::builder::<M>(),
            options: Options::new(),
            grace_period: DEFAULT_GRACE_PERIOD,
            #[cfg(feature = "microservices")]
            service: std::any::type_name::<M>(),
            #[cfg(feature = "microservices")]
            global: GlobalEnhancers::default(),
        }
    }

    /// Runs until a signal; the report of a failed start goes to standard
    /// error, and the process exits with 1.
    pub(crate) async fn run_or_exit(self, served: Served) {
        if let Err(error) = self.run(served).await {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }

    /// Runs until a signal.
    pub(crate) async fn run(self, served: Served) -> Result<(), BootstrapError> {
        let mut signals = StopSignals::watch().map_err(BootstrapError::Signals)?;
        let running = self.start(served).await?;
        let signal = signals.next().await;
        tracing::info!(signal, "stopping");
        tokio::select! {
            () = running.stop(Some(signal)) => {}
            // Whoever asks twice does not want to wait.
            signal = signals.next() => tracing::warn!(signal, "stopped without finishing"),
        }
        Ok(())
    }

    pub(crate) async fn start(self, served: Served) -> Result<RunningApplication, BootstrapError> {
        let graph = self.graph.build()?;
        for warning in graph.warnings() {
            tracing::warn!("{warning}");
        }
        let container = graph.construct_with(self.options).await?;
        #[cfg(feature = "microservices")]
        #[allow(unused_mut)] // Servers that share a port with HTTP are told so.
        let mut microservices = {
            nestrs_microservices::subscribe_listeners(&container);
            let servers = served.microservices.iter();
            let servers: Vec<_> = servers.flat_map(Microservice::known_as).collect();
            // Who has no server at all uses the handlers in another program.
            if !servers.is_empty() {
                nestrs_microservices::warn_of_unserved(&container, &servers);
            }
            let bind = |one: Microservice| one.bind(&container, self.service, self.global.clone());
            let bound = served.microservices.into_iter().map(bind);
            bound.collect::<Result<Vec<_>, _>>()?
        };
        container.init().await?;
        container.bootstrap().await?;

        let mut running = RunningApplication::new(container, self.grace_period);
        let listening = async {
            #[cfg(all(feature = "http", feature = "microservices-grpc"))]
            let mut shared = None;
            #[cfg(feature = "http")]
            let http = match served.http {
                #[cfg(feature = "microservices-grpc")]
                Some((HttpAt::GrpcServer, http)) => {
                    shared = Some(one_port::share(http, &running, &mut microservices)?);
                    None
                }
                other => other,
            };
            #[cfg(feature = "microservices")]
            for microservice in microservices {
                running.serve(microservice).await?;
            }
            #[cfg(all(feature = "http", feature = "microservices-grpc"))]
            if let Some(name) = shared {
                running.http_through(name);
            }
            #[cfg(feature = "http")]
            if let Some((HttpAt::Port(port), http)) = http {
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
