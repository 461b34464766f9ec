//! Our client and NestJS's server: clients that `tonic` generates, injected.

use std::cell::RefCell;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{TryStreamExt, stream};
use nestrs::microservices::{ErrorKind, GrpcChannel, GrpcTransportOptions, grpc_status};
use nestrs::prelude::*;
use nestrs_interop::{Error, Nest, NestServer};
use serde_json::json;
use tokio::time::timeout;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use super::proto::billing::bills_client::BillsClient;
use super::proto::math::math_client::MathClient;
use super::proto::math::{AddRequest, CountRequest, Failure, Number};
use super::proto::shop::orders::OrderId;
use super::proto::shop::orders::order_service_client::OrderServiceClient;

const PATIENCE: Duration = Duration::from_secs(30);

/// Three clients over one connection.
#[injectable]
struct Clients {
    math: Arc<MathClient<GrpcChannel>>,
    orders: Arc<OrderServiceClient<GrpcChannel>>,
    bills: Arc<BillsClient<GrpcChannel>>,
}

thread_local! {
    /// What each test's peer is reached by.
    static ADDR: RefCell<String> = const { RefCell::new(String::new()) };
}

#[module(
    imports = [ClientsModule::register(&[ClientConfig::grpc(
        "nest",
        GrpcTransportOptions::new(ADDR.with_borrow(String::clone)),
    )])],
    providers = [
        grpc_client("nest", MathClient::new),
        grpc_client("nest", OrderServiceClient::new),
        grpc_client("nest", BillsClient::new),
        Clients,
    ],
)]
struct ClientsOfNest;

async fn all(version: Nest) -> Result<(), Error> {
    // NestJS does not tell the port that the system chose.
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("an address").port()
    };
    let addr = format!("127.0.0.1:{port}");
    let server = NestServer::start(version, "grpc", &json!({ "url": addr })).await?;
    ADDR.set(addr);
    let application = NestFactory::create_application_context::<ClientsOfNest>().await;
    let application = application.expect("it starts");
    let clients = application.get::<Clients>().expect("it is provided");
    // NestJS may never answer, where it should.
    let answered = timeout(PATIENCE, answered(&clients)).await;
    let answered = answered.unwrap_or_else(|_| Err(Status::unknown("no answer in time")));
    answered.unwrap_or_else(|status| panic!("{status:?}: {}", server.logged()));
    application.shutdown().await;
    server.stop().await
}

async fn answered(clients: &Clients) -> Result<(), Status> {
    let mut math = MathClient::clone(&clients.math);
    let number = |value| Number { value };

    // All four kinds.
    let request = AddRequest {
        first_number: 1,
        second_number: 2,
    };
    assert_eq!(math.add(request).await?.into_inner(), number(3));
    let counted = math.count(CountRequest { up_to: 3 }).await?.into_inner();
    let counted: Vec<_> = counted.map_ok(|number| number.value).try_collect().await?;
    assert_eq!(counted, [1, 2, 3]);
    let numbers = || stream::iter([1, 2, 3].map(number));
    assert_eq!(math.total(numbers()).await?.into_inner(), number(6));
    let doubled = math.double(numbers()).await?.into_inner();
    let doubled: Vec<_> = doubled.map_ok(|number| number.value).try_collect().await?;
    assert_eq!(doubled, [2, 4, 6]);

    // A nested package, and a second one that uses its messages.
    let mut orders = OrderServiceClient::clone(&clients.orders);
    let id = OrderId {
        id: 9_007_199_254_740_993,
    };
    let order = orders.find(id).await?.into_inner();
    assert_eq!((order.id, order.items.len(), order.state), (Some(id), 2, 1));
    let mut bills = BillsClient::clone(&clients.bills);
    let bill = bills.total(order).await?.into_inner();
    assert_eq!((bill.order, bill.total), (Some(id), 3.0));

    // Errors.
    let failure = |code, message: &str| Failure {
        code,
        message: message.to_owned(),
    };
    for (failure, code, message) in [
        (
            failure(5, "no such number"),
            Code::NotFound,
            "no such number",
        ),
        (failure(7, "é ✓ 100 %"), Code::PermissionDenied, "é ✓ 100 %"),
        (failure(0, ""), Code::Unknown, "Internal server error"),
    ] {
        let status = math.fail(failure).await.expect_err("it fails");
        assert_eq!((status.code(), status.message()), (code, message));
    }
    let mut late = math.fail_late(failure(9, "late")).await?.into_inner();
    assert_eq!(late.message().await?, Some(number(1)));
    let status = late.message().await.expect_err("it fails");
    assert_eq!(
        (status.code(), status.message()),
        (Code::FailedPrecondition, "late")
    );
    let status = math.absent(()).await.expect_err("it has no handler");
    assert_eq!(status.code(), Code::Unimplemented);
    // As an error of a handler that returns it.
    let error = grpc_status::to_error(&status);
    assert_eq!(error.kind(), ErrorKind::NoHandler);

    // Metadata, both ways.
    let mut request = Request::new(());
    let metadata = request.metadata_mut();
    metadata.insert("tenant", MetadataValue::from_static("acme"));
    metadata.insert_bin("trace-bin", MetadataValue::from_bytes(&[0, 255, 16]));
    let echo = math.echo(request).await?;
    let answered_by = echo.metadata().get("answered-by");
    assert_eq!(answered_by.expect("it says so"), "NestJS");
    let entries = echo.into_inner().entries;
    assert_eq!(
        (&*entries["tenant"], &*entries["trace-bin"]),
        ("acme", "00ff10")
    );

    // A deadline, of which the server is told; NestJS never answers with nothing.
    for method in ["wait", "nothing"] {
        let mut request = Request::new(());
        request.set_timeout(Duration::from_millis(200));
        let answer = match method {
            "wait" => math.wait(request).await,
            _ => math.nothing(request).await,
        };
        let status = answer.expect_err("it never answers");
        assert_eq!(
            status.code(),
            Code::DeadlineExceeded,
            "{method}: {status:?}"
        );
    }
    assert_eq!(math.given_up(number(0)).await?.into_inner(), number(1));

    // A caller who has had enough.
    let mut ticks = math.tick(()).await?.into_inner();
    assert_eq!(ticks.message().await?, Some(number(0)));
    drop(ticks);
    assert_eq!(math.given_up(number(1)).await?.into_inner(), number(2));
    Ok(())
}

#[tokio::test]
async fn nestrs_client_to_nest_11() -> Result<(), Error> {
    all(Nest::V11).await
}

#[tokio::test]
async fn nestrs_client_to_nest_12() -> Result<(), Error> {
    all(Nest::V12).await
}
