//! What interceptors can do around a call.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use common::served::{module_of, serve};
use futures_util::{Stream, stream};
use nestrs_core::Answer;
use nestrs_di::injectable;
use nestrs_microservices::{
    ErrorKind, Incoming, Interceptor, Next, TransportError, async_trait, micro_routes,
};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Doubles what comes back, answers `0` itself, and knows no patience.
#[derive(Default)]
struct Double;

#[async_trait]
impl Interceptor for Double {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        if message.payload()? == 0 {
            return Ok(Answer::One(Ok(Some(Bytes::from("\"nothing\"")))));
        }
        let answer = tokio::time::timeout(std::time::Duration::from_millis(1), next.run(message));
        let late = |_| TransportError::of_kind(ErrorKind::Timeout, "too slow");
        Ok(answer.await.map_err(late)??.map(|item| {
            let n: i64 = serde_json::from_slice(&item).unwrap();
            Ok((2 * n).to_string().into())
        }))
    }
}

#[injectable]
struct Numbers;

#[micro_routes]
#[use_micro_interceptors(Double)]
impl Numbers {
    #[message_pattern("same")]
    async fn same(&self, n: i64) -> i64 {
        n
    }

    #[message_pattern("count")]
    async fn count(&self, to: i64) -> impl Stream<Item = i64> + use<> {
        stream::iter(1..=to)
    }

    #[message_pattern("never")]
    async fn never(&self) {
        std::future::pending().await
    }
}

module_of!(NumbersModule: Numbers);

#[tokio::test(start_paused = true)]
async fn an_interceptor_wraps_the_call() {
    let app = serve::<NumbersModule>().await;
    assert_eq!(app.replies("same", json!(21)).await, "42");
    assert_eq!(app.replies("same", json!(0)).await, "\"nothing\"");
    assert_eq!(app.replies("count", json!(3)).await, "2 4 6");
    assert_eq!(app.replies("never", json!(1)).await, "!too slow");
}

/// Gives up, and answers whether the handler still stands.
#[derive(Default)]
struct GivesUp;

#[async_trait]
impl Interceptor for GivesUp {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        let late = tokio::time::timeout(Duration::from_millis(1), next.run(message)).await;
        late.unwrap_err();
        let stands = STANDING.load(Ordering::SeqCst);
        Ok(Answer::One(Ok(Some(stands.to_string().into()))))
    }
}

static STANDING: AtomicU64 = AtomicU64::new(0);

/// Counts as standing as long as it is there.
struct Stands;

impl Stands {
    fn new() -> Self {
        STANDING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Stands {
    fn drop(&mut self) {
        STANDING.fetch_sub(1, Ordering::SeqCst);
    }
}

#[injectable]
struct Patient;

#[micro_routes]
#[use_micro_interceptors(GivesUp)]
impl Patient {
    #[message_pattern("wait")]
    async fn wait(&self) {
        let _stands = Stands::new();
        std::future::pending().await
    }
}

/// The same for each message.
#[injectable(scope = "request")]
struct PatientOfRequest;

#[micro_routes]
#[use_micro_interceptors(GivesUp)]
impl PatientOfRequest {
    #[message_pattern("wait, of a request")]
    async fn wait(&self) {
        let _stands = Stands::new();
        std::future::pending().await
    }
}

module_of!(PatientModule: Patient, PatientOfRequest);

#[tokio::test(start_paused = true)]
async fn a_handler_is_dropped_with_what_waits_for_it() {
    let app = serve::<PatientModule>().await;
    assert_eq!(app.replies("wait", json!(null)).await, "0");
    assert_eq!(app.replies("wait, of a request", json!(null)).await, "0");
}

/// Answers twice with what it got once, and says how long that took.
#[injectable]
struct Cache {
    #[inject(default)]
    kept: Mutex<HashMap<Value, Bytes>>,
    #[inject(default)]
    took: Mutex<Vec<Duration>>,
}

#[async_trait]
impl Interceptor for Cache {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        let (start, asked) = (Instant::now(), message.payload()?.clone());
        let kept = self.kept.lock().unwrap().get(&asked).cloned();
        let answer = match kept {
            Some(kept) => Answer::One(Ok(Some(kept))),
            None => next.run(message).await?,
        };
        if let Answer::One(Ok(Some(reply))) = &answer {
            self.kept.lock().unwrap().insert(asked, reply.clone());
        }
        self.took.lock().unwrap().push(start.elapsed());
        Ok(answer)
    }
}

#[injectable]
struct Ticking {
    #[inject(default)]
    ticks: AtomicU64,
}

#[micro_routes]
impl Ticking {
    #[message_pattern("tick")]
    #[use_micro_interceptors(Cache)]
    async fn tick(&self, _: u8) -> u64 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.ticks.fetch_add(1, Ordering::SeqCst)
    }
}

module_of!(TickingModule: Ticking);

#[tokio::test(start_paused = true)]
async fn an_interceptor_may_answer_itself_and_take_the_time() {
    let app = serve::<TickingModule>().await;
    for (asked, reply) in [(1, "0"), (1, "0"), (2, "1"), (1, "0")] {
        assert_eq!(app.replies("tick", json!(asked)).await, reply);
    }
    let cache = app.container.get::<Cache>().unwrap();
    let (once, never) = (Duration::from_secs(1), Duration::ZERO);
    assert_eq!(*cache.took.lock().unwrap(), [once, never, once, never]);
}
