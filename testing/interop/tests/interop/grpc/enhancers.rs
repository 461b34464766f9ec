//! What runs around handlers of messages runs around those of gRPC.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use nestrs::di::Scope;
use nestrs::microservices::ErrorKind;
use nestrs::prelude::*;
use serde_json::{Value, json};
use tonic::{Code, Request, Status};

use super::proto::math::math_client::MathClient;
use super::proto::math::{AddRequest, CountRequest, Failure, Number};
use super::{options, served};

/// Lets pass who says which tenant it is, unless it adds to a negative number.
#[derive(Default)]
struct Known;

#[async_trait]
impl Guard for Known {
    async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
        let payload = message.payload()?;
        let is_negative = payload["firstNumber"]
            .as_i64()
            .is_some_and(|number| number < 0);
        match message.ctx().headers.get("tenant") {
            Some(_) if !is_negative => Ok(()),
            _ => {
                let pattern = message.ctx().pattern();
                let message = format!("not you, not {pattern} of {payload}");
                let details = json!({ "code": 7, "message": message });
                Err(TransportError::new(message).with_details(details))
            }
        }
    }
}

/// Doubles the second number.
#[derive(Default)]
struct Doubled;

#[async_trait]
impl MicroPipeTransform for Doubled {
    async fn transform_micro(&self, _: &str, mut payload: Value) -> Result<Value, TransportError> {
        let second = payload["secondNumber"].as_i64();
        let second = second.ok_or_else(|| TransportError::new("default values are there"))?;
        payload["secondNumber"] = (2 * second).into();
        Ok(payload)
    }
}

/// Makes something else of the payload, which is no message any more.
#[derive(Default)]
struct Spoiled;

#[async_trait]
impl MicroPipeTransform for Spoiled {
    async fn transform_micro(&self, _: &str, _: Value) -> Result<Value, TransportError> {
        Ok(json!({ "third": true }))
    }
}

/// Answers for errors that say so.
#[derive(Default)]
struct Recovered;

#[async_trait]
impl ExceptionFilter for Recovered {
    async fn catch(&self, error: TransportError, _: &Ctx) -> Result<Answer, TransportError> {
        match error.message.strip_prefix("recover with ") {
            Some(value) => {
                let item = json!({ "value": value.parse::<i32>().unwrap_or_default() });
                Ok(Answer::One(Ok(Some(item.to_string().into()))))
            }
            None => Err(error),
        }
    }
}

/// Counts what it wraps.
#[injectable]
struct Counted(Arc<Count>);

#[injectable]
struct Count(Arc<std::sync::atomic::AtomicI32>);

#[async_trait]
impl Interceptor for Counted {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        self.0.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        next.run(message).await
    }
}

/// Made for each call.
#[injectable(scope = "request")]
struct Tenant {
    ctx: Arc<Ctx>,
}

#[injectable]
struct MathController {
    count: Arc<Count>,
}

#[grpc_service(math.Math)]
#[use_micro_interceptors(Counted)]
impl MathController {
    #[use_micro_guards(Known)]
    #[use_micro_pipes(Doubled)]
    async fn add(&self, tenant: Arc<Tenant>, request: AddRequest) -> Number {
        let tenant = tenant.ctx.headers.get("tenant").unwrap_or_default();
        let letters = i32::try_from(tenant.len()).unwrap_or_default();
        Number {
            value: 100 * letters + request.first_number + request.second_number,
        }
    }

    // Guards see a client that streams, pipes do not.
    #[use_micro_guards(Known)]
    #[use_micro_pipes(Spoiled)]
    async fn total(&self, mut numbers: GrpcStream<Number>) -> Result<Number, TransportError> {
        let mut value = 0;
        while let Some(number) = numbers.next().await {
            value += number?.value;
        }
        Ok(Number { value })
    }

    #[use_micro_pipes(Spoiled)]
    async fn wait(&self, (): ()) -> Number {
        Number { value: 1 }
    }

    #[use_micro_filters(Recovered)]
    async fn fail(&self, failure: Failure) -> Result<Number, TransportError> {
        Err(TransportError::new(failure.message))
    }

    #[use_micro_filters(Recovered)]
    async fn fail_late(
        &self,
        failure: Failure,
    ) -> impl Stream<Item = Result<Number, TransportError>> + use<> {
        stream::iter([
            Ok(Number { value: 1 }),
            Err(TransportError::new(failure.message)),
        ])
    }

    async fn nothing(&self, (): ()) -> Number {
        panic!("nobody's business")
    }

    async fn count(&self, request: CountRequest) -> impl Stream<Item = Number> + use<> {
        stream::iter(0..).map(move |value| {
            assert!(value < request.up_to, "nobody's business either");
            Number { value }
        })
    }

    async fn absent(&self) -> Result<Number, std::num::ParseIntError> {
        Ok(Number {
            value: "no number".parse()?,
        })
    }

    // It takes nothing of the request.
    async fn given_up(&self) -> Result<Number, Status> {
        let value = self.count.0.load(std::sync::atomic::Ordering::SeqCst);
        match value {
            0 => Err(Status::unavailable("not counted")),
            _ => Ok(Number { value }),
        }
    }
}

#[module(
    providers = [Counted, Count, Tenant, Provider::value(std::sync::atomic::AtomicI32::new(0))],
    microservices = [MathController],
)]
struct MathModule;

fn of_acme<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let tenant = tonic::metadata::MetadataValue::from_static("acme");
    request.metadata_mut().insert("tenant", tenant);
    request
}

#[track_caller]
fn assert_status<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, message: &str) {
    let status = answer.expect_err("it fails");
    assert_eq!((status.code(), status.message()), (code, message));
}

#[tokio::test]
async fn guards_pipes_interceptors_and_filters_run_around_methods() -> Result<(), Status> {
    assert_eq!(Tenant::DESCRIPTOR.scope, Scope::Request);
    let (server, channel) = served::<MathModule>(options()).await;
    let mut math = MathClient::new(channel);
    let add = |first_number, second_number| AddRequest {
        first_number,
        second_number,
    };

    let sum = math.add(of_acme(add(1, 2))).await?.into_inner();
    assert_eq!(sum.value, 405);
    // Default values are seen.
    let sum = math.add(of_acme(add(1, 0))).await?.into_inner();
    assert_eq!(sum.value, 401);
    let payload = r#"{"firstNumber":-1,"secondNumber":2}"#;
    assert_status(
        math.add(of_acme(add(-1, 2))).await,
        Code::PermissionDenied,
        &format!("not you, not /math.Math/Add of {payload}"),
    );
    let numbers = || stream::iter([1, 2].map(|value| Number { value }));
    assert_status(
        math.total(numbers()).await,
        Code::PermissionDenied,
        "not you, not /math.Math/Total of null",
    );
    let total = math.total(of_acme(numbers())).await?.into_inner();
    assert_eq!(total.value, 3);
    let spoiled = math.wait(()).await.expect_err("it is no message");
    assert_eq!(spoiled.code(), Code::InvalidArgument, "{spoiled:?}");
    assert!(
        spoiled.message().contains("google.protobuf.Empty"),
        "{spoiled:?}"
    );

    let failure = |message: &str| Failure {
        message: message.to_owned(),
        ..Failure::default()
    };
    let recovered = math.fail(failure("recover with 7")).await?.into_inner();
    assert_eq!(recovered.value, 7);
    assert_status(math.fail(failure("no")).await, Code::Unknown, "no");
    let mut late = math
        .fail_late(failure("recover with 8"))
        .await?
        .into_inner();
    for value in [1, 8] {
        assert_eq!(late.message().await?, Some(Number { value }));
    }
    assert_eq!(late.message().await?, None);

    // What went wrong inside stays there.
    let masked = "Internal server error";
    assert_status(math.nothing(()).await, Code::Unknown, masked);
    assert_status(math.absent(()).await, Code::Unknown, masked);
    let mut counted = math.count(CountRequest { up_to: 1 }).await?.into_inner();
    assert_eq!(counted.message().await?, Some(Number { value: 0 }));
    assert_status(counted.message().await, Code::Unknown, masked);

    let count = math.given_up(Number::default()).await?.into_inner();
    assert!(count.value > 10, "{count:?}");
    server.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn what_is_no_message_of_the_method_is_an_invalid_argument() -> Result<(), Status> {
    let (server, channel) = served::<MathModule>(options()).await;
    let mut client = tonic::client::Grpc::new(channel);
    // A string of invalid UTF-8 where there should be a message.
    let garbage = super::proto::chunks::Chunk {
        index: 0,
        data: vec![0xff],
    };
    let codec = tonic_prost::ProstCodec::<_, Number>::default();
    let path = "/math.Math/Fail".parse().expect("a path");
    client.ready().await.expect("ready");
    let status = client.unary(Request::new(garbage), path, codec).await;
    let status = status.expect_err("it is no `Failure`");
    assert_eq!(status.code(), Code::InvalidArgument);
    assert!(status.message().contains("/math.Math/Fail"), "{status:?}");
    assert_eq!(
        nestrs::microservices::grpc_status::to_error(&status).kind(),
        ErrorKind::InvalidPayload,
    );
    server.shutdown().await;
    Ok(())
}
