//! [`GrpcServices`]: what a server answers beside patterns.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::fmt;

use bytes::Bytes;
use http::{Request, Response};
use nestrs_core::StartError;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::{AxumBody, AxumRouter, Routes};
use tower_service::Service;

/// Services that a server answers for beside patterns: any that `tonic`
/// generates. They have the server's limits, deadlines, drain and health, and
/// are listed by its reflection if they are [described](Self::describe).
///
/// ```
/// use nestrs_transport_grpc::{GrpcMicroserviceOptions, GrpcServices};
/// # use std::convert::Infallible;
/// # use std::task::{Context, Poll};
/// # #[derive(Clone)]
/// # struct GreeterServer;
/// # impl tonic::server::NamedService for GreeterServer { const NAME: &'static str = "demo.Greeter"; }
/// # impl tonic::codegen::Service<http::Request<tonic::body::Body>> for GreeterServer {
/// #     type Response = http::Response<tonic::body::Body>;
/// #     type Error = Infallible;
/// #     type Future = std::future::Ready<Result<Self::Response, Infallible>>;
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { Poll::Ready(Ok(())) }
/// #     fn call(&mut self, _: http::Request<tonic::body::Body>) -> Self::Future {
/// #         std::future::ready(Ok(tonic::Status::unimplemented("").into_http()))
/// #     }
/// # }
/// # let greeter = GreeterServer;
///
/// let mut services = GrpcServices::default();
/// services.add(greeter);
/// let options = GrpcMicroserviceOptions { services, ..GrpcMicroserviceOptions::default() };
/// assert!(options.services.names().eq(["demo.Greeter"]));
/// ```
#[derive(Clone, Default)]
pub struct GrpcServices {
    routes: Routes,
    names: BTreeSet<Cow<'static, str>>,
    /// Added more than once.
    clashes: BTreeSet<Cow<'static, str>>,
    descriptors: Vec<Bytes>,
    http: Option<AxumRouter>,
}

impl GrpcServices {
    /// Adds a service. One of each name: a second keeps the server from
    /// starting.
    pub fn add<S>(&mut self, service: S)
    where
        S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        if self.names.insert(S::NAME.into()) {
            let routes = std::mem::take(&mut self.routes);
            self.routes = routes.add_service(service);
        } else {
            self.clashes.insert(S::NAME.into());
        }
    }

    /// Adds the methods of a service, each by the path it is called at.
    pub(crate) fn add_methods<S>(
        &mut self,
        service: &str,
        methods: impl Iterator<Item = (String, S)>,
    ) where
        S: Service<Request<AxumBody>, Response = Response<Body>, Error = Infallible>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        if !self.names.insert(service.to_owned().into()) {
            self.clashes.insert(service.to_owned().into());
            return;
        }
        let mut router = std::mem::take(self.routes.axum_router_mut());
        for (path, method) in methods {
            router = router.route_service(&path, method);
        }
        *self.routes.axum_router_mut() = router;
    }

    /// Tells reflection of the services and messages in an encoded
    /// `FileDescriptorSet`.
    pub fn describe(&mut self, file_descriptor_set: impl Into<Bytes>) {
        self.descriptors.push(file_descriptor_set.into());
    }

    /// Answers what is no gRPC with these routes, on the same port.
    pub fn http(&mut self, router: AxumRouter) {
        self.http = Some(router);
    }

    /// The names of the services, as `package.Service`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    pub(crate) fn descriptors(&self) -> &[Bytes] {
        &self.descriptors
    }

    /// The routes of the services, and those of HTTP.
    pub(crate) fn routers(self) -> Result<(AxumRouter, Option<AxumRouter>), StartError> {
        if let Some(name) = self.clashes.first() {
            return Err(StartError::Options {
                message: format!(
                    "the gRPC server has two services `{name}`: leave one of them out, or give it another name"
                ),
            });
        }
        Ok((self.routes.prepare().into_axum_router(), self.http))
    }
}

impl fmt::Debug for GrpcServices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcServices")
            .field("names", &self.names)
            .field("http", &self.http.is_some())
            .finish_non_exhaustive()
    }
}
