//! Each broker, killed, paused and started again, and with TLS and passwords.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use nestrs_brokers::{Broker, BrokerOptions, Kind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What a client says first and how each broker's answer begins.
fn hello(kind: Kind) -> (&'static [u8], &'static [u8]) {
    match kind {
        Kind::Nats => (b"", b"INFO"),
        Kind::Redis => (b"PING\r\n", b"+PONG"),
        Kind::RabbitMq => (b"AMQP\0\0\x09\x01", b"\x01\0\0"),
        Kind::Kafka => (b"\0\0\0\x0a\0\x12\0\0\0\0\0\x07\xff\xff", b"\0\0\x01"),
        _ => (b"\x10\x0c\0\x04MQTT\x04\x02\0\x0a\0\0", b"\x20\x02"),
    }
}

async fn says_hello(broker: &Broker) -> bool {
    let Ok(mut stream) = TcpStream::connect(broker.address()).await else {
        return false;
    };
    let (question, answer) = hello(broker.kind());
    stream.write_all(question).await.unwrap();
    let mut start = vec![0; answer.len()];
    let read = timeout(Duration::from_secs(1), stream.read_exact(&mut start)).await;
    matches!(read, Ok(Ok(_))) && start == answer
}

async fn lives_and_dies(options: BrokerOptions) {
    let mut broker = options.start().await.unwrap();
    let address = broker.address();
    assert!(says_hello(&broker).await);

    broker.pause().unwrap();
    assert!(!says_hello(&broker).await);
    broker.resume().unwrap();
    assert!(says_hello(&broker).await);

    broker.kill();
    assert!(TcpStream::connect(address).await.is_err());
    broker.restart().await.unwrap();
    assert!(says_hello(&broker).await);
    broker.restart().await.unwrap();
    assert_eq!(broker.address(), address);
    assert!(says_hello(&broker).await);

    let folder = broker.log().parent().unwrap().to_owned();
    assert!(folder.exists());
    drop(broker);
    assert!(TcpStream::connect(address).await.is_err());
    assert!(!folder.exists());
}

#[tokio::test]
async fn nats() {
    lives_and_dies(Broker::nats()).await;
}

#[tokio::test]
async fn redis() {
    lives_and_dies(Broker::redis()).await;
}

#[tokio::test]
async fn rabbitmq() {
    lives_and_dies(Broker::rabbitmq()).await;
}

#[tokio::test]
async fn mosquitto() {
    lives_and_dies(Broker::mosquitto()).await;
}

#[tokio::test]
async fn kafka() {
    lives_and_dies(Broker::kafka()).await;
}

#[tokio::test]
async fn with_tls_and_a_user() {
    let all = Kind::ALL.map(|kind| async move {
        let options = BrokerOptions::new(kind)
            .mutual_tls()
            .user("alice", "a b\"c");
        let options = if kind == Kind::RabbitMq {
            BrokerOptions::new(kind).tls().user("alice", "abc")
        } else {
            options
        };
        let broker = options.start().await.unwrap();
        assert!(broker.certificates().is_some());
        assert!(!says_hello(&broker).await || kind == Kind::Nats);
    });
    let mut tasks = tokio::task::JoinSet::new();
    all.into_iter().for_each(|one| {
        tasks.spawn(one);
    });
    tasks.join_all().await;
}

#[tokio::test]
async fn data_outlive_a_kill() {
    let mut broker = Broker::redis().start().await.unwrap();
    let ask = async |broker: &Broker, question: &str| {
        let mut stream = TcpStream::connect(broker.address()).await.unwrap();
        stream.write_all(question.as_bytes()).await.unwrap();
        let mut answer = [0; 16];
        let count = stream.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..count]).into_owned()
    };
    assert_eq!(ask(&broker, "SET a 1\r\n").await, "+OK\r\n");
    broker.kill();
    broker.restart().await.unwrap();
    assert_eq!(ask(&broker, "GET a\r\n").await, "$1\r\n1\r\n");
}

#[tokio::test]
async fn what_it_says_is_told_and_kept() {
    let error = Broker::nats()
        .config("no such: {")
        .start()
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("nats ended") && text.contains("Parse error"),
        "{text}"
    );
    let nestrs_brokers::Error::Exited { log, .. } = error else {
        panic!("{error:?}");
    };
    assert!(log.exists());
    std::fs::remove_dir_all(log.parent().unwrap()).unwrap();
}

#[tokio::test]
async fn one_that_comes_later_has_an_address_before() {
    let mut broker = Broker::nats().later().unwrap();
    assert!(!says_hello(&broker).await);
    assert!(broker.pause().is_err());
    broker.restart().await.unwrap();
    assert!(says_hello(&broker).await);
}

#[tokio::test]
async fn a_shared_one_is_started_once() {
    let (one, other) = tokio::join!(
        nestrs_brokers::shared::nats(),
        nestrs_brokers::shared::nats()
    );
    assert_eq!(one.unwrap(), other.unwrap());
}
