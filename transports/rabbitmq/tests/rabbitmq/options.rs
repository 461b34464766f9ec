//! Options that cannot work say so, and show no credentials.

use std::sync::Arc;
use std::time::{Duration, Instant};

use nestrs_core::dispatch::BoxFuture;
use nestrs_core::{
    Answer, Dispatch, ErrorKind, Message, Shutdown, StartError, Transport, TransportServer,
};
use nestrs_transport_rabbitmq::{
    RabbitMqConnection, RabbitMqMicroserviceOptions, RabbitMqRouting, RabbitMqTransport,
    RabbitMqTransportOptions,
};

use crate::common::url;

struct Nothing;

impl Dispatch for Nothing {
    fn dispatch(&self, _: Message) -> BoxFuture<'static, Answer> {
        Box::pin(async { Answer::NoHandler })
    }
    fn routes(&self) -> Vec<String> {
        vec!["x".repeat(256)]
    }
}

async fn start(options: RabbitMqMicroserviceOptions) -> Result<String, StartError> {
    let running = Box::new(options)
        .start(Arc::new(Nothing), Shutdown::new())
        .await?;
    Ok(running.address)
}

#[tokio::test]
async fn nonsense_is_named() {
    for (options, says) in [
        (
            RabbitMqMicroserviceOptions::new("http://localhost"),
            "`urls`",
        ),
        (
            RabbitMqMicroserviceOptions::new(Vec::<String>::new()),
            "name a broker",
        ),
        (
            RabbitMqMicroserviceOptions::default().routing(RabbitMqRouting::topic("")),
            "`exchange`",
        ),
        (RabbitMqMicroserviceOptions::default(), "256 bytes"),
    ] {
        let error = start(options).await.unwrap_err();
        assert!(matches!(error, StartError::Options { .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    }
    let options = RabbitMqTransportOptions::default().routing(RabbitMqRouting::queue(""));
    let error = RabbitMqTransport::new(options).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message.contains("`queue`"), "{error}");
}

fn with_password(url: &str) -> String {
    url.replace("amqp://", "amqp://ada:s3cret@")
}

#[tokio::test]
async fn wrong_credentials_fail_at_once_and_are_not_shown() {
    let url = with_password(url().await);
    let options = RabbitMqMicroserviceOptions::new(&*url).routing(RabbitMqRouting::queue("q"));
    let begin = Instant::now();
    let error = start(options.clone()).await.unwrap_err();
    assert!(matches!(error, StartError::Connect { .. }), "{error}");
    assert!(error.to_string().contains("ACCESS_REFUSED"), "{error}");

    let client = RabbitMqTransport::new(RabbitMqTransportOptions {
        connect_timeout: Duration::from_secs(60),
        ..RabbitMqTransportOptions::new(&*url)
    });
    let refused = client.connect().await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Connect);
    // It is tried for again by the next who asks.
    client.connect().await.unwrap_err();
    assert!(begin.elapsed() < Duration::from_secs(20));
    for text in [
        error.to_string(),
        refused.to_string(),
        format!("{error:?} {refused:?} {options:?} {client:?}"),
    ] {
        assert!(!text.contains("s3cret") && !text.contains("ada"), "{text}");
    }
}

#[tokio::test]
async fn a_broker_that_is_not_there_is_named_with_the_last_error() {
    let nobody = RabbitMqConnection::new("amqp://ada:s3cret@127.0.0.1:1").name("test");
    let options = RabbitMqMicroserviceOptions {
        connect_timeout: Duration::from_millis(300),
        ..RabbitMqMicroserviceOptions::new(nobody.clone()).routing(RabbitMqRouting::queue("q"))
    };
    let error = start(options).await.unwrap_err().to_string();
    assert!(
        error.contains("amqp://127.0.0.1:1") && error.contains("refused"),
        "{error}"
    );
    assert!(!error.contains("s3cret"), "{error}");

    let client = RabbitMqTransport::new(RabbitMqTransportOptions {
        connect_timeout: Duration::from_millis(100),
        ..RabbitMqTransportOptions::new(nobody)
    });
    let error = client.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.message.contains("within 100ms"), "{error}");
    assert!(error.message.contains("amqp://127.0.0.1:1"), "{error}");
}

#[tokio::test]
async fn the_first_broker_that_answers_is_taken() {
    let there = url().await;
    let urls = RabbitMqConnection::of(["amqp://127.0.0.1:1", there]);
    let options = RabbitMqMicroserviceOptions::new(urls.clone());
    let queue = RabbitMqRouting::queue(crate::common::unique("several"));
    assert_eq!(start(options.routing(queue)).await.unwrap(), there);
    let client = RabbitMqTransport::new(RabbitMqTransportOptions::new(urls));
    client.connect().await.unwrap();
}
