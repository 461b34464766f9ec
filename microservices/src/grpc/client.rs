//! [`grpc_client`]: clients that `tonic` generates, injected.

use std::any::Any;
use std::future::ready;
use std::sync::Arc;

use nestrs_core::TransportError;
use nestrs_di::Provider;
use nestrs_transport_grpc::GrpcChannel;

use crate::client::ClientsService;

/// Provides a client that `tonic` generated, over the channel of the client
/// `name` of a [`ClientsModule`](crate::ClientsModule): NestJS's
/// `ClientGrpc.getService`. All clients of a name share its connection, which is
/// made with the first call and again after it broke.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// # mod math {
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct AddRequest { #[prost(int32, tag = "1")] pub a: i32, #[prost(int32, tag = "2")] pub b: i32 }
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct Number { #[prost(int32, tag = "1")] pub value: i32 }
/// #     #[derive(Clone)]
/// #     pub struct MathClient<T>(T);
/// #     impl<T> MathClient<T> {
/// #         pub fn new(channel: T) -> Self { Self(channel) }
/// #         pub async fn add(&mut self, _: AddRequest) -> Result<tonic::Response<Number>, tonic::Status> { unimplemented!() }
/// #     }
/// # }
/// use math::{AddRequest, MathClient};
/// use nestrs_di::{injectable, module};
/// use nestrs_microservices::{
///     ClientConfig, ClientsModule, GrpcChannel, GrpcTransportOptions, grpc_client,
/// };
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Checkout {
///     math: Arc<MathClient<GrpcChannel>>,
/// }
///
/// impl Checkout {
///     async fn total(&self) -> Result<i32, tonic::Status> {
///         // Calls take the client by `&mut`; a clone costs next to nothing.
///         let mut math = MathClient::clone(&self.math);
///         let sum = math.add(AddRequest { a: 1, b: 2 }).await?;
///         Ok(sum.into_inner().value)
///     }
/// }
///
/// #[module(
///     imports = [ClientsModule::register(&[
///         ClientConfig::grpc("math", GrpcTransportOptions::new("math.internal:5000")),
///     ])],
///     providers = [grpc_client("math", MathClient::new), Checkout],
/// )]
/// struct AppModule;
///
/// # use nestrs_di::Module as _;
/// AppModule::verify().unwrap();
/// ```
///
/// The application does not start if no client is called `name`, or if it is one
/// over another transport.
#[track_caller]
pub fn grpc_client<C: Any + Send + Sync>(
    name: &'static str,
    client: impl Fn(GrpcChannel) -> C + Send + Sync + 'static,
) -> Provider {
    Provider::factory(move |clients: Arc<ClientsService>| {
        ready(channel(&clients, name).map(&client))
    })
}

fn channel(clients: &ClientsService, name: &str) -> Result<GrpcChannel, TransportError> {
    let Some(proxy) = clients.get(name) else {
        return Err(TransportError::new(clients.missing(name)));
    };
    match proxy.driver::<GrpcChannel>() {
        Some(channel) => Ok(GrpcChannel::clone(&channel)),
        None => Err(TransportError::new(format!(
            "the client `{name}` is none of gRPC: make it with `ClientConfig::grpc`"
        ))),
    }
}
