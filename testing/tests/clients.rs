//! Clients of the application under test, and mocks in the place of its own.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt;
use nestrs::core::{MessageKind, Outgoing};
use nestrs::microservices::{
    ClientInterceptor, ErrorKind, TcpMicroserviceOptions, TcpTransportOptions,
};
use nestrs::prelude::*;
use nestrs_testing::{ClientMock, Test, TestingModule, client_mock, default_client_mock};
use serde_json::json;
use tokio::time::Instant;

/// Tries three times, a second apart.
struct Retry;

#[async_trait]
impl ClientInterceptor for Retry {
    async fn send(
        &self,
        message: Outgoing<'_>,
        next: &dyn Transport,
    ) -> Result<Option<bytes::Bytes>, TransportError> {
        for _ in 0..2 {
            match next.send(message.clone()).await {
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                reply => return reply,
            }
        }
        next.send(message).await
    }
}

fn tcp() -> TcpTransportOptions {
    TcpTransportOptions::default()
}

#[injectable]
struct Shop {
    clients: Arc<ClientsService>,
    #[inject("billing")]
    billing: Arc<ClientProxy>,
}

#[micro_routes]
impl Shop {
    #[message_pattern("shop.buy")]
    async fn buy(&self, item: String) -> Result<u64, TransportError> {
        let total = self.billing.send("billing.charge", &item).await?;
        self.clients
            .expect("mail")
            .emit("mail.receipt", &total)
            .await?;
        Ok(total)
    }

    #[message_pattern("shop.sell")]
    async fn sell(&self, item: String) -> Result<u64, TransportError> {
        self.clients
            .expect("billing")
            .send("billing.pay", &item)
            .await
    }
}

#[module(
    imports = [ClientsModule::register(&[
        ClientConfig::tcp("billing", tcp()).interceptor(Retry).timeout(Duration::from_secs(2)),
        ClientConfig::tcp("mail", tcp()),
    ])],
    microservices = [Shop],
)]
struct ShopModule;

async fn shop(mocks: [&ClientMock; 2]) -> TestingModule {
    let [one, other] = mocks;
    Test::create_testing_module::<ShopModule>()
        .override_client(one)
        .override_client(other)
        .compile()
        .await
        .unwrap()
}

async fn ask(module: &TestingModule, pattern: &str) -> Result<u64, TransportError> {
    module.client().send(pattern, "book").await
}

#[tokio::test]
async fn a_mock_stands_in_however_its_client_is_asked_for() {
    let billing = client_mock::<ClientProxy>("billing")
        .on("billing.charge")
        .reply(1998)
        .on("billing.pay")
        .call(|item: String| Ok(item.len()));
    let mail = client_mock("mail");
    let module = shop([&billing, &mail]).await;
    assert_eq!(ask(&module, "shop.buy").await, Ok(1998));
    assert_eq!(ask(&module, "shop.sell").await, Ok(4));
    billing.assert_sent("billing.charge", "book");
    billing.assert_sent("billing.pay", "book");
    mail.assert_emitted("mail.receipt", 1998);
    mail.assert_not_sent("mail.invoice");
    let seen: Vec<_> = billing.messages().iter().map(ToString::to_string).collect();
    assert_eq!(
        seen,
        [
            r#"send billing.charge "book""#,
            r#"send billing.pay "book""#
        ]
    );
    assert_eq!(mail.messages()[0].kind, MessageKind::Event);
}

#[tokio::test]
async fn the_only_client_is_mocked_with_or_without_its_name() {
    #[injectable]
    struct Checkout {
        unnamed: Arc<ClientProxy>,
        #[inject("billing")]
        named: Arc<ClientProxy>,
        clients: Arc<ClientsService>,
    }
    #[module(
        imports = [ClientsModule::register(&[ClientConfig::tcp("billing", tcp())])],
        providers = [Checkout],
    )]
    struct App;
    let mocks = [client_mock::<ClientProxy>("billing"), default_client_mock()];
    for mock in mocks {
        let module = Test::create_testing_module::<App>()
            .override_client(&mock)
            .compile()
            .await
            .unwrap();
        let checkout = module.get::<Checkout>();
        checkout.unnamed.emit("a", &1).await.unwrap();
        checkout.named.emit("b", &2).await.unwrap();
        checkout
            .clients
            .expect("billing")
            .emit("c", &3)
            .await
            .unwrap();
        let seen: Vec<_> = mock.messages().iter().map(ToString::to_string).collect();
        assert_eq!(seen, ["emit a 1", "emit b 2", "emit c 3"]);
    }
}

#[tokio::test]
async fn clients_that_a_factory_makes_or_a_module_provides_itself_are_mocked_too() {
    #[module(imports = [ClientsModule::register_async(["billing"], || async {
        Ok::<_, std::io::Error>(vec![ClientConfig::tcp("billing", tcp())])
    })])]
    struct Async;
    let mock = client_mock::<ClientProxy>("billing").on("p").reply(1);
    let module = Test::create_testing_module::<Async>()
        .override_client(&mock)
        .compile()
        .await
        .unwrap();
    let clients = module.get::<ClientsService>();
    assert_eq!(
        clients.expect("billing").send::<_, u8>("p", &()).await,
        Ok(1)
    );
    assert_eq!(
        module.get::<ClientProxy>().send::<_, u8>("p", &()).await,
        Ok(1)
    );

    fn own() -> Provider {
        Provider::value(client_mock::<ClientProxy>("real").client())
    }
    #[module(providers = [own().named("billing")])]
    struct Own;
    let module = Test::create_testing_module::<Own>()
        .override_client(&mock)
        .compile()
        .await
        .unwrap();
    let client = module.get_named::<ClientProxy>("billing");
    assert_eq!(client.send::<_, u8>("p", &()).await, Ok(1));
}

#[tokio::test]
async fn a_client_that_is_not_there_is_an_error_that_names_those_that_are() {
    let mock = client_mock::<ClientProxy>("biling");
    let error = Test::create_testing_module::<ShopModule>()
        .override_client(&mock)
        .compile()
        .await
        .unwrap_err()
        .to_string();
    let hint = "did you mean `ClientProxy \"billing\"` or `ClientProxy \"mail\"`?";
    assert!(error.contains(hint), "{error}");
    assert!(error.contains("clients.rs:"), "{error}");
}

#[tokio::test]
async fn a_request_without_an_answer_says_how_to_give_one() {
    let billing = client_mock::<ClientProxy>("billing")
        .on("billing.pay")
        .reply(1);
    let module = shop([&billing, &client_mock("mail")]).await;
    let error = ask(&module, "shop.buy").await.unwrap_err();
    assert_eq!(
        error.message,
        "the client mock `billing` was sent `billing.charge` and was told no answer: say one, \
         `.on(\"billing.charge\").reply(…)`; it has answers to `billing.pay`"
    );
}

#[tokio::test(start_paused = true)]
async fn interceptors_and_timeouts_of_the_client_are_production_s() {
    let busy = || TransportError::of_kind(ErrorKind::Unavailable, "busy");
    let billing = client_mock::<ClientProxy>("billing")
        .on("billing.charge")
        .error(busy())
        .on("billing.charge")
        .error(busy())
        .on("billing.charge")
        .reply(1998);
    let mail = client_mock("mail");
    let module = shop([&billing, &mail]).await;
    let start = Instant::now();
    assert_eq!(ask(&module, "shop.buy").await, Ok(1998));
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    assert_eq!(billing.messages().len(), 3);

    let billing = client_mock::<ClientProxy>("billing")
        .on("billing.charge")
        .never();
    let module = shop([&billing, &mail]).await;
    let start = Instant::now();
    let error = ask(&module, "shop.buy").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(
        error.message.contains("the client mock `billing`"),
        "{error}"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn streams_come_late_as_a_whole_or_never() {
    let prices = client_mock::<ClientProxy>("prices")
        .on("watch")
        .after(Duration::from_secs(5))
        .stream([1, 2])
        .on("watch")
        .error(TransportError::new("closed"));
    let client = prices.client();
    let start = Instant::now();
    let replies = client.send_stream::<_, u8>("watch", &()).await.unwrap();
    assert_eq!(replies.try_collect::<Vec<_>>().await.unwrap(), [1, 2]);
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    let replies = client.send_stream::<_, u8>("watch", &()).await.unwrap();
    assert!(replies.try_collect::<Vec<_>>().await.is_err());
}

#[tokio::test]
#[should_panic(expected = "the client mock `billing` was not sent this:
  send billing.charge {\"item\":\"book\"}
it was sent:
  send billing.charge {\"item\":\"pen\"}
  emit billing.done null")]
async fn an_assertion_that_fails_shows_what_was_sent() {
    let billing = client_mock::<ClientProxy>("billing")
        .on("billing.charge")
        .reply(1);
    let client = billing.client();
    let pen = json!({ "item": "pen" });
    client.send::<_, u8>("billing.charge", &pen).await.unwrap();
    client.emit("billing.done", &()).await.unwrap();
    billing.assert_sent("billing.charge", json!({ "item": "book" }));
}

#[tokio::test]
async fn headers_and_object_patterns_are_seen() {
    let mock = client_mock::<ClientProxy>("math")
        .on(json!({ "cmd": "sum" }))
        .reply(6);
    let pattern = Pattern::from(json!({ "cmd": "sum" }));
    let client = mock.client();
    let sum = client
        .message(&pattern, &[1, 2, 3])
        .header("tenant", "acme");
    assert_eq!(sum.send::<u8>().await, Ok(6));
    assert_eq!(mock.messages()[0].headers.get("tenant"), Some("acme"));
}

#[tokio::test]
async fn a_gateway_calls_the_application_under_test_itself() {
    #[injectable]
    struct Gateway {
        shop: Arc<ClientProxy>,
    }
    #[micro_routes]
    impl Gateway {
        #[message_pattern("gateway")]
        async fn gateway(&self) -> Result<String, TransportError> {
            self.shop.send("inner", &()).await
        }
        #[message_pattern("inner")]
        async fn inner(&self) -> &'static str {
            "inner"
        }
    }
    #[module(
        imports = [ClientsModule::register(&[ClientConfig::tcp("shop", tcp())])],
        microservices = [Gateway],
    )]
    struct App;
    let module = Test::create_testing_module::<App>()
        .connect_client("shop")
        .compile()
        .await
        .unwrap();
    let said: String = module.client().send("gateway", &()).await.unwrap();
    assert_eq!(said, "inner");
}

#[tokio::test]
async fn handlers_of_one_transport_are_reached_in_its_place() {
    #[injectable]
    struct Service;
    #[micro_routes]
    impl Service {
        #[message_pattern("only", transport = "tcp")]
        async fn only(&self) -> u8 {
            1
        }
    }
    #[module(microservices = [Service])]
    struct App;
    let test = Test::create_testing_module::<App>;
    let module = test().compile().await.unwrap();
    let error = module
        .client()
        .send::<_, u8>("only", &())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoHandler);
    let tcp = TcpMicroserviceOptions::default();
    let module = test().in_place_of_server(&tcp).compile().await.unwrap();
    assert_eq!(module.client().send::<_, u8>("only", &()).await, Ok(1));
}
