//! Who may connect, and by way of whom.
#![allow(clippy::unwrap_used)]

mod common;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Handlers, Peer, SOON, Server, unique};
use nestrs_brokers::Broker;
use nestrs_core::{ErrorKind, Shutdown, StartError, Transport, TransportServer};
use nestrs_transport_redis::{
    RedisAccess, RedisMicroserviceOptions, RedisSentinel, RedisTransport, RedisTransportOptions,
};
use serde_json::json;

/// How a server with these options fails to start.
async fn refused(options: RedisMicroserviceOptions) -> StartError {
    let (events, _) = tokio::sync::mpsc::unbounded_channel();
    let handlers = Handlers {
        routes: vec!["t.*".to_owned()],
        events,
        gate: Arc::new(tokio::sync::Semaphore::new(0)),
        started: Arc::default(),
        over: Arc::new(tokio::sync::Semaphore::new(0)),
        failures: Arc::default(),
        service: None,
    };
    Box::new(options)
        .start(Arc::new(handlers), Shutdown::new())
        .await
        .unwrap_err()
}

async fn served(url: &str, access: RedisAccess) {
    let options = RedisMicroserviceOptions::new(url).access(access.clone());
    let server = Server::with(options, "t", &["echo"]).await;
    assert!(!server.address.contains("secret"), "{}", server.address);
    let client = RedisTransport::new(RedisTransportOptions::new(url).access(access));
    assert_eq!(client.send_json("t.echo", json!(1)).await, Ok(json!(1)));
    server.stop().await;
}

#[tokio::test]
async fn users_and_passwords_are_asked_for() {
    let broker = Broker::redis()
        .user("orders", "se:cr@et")
        .start()
        .await
        .unwrap();
    served(&broker.url(), RedisAccess::user("orders", "se:cr@et")).await;
    let with = |who: &str| broker.url().replace("redis://", &format!("redis://{who}@"));
    served(&with("orders:se%3Acr%40et"), RedisAccess::default()).await;

    for url in [broker.url(), with("orders:wrong"), with(":se%3Acr%40et")] {
        let start = Instant::now();
        let error = refused(RedisMicroserviceOptions::new(&url)).await;
        assert!(matches!(error, StartError::Connect { .. }), "{error}");
        let client = RedisTransport::new(RedisTransportOptions::new(&url));
        let call = client.send_json("t.echo", json!(1)).await.unwrap_err();
        assert_eq!(call.kind(), ErrorKind::Connect, "{call}");
        for error in [error.to_string(), call.to_string()] {
            assert!(error.contains(&broker.url()), "{error}");
            assert!(
                !error.contains("wrong:") && !error.contains("cr@et"),
                "{error}"
            );
        }
        // What will not go away is not waited for.
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
    }
}

#[tokio::test]
async fn a_user_needs_no_more_than_the_channels_of_its_patterns() {
    let rules = "user orders on >secret resetchannels &t.* -@all +subscribe +publish +unsubscribe +ping +psubscribe +punsubscribe";
    let broker = Broker::redis().config(rules).start().await.unwrap();
    served(&broker.url(), RedisAccess::user("orders", "secret")).await;
    // And with those it gets no others.
    let options = RedisTransportOptions::new(broker.url());
    let client = RedisTransport::new(options.access(RedisAccess::user("orders", "secret")));
    let error = client.send_json("other", json!(1)).await.unwrap_err();
    assert!(error.message.contains("NOPERM"), "{error}");
    let error = client.emit_json("other", json!(1)).await.unwrap_err();
    assert!(error.message.contains("NOPERM"), "{error}");
}

#[tokio::test]
async fn streams_are_in_the_database_of_the_options() {
    let broker = Broker::redis().start().await.unwrap();
    let access = RedisAccess::default().database(3);
    let options = RedisMicroserviceOptions::new(broker.url()).access(access);
    let mut server = Server::with(options.durable(true), "t", &["event"]).await;
    assert_eq!(server.address, format!("{}/3", broker.url()));
    let options = RedisTransportOptions::new(format!("{}/3", broker.url())).durable(true);
    RedisTransport::new(options)
        .emit_json("t.event", json!(1))
        .await
        .unwrap();
    assert_eq!(server.event().await, json!(1));
    let mut peer = Peer::new(&broker.url()).await;
    assert_eq!(peer.ask::<usize>("EXISTS nestrs:events:t.event").await, 0);

    let error = refused(RedisMicroserviceOptions::new(format!(
        "{}/99",
        broker.url()
    )))
    .await;
    assert!(error.to_string().contains("/99"), "{error}");
}

#[tokio::test]
async fn options_that_cannot_work_are_named() {
    let sentinel = |sentinel| {
        RedisMicroserviceOptions::default().access(RedisAccess::default().sentinel(sentinel))
    };
    let none: [&str; 0] = [];
    let durable = RedisMicroserviceOptions::default().durable(true);
    for (options, named) in [
        (
            RedisMicroserviceOptions::new("http://localhost"),
            "write `redis://host:port`",
        ),
        (sentinel(RedisSentinel::new("", ["h"])), "`sentinel.master`"),
        (sentinel(RedisSentinel::new("m", none)), "`sentinel.nodes`"),
        (durable.clone().wildcards(true), "has wildcards"),
        (
            durable.durable_options(nestrs_transport_redis::RedisDurableOptions {
                max_attempts: 0,
                ..Default::default()
            }),
            "`durable_options.max_attempts`",
        ),
    ] {
        let error = refused(options).await;
        assert!(matches!(error, StartError::Options { .. }), "{error}");
        assert!(error.to_string().contains(named), "{error}");
    }
    let client = RedisTransport::new(RedisTransportOptions::new("http://localhost"));
    let error = client.send_json("t", json!(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(
        error.message.contains("write `redis://host:port`"),
        "{error}"
    );
}

/// A sentinel of a test, which ends with it.
struct Sentinel(Child, std::path::PathBuf);

impl Sentinel {
    fn start(port: u16, master: &str, at: std::net::SocketAddr) -> Self {
        let folder = std::env::temp_dir().join(unique("nestrs-sentinel"));
        std::fs::create_dir_all(&folder).unwrap();
        let config = folder.join("sentinel.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor {master} {} {} 1\n",
            folder.display(),
            at.ip(),
            at.port()
        );
        std::fs::write(&config, text).unwrap();
        let child = Command::new("redis-server")
            .arg(&config)
            .arg("--sentinel")
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child, folder)
    }
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
        let _ = std::fs::remove_dir_all(&self.1);
    }
}

#[tokio::test]
async fn sentinels_are_asked_for_the_master() {
    let broker = Broker::redis().start().await.unwrap();
    let at = broker.address();
    let port = Broker::redis().later().unwrap().address().port();
    let _sentinel = Sentinel::start(port, "orders", at);
    // The first of them is not there; the second is asked until it is.
    let nodes = ["127.0.0.1:1".to_owned(), format!("127.0.0.1:{port}")];
    let access = RedisAccess::default().sentinel(RedisSentinel::new("orders", nodes.clone()));
    let serving = served("redis://never.asked:1", access);
    tokio::time::timeout(SOON, serving)
        .await
        .expect("the sentinel answers");

    let access = RedisAccess::default().sentinel(RedisSentinel::new("other", nodes));
    let options = RedisMicroserviceOptions::default().access(access);
    let error = refused(options.connect_timeout(Duration::from_millis(300)))
        .await
        .to_string();
    assert!(
        error.contains("no sentinel knows the master \"other\""),
        "{error}"
    );
}

#[cfg(feature = "tls")]
mod tls {
    use super::*;
    use nestrs_core::tls::TlsClientOptions;

    fn trusted(broker: &Broker) -> TlsClientOptions {
        let ca = &broker.certificates().unwrap().ca_pem;
        TlsClientOptions {
            ca_pem: Some(ca.clone().into_bytes()),
            ..TlsClientOptions::default()
        }
    }

    #[tokio::test]
    async fn a_trusted_certificate_is_enough_and_another_is_refused_at_once() {
        let broker = Broker::redis()
            .tls()
            .user("orders", "secret")
            .start()
            .await
            .unwrap();
        let access = RedisAccess::user("orders", "secret");
        served(&broker.url(), access.clone().tls(trusted(&broker))).await;
        // The option alone says so, too.
        let plain = broker.url().replace("rediss://", "redis://");
        served(&plain, access.clone().tls(trusted(&broker))).await;

        let start = Instant::now();
        let wrong_name = TlsClientOptions {
            server_name: Some("other".to_owned()),
            ..trusted(&broker)
        };
        for access in [access.clone(), access.clone().tls(wrong_name)] {
            let error = refused(RedisMicroserviceOptions::new(broker.url()).access(access)).await;
            assert!(error.to_string().contains("certificate"), "{error}");
        }
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            start.elapsed()
        );
        let nonsense = TlsClientOptions {
            ca_pem: Some(b"no PEM".to_vec()),
            ..TlsClientOptions::default()
        };
        let options = RedisMicroserviceOptions::new(broker.url()).access(access.tls(nonsense));
        assert!(matches!(refused(options).await, StartError::Options { .. }));
    }

    #[tokio::test]
    async fn a_broker_that_asks_for_a_certificate_gets_one() {
        let broker = Broker::redis().mutual_tls().start().await.unwrap();
        let certificates = broker.certificates().unwrap();
        let identity = (
            certificates.client_cert_pem.clone().into_bytes(),
            certificates.client_key_pem.clone().into_bytes(),
        );
        let tls = TlsClientOptions {
            identity_pem: Some(identity),
            ..trusted(&broker)
        };
        served(&broker.url(), RedisAccess::default().tls(tls)).await;
    }
}
