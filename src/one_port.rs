//! HTTP and gRPC on one port: the routes of the HTTP side become those of the
//! gRPC server for requests that are no gRPC.

use std::any::Any;

use nestrs_core::StartError;
use nestrs_transport_grpc::GrpcMicroserviceOptions;

use crate::BootstrapError;
use crate::http::NestApplication;
use crate::microservice::Bound;
use crate::running::RunningApplication;

/// Gives the routes of `http` to the first gRPC server there is, and says what
/// that is called.
pub(crate) fn share(
    http: NestApplication,
    running: &RunningApplication,
    servers: &mut [Bound],
) -> Result<&'static str, BootstrapError> {
    let router = http.router_of(running.readiness_of())?;
    for Bound { server, name, .. } in servers {
        let server: &mut dyn Any = &mut **server;
        if let Some(grpc) = server.downcast_mut::<GrpcMicroserviceOptions>() {
            grpc.services.http(router);
            return Ok(name);
        }
    }
    Err(BootstrapError::Http(StartError::Options {
        message: "`also_serve_http` serves it on the port of a gRPC server, and there is none: \
                  connect one, or call `also_listen_http(port)`"
            .to_owned(),
    }))
}
