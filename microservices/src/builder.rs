//! From a container to a dispatcher.
//!
//! Aside from a message's path: this runs before the first of them.

use nestrs_core::Wildcards;
use nestrs_di::Container;

use crate::bind::{Binding, HandlerTable};
use crate::dispatcher::Dispatcher;
use crate::enhancer::{GlobalEnhancers, ModuleEnhancers};
use crate::error::BindError;
use crate::home::Home;
use crate::pipeline::BoundHandler;

/// How the handlers of an application are bound for one server. See
/// [`Dispatcher::builder`].
#[derive(Debug)]
#[must_use = "it is not built yet"]
pub struct DispatcherBuilder<'a> {
    container: &'a Container,
    global: GlobalEnhancers,
    transport: Option<&'static str>,
    name: Option<&'static str>,
    wildcards: Option<Wildcards>,
    expose_errors: bool,
    service: Option<String>,
}

impl Dispatcher {
    /// A dispatcher to all handlers of an application. See [`microservice`](crate::microservice) for
    /// an example.
    ///
    /// # Errors
    ///
    /// All patterns that have several message handlers, or something a handler
    /// needs that is not provided.
    pub fn of(container: &Container) -> Result<Self, BindError> {
        Self::builder(container).build()
    }

    /// As [`of`](Self::of), for a particular server or with enhancers around
    /// all handlers.
    ///
    /// ```
    /// # use nestrs_di::Container;
    /// # use nestrs_microservices::{BindError, Dispatcher};
    /// # fn example(container: &Container) -> Result<(), BindError> {
    /// let dispatcher = Dispatcher::builder(container).transport("tcp").expose_errors(true).build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(container: &Container) -> DispatcherBuilder<'_> {
        DispatcherBuilder {
            container,
            global: GlobalEnhancers::default(),
            transport: None,
            name: None,
            wildcards: None,
            expose_errors: false,
            service: None,
        }
    }
}

impl<'a> DispatcherBuilder<'a> {
    /// The application whose handlers they are.
    pub fn container(&self) -> &'a Container {
        self.container
    }

    /// Enhancers around all handlers.
    pub fn global(self, global: GlobalEnhancers) -> Self {
        Self { global, ..self }
    }

    /// What the server is called: `transport = "…"` of a handler may name it.
    pub fn named(self, name: Option<&'static str>) -> Self {
        Self { name, ..self }
    }

    /// Leaves out the handlers of other transports, and of other servers.
    pub fn transport(self, transport: &'static str) -> Self {
        Self {
            transport: Some(transport),
            ..self
        }
    }

    /// The wildcards that routes may have.
    pub fn wildcards(self, wildcards: Option<Wildcards>) -> Self {
        Self { wildcards, ..self }
    }

    /// Whether callers are told of errors that are the application's own
    /// fault: those of [`ErrorKind::Internal`](crate::ErrorKind::Internal).
    pub fn expose_errors(self, expose_errors: bool) -> Self {
        Self {
            expose_errors,
            ..self
        }
    }

    /// What the replicas of this service have in common: see
    /// [`Dispatch::service`](nestrs_core::Dispatch::service).
    pub fn service(self, service: impl Into<String>) -> Self {
        Self {
            service: Some(service.into()),
            ..self
        }
    }

    /// Binds the handlers.
    ///
    /// # Errors
    ///
    /// As of [`Dispatcher::of`].
    pub fn build(self) -> Result<Dispatcher, BindError> {
        let container = self.container;
        let global = self.global.after_bound(container);
        let mut handlers = Vec::new();
        for (module, table) in container.attachments::<HandlerTable>() {
            let instance = container.get_in(module, table.key);
            if instance.is_none() && !container.needs_scope(module, table.key) {
                return Err(BindError::NoInstance {
                    provider: table.key.type_name(),
                    module: container.module_name(module).to_owned(),
                });
            }
            let binding = Binding {
                global: &global,
                module: ModuleEnhancers::of(container, module),
                home: Some(Home {
                    container: container.clone(),
                    module,
                    request: None,
                }),
                expose_errors: self.expose_errors,
            };
            handlers.extend((table.bind)(instance, &binding)?);
        }
        if let Some(ours) = self.transport {
            let is_ours = |handler: &BoundHandler| {
                let wanted = handler.transport();
                wanted.is_none_or(|wanted| wanted == ours || self.name == Some(wanted))
            };
            handlers.retain(is_ours);
        }
        let dispatcher = Dispatcher::with_wildcards(handlers, self.wildcards)?;
        Ok(dispatcher.of_service(self.service))
    }
}
