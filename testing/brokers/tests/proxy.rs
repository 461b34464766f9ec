//! What a proxy does to the connections through it.
#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use nestrs_brokers::Proxy;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

struct Pair {
    proxy: Proxy,
    upstream: TcpListener,
}

impl Pair {
    async fn new() -> Self {
        let upstream = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Proxy::start(upstream.local_addr().unwrap()).await.unwrap();
        Self { proxy, upstream }
    }

    async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.proxy.address()).await.unwrap();
        (client, self.upstream.accept().await.unwrap().0)
    }
}

#[tokio::test]
async fn bytes_pass_both_ways_and_so_does_the_end() {
    let pair = Pair::new().await;
    let (mut client, mut server) = pair.connect().await;
    let sent: Vec<u8> = (0..200_000u32).map(|byte| byte as u8).collect();
    let (mut up, mut down) = (Vec::new(), Vec::new());
    let there = async {
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
        client.read_to_end(&mut down).await.unwrap();
    };
    let here = async {
        server.read_to_end(&mut up).await.unwrap();
        server.write_all(&up).await.unwrap();
        server.shutdown().await.unwrap();
    };
    tokio::join!(there, here);
    assert!(down == sent);
}

#[tokio::test]
async fn cut_ends_what_is_open_and_takes_what_comes() {
    let pair = Pair::new().await;
    let (mut client, mut server) = pair.connect().await;
    pair.proxy.cut();
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
    let _ = pair.connect().await;
    assert_eq!(pair.proxy.opened(), 2);
}

#[tokio::test]
async fn reset_is_not_an_orderly_end() {
    let pair = Pair::new().await;
    let (mut client, mut server) = pair.connect().await;
    pair.proxy.reset();
    let reset = Err(std::io::ErrorKind::ConnectionReset);
    assert_eq!(client.read(&mut [0; 1]).await.map_err(|e| e.kind()), reset);
    assert_eq!(server.read(&mut [0; 1]).await.map_err(|e| e.kind()), reset);
}

#[tokio::test]
async fn halve_lets_half_through() {
    let pair = Pair::new().await;
    let (mut client, mut server) = pair.connect().await;
    client.write_all(b"whole").await.unwrap();
    server.read_exact(&mut [0; 5]).await.unwrap();
    pair.proxy.halve();
    // The proxy learns of it by a message; what is written before that may pass whole.
    tokio::task::yield_now().await;
    client.write_all(b"12345678").await.unwrap();
    let mut got = Vec::new();
    server.read_to_end(&mut got).await.unwrap();
    assert_eq!(got, b"1234");
    assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test]
async fn refuse_is_as_if_nobody_was_there() {
    let pair = Pair::new().await;
    pair.proxy.refuse().await;
    let refused = TcpStream::connect(pair.proxy.address()).await.unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
    pair.proxy.accept().await;
    let _ = pair.connect().await;
}

#[tokio::test]
async fn delay_makes_later_and_not_fewer() {
    let pair = Pair::new().await;
    let (mut client, mut server) = pair.connect().await;
    pair.proxy.delay(Duration::from_millis(50));
    let start = Instant::now();
    for _ in 0..100 {
        client.write_all(&[7; 1_000]).await.unwrap();
        tokio::task::yield_now().await;
    }
    server.read_exact(&mut [0; 100_000]).await.unwrap();
    let taken = start.elapsed();
    assert!(taken >= Duration::from_millis(50), "{taken:?}");
    // One after the other they would have taken 5 s.
    assert!(taken < Duration::from_secs(2), "{taken:?}");
}
