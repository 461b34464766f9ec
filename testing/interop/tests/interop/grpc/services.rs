//! The services of the proto files, as handlers: what `node/grpc.mjs` is in
//! NestJS.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt, stream};
use nestrs::microservices::{ErrorKind, GrpcContext};
use nestrs::prelude::*;
use serde_json::json;
use tokio::sync::watch;
use tonic::Status;

use super::proto::billing::Bill;
use super::proto::math::{AddRequest, CountRequest, Entries, Failure, Number};
use super::proto::shop::orders::{Order, OrderId, order::State};

/// How many calls were given up.
#[injectable]
pub(crate) struct GivenUp {
    count: Arc<watch::Sender<i32>>,
}

impl GivenUp {
    /// Counts one more when it is dropped.
    fn guard(&self) -> CountsOnDrop {
        CountsOnDrop(self.count.clone())
    }
}

struct CountsOnDrop(Arc<watch::Sender<i32>>);

impl Drop for CountsOnDrop {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count += 1);
    }
}

#[injectable]
pub(crate) struct Math {
    given_up: Arc<GivenUp>,
}

#[grpc_service(math.Math)]
impl Math {
    async fn add(&self, request: AddRequest) -> Number {
        Number {
            value: request.first_number + request.second_number,
        }
    }

    async fn count(&self, request: CountRequest) -> impl Stream<Item = Number> + use<> {
        stream::iter((1..=request.up_to).map(|value| Number { value }))
    }

    async fn total(&self, mut numbers: GrpcStream<Number>) -> Result<Number, TransportError> {
        let mut value = 0;
        while let Some(number) = numbers.message().await? {
            value += number.value;
        }
        Ok(Number { value })
    }

    async fn double(
        &self,
        numbers: GrpcStream<Number>,
    ) -> impl Stream<Item = Result<Number, TransportError>> + use<> {
        let double = |number: Number| Number {
            value: 2 * number.value,
        };
        numbers.map(move |number| number.map(double))
    }

    async fn fail(&self, failure: Failure) -> Result<Number, TransportError> {
        match failure.code {
            0 => Err(TransportError::of_kind(
                ErrorKind::Internal,
                "what a caller must not get to see",
            )),
            _ => Err(failed(failure)),
        }
    }

    async fn fail_late(
        &self,
        failure: Failure,
    ) -> impl Stream<Item = Result<Number, TransportError>> + use<> {
        stream::iter([Ok(Number { value: 1 }), Err(failed(failure))])
    }

    async fn echo(&self, (): (), ctx: Ctx) -> Entries {
        let mut entries: std::collections::HashMap<_, _> = ctx
            .headers
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let grpc = ctx.native::<GrpcContext>().expect("a call of gRPC");
        if let Some(bytes) = grpc.metadata.get_bin("trace-bin") {
            let bytes = bytes.to_bytes().expect("base64");
            let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            entries.insert("trace-bin".to_owned(), hex);
        }
        Entries { entries }
    }

    async fn wait(&self, (): ()) -> Number {
        let _counts = self.given_up.guard();
        std::future::pending().await
    }

    async fn tick(&self, (): ()) -> impl Stream<Item = Number> + use<> {
        let counts = self.given_up.guard();
        stream::unfold((0, counts), async |(value, counts)| {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((Number { value }, (value + 1, counts)))
        })
    }

    async fn given_up(&self, than: Number) -> Result<Number, Status> {
        let mut count = self.given_up.count.subscribe();
        let more = count.wait_for(|count| *count > than.value).await;
        let value = *more.map_err(|_| Status::aborted("nobody counts"))?;
        Ok(Number { value })
    }

    #[use_micro_interceptors(Silenced)]
    async fn nothing(&self, (): ()) -> Number {
        Number { value: 1 }
    }
}

/// Answers with nothing, which a handler of gRPC cannot.
#[derive(Default)]
struct Silenced;

#[async_trait]
impl Interceptor for Silenced {
    async fn intercept(&self, _: Incoming, _: Next<'_>) -> Result<Answer, TransportError> {
        Ok(Answer::One(Ok(None)))
    }
}

/// Called by the name of its service alone, as in NestJS.
#[injectable]
struct Orders;

#[micro_routes]
impl Orders {
    #[grpc_method("OrderService", "Find")]
    async fn find(&self, id: OrderId) -> Order {
        Order {
            id: Some(id),
            items: vec!["a".to_owned(), "b".to_owned()],
            state: State::Paid.into(),
        }
    }
}

#[injectable]
struct Bills;

#[grpc_service(billing.Bills)]
impl Bills {
    async fn total(&self, order: Order) -> Bill {
        Bill {
            order: order.id,
            total: 1.5 * order.items.len() as f64,
        }
    }
}

fn failed(Failure { code, message }: Failure) -> TransportError {
    let details = json!({ "code": code, "message": message });
    TransportError::new(message).with_details(details)
}

#[module(
    providers = [GivenUp, Provider::value(watch::Sender::new(0_i32))],
    microservices = [Math, Orders, Bills],
)]
pub(crate) struct ServicesModule;
