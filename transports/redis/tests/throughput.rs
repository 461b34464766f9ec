//! Many calls at a time over a slow way, and more servers than one.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use common::{Server, client, unique, url};
use nestrs_brokers::Proxy;
use nestrs_core::Transport;
use nestrs_transport_redis::{RedisMicroserviceOptions, RedisTransport, RedisTransportOptions};
use serde_json::json;

/// A request and its reply cross the proxy four times, for 5.4 ms in all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn latency_is_paid_for_once_and_not_for_each_call() {
    let at = url().await.trim_start_matches("redis://").parse().unwrap();
    let proxy = Proxy::start(at).await.unwrap();
    let by_proxy = format!("redis://{}", proxy.address());
    let options = RedisMicroserviceOptions::new(&by_proxy);
    let server = Server::with(options, &unique("t"), &["echo"]).await;
    let client = RedisTransport::new(RedisTransportOptions::new(&by_proxy));
    let echo = server.route("echo");
    client.send_json(&echo, json!(0)).await.unwrap();
    // A timer rounds up to the next millisecond.
    proxy.delay(Duration::from_micros(300));
    let mut alone = Duration::MAX;
    for _ in 0..20 {
        let start = Instant::now();
        client.send_json(&echo, json!(0)).await.unwrap();
        alone = alone.min(start.elapsed());
    }
    println!("{alone:?} for a call alone");
    assert!(alone > Duration::from_millis(4), "{alone:?}");

    let (count, stop) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let callers: Vec<_> = (0..64)
        .map(|_| {
            let (client, echo) = (client.clone(), echo.clone());
            let (count, stop) = (count.clone(), stop.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    client.send_json(&echo, json!(1)).await.unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    // The machine may be busy with something else for a while: the best counts.
    let mut best: f64 = 0.0;
    for _ in 0..20 {
        let (start, before) = (Instant::now(), count.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_millis(500)).await;
        let calls = count.load(Ordering::Relaxed) - before;
        best = best.max(calls as f64 / start.elapsed().as_secs_f64());
        if best > 5_000.0 {
            break;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for caller in callers {
        caller.await.unwrap();
    }
    println!("{best:.0} calls a second");
    assert!(best > 5_000.0, "{best:.0} calls a second");
}

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn more_than_one_answer_is_warned_of_once() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let prefix = unique("t");
    let options = || async { RedisMicroserviceOptions::new(url().await) };
    let one = Server::with(options().await, &prefix, &["echo"]).await;
    let client = client().await;
    let echo = one.route("echo");
    let warned = || {
        let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        text.matches("more than one server answers").count()
    };
    for n in 0..20 {
        client.send_json(&echo, json!(n)).await.unwrap();
    }
    assert_eq!(warned(), 0);
    let _other = Server::with(options().await, &prefix, &["echo"]).await;
    for n in 0..20 {
        assert_eq!(client.send_json(&echo, json!(n)).await, Ok(json!(n)));
    }
    assert_eq!(warned(), 1);
}
