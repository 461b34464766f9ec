//! What `#[event_routes]` leaves behind about a type, and how its methods come
//! to listen on an application's [`EventBus`].

use std::any::TypeId;
use std::fmt;
use std::future::ready;
use std::panic::Location;
use std::sync::Arc;

use futures_util::StreamExt;
use nestrs_core::{Answer, MessageContext, MessageKind, TransportError};
use nestrs_di::__private::EveryApplication;
use nestrs_di::{Code, Container, Finding, Graph, Instance, Provided, Scope};

use crate::ctx::{Ctx, Named};
use crate::event_bus::EventBus;
use crate::finish::Finish;
use crate::handler::{Call, HandlerName};
use crate::incoming::Incoming;

/// A type with listeners on the event bus. Written by
/// [`#[event_routes]`](macro@crate::event_routes).
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_microservices::{EventRoutes, event_routes};
///
/// struct AuditService;
///
/// #[event_routes]
/// impl AuditService {
///     #[on_event("user.created")]
///     async fn created(&self, name: String) {}
/// }
///
/// assert_eq!(AuditService::LISTENERS[0].events, ["user.created"]);
/// ```
pub trait EventRoutes: Send + Sync + Sized + 'static {
    /// One entry for each method that listens.
    const LISTENERS: &'static [Listener<Self>];
}

/// One method that listens, see [`EventRoutes`].
pub struct Listener<T: 'static> {
    /// The events it listens to.
    pub events: &'static [&'static str],
    /// The method's name.
    pub method: &'static str,
    /// Where it is written.
    pub at: &'static Location<'static>,
    /// Calls it.
    pub call: Call<T>,
}

impl<T> fmt::Debug for Listener<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener")
            .field("method", &self.method)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// The listeners of one type, found at link time. An application takes those
/// whose type it provides.
pub struct ListenerTable {
    provider: TypeId,
    /// Where the first of them is written.
    at: Option<&'static Location<'static>>,
    subscribe: fn(&EventBus, Instance),
}

inventory::collect!(ListenerTable);

impl ListenerTable {
    /// The table of `T`.
    pub const fn of<T: EventRoutes>() -> Self {
        Self {
            provider: TypeId::of::<T>(),
            at: match T::LISTENERS {
                [first, ..] => Some(first.at),
                [] => None,
            },
            subscribe: subscribe_all::<T>,
        }
    }
}

impl fmt::Debug for ListenerTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListenerTable")
            .field(&self.provider)
            .finish()
    }
}

inventory::submit! { EveryApplication(listeners_without_instance) }

/// An event goes to instances that are there, and only singletons are.
fn listeners_without_instance(graph: &Graph) -> Vec<Finding> {
    let tables = inventory::iter::<ListenerTable>.into_iter();
    let provided = tables.flat_map(|table| {
        let all = graph.provided(table.provider);
        all.filter_map(|it| Some((it, table.at?)))
    });
    let mut found: Vec<_> = provided
        .filter(|(provided, _)| provided.scope != Scope::Singleton)
        .collect();
    // The linker has them in any order.
    found.sort_by_key(|(_, listens)| (listens.file(), listens.line()));
    found
        .into_iter()
        .map(|(Provided { key, module, scope, at, .. }, listens)| {
            let message = format!("`{key}` listens to events and has scope `{scope}`: when one comes, there is no instance to call");
            let mut path = graph.path_to(module);
            path.push(key.to_string());
            Finding::error(Code::Scope, message)
                .site(at, format!("`{key}` has scope `{scope}`"))
                .site(listens, "listens here")
                .path(path)
                .fix(format!("make `{key}` a singleton, `#[injectable]` without `scope`, or move its `#[event_routes]` to one"))
        })
        .collect()
}

/// Subscribes the listeners of an application's providers to its [`EventBus`].
/// To be called once for each application, when it is built.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use nestrs_di::{Graph, Provider, injectable, module};
/// use nestrs_microservices::{EventBus, event_routes, subscribe_listeners};
/// use std::sync::{Arc, Mutex};
///
/// #[injectable]
/// struct AuditService {
///     log: Arc<Mutex<Vec<String>>>,
/// }
///
/// #[event_routes]
/// impl AuditService {
///     #[on_event("user.created")]
///     async fn created(&self, name: String) {
///         self.log.lock().unwrap().push(name);
///     }
/// }
///
/// #[module(providers = [AuditService, Provider::value(Mutex::<Vec<String>>::default())])]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let container = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
/// subscribe_listeners(&container);
/// let bus = container.get::<EventBus>().unwrap();
/// bus.publish("user.created", "Ada".into()).await;
/// let audit = container.get::<AuditService>().unwrap();
/// assert_eq!(*audit.log.lock().unwrap(), ["Ada"]);
/// # }
/// ```
pub fn subscribe_listeners(container: &Container) {
    // Every application has one, since it is provided in the root.
    let Some(bus) = container.get::<EventBus>() else {
        return;
    };
    for table in inventory::iter::<ListenerTable> {
        for instance in container.instances(table.provider) {
            (table.subscribe)(&bus, instance);
        }
    }
}

fn subscribe_all<T: EventRoutes>(bus: &EventBus, instance: Instance) {
    let Ok(instance) = instance.downcast::<T>() else {
        return;
    };
    for listener in T::LISTENERS {
        let name = HandlerName::of::<T>(listener.method, listener.at);
        for event in listener.events {
            // The provider may hold the bus: held in turn, it would hold itself.
            let (call, instance) = (listener.call, Arc::downgrade(&instance));
            let route = (*event).into();
            let named = Arc::new(Named { route, name });
            bus.listen(*event, move |event, payload| {
                let Some(instance) = instance.upgrade() else {
                    return Box::pin(ready(()));
                };
                let ctx = Ctx {
                    subject: Some(event.into()),
                    kind: MessageKind::Event,
                    handler: Arc::clone(&named),
                    context: MessageContext::default(),
                };
                let message = Incoming::new(ctx.clone(), payload.into());
                let answer = call(instance, message, Finish::NONE).0;
                Box::pin(async move { log_failures(&ctx, answer.await).await })
            });
        }
    }
}

/// Nobody waits for what a listener returns, so its failures end in the log.
async fn log_failures(ctx: &Ctx, answer: Answer) {
    let log = |error: &TransportError| {
        let (event, listener) = (ctx.pattern(), ctx.handler());
        tracing::error!(event, %listener, "a listener failed: {error}");
    };
    match answer {
        Answer::One(Err(error)) => log(&error),
        Answer::Many(mut items) => {
            while let Some(item) = items.next().await {
                item.inspect_err(log).ok();
            }
        }
        _ => {}
    }
}
