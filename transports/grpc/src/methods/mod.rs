//! Methods of proto files, answered by handlers: the calls that any gRPC peer
//! makes, NestJS's among them.
//!
//! | file | holds |
//! |---|---|
//! | `proto.rs` | [`GrpcProto`]: a proto file, and what of it is served |
//! | `check.rs` | which handler is whose method's, and whether it fits |
//! | `types.rs` | [`HandlerTypes`]: what a handler says of itself |
//! | `service.rs` | one call: from the request to a message, from its answer to the response |
//! | `view.rs` | what enhancers see of a message |
//! | `codec.rs` | messages as the bytes they are |
//!
//! The next file on a call's path is `service.rs`.

mod check;
mod codec;
mod proto;
mod service;
mod types;
mod view;

use std::sync::Arc;

use nestrs_core::{Dispatch, StartError};

pub use proto::GrpcProto;
pub use types::HandlerTypes;

use crate::limits::GrpcLimits;
use crate::services::GrpcServices;
use check::Found;
use service::MethodService;

/// Adds the methods of `protos` to what a server answers.
pub(crate) fn add(
    services: &mut GrpcServices,
    protos: Vec<GrpcProto>,
    dispatch: &Arc<dyn Dispatch>,
    limits: &GrpcLimits,
    compression: bool,
) -> Result<(), StartError> {
    let served = proto::served(&protos)?;
    let found = check::handlers(&served, dispatch.as_ref())?;
    for service in &served {
        let methods = service.methods().map(|method| {
            let Found { route, path } = Found::of(&found, &method);
            let service = MethodService::new(&method, route, dispatch, limits, compression);
            (path, service)
        });
        services.add_methods(service.full_name(), methods);
    }
    for proto in protos {
        services.describe(proto.descriptors);
    }
    Ok(())
}
