//! Reflection, services of one's own, and HTTP on the same port.
#![allow(clippy::unwrap_used)]

mod common;

use std::convert::Infallible;
use std::task::{Context, Poll};

use common::{Server, call};
use futures_util::stream;
use http::{Request, Response};
use nestrs_core::{Shutdown, StartError, Transport, TransportServer};
use nestrs_transport_grpc::{GrpcMicroserviceOptions, GrpcServices};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic::body::Body;
use tonic::codegen::Service;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

/// A service that panics.
#[derive(Clone)]
struct Broken;

impl tonic::server::NamedService for Broken {
    const NAME: &'static str = "demo.Broken";
}

impl Service<Request<Body>> for Broken {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        panic!("on purpose")
    }
}

async fn listed(server: &Server) -> Result<Vec<String>, tonic::Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(server.channel());
    let mut answers = reflection
        .server_reflection_info(stream::iter([request]))
        .await?
        .into_inner();
    let answer = answers.message().await?.unwrap().message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else {
        panic!("{answer:?}")
    };
    Ok(list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect())
}

#[tokio::test]
async fn reflection_lists_the_services_where_it_is_turned_on() {
    let server = Server::with(GrpcMicroserviceOptions {
        reflection: true,
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    })
    .await;
    let mut services = listed(&server).await.unwrap();
    services.sort();
    assert_eq!(
        services,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "nestrs.v1.Patterns"
        ]
    );
    let silent = Server::start().await;
    assert_eq!(
        listed(&silent).await.unwrap_err().code(),
        tonic::Code::Unimplemented
    );
}

#[tokio::test]
async fn a_service_of_ones_own_is_served_and_its_panics_are_answered() {
    let mut services = GrpcServices::default();
    services.add(Broken);
    let server = Server::with(GrpcMicroserviceOptions {
        services,
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    })
    .await;
    let mut client = tonic::client::Grpc::new(server.channel());
    let path = http::uri::PathAndQuery::from_static("/demo.Broken/Any");
    let codec =
        tonic_prost::ProstCodec::<common::foreign::Message, common::foreign::Reply>::default();
    let status = client.unary(call("x", ""), path, codec).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (tonic::Code::Unknown, "Internal server error")
    );
    assert_eq!(
        server.client().send_json("echo", json!(1)).await,
        Ok(json!(1))
    );
}

#[tokio::test]
async fn two_services_of_one_name_keep_a_server_from_starting() {
    let mut services = GrpcServices::default();
    services.add(Broken);
    services.add(Broken);
    let options = GrpcMicroserviceOptions {
        services,
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    };
    let dispatch = std::sync::Arc::new(common::Handlers::default());
    let started = Box::new(options).start(dispatch, Shutdown::new()).await;
    let Err(StartError::Options { message }) = started else {
        panic!("it started")
    };
    assert!(message.contains("`demo.Broken`"), "{message}");
}

#[tokio::test]
async fn what_is_no_grpc_is_http() {
    let mut services = GrpcServices::default();
    let router = tonic::service::AxumRouter::new().fallback_service(Site);
    services.http(router);
    let server = Server::with(GrpcMicroserviceOptions {
        services,
        ..GrpcMicroserviceOptions::new("127.0.0.1:0")
    })
    .await;
    let mut stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
    stream
        .write_all(b"GET /about HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = vec![0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, b"HTTP/1.1 204");
    assert_eq!(
        server.client().send_json("echo", json!(1)).await,
        Ok(json!(1))
    );
    server.stop().await;
}

/// Answers that there is nothing.
#[derive(Clone)]
struct Site;

impl<B> Service<Request<B>> for Site {
    type Response = Response<tonic::service::AxumBody>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let mut response = Response::new(tonic::service::AxumBody::empty());
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        std::future::ready(Ok(response))
    }
}
