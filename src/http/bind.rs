//! From a container to routes that can be called: each with what runs around
//! it. The mechanism is that of message handlers.

use std::pin::pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use nestrs_core::dispatch::BoxFuture;
use nestrs_di::{Container, Instance, Key};
use nestrs_microservices::__protocol::{Chain, Home, Level, Waiting};
use nestrs_microservices::{BindError, GlobalEnhancers, HandlerName, Protocol};

use super::controller::ControllerTable;
use super::declared::Declared;
use super::inject::Injector;
use super::route::{Call, Route};
use super::{Controller, Http, HttpException, HttpRequest};

/// What the routes of one controller are bound with.
pub(super) struct Binding<'a> {
    global: &'a GlobalEnhancers<Http>,
    home: Home,
}

/// One path of one method, ready to be called.
pub(super) struct BoundRoute {
    pub(super) declared: Declared,
    pub(super) handler: Arc<Handler>,
}

/// What the paths of one method share.
pub(super) struct Handler {
    name: HandlerName,
    chain: Chain<Http>,
    home: Home,
    /// Whether anything of it is made for each request.
    is_of_request: bool,
    call: Box<BoundCall>,
}

/// A handler, called with a request that came through its chain.
type BoundCall =
    dyn Fn(HttpRequest) -> BoxFuture<'static, Result<Response, HttpException>> + Send + Sync;

/// The routes of every controller, in the order of the modules.
pub(super) fn routes(
    container: &Container,
    global: GlobalEnhancers<Http>,
) -> Result<Vec<BoundRoute>, BindError> {
    let global = global.after_bound(container);
    let mut routes = Vec::new();
    for (module, table) in container.attachments::<ControllerTable>() {
        let instance = container.get_in(module, table.key);
        let home = Home {
            container: container.clone(),
            module,
            request: None,
        };
        let binding = Binding {
            global: &global,
            home,
        };
        routes.extend((table.bind)(instance, &binding)?);
    }
    Ok(routes)
}

/// The routers that controllers have of their own.
pub(super) fn routers(container: &Container) -> impl Iterator<Item = Router> {
    let tables = container.attachments::<ControllerTable>();
    tables.filter_map(|(module, table)| (table.router)(container.get_in(module, table.key)?))
}

impl BoundRoute {
    pub(super) fn bind<T: Controller>(
        instance: Option<Instance>,
        binding: &Binding<'_>,
    ) -> Result<Vec<Self>, BindError> {
        let instance = instance.and_then(|instance| instance.downcast::<T>().ok());
        let mut declared = Declared::all_of::<T>().into_iter();
        let mut bound = Vec::new();
        for route in T::ROUTES.routes {
            let handler = Arc::new(Handler::bind(route, instance.clone(), binding)?);
            let paths = route.patterns.iter().map(|pattern| pattern.paths.len());
            let of_route = declared.by_ref().take(paths.sum());
            bound.extend(of_route.map(|declared| Self {
                declared,
                handler: Arc::clone(&handler),
            }));
        }
        Ok(bound)
    }
}

impl Handler {
    fn bind<T: Controller>(
        route: &Route<T>,
        instance: Option<Arc<T>>,
        binding: &Binding<'_>,
    ) -> Result<Self, BindError> {
        let Binding { global, home } = binding;
        let name = HandlerName::of::<T>(route.method, route.at);
        let levels = [T::ROUTES.enhancers, route.enhancers].map(Level::from);
        let missing = |key: Key| BindError::NotProvided {
            provider: key.type_name(),
            handler: name,
            module: home.container.module_name(home.module).to_owned(),
        };
        let chain = Chain::bind(global, &levels, Some(home)).map_err(missing)?;
        let needs_scope = |key| home.container.needs_scope(home.module, key);
        let mut injected = route.injected.iter().flatten();
        let is_of_request = chain.is_of_request()
            || instance.is_none()
            || injected.any(|injected| needs_scope(injected.key));
        Ok(Self {
            name,
            chain,
            home: home.clone(),
            is_of_request,
            call: bound_call(instance, route.call),
        })
    }

    /// Takes a request through what runs around the handler, and its response
    /// back. Panics are the caller's.
    pub(super) async fn run(self: Arc<Self>, request: Request) -> Response {
        let Self { name, chain, .. } = &*self;
        let mut call = HttpRequest::new(request, *name, self.home.clone());
        if self.is_of_request {
            let ctx = call.ctx().clone();
            call.home.request = Some(call.home.container.scope().supply(ctx));
        }
        let callee = pin!(Waiting::new(&self.call));
        if !chain.has_filters() {
            let answer = chain.run(call, callee).await;
            return answer.unwrap_or_else(IntoResponse::into_response);
        }
        let (ctx, home) = (call.ctx().clone(), call.home.clone());
        let answer = match chain.run(call, callee).await {
            Err(exception) => chain.catch(exception, &ctx, Some(&home)).await,
            answer => answer,
        };
        answer.unwrap_or_else(IntoResponse::into_response)
    }
}

/// Calls the method on the one instance, or on one for each request.
fn bound_call<T: Controller>(instance: Option<Arc<T>>, call: Call<T>) -> Box<BoundCall> {
    Box::new(move |request| {
        let instance = instance.clone();
        let answer: BoxFuture<'static, _> = Box::pin(async move {
            let instance = match instance {
                Some(instance) => instance,
                None => of_request(&request.home).await?,
            };
            let home = request.home.clone();
            let mut request = request.into_request();
            request.extensions_mut().insert(Injector(home));
            Http::flat(Ok(call(instance, request).await))
        });
        answer
    })
}

async fn of_request<T: Controller>(home: &Home) -> Result<Arc<T>, HttpException> {
    let instance = home.instance(Key::of::<T>()).await?;
    let other = |_| HttpException::internal("a controller of another type");
    instance.downcast().map_err(other)
}
