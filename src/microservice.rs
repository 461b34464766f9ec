//! [`Microservice`]: one server of an application, and how handlers are bound
//! for it.

use std::fmt;
use std::sync::Arc;

use nestrs_core::{Dispatch, TransportServer};
use nestrs_di::Container;
use nestrs_microservices::{
    Dispatcher, ExceptionFilter, GlobalEnhancers, Guard, Interceptor, Pipe,
};

use crate::BootstrapError;

/// A microservice server of an application: the options of a transport, and
/// what is its own. Options alone are one too.
///
/// Handlers that name no transport answer through every server. Those that do
/// (`transport = "tcp"`) answer through the servers of that transport, or
/// through the one of that name:
///
/// ```
/// use nestrs::Microservice;
/// use nestrs::microservices::TcpMicroserviceOptions;
/// use nestrs::prelude::*;
///
/// #[injectable]
/// struct Orders;
///
/// #[micro_routes]
/// impl Orders {
///     #[message_pattern("orders.find")]
///     async fn find(&self, id: u32) -> u32 {
///         id
///     }
///
///     #[message_pattern("orders.purge", transport = "internal")]
///     async fn purge(&self) {}
/// }
///
/// #[module(microservices = [Orders])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), nestrs::BootstrapError> {
/// let public = TcpMicroserviceOptions::new("127.0.0.1:0");
/// let internal = TcpMicroserviceOptions::new("127.0.0.1:0");
/// let running = NestFactory::create_microservice::<AppModule>(public)
///     .connect_microservice(Microservice::new(internal).named("internal"))
///     .start()
///     .await?;
/// assert_ne!(running.local_addr(), running.local_addr_of("internal"));
/// # running.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "it is no server of an application yet"]
pub struct Microservice {
    server: Box<dyn TransportServer>,
    name: Option<&'static str>,
    global: GlobalEnhancers,
    pub(crate) expose_errors: bool,
    pub(crate) layers: Vec<DispatchLayer>,
}

/// Puts something around a dispatcher.
pub(crate) type DispatchLayer = Box<dyn FnOnce(Arc<dyn Dispatch>) -> Arc<dyn Dispatch> + Send>;

/// A server, and what it is to call.
pub(crate) struct Bound {
    pub(crate) server: Box<dyn TransportServer>,
    pub(crate) dispatch: Arc<dyn Dispatch>,
    /// What it is asked for by.
    pub(crate) name: &'static str,
}

impl Microservice {
    /// A server with these options.
    pub fn new(server: impl TransportServer) -> Self {
        Self {
            server: Box::new(server),
            name: None,
            global: GlobalEnhancers::default(),
            expose_errors: false,
            layers: Vec::new(),
        }
    }

    /// Calls it `name`, by which handlers ask for it, and
    /// [`local_addr_of`](crate::RunningApplication::local_addr_of).
    pub fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// Guards every handler, called through this server.
    pub fn use_global_guard(mut self, guard: impl Guard) -> Self {
        self.global.guard(guard);
        self
    }

    /// Wraps every handler, called through this server.
    pub fn use_global_interceptor(mut self, interceptor: impl Interceptor) -> Self {
        self.global.interceptor(interceptor);
        self
    }

    /// Transforms the payload of every message to this server.
    pub fn use_global_pipe(mut self, pipe: impl Pipe) -> Self {
        self.global.pipe(pipe);
        self
    }

    /// Answers for the errors of every handler, called through this server.
    pub fn use_global_filter(mut self, filter: impl ExceptionFilter) -> Self {
        self.global.filter(filter);
        self
    }

    /// As of [`MicroserviceApplication::expose_errors`](crate::MicroserviceApplication::expose_errors),
    /// for this server.
    pub fn expose_errors(self, expose_errors: bool) -> Self {
        Self {
            expose_errors,
            ..self
        }
    }

    pub(crate) fn transport(&self) -> &'static str {
        self.server.transport()
    }

    /// What handlers may ask for it by.
    pub(crate) fn known_as(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.transport()).chain(self.name)
    }

    /// `global` are those of the application, which go around its own.
    pub(crate) fn bind(
        self,
        container: &Container,
        service: &'static str,
        mut global: GlobalEnhancers,
    ) -> Result<Bound, BootstrapError> {
        let transport = self.server.transport();
        global.extend(self.global);
        let dispatcher = Dispatcher::builder(container)
            .service(service)
            .global(global)
            .transport(transport)
            .named(self.name)
            .wildcards(self.server.wildcards())
            .expose_errors(self.expose_errors)
            .build()?;
        let dispatch: Arc<dyn Dispatch> = Arc::new(dispatcher);
        let layered = self.layers.into_iter();
        Ok(Bound {
            server: self.server,
            dispatch: layered.fold(dispatch, |inner, layer| layer(inner)),
            name: self.name.unwrap_or(transport),
        })
    }
}

impl<S: TransportServer> From<S> for Microservice {
    fn from(server: S) -> Self {
        Self::new(server)
    }
}

impl fmt::Debug for Microservice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Microservice")
            .field("transport", &self.transport())
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
