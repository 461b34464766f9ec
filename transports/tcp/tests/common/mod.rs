//! A server of known handlers, and a socket to speak to it by hand.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::expect_used)]
// Each test file uses its own part of this one.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::route_table::pattern_text;
use nestrs_core::{
    Answer, Dispatch, Message, MessageContext, Pattern, Shutdown, TransportError, TransportServer,
};
use nestrs_transport_tcp::{
    TcpContext, TcpLimits, TcpMicroserviceOptions, TcpTransport, TcpTransportOptions,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

/// Answers what the recorded NestJS peer answers. `gated` waits for `gate`.
pub struct Handlers {
    pub gate: Arc<Semaphore>,
    pub started: Arc<AtomicUsize>,
    pub finished: Arc<AtomicUsize>,
    /// A permit for each `gated` or `endless` that is over, however it ended.
    pub over: Arc<Semaphore>,
}

/// Held by a handler while it runs.
struct Running(Arc<Semaphore>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl Default for Handlers {
    fn default() -> Self {
        let gate = Arc::new(Semaphore::new(0));
        Self {
            gate,
            started: Arc::default(),
            finished: Arc::default(),
            over: Arc::new(Semaphore::new(0)),
        }
    }
}

fn json(value: impl Into<Value>) -> Bytes {
    Bytes::from(value.into().to_string())
}

/// A stream that gives nothing and does not end.
struct Endless(Running);

impl futures_core::Stream for Endless {
    type Item = Result<Bytes, TransportError>;
    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Pending
    }
}

/// What a handler sees of a message's context.
fn shown(context: &MessageContext) -> Value {
    json!({
        "transport": context.transport,
        "headers": context.headers,
        "left": context.time_left().map(|left| left.as_secs_f64()),
        "local": context.native::<TcpContext>().is_some_and(|tcp| tcp.peer.ip().is_loopback()),
    })
}

fn items(values: Vec<Result<Bytes, TransportError>>, slow: bool) -> Answer {
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        for value in values {
            if slow {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if sender.send(value).await.is_err() {
                return;
            }
        }
    });
    struct Items(tokio::sync::mpsc::Receiver<Result<Bytes, TransportError>>);
    impl futures_core::Stream for Items {
        type Item = Result<Bytes, TransportError>;
        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            self.0.poll_recv(cx)
        }
    }
    Answer::Many(Box::pin(Items(receiver)))
}

impl Dispatch for Handlers {
    fn dispatch(&self, message: Message) -> BoxFuture<'static, Answer> {
        let route = Pattern::parse(&pattern_text(&message.pattern).unwrap_or_default());
        let payload: Value = serde_json::from_slice(&message.payload).unwrap_or_default();
        let gate = self.gate.clone();
        let (started, finished) = (self.started.clone(), self.finished.clone());
        let over = self.over.clone();
        Box::pin(async move {
            started.fetch_add(1, Ordering::SeqCst);
            let fail = |value| Answer::One(Err(TransportError::from_wire(value)));
            let answer = match route.as_ref() {
                r#"{"cmd":"sum"}"# => {
                    let numbers = payload.as_array().cloned().unwrap_or_default();
                    let sum: i64 = numbers.iter().filter_map(Value::as_i64).sum();
                    Answer::One(Ok(Some(json(sum))))
                }
                "echo" => Answer::One(Ok(Some(message.payload))),
                "undefined" => Answer::One(Ok(None)),
                "fail" => fail(json!({ "status": "error", "message": "boom" })),
                "failObj" => fail(json!({ "code": 42, "message": "obj boom" })),
                "stream" => items((1..=3).map(|n| Ok(json(n))).collect(), false),
                "slowStream" => items((0..3).map(|n| Ok(json(n))).collect(), true),
                "streamFail" => items(vec![Err(TransportError::new("late"))], false),
                "context" => Answer::One(Ok(Some(json(shown(&message.context))))),
                "slow" => {
                    let ms = payload.as_u64().unwrap_or(0);
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    Answer::One(Ok(Some(message.payload)))
                }
                "endless" => Answer::Many(Box::pin(Endless(Running(over)))),
                "gated" => {
                    let _running = Running(over);
                    gate.acquire().await.expect("never closed").forget();
                    Answer::One(Ok(Some(message.payload)))
                }
                _ => Answer::NoHandler,
            };
            finished.fetch_add(1, Ordering::SeqCst);
            answer
        })
    }

    fn routes(&self) -> Vec<String> {
        Vec::new()
    }
}

pub struct Server {
    pub addr: SocketAddr,
    pub shutdown: Shutdown,
    pub gate: Arc<Semaphore>,
    pub started: Arc<AtomicUsize>,
    pub finished: Arc<AtomicUsize>,
    pub over: Arc<Semaphore>,
    pub done: JoinHandle<()>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(TcpMicroserviceOptions::new("127.0.0.1:0")).await
    }

    pub async fn with_limits(limits: TcpLimits) -> Self {
        Self::with(TcpMicroserviceOptions {
            limits,
            ..TcpMicroserviceOptions::new("127.0.0.1:0")
        })
        .await
    }

    pub async fn with(options: TcpMicroserviceOptions) -> Self {
        let handlers = Handlers::default();
        let (gate, started, finished, over) = (
            handlers.gate.clone(),
            handlers.started.clone(),
            handlers.finished.clone(),
            handlers.over.clone(),
        );
        let shutdown = Shutdown::new();
        let running = Box::new(options)
            .start(Arc::new(handlers), shutdown.clone())
            .await
            .unwrap();
        let addr = running.local_addr.unwrap();
        Self {
            addr,
            shutdown,
            gate,
            started,
            finished,
            over,
            done: tokio::spawn(running.done),
        }
    }

    pub fn client(&self) -> TcpTransport {
        TcpTransport::new(TcpTransportOptions::new(self.addr))
    }

    pub async fn socket(&self) -> Socket {
        Socket(TcpStream::connect(self.addr).await.unwrap())
    }

    /// Waits until `count` handlers have started.
    pub async fn until_started(&self, count: usize) {
        while self.started.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

impl Server {
    /// Waits until another `gated` or `endless` is over.
    pub async fn until_one_is_over(&self) {
        let over = tokio::time::timeout(Duration::from_secs(5), self.over.acquire());
        over.await.expect("a handler ends").unwrap().forget();
    }
}

/// A peer that speaks bytes.
pub struct Socket(pub TcpStream);

impl Socket {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Exactly these bytes, and no waiting for others.
    pub async fn expect(&mut self, text: &str) {
        let mut got = vec![0; text.len()];
        let read = tokio::time::timeout(Duration::from_secs(5), self.0.read_exact(&mut got));
        read.await
            .unwrap_or_else(|_| panic!("no answer, expected {text}"))
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&got), text);
    }

    /// The server closes, having sent nothing more than `text`.
    pub async fn expect_closed_after(&mut self, text: &str) {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(5), self.0.read_to_end(&mut rest));
        match read.await.expect("the server closes") {
            Ok(_) => assert_eq!(String::from_utf8_lossy(&rest), text),
            // A reset closes as well.
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }

    /// Still there, and still answering.
    pub async fn expect_alive(&mut self) {
        self.send(frame(r#"{"pattern":"echo","data":"alive","id":"z"}"#))
            .await;
        self.expect(r#"47#{"response":"alive","isDisposed":true,"id":"z"}"#)
            .await;
    }
}

pub fn frame(json: &str) -> Vec<u8> {
    let mut out = Vec::new();
    nestrs_core::framing::write_frame(&mut out, &[json.as_bytes()]);
    out
}

pub fn request(pattern: &str, data: &str) -> Vec<u8> {
    frame(&format!(
        r#"{{"pattern":{pattern},"data":{data},"id":"a"}}"#
    ))
}
