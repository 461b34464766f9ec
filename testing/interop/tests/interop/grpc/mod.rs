//! gRPC: services of proto files, between peers of different makes.

mod chunks;
mod enhancers;
mod from_nest;
mod proto;
mod services;
mod starts;
mod to_nest;

use nestrs::RunningApplication;
use nestrs::di::Module;
use nestrs::microservices::{GrpcChannel, GrpcMicroserviceOptions, GrpcTransportOptions};
use nestrs::prelude::*;

/// Options to listen anywhere and to serve what the proto files have.
fn options() -> GrpcMicroserviceOptions {
    GrpcMicroserviceOptions::new("127.0.0.1:0").proto(proto::DESCRIPTORS)
}

/// A server of ours, and a channel to it.
async fn served<M: Module>(options: GrpcMicroserviceOptions) -> (RunningApplication, GrpcChannel) {
    let server = NestFactory::create_microservice_grpc::<M>(options);
    let server = server.start().await.expect("the server starts");
    let addr = server.local_addr().expect("a socket");
    let channel = GrpcChannel::new(GrpcTransportOptions::new(addr));
    (server, channel)
}
