//! Which handler is whose method's, and whether it fits. All that does not is
//! told at once.

use std::collections::HashMap;

use nestrs_core::{Dispatch, StartError};
use prost_reflect::{MethodDescriptor, ServiceDescriptor};

use super::proto::{listed, wrong};
use super::types::HandlerTypes;

/// The routes of handlers, by the path of the method they are for.
pub(super) type Handlers = HashMap<String, String>;

/// Where a method is called, and what its handler is called by, if it has one.
pub(super) struct Found {
    pub(super) path: String,
    pub(super) route: Option<String>,
}

impl Found {
    pub(super) fn of(handlers: &Handlers, method: &MethodDescriptor) -> Self {
        let path = path(method);
        let route = handlers.get(&path).cloned();
        Self { path, route }
    }
}

/// Finds the handler of each method of `services`. A handler may leave out the
/// package of its service, or the outer parts of that, as in NestJS.
pub(super) fn handlers(
    services: &[ServiceDescriptor],
    dispatch: &dyn Dispatch,
) -> Result<Handlers, StartError> {
    let mut found = HashMap::<String, (String, HandlerTypes)>::new();
    let mut problems = Vec::new();
    for route in dispatch.routes() {
        let Some(types) = HandlerTypes::of(dispatch, &route) else {
            continue;
        };
        let method = match method(services, &route) {
            Ok(method) => method,
            Err(problem) => {
                problems.push(format!("{}: {problem}", types.handler));
                continue;
            }
        };
        problems.extend(misfits(&types, &method));
        let handler = types.handler.clone();
        if let Some((_, first)) = found.insert(path(&method), (route, types)) {
            problems.push(format!(
                "{handler}: `{}` has another handler, {}; leave one of them out",
                path(&method),
                first.handler
            ));
        }
    }
    if !problems.is_empty() {
        problems.sort_unstable();
        return Err(wrong(format!(
            "handlers of gRPC do not fit the proto files:\n- {}",
            problems.join("\n- ")
        )));
    }
    warn_of_missing(services, &found);
    let routes = found.into_iter().map(|(path, (route, _))| (path, route));
    Ok(routes.collect())
}

/// The method that a handler's `route` names.
fn method(services: &[ServiceDescriptor], route: &str) -> Result<MethodDescriptor, String> {
    let named = route
        .strip_prefix('/')
        .and_then(|path| path.split_once('/'));
    let Some((service, name)) = named else {
        return Err(format!("`{route}` is no path of a method"));
    };
    let is_meant = |known: &&ServiceDescriptor| {
        let outer = known.full_name().strip_suffix(service);
        outer.is_some_and(|outer| outer.is_empty() || outer.ends_with('.'))
    };
    let exact = services.iter().find(|known| known.full_name() == service);
    let meant: Vec<_> = match exact {
        Some(exact) => vec![exact],
        None => services.iter().filter(is_meant).collect(),
    };
    let service = match meant[..] {
        [] if services.is_empty() => {
            return Err(format!(
                "`{service}` is served by no proto file: give the options one, \
                 `GrpcMicroserviceOptions::new(…).proto(DESCRIPTORS)`"
            ));
        }
        [] => {
            let known = listed(services.iter().map(ServiceDescriptor::full_name));
            return Err(format!(
                "no service `{service}` is served; there are {known}: correct the name, \
                 or serve its package"
            ));
        }
        [one] => one,
        [..] => {
            let meant = listed(meant.iter().map(|service| service.full_name()));
            return Err(format!(
                "`{service}` may be {meant}: write the one with its package"
            ));
        }
    };
    let method = service.methods().find(|method| method.name() == name);
    method.ok_or_else(|| {
        let methods: Vec<_> = service.methods().collect();
        format!(
            "`{}` has no method `{name}`; there are {}: correct the name",
            service.full_name(),
            listed(methods.iter().map(MethodDescriptor::name))
        )
    })
}

/// What a handler takes and returns that the proto file says otherwise.
fn misfits(types: &HandlerTypes, method: &MethodDescriptor) -> Vec<String> {
    let (path, handler) = (path(method), &types.handler);
    let (input, output) = (method.input(), method.output());
    let (input, output) = (input.full_name(), output.full_name());
    let takes = match (types.takes_stream, method.is_client_streaming()) {
        (Some(false), true) => Some(format!(
            "clients stream to `{path}`: take a `GrpcStream` of `{input}`"
        )),
        (Some(true), false) => Some(format!(
            "clients send one message to `{path}`: take a `{input}`, no stream"
        )),
        _ => None,
    };
    let gives = match (types.gives_stream, method.is_server_streaming()) {
        (false, true) => Some(format!(
            "`{path}` is answered with a stream: return one of `{output}`"
        )),
        (true, false) => Some(format!(
            "`{path}` is answered with one message: return a `{output}`, no stream"
        )),
        _ => None,
    };
    let other = |name: &Option<String>, is: &str, verb: &str| {
        let name = name.as_deref().filter(|name| *name != is)?;
        Some(format!(
            "it {verb} a `{name}`, and of `{path}` that is a `{is}`"
        ))
    };
    let problems = [
        takes,
        gives,
        other(&types.takes, input, "takes"),
        other(&types.gives, output, "returns"),
    ];
    let problems = problems.into_iter().flatten();
    problems
        .map(|problem| format!("{handler}: {problem}"))
        .collect()
}

fn warn_of_missing(
    services: &[ServiceDescriptor],
    found: &HashMap<String, (String, HandlerTypes)>,
) {
    for service in services {
        let methods: Vec<_> = service.methods().collect();
        let is_missing = |method: &&MethodDescriptor| !found.contains_key(&path(method));
        let missing = listed(
            methods
                .iter()
                .filter(is_missing)
                .map(MethodDescriptor::name),
        );
        if !missing.is_empty() {
            let service = service.full_name();
            tracing::warn!("methods of the gRPC service `{service}` have no handler: {missing}");
        }
    }
}

/// Where a method is called.
fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}
