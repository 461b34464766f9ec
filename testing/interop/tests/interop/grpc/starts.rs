//! What a server says before it starts, and what it tells of itself.

use futures_util::{Stream, stream};
use nestrs::di::Module;
use nestrs::microservices::{GrpcMicroserviceOptions, GrpcProto};
use nestrs::prelude::*;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use super::proto::math::{AddRequest, CountRequest, Number};
use super::proto::{DESCRIPTORS, shop};
use super::services::ServicesModule;
use super::{options, served};

async fn refusal<M: Module>(options: GrpcMicroserviceOptions) -> String {
    let started = NestFactory::create_microservice_grpc::<M>(options)
        .start()
        .await;
    started.expect_err("it does not start").to_string()
}

#[injectable]
struct Wrong;

#[micro_routes]
impl Wrong {
    #[grpc_method("math.Math", "Ad")]
    async fn unknown_method(&self, request: AddRequest) -> Number {
        Number {
            value: request.first_number,
        }
    }

    #[grpc_method("maths.Math", "Add")]
    async fn unknown_service(&self, request: AddRequest) -> Number {
        Number {
            value: request.first_number,
        }
    }

    #[grpc_method("math.Math", "Total")]
    async fn no_stream(&self, number: Number) -> Number {
        number
    }

    #[grpc_method("math.Math", "Count")]
    async fn one_reply(&self, request: CountRequest) -> Result<Number, TransportError> {
        Ok(Number {
            value: request.up_to,
        })
    }

    #[grpc_method("math.Math", "Add")]
    async fn other_types(
        &self,
        request: CountRequest,
    ) -> Result<shop::orders::Order, TransportError> {
        Err(TransportError::new(request.up_to.to_string()))
    }

    #[grpc_method("math.Math", "Fail")]
    async fn streams(
        &self,
        numbers: GrpcStream<Number>,
    ) -> Result<impl Stream<Item = Number> + use<>, TransportError> {
        drop(numbers);
        Ok(stream::empty())
    }
}

#[module(microservices = [Wrong])]
struct WrongModule;

#[tokio::test]
async fn all_handlers_that_do_not_fit_are_told_at_once() {
    let told = refusal::<WrongModule>(options()).await;
    for (handler, problem) in [
        (
            "unknown_method",
            "`math.Math` has no method `Ad`; there are `Absent`, `Add`, ",
        ),
        (
            "unknown_service",
            "no service `maths.Math` is served; there are `billing.Bills`, ",
        ),
        (
            "no_stream",
            "clients stream to `/math.Math/Total`: take a `GrpcStream` of `math.Number`",
        ),
        (
            "one_reply",
            "`/math.Math/Count` is answered with a stream: return one of `math.Number`",
        ),
        (
            "other_types",
            "it takes a `math.CountRequest`, and of `/math.Math/Add` that is a `math.AddRequest`",
        ),
        (
            "other_types",
            "it returns a `shop.orders.Order`, and of `/math.Math/Add` that is a `math.Number`",
        ),
        (
            "streams",
            "clients send one message to `/math.Math/Fail`: take a `math.Failure`, no stream",
        ),
        (
            "streams",
            "`/math.Math/Fail` is answered with one message: return a `math.Number`, no stream",
        ),
    ] {
        let line = told
            .lines()
            .find(|line| line.contains(handler) && line.contains(problem));
        assert!(
            line.is_some_and(|line| line.contains("starts.rs:")),
            "{handler}: {told}"
        );
    }
}

#[injectable]
struct First;

#[grpc_service(math.Math)]
impl First {
    async fn add(&self, request: AddRequest) -> Number {
        Number {
            value: request.first_number,
        }
    }
}

#[injectable]
struct Second;

#[grpc_service(Math)]
impl Second {
    async fn add(&self, request: AddRequest) -> Number {
        Number {
            value: request.second_number,
        }
    }
}

#[injectable]
struct Third;

#[grpc_service("math.Math")]
impl Third {
    #[grpc_method("Add")]
    async fn sum(&self, request: AddRequest) -> Number {
        Number {
            value: request.second_number,
        }
    }
}

#[module(microservices = [First, Second])]
struct TwiceByNames;

#[module(microservices = [First, Third])]
struct Twice;

#[tokio::test]
async fn a_method_has_one_handler() {
    let told = refusal::<TwiceByNames>(options()).await;
    assert!(
        told.contains("`/math.Math/Add` has another handler"),
        "{told}"
    );
    let told = refusal::<Twice>(options()).await;
    assert!(
        told.contains("First::add") && told.contains("Third::sum"),
        "{told}"
    );
}

#[tokio::test]
async fn options_that_cannot_work_say_so() {
    let unknown = || GrpcProto::new(DESCRIPTORS);
    let addr = || GrpcMicroserviceOptions::new("127.0.0.1:0");
    for (options, problem) in [
        (
            addr().proto(unknown().service("math.Maths")),
            "no service `math.Maths`; there are `billing.Bills`, `chunks.Chunks`, `math.Math`",
        ),
        (
            addr().proto(unknown().package("maths")),
            "no package `maths`; there are `billing`, ",
        ),
        (
            addr().proto(GrpcProto::new(&b"nonsense"[..])),
            "was not made of an encoded `FileDescriptorSet`",
        ),
        (
            addr().proto(GrpcProto::new(&b""[..])),
            "has no service in its files",
        ),
        (addr(), "`math.Math` is served by no proto file"),
        (
            addr().proto(unknown().package("math")),
            "no service `OrderService` is served",
        ),
    ] {
        let told = refusal::<ServicesModule>(options).await;
        assert!(told.contains(problem), "{problem}: {told}");
    }
}

#[tokio::test]
async fn reflection_lists_the_services_of_proto_files() {
    let mut options = options();
    options.reflection = true;
    let (server, channel) = served::<ServicesModule>(options).await;
    let mut client = ServerReflectionClient::new(channel);
    let ask = |message_request| ServerReflectionRequest {
        host: String::new(),
        message_request: Some(message_request),
    };
    let asked = [
        ask(MessageRequest::ListServices(String::new())),
        ask(MessageRequest::FileContainingSymbol(
            "shop.orders.Order".to_owned(),
        )),
    ];
    let answers = client.server_reflection_info(stream::iter(asked)).await;
    let mut answers = answers.expect("it answers").into_inner();
    let mut answer = async || {
        let answer = answers
            .message()
            .await
            .expect("an answer")
            .expect("one more");
        answer.message_response.expect("something")
    };
    let MessageResponse::ListServicesResponse(listed) = answer().await else {
        panic!("no list")
    };
    let names: Vec<_> = listed.service.iter().map(|one| one.name.as_str()).collect();
    for service in ["math.Math", "shop.orders.OrderService", "billing.Bills"] {
        assert!(names.contains(&service), "{names:?}");
    }
    let MessageResponse::FileDescriptorResponse(files) = answer().await else {
        panic!("no file")
    };
    assert_eq!(files.file_descriptor_proto.len(), 1);
    server.shutdown().await;
}
